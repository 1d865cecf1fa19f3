package io.flagcast.jobs.printing;

import java.math.BigDecimal;
import java.sql.Timestamp;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** What values of rows are to programs: the same for every command. */
final class Values {

    private Values() {}

    /** Whether a value has no place in its row: an empty optional. One that is null is known to be unknown. */
    static boolean isAbsent(Object value) {
        return unwrapped(value) == null && value != null;
    }

    /** What an optional holds, or null; any other value itself. */
    static Object unwrapped(Object value) {
        if (value instanceof Optional<?> optional) {
            return optional.orElse(null);
        }
        if (value instanceof OptionalDouble number) {
            return number.isPresent() ? number.getAsDouble() : null;
        }
        if (value instanceof OptionalLong number) {
            return number.isPresent() ? number.getAsLong() : null;
        }
        if (value instanceof OptionalInt number) {
            return number.isPresent() ? number.getAsInt() : null;
        }
        return value;
    }

    /**
     * A value as text: instants as ISO 8601 has them, decimals with the digits that they need, other numbers in Java's plain
     * notation, nothing for null.
     */
    static String text(Object value) {
        Object known = unwrapped(value);
        if (known == null) {
            return "";
        }
        if (known instanceof BigDecimal decimal) {
            return withoutTrailingZeros(decimal).toPlainString();
        }
        return known instanceof Timestamp time ? time.toInstant().toString() : String.valueOf(known);
    }

    /** A column of decimals has as many places in every row, whether or not the row needs them. */
    private static BigDecimal withoutTrailingZeros(BigDecimal decimal) {
        BigDecimal stripped = decimal.stripTrailingZeros();
        return stripped.scale() < 0 ? stripped.setScale(0) : stripped;
    }

    /** A value as JSON has it: null, numbers, booleans, text, lists and objects of such. */
    static Object json(Object value) {
        Object known = unwrapped(value);
        if (known instanceof BigDecimal decimal) {
            return withoutTrailingZeros(decimal);
        }
        if (known == null || known instanceof Number || known instanceof Boolean) {
            return known;
        }
        if (known instanceof Map<?, ?> map) {
            Map<String, Object> object = new LinkedHashMap<>();
            map.forEach((key, each) -> {
                if (!isAbsent(each)) {
                    object.put(text(key), json(each));
                }
            });
            return object;
        }
        return known instanceof Collection<?> list
                ? list.stream().map(Values::json).toList()
                : text(known);
    }
}
