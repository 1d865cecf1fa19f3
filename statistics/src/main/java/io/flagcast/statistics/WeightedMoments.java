package io.flagcast.statistics;

import java.io.Serializable;
import java.util.OptionalDouble;

/**
 * Mergeable sums of one arm for the Hájek estimator: the weighted mean of an outcome, each row weighted by
 * the inverse of its probability to be in this arm.
 *
 * <p>Sources: the estimator and its linearised variance, C.-E. Särndal, B. Swensson, J. Wretman, "Model
 * Assisted Survey Sampling" (1992), sections 5.6 and 5.7 (the mean as a ratio of two totals), in causal inference
 * J. K. Lunceford, M. Davidian, Statistics in Medicine 23 (2004), their estimator IPW2; the effective sample size,
 * L. Kish, "Survey Sampling" (1965), section 11.7.
 *
 * <p>A {@linkplain Metric.Kind#RATIO ratio} Σ weight · y / Σ weight · d of two sums over users is such a mean as well: that of
 * y / d, in which a user weighs weight · d. Its linearised variance is then the delta method's, Σ weight² (y − R d)² /
 * (Σ weight · d)² with R the ratio. A user without a denominator adds y to the sum, and no weight.
 *
 * <p>The outcome is summed as its distance d from an origin near the mean: sums of y² itself have lost the digits of a
 * variance whose square root is a millionth of the mean. Parts with other origins merge as in T. F. Chan, G. H. Golub, R.
 * J. LeVeque, "Algorithms for Computing the Sample Variance", The American Statistician 37 (1983), equations (2.1), here
 * with weights.
 *
 * @param n number of rows, at least 0
 * @param w Σ weight; 0 only without rows, and where no user of a ratio has a denominator
 * @param w2 Σ weight²
 * @param origin from which d = y − origin is measured, in the unit of y; no result depends on it but by rounding. Best
 *     is the mean; 0 without rows
 * @param wd Σ weight · d
 * @param wd2 Σ weight · d²
 * @param w2d Σ weight² · d
 * @param w2d2 Σ weight² · d²
 */
