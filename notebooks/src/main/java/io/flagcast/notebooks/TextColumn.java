package io.flagcast.notebooks;

import io.flagcast.jobs.printing.RowSheet;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;

/**
 * The cells of a column as people read them.
 *
 * @param name of the column
 * @param isNumeric whether it holds numbers, which stand to the right
 * @param cells in the order of the rows
 */
record TextColumn(String name, boolean isNumeric, List<String> cells) {

    private static final String ABSENT = "–";
    /** A number among texts, with more digits than anybody reads. */
    private static final Pattern LONG_NUMBER = Pattern.compile("-?[0-9]+\\.[0-9]{3,}");

    private static final DateTimeFormatter MINUTES = DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm");

    TextColumn {
        cells = List.copyOf(cells);
    }

    /**
     * A column of values that Spark gave.
     *
     * @param values with null for what is absent
     * @param unit of numbers
     * @param percentDigits digits behind the point of percent, the same for all columns that stand together
     */
    static TextColumn of(String name, List<Object> values, Unit unit, int percentDigits) {
        List<Object> known = values.stream().filter(Objects::nonNull).toList();
        if (!known.isEmpty() && known.stream().allMatch(Number.class::isInstance)) {
            return numeric(name, values, unit, percentDigits);
        }
        boolean days = known.stream().allMatch(TextColumn::isMidnight);
        List<String> cells = new ArrayList<>();
        values.forEach(value -> cells.add(value == null ? ABSENT : text(value, days)));
        return new TextColumn(name, false, cells);
    }

    private static TextColumn numeric(String name, List<Object> values, Unit unit, int percentDigits) {
        List<Double> known = values.stream()
                .filter(Objects::nonNull)
                .map(value -> ((Number) value).doubleValue())
                .toList();
        boolean exact = values.stream()
                .filter(Objects::nonNull)
                .noneMatch(value -> value instanceof Double || value instanceof Float || value instanceof BigDecimal);
        int digits = exact ? 0 : Numbers.digits(known);
        if (unit != Unit.NUMBER) {
            digits = Math.min(percentDigits, Numbers.percentDigits(known));
        }
        List<String> cells = new ArrayList<>();
        for (Object value : values) {
            if (value == null) {
                cells.add(ABSENT);
            } else {
                cells.add(unit.text(((Number) value).doubleValue(), digits));
            }
        }
        return new TextColumn(name, true, cells);
    }

    private static boolean isMidnight(Object value) {
        Instant instant = instant(value);
        return instant != null && instant.equals(instant.truncatedTo(ChronoUnit.DAYS));
    }

    /** The instant that a value is, else null. */
    private static Instant instant(Object value) {
        if (value instanceof java.sql.Timestamp timestamp) {
            return timestamp.toInstant();
        }
        return value instanceof Instant instant ? instant : null;
    }

    private static String text(Object value, boolean days) {
        Instant instant = instant(value);
        if (instant != null) {
            return (days ? DateTimeFormatter.ISO_LOCAL_DATE : MINUTES).format(instant.atOffset(ZoneOffset.UTC));
        }
        if (value instanceof Boolean flag) {
            return flag ? "yes" : "no";
        }
        String text = RowSheet.text(value);
        return LONG_NUMBER.matcher(text).matches() ? Numbers.number(Double.parseDouble(text), 2) : text;
    }
}
