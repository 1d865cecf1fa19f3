package io.flagcast.rules;

import io.flagcast.allocation.Adjustment;
import io.flagcast.allocation.AllocationParameters;
import io.flagcast.rules.Amount.Unit;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.function.DoubleUnaryOperator;

/** What a rule does when it fires. Every new value is absolute, so that doing it twice is doing it once. */
public sealed interface Action {

    /**
     * What an action starts from.
     *
     * @param parameters in force
     * @param segments segments whose share it moves
     * @param activeTier active tier in force; absent without one
     * @param back what gives the version before the one in force back
     */
    record Situation(AllocationParameters parameters, List<String> segments, OptionalInt activeTier, Adjustment back) {

        public Situation {
            Objects.requireNonNull(parameters, "parameters");
            segments = List.copyOf(segments);
            Objects.requireNonNull(activeTier, "activeTier");
            Objects.requireNonNull(back, "back");
        }

        private Adjustment shares(DoubleUnaryOperator share) {
            Map<String, Double> moved = new TreeMap<>();
            for (String segment : segments) {
                double before = parameters.share(segment);
                double after = share.applyAsDouble(before);
                if (after != before) {
                    moved.put(segment, after);
                }
            }
            return moved.isEmpty() ? Adjustment.NONE : Adjustment.ofShares(moved);
        }
    }

    /** The new values; {@link Adjustment#NONE} where nothing is left to change. */
    Adjustment adjust(Situation situation);

    /** The action in words. */
    String describe();

    /** Whether that it is called for says that something is wrong, and not that all is well. */
    default boolean isWarning() {
        return true;
    }

    /**
     * Lowers the share.
     *
     * @param by how much
     * @param notBelow floor of the share, in [0, 1); a share below it stays
     */
    record Reduce(Amount by, double notBelow) implements Action {

        public Reduce {
            requireChange("reduce_allocation", by);
            requireShare("not_below", notBelow);
            if (notBelow == 1) {
                throw new IllegalArgumentException("not_below is 100%: nothing could ever be taken; write less");
            }
        }

        @Override
        public Adjustment adjust(Situation situation) {
            return situation.shares(share -> Math.min(share, Math.max(moved(share, by, -1), notBelow)));
        }

        @Override
        public String describe() {
            return "reduce the share by %s, not below %s".formatted(by, Texts.percent(notBelow));
        }
    }

    /**
     * Raises the share; it only restores, so never above 1.
     *
     * @param by how much
     * @param notAbove ceiling of the share, in (0, 1]; a share above it stays
     */
    record Increase(Amount by, double notAbove) implements Action {

        public Increase {
            requireChange("increase_allocation", by);
            requireShare("not_above", notAbove);
            if (notAbove == 0) {
                throw new IllegalArgumentException("not_above is 0%: nothing could ever be given; write more");
            }
        }

        /** One step up from a share, never beyond the ceiling. */
        double raise(double share) {
            return Math.max(share, Math.min(moved(share, by, +1), notAbove));
        }

        @Override
        public Adjustment adjust(Situation situation) {
            return situation.shares(this::raise);
        }

        @Override
        public String describe() {
            return "increase the share by %s, not above %s".formatted(by, Texts.percent(notAbove));
        }

        @Override
        public boolean isWarning() {
            return false;
        }
    }

    /**
     * Sets the share.
     *
     * @param share in [0, 1]
     */
    record SetShare(double share) implements Action {

        public SetShare {
            requireShare("set_allocation", share);
        }

        @Override
        public Adjustment adjust(Situation situation) {
            return situation.shares(before -> share);
        }

        @Override
        public String describe() {
            return "set the share to %s".formatted(Texts.percent(share));
        }

        @Override
        public boolean isWarning() {
            return share < 1;
        }
    }

    /** Pauses the whole experiment: nobody is enabled until a person takes it back. */
    record Pause() implements Action {

        @Override
        public Adjustment adjust(Situation situation) {
            Adjustment pause = Adjustment.pause();
            return pause.activity().equals(Optional.of(situation.parameters().activity())) ? Adjustment.NONE : pause;
        }

        @Override
        public String describe() {
            return "pause the experiment";
        }
    }

    /** Gives the whole experiment the parameters of the version before the one in force. */
    record RollBack() implements Action {

        @Override
        public Adjustment adjust(Situation situation) {
            return situation.back();
        }

        @Override
        public String describe() {
            return "go back to the parameters version before";
        }
    }

    /**
     * Lets one more tier in.
     *
     * @param notAbove greatest active tier that it sets, at least 1
     */
    record AdvanceTier(int notAbove) implements Action {

        public AdvanceTier {
            if (notAbove < 1) {
                throw new IllegalArgumentException("not_above " + notAbove + " is below tier 1");
            }
        }

        @Override
        public Adjustment adjust(Situation situation) {
            OptionalInt tier = situation.activeTier();
            return tier.isPresent() && tier.getAsInt() < notAbove
                    ? Adjustment.ofTier(tier.getAsInt() + 1)
                    : Adjustment.NONE;
        }

        @Override
        public String describe() {
            return "let one more tier in, not above active tier " + notAbove;
        }

        @Override
        public boolean isWarning() {
            return false;
        }
    }

    /**
     * Changes nothing: a person is told.
     *
     * @param severity how urgent
     */
    record Alert(Severity severity) implements Action {

        /** How urgent an alert is. */
        public enum Severity {
            INFO,
            WARNING,
            CRITICAL;

            public String label() {
                return name().toLowerCase(Locale.ROOT);
            }
        }

        public Alert {
            Objects.requireNonNull(severity, "severity");
        }

        @Override
        public Adjustment adjust(Situation situation) {
            return Adjustment.NONE;
        }

        @Override
        public String describe() {
            return "alert, " + severity.label();
        }

        @Override
        public boolean isWarning() {
            return severity != Severity.INFO;
        }
    }

    private static double moved(double share, Amount by, int sign) {
        return by.unit() == Unit.RELATIVE ? share * (1 + sign * by.value()) : share + sign * by.value();
    }

    private static void requireChange(String name, Amount by) {
        if (by.value() == 0) {
            throw new IllegalArgumentException(name + " " + by + " changes nothing; write more than 0");
        }
    }

    private static void requireShare(String name, double value) {
        if (!(value >= 0 && value <= 1)) {
            throw new IllegalArgumentException(name + " " + value + " is outside [0, 1]");
        }
    }
}