public record WeightedMoments(
        long n, double w, double w2, double origin, double wd, double wd2, double w2d, double w2d2)
        implements Serializable {

    /** The sums over no rows; the neutral element of {@link #merge}. */
    public static final WeightedMoments EMPTY = new WeightedMoments(0, 0, 0, 0, 0, 0, 0, 0);

    /**
     * @throws IllegalArgumentException for a negative count, a sum that is not finite, a negative sum of squares,
     *     weights below 0, or sums without rows
     */
    public WeightedMoments {
        if (n < 0) {
            throw new IllegalArgumentException("WeightedMoments: n is " + n + ", a count cannot be negative");
        }
        requireFinite("w", w);
        requireFinite("w2", w2);
        requireFinite("origin", origin);
        requireFinite("wd", wd);
        requireFinite("wd2", wd2);
        requireFinite("w2d", w2d);
        requireFinite("w2d2", w2d2);
        if (w < 0 || w2 < 0 || (w == 0) != (w2 == 0)) {
            throw new IllegalArgumentException(
                    "WeightedMoments: " + n + " rows with w " + w + " and w2 " + w2 + ", no weight may be below 0");
        }
        if (wd2 < 0 || w2d2 < 0) {
            throw new IllegalArgumentException(
                    "WeightedMoments: wd2 is " + wd2 + " and w2d2 is " + w2d2 + ", both must be at least 0");
        }
        if (n == 0 && (w != 0 || w2 != 0 || origin != 0 || wd != 0 || wd2 != 0 || w2d != 0 || w2d2 != 0)) {
            throw new IllegalArgumentException("WeightedMoments: no rows, yet a sum is not 0");
        }
    }

    /**
     * Sums of the outcome as it is, with the origin 0: where its mean is less than some thousand times its standard
     * deviation, as of every proportion.
     *
     * @param wy Σ weight · y
     * @param wy2 Σ weight · y²
     * @param w2y Σ weight² · y
     * @param w2y2 Σ weight² · y²
     * @throws IllegalArgumentException as the other constructor
     */
    public WeightedMoments(long n, double w, double w2, double wy, double wy2, double w2y, double w2y2) {
        this(n, w, w2, 0, wy, wy2, w2y, w2y2);
    }

    /**
     * These sums with one more row.
     *
     * @param weight inverse of the row's probability to be in this arm, finite and above 0
     * @param y the row's outcome
     * @throws IllegalArgumentException if the weight is not above 0 or a number is not finite
     */
    public WeightedMoments plus(double weight, double y) {
        return merge(new WeightedMoments(1, weight, weight * weight, y, 0, 0, 0, 0));
    }

    /** The sums over the rows of both. */
    public WeightedMoments merge(WeightedMoments other) {
        if (n == 0 || other.n == 0) {
            return n == 0 ? other : this;
        }
        if (w == 0 || other.w == 0) {
            return w == 0 ? plus(from(other.origin), other) : plus(this, other.from(origin));
        }
        if (origin != other.origin) {
            double mean = center();
            double both = mean + (other.center() - mean) * (other.w / (w + other.w));
            return plus(from(both), other.from(both));
        }
        return plus(this, other);
    }

    /** Of one origin. */
    private static WeightedMoments plus(WeightedMoments one, WeightedMoments other) {
        return new WeightedMoments(
                Math.addExact(one.n, other.n),
                one.w + other.w,
                one.w2 + other.w2,
                one.origin,
                one.wd + other.wd,
                one.wd2 + other.wd2,
                one.w2d + other.w2d,
                one.w2d2 + other.w2d2);
    }

    /** The same rows, their outcome measured from elsewhere. */
    WeightedMoments from(double newOrigin) {
        double shift = origin - newOrigin;
        if (shift == 0 || n == 0) {
            return this;
        }
        // Twice the shift times d² and the square itself can leave a rounding error below 0.
        return new WeightedMoments(
                n,
                w,
                w2,
                newOrigin,
                wd + shift * w,
                Math.max(0, wd2 + shift * (2 * wd + shift * w)),
                w2d + shift * w2,
                Math.max(0, w2d2 + shift * (2 * w2d + shift * w2)));
    }

    private double center() {
        return origin + wd / w;
    }

    /**
     * The sums of a ratio with one more user.
     *
     * @param weight inverse of the user's probability to be in this arm, finite and above 0
     * @param y numerator
     * @param d denominator, at least 0
     * @throws IllegalArgumentException if the denominator is below 0, or a number is not finite
     */
    public WeightedMoments plusRatio(double weight, double y, double d) {
        double w = weight * d;
        return new WeightedMoments(
                Math.addExact(n, 1),
                this.w + w,
                w2 + w * w,
                0,
                wy() + weight * y,
                wy2() + (d > 0 ? weight * y * y / d : 0),
                w2y() + weight * w * y,
                w2y2() + weight * weight * y * y);
    }

    /** Σ weight · y. */
    public double wy() {
        return from(0).wd;
    }

    /** Σ weight · y², without the digits that a large mean takes. */
    public double wy2() {
        return from(0).wd2;
    }

    /** Σ weight² · y. */
    public double w2y() {
        return from(0).w2d;
    }

    /** Σ weight² · y², without the digits that a large mean takes. */
    public double w2y2() {
        return from(0).w2d2;
    }

    /**
     * These sums with every row counted as a fraction of a row: means stay, the effective sample size shrinks by it.
     *
     * @param fraction in (0, 1]; the number of rows {@link #n} stays
     * @throws IllegalArgumentException if it is outside
     */
    public WeightedMoments discounted(double fraction) {
        if (!(fraction > 0 && fraction <= 1)) {
            throw new IllegalArgumentException(
                    "WeightedMoments: fraction is " + fraction + ", it must be above 0 and at most 1");
        }
        return new WeightedMoments(
                n, fraction * w, fraction * w2, origin, fraction * wd, fraction * wd2, fraction * w2d, fraction * w2d2);
    }

    /** The Hájek mean Σwy / Σw, in the unit of y; absent without weights. */
    public OptionalDouble mean() {
        return w == 0 ? OptionalDouble.empty() : OptionalDouble.of(center());
    }

    /**
     * The linearised variance of {@link #mean}: Σ w²(y − mean)² / (Σw)², in the squared unit of y; absent for
     * fewer than two rows, whose spread is unknown.
     */
    public OptionalDouble variance() {
        if (n < 2 || w == 0) {
            return OptionalDouble.empty();
        }
        double mean = wd / w;
        // Rows without any spread can leave a rounding error below 0.
        return OptionalDouble.of(Math.max(0, w2d2 - 2 * mean * w2d + mean * mean * w2) / (w * w));
    }

    /**
     * The variance of the outcome itself, not of its mean: Σ w(y − mean)² / Σw, in the squared unit of y; absent without
     * weights.
     */
    public OptionalDouble outcomeVariance() {
        return w == 0 ? OptionalDouble.empty() : OptionalDouble.of(Math.max(0, wd2 - wd * (wd / w)) / w);
    }

    /**
     * Kish's effective sample size (Σw)² / Σw², in rows: between 1 and n, n where all weights are equal, and 0
     * without weights.
     */
    public double effectiveSampleSize() {
        return w == 0 ? 0 : w * w / w2;
    }

    /**
     * Moments of as many values with this mean, whose standard error is that of this mean: what stands for the users of a
     * ratio where their mean is looked at. Only moments of the same sums may be looked at: those of parts do not merge into them.
     *
     * @return no values where there are no weights
     */
    public Moments linearised() {
        return w == 0 ? Moments.EMPTY : new Moments(n, center(), variance().orElse(0) * n * (n - 1.0));
    }

    /**
     * Sums whose variance is the one to take for this arm's mean. That of a proportion is never 0, however few rows there
     * are: it is taken with pseudo-rows of the weight Σw² / Σw, as many of 1 as of 0, which stand in for rows and are no
     * information (A. Agresti, B. A. Coull, The American Statistician 52 (1998)).
     *
     * @param pseudoRows of 1, and as many of 0
     * @throws IllegalArgumentException if a proportion has a mean outside [0, 1]
     */
    WeightedMoments spread(Metric.Kind kind, double pseudoRows) {
        return switch (kind) {
            case MEAN, RATIO -> this;
            case PROPORTION -> smoothed(pseudoRows);
        };
    }

    private WeightedMoments smoothed(double pseudoRows) {
        ConfidenceSequence.requireProportion(mean().orElseThrow());
        double weight = w2 / w;
        double rows = pseudoRows * weight;
        double squares = rows * weight;
        double one = 1 - origin;
        double zero = -origin;
        return new WeightedMoments(
                        n,
                        w + 2 * rows,
                        w2 + 2 * squares,
                        origin,
                        wd + rows * (one + zero),
                        wd2 + rows * (one * one + zero * zero),
                        w2d + squares * (one + zero),
                        w2d2 + squares * (one * one + zero * zero))
                .discounted(w / (w + 2 * rows));
    }

    private static void requireFinite(String sum, double value) {
        if (!Double.isFinite(value)) {
            throw new IllegalArgumentException(
                    "WeightedMoments: " + sum + " is " + value + ", weights and outcomes must be finite");
        }
    }
}
