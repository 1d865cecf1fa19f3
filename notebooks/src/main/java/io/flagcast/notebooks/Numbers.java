package io.flagcast.notebooks;

import java.util.Collection;

/** Numbers for people: three significant digits of the largest of those that stand together, percent where they are fractions. */
final class Numbers {

    private static final int MOST_DIGITS = 6;

    private Numbers() {}

    /** Digits behind the point that all these numbers are shown with; 0 where they are whole. */
    static int digits(Collection<Double> numbers) {
        if (numbers.stream().allMatch(number -> number == Math.rint(number))) {
            return 0;
        }
        double largest = numbers.stream().mapToDouble(Math::abs).max().orElse(0);
        return (int) Math.max(0, Math.min(MOST_DIGITS, 2 - Math.floor(Math.log10(largest))));
    }

    /** Digits behind the point of fractions in percent: two where all are below 10 %, else one. */
    static int percentDigits(Collection<Double> fractions) {
        if (fractions.stream().allMatch(fraction -> 100 * fraction == Math.rint(100 * fraction))) {
            return 0;
        }
        return fractions.stream().mapToDouble(Math::abs).max().orElse(0) < 0.09995 ? 2 : 1;
    }

    static String number(double number, int digits) {
        return Unit.NUMBER.text(number, digits);
    }

    static String percent(double fraction, int digits) {
        return Unit.PERCENT.text(fraction, digits);
    }
}
