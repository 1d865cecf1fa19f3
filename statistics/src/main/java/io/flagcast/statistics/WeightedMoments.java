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
 * @param n number of rows, at least 0
 * @param w Σ weight
 * @param w2 Σ weight²
 * @param wy Σ weight · y
 * @param wy2 Σ weight · y²
 * @param w2y Σ weight² · y
 * @param w2y2 Σ weight² · y²
 */
public record WeightedMoments(long n, double w, double w2, double wy, double wy2, double w2y, double w2y2)
        implements Serializable {

    /** The sums over no rows; the neutral element of {@link #merge}. */
    public static final WeightedMoments EMPTY = new WeightedMoments(0, 0, 0, 0, 0, 0, 0);

    /**
     * @throws IllegalArgumentException for a negative count, a sum that is not finite, a negative sum of squares,
     *     weights that do not sum to more than 0 although there are rows, or sums without rows
     */
    public WeightedMoments {
        if (n < 0) {
            throw new IllegalArgumentException("WeightedMoments: n is " + n + ", a count cannot be negative");
        }
        requireFinite("w", w);
        requireFinite("w2", w2);
        requireFinite("wy", wy);
        requireFinite("wy2", wy2);
        requireFinite("w2y", w2y);
        requireFinite("w2y2", w2y2);
        if (n > 0 && (w <= 0 || w2 <= 0)) {
            throw new IllegalArgumentException(
                    "WeightedMoments: " + n + " rows with w " + w + " and w2 " + w2 + ", every weight must be above 0");
        }
        if (wy2 < 0 || w2y2 < 0) {
            throw new IllegalArgumentException(
                    "WeightedMoments: wy2 is " + wy2 + " and w2y2 is " + w2y2 + ", both must be at least 0");
        }
        if (n == 0 && (w != 0 || w2 != 0 || wy != 0 || wy2 != 0 || w2y != 0 || w2y2 != 0)) {
            throw new IllegalArgumentException("WeightedMoments: no rows, yet a sum is not 0");
        }
    }

    /**
     * These sums with one more row.
     *
     * @param weight inverse of the row's probability to be in this arm, finite and above 0
     * @param y the row's outcome
     * @throws IllegalArgumentException if the weight is not above 0 or a number is not finite
     */
    public WeightedMoments plus(double weight, double y) {
        double weightedY = weight * y;
        return merge(new WeightedMoments(
                1, weight, weight * weight, weightedY, weightedY * y, weight * weightedY, weightedY * weightedY));
    }

    /** The sums over the rows of both. */
    public WeightedMoments merge(WeightedMoments other) {
        return new WeightedMoments(
                Math.addExact(n, other.n),
                w + other.w,
                w2 + other.w2,
                wy + other.wy,
                wy2 + other.wy2,
                w2y + other.w2y,
                w2y2 + other.w2y2);
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
                n, fraction * w, fraction * w2, fraction * wy, fraction * wy2, fraction * w2y, fraction * w2y2);
    }

    /** The Hájek mean Σwy / Σw, in the unit of y; absent without rows. */
    public OptionalDouble mean() {
        return n == 0 ? OptionalDouble.empty() : OptionalDouble.of(wy / w);
    }

    /**
     * The linearised variance of {@link #mean}: Σ w²(y − mean)² / (Σw)², in the squared unit of y; absent for
     * fewer than two rows, whose spread is unknown.
     */
    public OptionalDouble variance() {
        if (n < 2) {
            return OptionalDouble.empty();
        }
        double mean = wy / w;
        // Rows without any spread can leave a rounding error below 0.
        return OptionalDouble.of(Math.max(0, w2y2 - 2 * mean * w2y + mean * mean * w2) / (w * w));
    }

    /**
     * Kish's effective sample size (Σw)² / Σw², in rows: between 1 and n, n where all weights are equal, and 0
     * without rows.
     */
    public double effectiveSampleSize() {
        return n == 0 ? 0 : w * w / w2;
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
            case MEAN -> this;
            case PROPORTION -> smoothed(pseudoRows);
        };
    }

    private WeightedMoments smoothed(double pseudoRows) {
        ConfidenceSequence.requireProportion(mean().orElseThrow());
        double weight = w2 / w;
        double ones = pseudoRows * weight;
        double squares = ones * weight;
        return new WeightedMoments(
                        n, w + 2 * ones, w2 + 2 * squares, wy + ones, wy2 + ones, w2y + squares, w2y2 + squares)
                .discounted(w / (w + 2 * ones));
    }

    private static void requireFinite(String sum, double value) {
        if (!Double.isFinite(value)) {
            throw new IllegalArgumentException(
                    "WeightedMoments: " + sum + " is " + value + ", weights and outcomes must be finite");
        }
    }
}
