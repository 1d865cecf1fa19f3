package io.flagcast.jobs.report;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Optional;

/** How a value is written for people. What is absent is a dash. */
enum Format {
    TEXT("", false),
    COUNT("", true),
    /** A fraction, as 0.05 for 5 %. */
    PERCENT("%", true),
    /** A difference of fractions, in percentage points. */
    POINTS("pp", true),
    NUMBER("", true),
    /** A difference of numbers. */
    SIGNED("", true),
    DAY("", false),
    INSTANT("", false);

    private static final DateTimeFormatter DAYS = DateTimeFormatter.ofPattern("d MMM uuuu", Locale.ENGLISH);
    private static final DateTimeFormatter MINUTES = DateTimeFormatter.ofPattern("d MMM uuuu, HH:mm", Locale.ENGLISH);

    private final String unit;
    private final boolean numeric;

    Format(String unit, boolean numeric) {
        this.unit = unit;
        this.numeric = numeric;
    }

    /** Whether values line up by their digits. */
    boolean isNumeric() {
        return numeric;
    }

    /** The format of a difference of two such values. */
    Format ofDifference() {
        return this == PERCENT ? POINTS : SIGNED;
    }

    /** A value of any type that a table holds. */
    String text(Object value) {
        if (value instanceof Optional<?> optional) {
            return optional.map(this::text).orElse("–");
        }
        if (value instanceof Estimate estimate) {
            return estimate.interval()
                    .map(interval -> "%s (%s to %s)"
                            .formatted(withUnit(estimate.value()), number(interval.lower()), number(interval.upper())))
                    .orElseGet(() -> withUnit(estimate.value()));
        }
        if (value instanceof Instant instant) {
            return (this == DAY ? DAYS : MINUTES).format(instant.atOffset(ZoneOffset.UTC));
        }
        return value instanceof Number number ? withUnit(number.doubleValue()) : value.toString();
    }

    private String withUnit(double value) {
        return unit.isEmpty() ? number(value) : number(value) + "\u00a0" + unit;
    }

    private String number(double value) {
        String text = switch (this) {
            case COUNT -> "%,.0f".formatted(value);
            case PERCENT -> fixed(100 * value, "");
            case POINTS -> fixed(100 * value, "+");
            case SIGNED -> significant(value, "+");
            default -> significant(value, "");
        };
        return text.replace('-', '\u2212');
    }

    /** Two digits behind the point below ten, one above. */
    private static String fixed(double value, String sign) {
        return ("%" + sign + (Math.abs(value) < 9.995 ? ".2f" : ".1f")).formatted(value);
    }

    /** Three significant digits, without zeros that say nothing. */
    private static String significant(double value, String sign) {
        int digits = value == 0 ? 0 : (int) Math.max(0, Math.min(6, 2 - Math.floor(Math.log10(Math.abs(value)))));
        String text = ("%" + (value == 0 ? "" : sign) + ",." + digits + "f").formatted(value);
        return digits == 0 ? text : text.replaceAll("\\.?0+$", "");
    }
}
