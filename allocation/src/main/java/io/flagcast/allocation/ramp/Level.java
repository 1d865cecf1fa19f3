package io.flagcast.allocation.ramp;

import java.io.Serializable;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Locale;
import java.util.Objects;

/**
 * How far a ramp has come.
 *
 * @param unit what it raises
 * @param value a base probability in [0, 1], or an active tier: a whole number from 0
 */
public record Level(Unit unit, double value) implements Serializable {

    /** What a ramp raises. */
    public enum Unit {
        PERCENTAGE,
        TIER;

        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public Level {
        Objects.requireNonNull(unit, "unit");
        boolean fits = unit == Unit.PERCENTAGE ? value >= 0 && value <= 1 : value >= 0 && value == Math.rint(value);
        if (!fits) {
            throw new IllegalArgumentException("ramp reaches to %s: %s"
                    .formatted(
                            value,
                            unit == Unit.PERCENTAGE
                                    ? "a percentage is in [0, 1]"
                                    : "an active tier is a whole number from 0"));
        }
    }

    public static Level ofPercentage(double probability) {
        return new Level(Unit.PERCENTAGE, probability);
    }

    public static Level ofTier(int activeTier) {
        return new Level(Unit.TIER, activeTier);
    }

    /** As people read it: 10 %, tier 2. */
    @Override
    public String toString() {
        return unit == Unit.TIER
                ? "tier %d".formatted((int) value)
                : new BigDecimal(100 * value)
                                .round(new MathContext(6))
                                .stripTrailingZeros()
                                .toPlainString()
                        + " %";
    }
}
