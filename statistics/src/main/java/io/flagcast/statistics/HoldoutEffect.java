package io.flagcast.statistics;

import java.util.Objects;
import java.util.Optional;

/**
 * What everything together is worth to a user: the mean of everybody else minus that of the users who are held out of every
 * experiment, in the unit of the metric (a share for a proportion). By intention to treat: everybody else holds those, too,
 * who were not enabled anywhere.
 *
 * <p>A user is held out with the same probability whoever it is, so the weight 1/probability is one number within each group
 * and leaves plain means. The bounds are always valid: over all looks together they miss the truth with a probability of at
 * most 1 − {@value #CONFIDENCE}, half of it on each side. They are the asymptotic ones of {@link ConfidenceSequence} for the
 * contrast of two independent arms, whose source and whose variance of a proportion hold here as well. Of a few hundred
 * values most of which are 0, those without a large one have a mean and a variance that are too small together; so the
 * held-out users of a mean are given at least the variance of everybody else, whose many values know it.
 *
 * @param everybodyElse values of the users who are not held out
 * @param heldOut values of those who are
 * @param estimate difference of the two means; absent where a group has nobody
 * @param bounds around it; absent with fewer than {@value #LEAST} users in a group, since what the bounds approach is not
 *     near then, and for a mean whose values are all equal in a group
 */
public record HoldoutEffect(
        Moments everybodyElse, Moments heldOut, Optional<Double> estimate, Optional<Interval> bounds) {

    /** Of both bounds together. */
    public static final double CONFIDENCE = 0.95;

    /** Users of each group without whom nothing is bounded. */
    public static final long LEAST = 100;

    /** Users of both groups at whom the bounds are tightest: 400 held out of 2 %. A tenth of it costs a quarter in width. */
    private static final long TUNED_AT = 20_000;

    private static final ConfidenceSequence SEQUENCE = new ConfidenceSequence((1 - CONFIDENCE) / 2, TUNED_AT);

    public HoldoutEffect {
        Objects.requireNonNull(everybodyElse, "everybodyElse");
        Objects.requireNonNull(heldOut, "heldOut");
        Objects.requireNonNull(estimate, "estimate");
        Objects.requireNonNull(bounds, "bounds");
    }

    /**
     * The worth, as far as these users show it.
     *
     * @throws IllegalArgumentException if a proportion has a mean outside [0, 1]
     */
    public static HoldoutEffect of(Moments everybodyElse, Moments heldOut, Metric.Kind kind) {
        if (everybodyElse.n() == 0 || heldOut.n() == 0) {
            return new HoldoutEffect(everybodyElse, heldOut, Optional.empty(), Optional.empty());
        }
        double estimate = everybodyElse.mean() - heldOut.mean();
        long n = Math.addExact(everybodyElse.n(), heldOut.n());
        double pseudoRows = Math.pow(SEQUENCE.multiplier(n), 2);
        double ofElse = variance(everybodyElse, everybodyElse, kind, pseudoRows);
        double ofHeldOut = variance(heldOut, everybodyElse, kind, pseudoRows);
        boolean enough = Math.min(everybodyElse.n(), heldOut.n()) >= LEAST && ofElse > 0 && ofHeldOut > 0;
        return new HoldoutEffect(
                everybodyElse,
                heldOut,
                Optional.of(estimate),
                enough ? Optional.of(SEQUENCE.interval(estimate, Math.sqrt(ofElse + ofHeldOut), n)) : Optional.empty());
    }

    /** The variance of a group's mean; of values that are no proportion, at least what the larger group would have. */
    private static double variance(Moments moments, Moments larger, Metric.Kind kind, double pseudoRows) {
        if (kind != Metric.Kind.PROPORTION) {
            return moments.variance() == 0 ? 0 : Math.max(moments.variance(), larger.variance()) / moments.n();
        }
        double ones = moments.n() * ConfidenceSequence.requireProportion(moments.mean()) + pseudoRows;
        double smoothed = ones / (moments.n() + 2 * pseudoRows);
        return smoothed * (1 - smoothed) / moments.n();
    }

    /**
     * What the held-out users go without a day, in the unit of the metric: those of a day times the worth to each. This is
     * what the holdout costs; it is below 0 where the users are better off without.
     *
     * @param days over which they came, above 0
     */
    public Optional<Double> forgonePerDay(double days) {
        return estimate.map(worth -> worth * perDay(days));
    }

    /** The bounds of {@link #forgonePerDay}, given how many users came. */
    public Optional<Interval> forgoneBounds(double days) {
        return bounds.map(known -> new Interval(known.lower() * perDay(days), known.upper() * perDay(days)));
    }

    private double perDay(double days) {
        if (!(days > 0)) {
            throw new IllegalArgumentException("HoldoutEffect: " + days + " days, they must be above 0");
        }
        return heldOut.n() / days;
    }
}
