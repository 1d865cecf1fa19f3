package io.flagcast.rules.checks;

import io.flagcast.statistics.ConfidenceSequence;
import io.flagcast.statistics.Effect;
import io.flagcast.statistics.Interval;
import io.flagcast.statistics.WeightedMoments;
import java.util.Optional;

/** What a health check calls beyond chance. */
final class Chance {

    /** Probability that a check is ever wrong about an experiment, over all that it compares and however often. */
    static final double ALPHA = 0.001;

    /** Fewer users say nothing, and are too few to be shown as a group. */
    static final long LEAST_USERS = 100;

    /** Of an interval that is shown beside a value, for one look. */
    static final double SHOWN_CONFIDENCE = 0.95;

    private static final long TUNED_AT = 10_000;

    private Chance() {}

    /** The sequence of one of so many comparisons, whose two ends share its part of the error. */
    static ConfidenceSequence twoSided(int comparisons) {
        return new ConfidenceSequence(ALPHA / (2 * comparisons), TUNED_AT);
    }

    /**
     * The effect between two arms, its variance not below that of arms that vary as both together do: an arm that is
     * worth only a few users, none of whom has responded yet, has no variance of its own.
     *
     * @return absent where the outcome does not vary, or the arms are worth fewer than 100 users
     */
    static Optional<Effect> effect(WeightedMoments enabled, WeightedMoments control) {
        return Effect.difference(enabled, control)
                .map(effect -> {
                    double pooled = enabled.merge(control).outcomeVariance().orElseThrow()
                            * (1 / enabled.effectiveSampleSize() + 1 / control.effectiveSampleSize());
                    return new Effect(
                            effect.estimate(),
                            Math.max(effect.standardError(), Math.sqrt(pooled)),
                            effect.effectiveSampleSize(),
                            effect.n());
                })
                .filter(effect -> effect.standardError() > 0 && effect.effectiveSampleSize() >= LEAST_USERS);
    }

    /** Bounds of an estimate of weighted rows, which know as much as their effective size says. */
    static Interval interval(double estimate, double standardError, double effectiveSampleSize) {
        return twoSided(1).interval(estimate, standardError, (long) effectiveSampleSize);
    }
}
