package io.flagcast.rules;

import java.math.BigDecimal;
import java.math.MathContext;
import java.time.Duration;

/** How numbers stand in reasons. */
final class Texts {

    private static final MathContext DIGITS = new MathContext(6);

    private Texts() {}

    /** Six significant digits at most, without an exponent or zeros at the end. */
    static String number(double value) {
        return value == 0
                ? "0"
                : new BigDecimal(value).round(DIGITS).stripTrailingZeros().toPlainString();
    }

    static String percent(double fraction) {
        return number(100 * fraction) + " %";
    }

    static String duration(Duration duration) {
        return duration.toMinutes() % 60 != 0
                ? duration.toMinutes() + " min"
                : duration.toHours() % 24 == 0 ? duration.toDays() + " d" : duration.toHours() + " h";
    }
}
