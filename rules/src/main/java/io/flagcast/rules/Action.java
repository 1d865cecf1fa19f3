package io.flagcast.rules;

import java.util.Objects;

/** What a rule does to the share of its segment. */
public sealed interface Action {

    /**
     * The share after the action.
     *
     * @param share share before, in [0, 1]
     * @return share in [0, 1], never beyond the action's own bound, and the same share where it is already beyond it
     */
    double apply(double share);

    /**
     * An amount of share.
     *
     * @param value in (0, 1]: 0.2 for both 20% and 20pp
     * @param unit of what
     */
    record Amount(double value, Unit unit) {

        /** What an amount is a fraction of. */
        public enum Unit {
            /** Of the current share: {@code 20%} turns 1 into 0.8 and 0.5 into 0.4. */
            RELATIVE,
            /** Of the full share: {@code 20pp} turns 1 into 0.8 and 0.5 into 0.3. */
            POINTS
        }

        public Amount {
            Objects.requireNonNull(unit, "unit");
            if (!(value > 0 && value <= 1)) {
                throw new IllegalArgumentException("amount " + value + " is outside (0, 1]");
            }
        }
    }

    /**
     * Lowers the share.
     *
     * @param by how much
     * @param notBelow floor of the share, in [0, 1]
     */
    record Reduce(Amount by, double notBelow) implements Action {

        public Reduce {
            Objects.requireNonNull(by, "by");
            requireShare("not_below", notBelow);
        }

        @Override
        public double apply(double share) {
            double lowered = by.unit() == Amount.Unit.RELATIVE ? share * (1 - by.value()) : share - by.value();
            return Math.min(share, Math.max(lowered, notBelow));
        }
    }

    /**
     * Raises the share; it only restores, so never above 1.
     *
     * @param by how much
     * @param notAbove ceiling of the share, in [0, 1]
     */
    record Increase(Amount by, double notAbove) implements Action {

        public Increase {
            Objects.requireNonNull(by, "by");
            requireShare("not_above", notAbove);
        }

        @Override
        public double apply(double share) {
            double raised = by.unit() == Amount.Unit.RELATIVE ? share * (1 + by.value()) : share + by.value();
            return Math.max(share, Math.min(raised, notAbove));
        }
    }

    private static void requireShare(String name, double value) {
        if (!(value >= 0 && value <= 1)) {
            throw new IllegalArgumentException(name + " " + value + " is outside [0, 1]");
        }
    }
}
