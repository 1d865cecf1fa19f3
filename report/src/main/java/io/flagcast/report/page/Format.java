package io.flagcast.report.page;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Optional;

/** How a value is written for people. What is absent is a dash. */
public enum Format {
    TEXT(""),
    COUNT(""),
    /** A fraction, as 0.05 for 5 %. */
    PERCENT("%"),
    /** A difference of fractions, in percentage points. */
    POINTS("pp"),
    NUMBER(""),
    /** A difference of numbers. */
    SIGNED(""),
    DAY(""),
    INSTANT("");

    private static final DateTimeFormatter DAYS = DateTimeFormatter.ofPattern("d MMM uuuu", Locale.ENGLISH);
    private static final DateTimeFormatter MINUTES = DateTimeFormatter.ofPattern("d MMM uuuu, HH:mm", Locale.ENGLISH);

    private final String unit;

    Format(String unit) {
        this.unit = unit;
    }

    /** The format of a difference of two such values. */
    public Format ofDifference() {
        return this == PERCENT ? POINTS : SIGNED;
    }

    /** A value of any type that a table holds. */
    public String text(Object value) {
        if (value instanceof Optional<?> optional) {
            return optional.map(this::text).orElse("–");
        }
        if (value instanceof Estimate estimate) {
            return text(estimate);
        }
        if (value instanceof Instant instant) {
            return (this == DAY ? DAYS : MINUTES).format(instant.atOffset(ZoneOffset.UTC));
        }
        return value instanceof Number number
                ? withUnit(number(number.doubleValue(), Math.abs(number.doubleValue()), Zeros.DROPPED))
                : value.toString();
    }

    /** A value and the ends of its interval have as many places as the largest of them needs. */
    private String text(Estimate estimate) {
        double value = estimate.value();
        if (estimate.interval().isEmpty()) {
            return withUnit(number(value, Math.abs(value), Zeros.DROPPED));
        }
        double lower = estimate.interval().get().lower();
        double upper = estimate.interval().get().upper();
        double largest = Math.max(Math.abs(value), Math.max(Math.abs(lower), Math.abs(upper)));
        return "%s (%s\u00a0to\u00a0%s)"
                .formatted(
                        withUnit(number(value, largest, Zeros.KEPT)),
                        number(lower, largest, Zeros.KEPT),
                        number(upper, largest, Zeros.KEPT));
    }

    private String withUnit(String number) {
        return unit.isEmpty() ? number : number + "\u00a0" + unit;
    }

    /** Whether a number keeps the zeros at its end. */
    private enum Zeros {
        KEPT,
        DROPPED
    }

    private String number(double value, double largest, Zeros zeros) {
        String text = switch (this) {
            case COUNT -> "%,.0f".formatted(value);
            case PERCENT -> fixed(value, largest, "", zeros);
            case POINTS -> fixed(value, largest, "+", zeros);
            case SIGNED -> significant(value, largest, "+", zeros);
            default -> significant(value, largest, "", zeros);
        };
        return text.replace('-', '\u2212');
    }

    /** Two digits behind the point where the largest is below ten, else one. */
    private static String fixed(double value, double largest, String sign, Zeros zeros) {
        return places(100 * value, 100 * largest < 9.995 ? 2 : 1, sign, zeros);
    }

    /** Three significant digits of the largest. */
    private static String significant(double value, double largest, String sign, Zeros zeros) {
        int digits = largest == 0 ? 0 : (int) Math.max(0, Math.min(6, 2 - Math.floor(Math.log10(largest))));
        return places(value, digits, value == 0 ? "" : sign, zeros);
    }

    private static String places(double value, int digits, String sign, Zeros zeros) {
        String text = ("%" + sign + ",." + digits + "f").formatted(value);
        return digits == 0 || zeros == Zeros.KEPT ? text : text.replaceAll("\\.?0+$", "");
    }
}
