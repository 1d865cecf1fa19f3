package io.flagcast.statistics;

import java.util.Optional;
import org.apache.commons.math3.distribution.NormalDistribution;

/**
 * A closed two-sided interval. Those built here hold their confidence for one look at a sample size chosen in
 * advance; whoever looks repeatedly needs a {@link ConfidenceSequence}.
 *
 * @param lower the smaller end, finite
 * @param upper the larger end, finite, at least {@code lower}
 */
public record Interval(double lower, double upper) {

    /** Mean 0, variance 1. */
    public static final NormalDistribution STANDARD_NORMAL = new NormalDistribution(null, 0, 1);

    /** @throws IllegalArgumentException if an end is not finite or {@code lower} is above {@code upper} */
    public Interval {
        if (!Double.isFinite(lower) || !Double.isFinite(upper) || lower > upper) {
            throw new IllegalArgumentException(
                    "Interval: [" + lower + ", " + upper + "] needs finite ends with lower at most upper");
        }
    }

    /**
     * The score interval of a proportion: all p with |successes/n − p| ≤ z √(p(1 − p)/n). E. B. Wilson, "Probable
     * Inference, the Law of Succession, and Statistical Inference", JASA 22 (1927), p. 209–212.
     *
     * @param confidence in (0, 1), for both sides together
     * @return an interval within [0, 1]; all of [0, 1] for n = 0
     * @throws IllegalArgumentException unless 0 ≤ successes ≤ n and 0 &lt; confidence &lt; 1
     */
    public static Interval wilson(long successes, long n, double confidence) {
        Moments.requireProportion(successes, n);
        double z = twoSidedQuantile(confidence);
        if (n == 0) {
            return new Interval(0, 1);
        }
        return score((double) successes / n, (double) n, z);
    }

    /** All p with |share − p| ≤ z √(p(1 − p)/n). */
    static Interval score(double share, double n, double z) {
        double z2n = z * z / n;
        double centre = (share + z2n / 2) / (1 + z2n);
        double halfWidth = z / (1 + z2n) * Math.sqrt(share * (1 - share) / n + z2n / (4 * n));
        // At the extremes one end is exactly the extreme; rounding must not move it inside.
        return new Interval(
                share == 0 ? 0 : Math.max(0, centre - halfWidth), share == 1 ? 1 : Math.min(1, centre + halfWidth));
    }

    /**
     * The interval of the mean of a metric that has a {@linkplain Metric#limit limit}, which values far from normal do not
     * mislead (formula in {@code Limited}).
     *
     * @param values in [0, limit]
     * @param confidence in (0, 1), for both sides together
     * @return an interval within [0, limit]; all of it without values
     * @throws IllegalArgumentException if the moments are not of such values, or the confidence is outside (0, 1)
     */
    public static Interval limited(Moments values, Metric metric, double confidence) {
        return Limited.of(values, metric).interval(confidence);
    }

    /**
     * The interval of the difference between two independent arms of a metric that has a limit, from each arm's own: it
     * leans as they do. R. G. Newcombe, "Interval estimation for the difference between independent proportions",
     * Statistics in Medicine 17 (1998), method 10; for any two means, G. Y. Zou, A. Donner, Statistics in Medicine 27 (2008).
     *
     * @return absent if an arm has fewer than two rows
     * @throws IllegalArgumentException as {@link #limited}
     */
    public static Optional<Interval> limitedDifference(
            WeightedMoments enabled, WeightedMoments control, Metric metric, double confidence) {
        if (enabled.n() < 2 || control.n() < 2) {
            return Optional.empty();
        }
        double here = enabled.mean().orElseThrow();
        double there = control.mean().orElseThrow();
        Interval ofHere = Limited.of(enabled, metric).interval(confidence);
        Interval ofThere = Limited.of(control, metric).interval(confidence);
        double difference = here - there;
        return Optional.of(new Interval(
                difference - Math.hypot(here - ofHere.lower(), ofThere.upper() - there),
                difference + Math.hypot(ofHere.upper() - here, there - ofThere.lower())));
    }

    /**
     * The interval estimate ± z · standardError of an asymptotically normal estimate.
     *
     * @param confidence in (0, 1), for both sides together
     * @throws IllegalArgumentException if a number is not finite, the standard error is negative, or the confidence
     *     is outside (0, 1)
     */
    public static Interval normal(double estimate, double standardError, double confidence) {
        if (!(standardError >= 0)) {
            throw new IllegalArgumentException(
                    "Interval: standard error is " + standardError + ", it must be at least 0");
        }
        double halfWidth = twoSidedQuantile(confidence) * standardError;
        return new Interval(estimate - halfWidth, estimate + halfWidth);
    }

    /** Whether {@code value} lies in the interval, ends included. */
    public boolean contains(double value) {
        return lower <= value && value <= upper;
    }

    /** Distance between the ends, in their unit. */
    public double width() {
        return upper - lower;
    }

    public static void requireConfidence(double confidence) {
        if (!(confidence > 0 && confidence < 1)) {
            throw new IllegalArgumentException(
                    "confidence is " + confidence + ", it must lie between 0 and 1, as 0.95 for 95 %");
        }
    }

    private static double twoSidedQuantile(double confidence) {
        requireConfidence(confidence);
        return STANDARD_NORMAL.inverseCumulativeProbability((1 + confidence) / 2);
    }
}
