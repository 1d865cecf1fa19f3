package io.flagcast.rules;

import java.util.Objects;

/**
 * An amount of change or a margin.
 *
 * @param value in [0, 1]: 0.2 for both 20% and 20pp
 * @param unit of what
 */
public record Amount(double value, Unit unit) {

    /** What an amount is a fraction of. */
    public enum Unit {
        /** Of the current value: {@code 20%} turns 1 into 0.8 and 0.5 into 0.4. */
        RELATIVE,
        /** Of the whole: {@code 20pp} turns 1 into 0.8 and 0.5 into 0.3. */
        POINTS
    }

    public Amount {
        Objects.requireNonNull(unit, "unit");
        if (!(value >= 0 && value <= 1)) {
            throw new IllegalArgumentException("amount " + value + " is outside [0, 1]");
        }
    }

    @Override
    public String toString() {
        return "%s%s".formatted(Texts.number(100 * value), unit == Unit.RELATIVE ? "%" : "pp");
    }
}
