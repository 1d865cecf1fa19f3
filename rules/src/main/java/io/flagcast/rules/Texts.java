package io.flagcast.rules;

import io.flagcast.statistics.Interval;
import java.math.BigDecimal;
import java.math.MathContext;
import java.time.Duration;
import java.util.Locale;

/** How numbers stand in reasons. */
public final class Texts {

    private static final MathContext DIGITS = new MathContext(6);
    private static final MathContext FEW_DIGITS = new MathContext(3);

    private Texts() {}

    /** Six significant digits at most, without an exponent or zeros at the end. */
    public static String number(double value) {
        return value == 0
                ? "0"
                : new BigDecimal(value).round(DIGITS).stripTrailingZeros().toPlainString();
    }

    /** Three significant digits at most; what rounding leaves of 0 is 0. */
    public static String rough(double value) {
        return Math.abs(value) < 1e-12
                ? "0"
                : number(new BigDecimal(value).round(FEW_DIGITS).doubleValue());
    }

    public static String roughPercent(double fraction) {
        return rough(100 * fraction) + " %";
    }

    public static String rough(Interval interval) {
        return "[" + rough(interval.lower()) + ", " + rough(interval.upper()) + "]";
    }

    /** Of a difference of shares. */
    public static String points(Interval interval) {
        return rough(new Interval(100 * interval.lower(), 100 * interval.upper())) + " points";
    }

    public static String count(long count) {
        return String.format(Locale.ROOT, "%,d", count);
    }

    static String percent(double fraction) {
        return number(100 * fraction) + " %";
    }

    public static String duration(Duration duration) {
        return duration.toMinutes() % 60 != 0
                ? duration.toMinutes() + " min"
                : duration.toHours() % 24 == 0 ? duration.toDays() + " d" : duration.toHours() + " h";
    }
}
