package io.flagcast.jobs.settings;

import java.util.regex.Pattern;

/** How numbers are written in configuration. */
final class Numbers {

    /** Java reads more, as 1d and 0x1p3. */
    private static final Pattern DECIMAL = Pattern.compile("[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?");

    private Numbers() {}

    /**
     * A number that is neither infinite nor none.
     *
     * @throws NumberFormatException where it is no such
     */
    static double finite(String text) {
        double value = DECIMAL.matcher(text).matches() ? Double.parseDouble(text) : Double.NaN;
        if (!Double.isFinite(value)) {
            throw new NumberFormatException(text);
        }
        return value;
    }

    /**
     * A fraction from 0 to 1, or a percentage, as 0.05 or 5%.
     *
     * @throws NumberFormatException where it is none
     */
    static double rate(String text) {
        double value =
                text.endsWith("%") ? finite(text.substring(0, text.length() - 1).strip()) / 100 : finite(text);
        if (!(value >= 0 && value <= 1)) {
            throw new NumberFormatException(text);
        }
        return value;
    }
}
