package io.flagcast.notebooks;

/** What a column of numbers is shown in. */
enum Unit {
    /** As it is. */
    NUMBER(1, ""),
    /** A fraction in [0, 1], in percent. */
    PERCENT(100, "\u00a0%"),
    /** A difference of such fractions, in percentage points. */
    POINTS(100, "\u00a0pp");

    private static final int MOST_DIGITS = 6;

    private final int factor;
    private final String sign;

    Unit(int factor, String sign) {
        this.factor = factor;
        this.sign = sign;
    }

    /** A number with so many digits behind the point, and the unit's sign; differences with a plus, too. */
    String text(double number, int digits) {
        String text = ("%" + (this == POINTS ? "+" : "") + ",." + digits + "f").formatted(factor * number);
        boolean isZero = text.matches("[-+]?[0.,]*");
        return (isZero ? text.replaceFirst("[-+]", "") : text.replace('-', '\u2212')) + sign;
    }

    /** Digits behind the point that tell numbers apart which lie a step apart. */
    int digits(double step) {
        double shown = factor * step;
        return shown <= 0 ? 0 : (int) Math.max(0, Math.min(MOST_DIGITS, Math.ceil(-Math.log10(shown) - 1e-9)));
    }
}
