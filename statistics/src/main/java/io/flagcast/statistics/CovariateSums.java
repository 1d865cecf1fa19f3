package io.flagcast.statistics;

import java.io.Serializable;
import java.util.OptionalDouble;

/**
 * Mergeable sums of one arm with a covariate x: the value that the metric had for a user in the period before the first
 * exposure. Beside the {@link WeightedMoments} of the same rows, whose outcome is y and whose weight is the inverse of
 * the probability to be in this arm.
 *
 * @param wx Σ weight · x
 * @param wx2 Σ weight · x²
 * @param wxy Σ weight · x · y
 * @param w2x Σ weight² · x
 * @param w2x2 Σ weight² · x²
 * @param w2xy Σ weight² · x · y
 */
public record CovariateSums(double wx, double wx2, double wxy, double w2x, double w2x2, double w2xy)
        implements Serializable {

    /** The sums over no rows; the neutral element of {@link #merge}. */
    public static final CovariateSums EMPTY = new CovariateSums(0, 0, 0, 0, 0, 0);

    /** Of a variance to the mean square: less is what rounding leaves of equal values. */
    private static final double LEAST_RELATIVE_VARIANCE = 1e-12;

    /** @throws IllegalArgumentException for a sum that is not finite or a negative sum of squares */
    public CovariateSums {
        for (double sum : new double[] {wx, wx2, wxy, w2x, w2x2, w2xy}) {
            if (!Double.isFinite(sum)) {
                throw new IllegalArgumentException(
                        "CovariateSums: a sum is " + sum + ", weights, covariates and outcomes must be finite");
            }
        }
        if (wx2 < 0 || w2x2 < 0) {
            throw new IllegalArgumentException(
                    "CovariateSums: wx2 is " + wx2 + " and w2x2 is " + w2x2 + ", both must be at least 0");
        }
    }

    /**
     * These sums with one more row.
     *
     * @throws IllegalArgumentException if a number is not finite
     */
    public CovariateSums plus(double weight, double x, double y) {
        double weightedX = weight * x;
        return merge(new CovariateSums(
                weightedX,
                weightedX * x,
                weightedX * y,
                weight * weightedX,
                weightedX * weightedX,
                weight * weightedX * y));
    }

    /** The sums over the rows of both. */
    public CovariateSums merge(CovariateSums other) {
        return new CovariateSums(
                wx + other.wx, wx2 + other.wx2, wxy + other.wxy, w2x + other.w2x, w2x2 + other.w2x2, w2xy + other.w2xy);
    }

    /**
     * The weighted correlation of covariate and outcome, in [−1, 1]: its square is the part of the variance that the
     * covariate explains.
     *
     * @param arm sums of the same rows
     * @return absent where one of the two has no spread
     */
    public OptionalDouble correlation(WeightedMoments arm) {
        double xx = wx2 - wx * wx / arm.w();
        double yy = arm.wy2() - arm.wy() * arm.wy() / arm.w();
        if (!varies(arm) || !(yy > LEAST_RELATIVE_VARIANCE * arm.wy2())) {
            return OptionalDouble.empty();
        }
        double correlation = (wxy - wx * arm.wy() / arm.w()) / Math.sqrt(xx * yy);
        return OptionalDouble.of(Math.max(-1, Math.min(1, correlation)));
    }

    /** Whether the covariate differs between the arm's rows, beyond rounding. */
    boolean varies(WeightedMoments arm) {
        return arm.n() > 1 && wx2 - wx * wx / arm.w() > LEAST_RELATIVE_VARIANCE * wx2 && variance(arm) > 0;
    }

    /** Variance of the arm's Hájek mean of x, linearised as {@link WeightedMoments#variance}. */
    double variance(WeightedMoments arm) {
        double mean = wx / arm.w();
        return Math.max(0, w2x2 - 2 * mean * w2x + mean * mean * arm.w2()) / (arm.w() * arm.w());
    }

    /** Covariance of the arm's Hájek means of x and y. */
    double covariance(WeightedMoments arm) {
        double meanX = wx / arm.w();
        double meanY = arm.wy() / arm.w();
        return (w2xy - meanX * arm.w2y() - meanY * w2x + meanX * meanY * arm.w2()) / (arm.w() * arm.w());
    }
}
