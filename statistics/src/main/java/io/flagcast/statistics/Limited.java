package io.flagcast.statistics;

import java.util.OptionalDouble;
import org.apache.commons.math3.distribution.TDistribution;

/**
 * The moments of values in [0, limit], taken in limits.
 *
 * @param limit of a value, above 0
 * @param n number of values; of weighted rows their effective sample size
 * @param mean in [0, 1]
 * @param m2 sum of squared deviations, at least 0
 */
record Limited(double limit, double n, double mean, double m2) {

    /** What rounding may leave of a value beyond the limits. */
    private static final double ROUNDING = 1e-9;

    /** @throws IllegalArgumentException if no values in [0, limit] have these moments, whatever their weights */
    Limited {
        double farthest = Math.max(mean, 1 - mean);
        require(
                mean >= -ROUNDING && mean <= 1 + ROUNDING && m2 <= n * (farthest * farthest + ROUNDING),
                limit,
                n,
                mean,
                m2);
        mean = Math.min(1, Math.max(0, mean));
    }

    private static void require(boolean possible, double limit, double n, double mean, double m2) {
        if (!possible) {
            throw new IllegalArgumentException("a mean of " + limit * mean + " with a standard deviation of "
                    + limit * Math.sqrt(m2 / n) + " is not of values between 0 and the cap " + limit);
        }
    }

    static Limited of(Moments values, Metric metric) {
        double limit = metric.limit().orElseThrow();
        Limited limited = new Limited(limit, values.n(), values.mean() / limit, values.m2() / (limit * limit));
        // Of values x in [0, 1], x² is at most x.
        require(
                limited.m2 <= limited.n * (limited.mean * (1 - limited.mean) + ROUNDING),
                limit,
                limited.n,
                limited.mean,
                limited.m2);
        return limited;
    }

    /** Rows as effective rows of one weight, whose mean has the same variance. */
    static Limited of(WeightedMoments rows, Metric metric) {
        double limit = metric.limit().orElseThrow();
        double n = rows.effectiveSampleSize();
        return new Limited(
                limit,
                n,
                rows.mean().orElseThrow() / limit,
                n * n * rows.variance().orElseThrow() / (limit * limit));
    }

    /**
     * The two-sided interval of the mean for one look: Wilson's score interval of the law on two values, 0 and a, that has
     * the same mean and variance, with Student's quantile. Of all values that are never negative that law is the least skewed
     * (γ ≥ σ/μ − μ/σ), so the interval leans the way in which the normal one errs, though never too far. The degrees of
     * freedom are those of a variance that n μ²/(σ² + μ²) values determine, as many as are not 0 in that law: few, where
     * few users are worth something. For 0 and 1 it is Wilson's but for the quantile.
     *
     * <p>Sources: E. B. Wilson, JASA 22 (1927); the least skewness, K. Pearson, Philosophical Transactions A 216 (1916), p.
     * 433; that few degrees of freedom stand for an uncertain variance, F. E. Satterthwaite, Biometrics Bulletin 2 (1946).
     * That they are these is of ours: coverage is shown by simulation ({@code HeavyTailsTest}).
     *
     * @param confidence in (0, 1)
     * @return within [0, limit]; all of it without values
     */
    Interval interval(double confidence) {
        Interval.requireConfidence(confidence);
        if (n == 0) {
            return new Interval(0, limit);
        }
        double variance = n > 1 ? m2 / (n - 1) : 0;
        double top = mean == 0 ? 1 : Math.min(1, mean + variance / mean);
        double share = mean == 0 ? 0 : Math.min(1, mean / top);
        double freedom = Math.max(1, n * share - 1);
        double t = new TDistribution(null, freedom).inverseCumulativeProbability((1 + confidence) / 2);
        Interval score = Interval.score(share, n, t);
        return new Interval(limit * top * score.lower(), limit * Math.min(1, top * score.upper()));
    }

    /** In the unit of the values, in [0, limit]; absent without values. */
    OptionalDouble lowerBound(ConfidenceSequence sequence) {
        return n == 0 ? OptionalDouble.empty() : OptionalDouble.of(limit * bound(sequence, mean));
    }

    /** In the unit of the values, in [0, limit]; absent without values. */
    OptionalDouble upperBound(ConfidenceSequence sequence) {
        return n == 0 ? OptionalDouble.empty() : OptionalDouble.of(limit * (1 - bound(sequence, 1 - mean)));
    }

    private double bound(ConfidenceSequence sequence, double of) {
        return BoundedMartingale.lowerBound(n, of, m2, sequence.tunedAt(), -Math.log(sequence.alpha()));
    }
}
