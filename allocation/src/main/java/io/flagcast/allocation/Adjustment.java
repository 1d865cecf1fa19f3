package io.flagcast.allocation;

import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.allocation.ramp.Level;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * New absolute values for the parameters of an experiment. What it does not name stays as it is.
 *
 * @param shares share by segment, each in [0, 1]
 * @param learned base probability by bandit cell, each in [0, 1]
 * @param activeTier active tier of tiered allocation; an empty one gives it back to the experiment file
 * @param activity whether the experiment enables anybody
 * @param ramp what a gated ramp reaches; an empty one is where it has not begun
 * @param restores earlier version that it gives back; absent for all but a rollback
 */
public record Adjustment(
        Map<String, Double> shares,
        Map<Cell, Double> learned,
        Optional<OptionalInt> activeTier,
        Optional<Activity> activity,
        Optional<Optional<Level>> ramp,
        OptionalLong restores) {

    /** Changes nothing. */
    public static final Adjustment NONE = new Adjustment(
            Map.of(), Map.of(), Optional.empty(), Optional.empty(), Optional.empty(), OptionalLong.empty());

    public Adjustment {
        shares = Map.copyOf(shares);
        shares.forEach((segment, share) -> requireFraction("share of segment '" + segment + "'", share));
        learned = Map.copyOf(learned);
        learned.forEach((cell, probability) -> requireFraction("base probability of " + cell, probability));
        Objects.requireNonNull(activeTier, "activeTier");
        Objects.requireNonNull(activity, "activity");
        Objects.requireNonNull(ramp, "ramp");
        Objects.requireNonNull(restores, "restores");
    }

    private static void requireFraction(String what, double value) {
        if (!(value >= 0 && value <= 1)) {
            throw new IllegalArgumentException(what + " is " + value + ", it must be in [0, 1]");
        }
    }

    /** New shares alone. */
    public static Adjustment ofShares(Map<String, Double> shares) {
        return NONE.withShares(shares);
    }

    /** Another active tier alone. */
    public static Adjustment ofTier(int activeTier) {
        return ofExperiment(Optional.of(OptionalInt.of(activeTier)), Optional.empty(), Optional.empty());
    }

    /** Another level of a ramp alone. */
    public static Adjustment ofRamp(Level level) {
        return ofExperiment(Optional.empty(), Optional.empty(), Optional.of(Optional.of(level)));
    }

    /** Nobody is enabled any more. */
    public static Adjustment pause() {
        return ofExperiment(Optional.empty(), Optional.of(Activity.INACTIVE), Optional.empty());
    }

    private static Adjustment ofExperiment(
            Optional<OptionalInt> tier, Optional<Activity> activity, Optional<Optional<Level>> ramp) {
        return new Adjustment(Map.of(), Map.of(), tier, activity, ramp, OptionalLong.empty());
    }

    /** The same with other shares. */
    public Adjustment withShares(Map<String, Double> others) {
        return new Adjustment(others, learned, activeTier, activity, ramp, restores);
    }

    /** Whether nothing changes. */
    public boolean isNone() {
        return shares.isEmpty() && learned.isEmpty() && activeTier.isEmpty() && activity.isEmpty() && ramp.isEmpty();
    }
}
