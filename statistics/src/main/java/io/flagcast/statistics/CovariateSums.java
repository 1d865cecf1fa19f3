package io.flagcast.statistics;

import java.util.OptionalDouble;

/**
 * Mergeable sums of one arm with a covariate x: the value that the metric had for a user in the period before the first
 * exposure. Beside the {@link WeightedMoments} of the same rows, whose outcome is y and whose weight is the inverse of
 * the probability to be in this arm.
 *
 * <p>x and y may be measured from any point near their means, so that no digits are lost where these are large: x from
 * the same in both arms of a comparison, y from the origin given.
 *
 * @param origin from which y is measured; 0 for y as it is
 * @param wx Σ weight · x
 * @param wx2 Σ weight · x²
 * @param wxy Σ weight · x · (y − origin)
 * @param w2x Σ weight² · x
 * @param w2x2 Σ weight² · x²
 * @param w2xy Σ weight² · x · (y − origin)
 */
public record CovariateSums(double origin, double wx, double wx2, double wxy, double w2x, double w2x2, double w2xy)
        implements Covariate {

    /** The sums over no rows; the neutral element of {@link #merge}. */
    public static final CovariateSums EMPTY = new CovariateSums(0, 0, 0, 0, 0, 0, 0);

    /** Of a variance to the mean square: less is what rounding leaves of equal values. */
    private static final double LEAST_RELATIVE_VARIANCE = 1e-12;

    /** @throws IllegalArgumentException for a sum that is not finite or a negative sum of squares */
    public CovariateSums {
        for (double sum : new double[] {origin, wx, wx2, wxy, w2x, w2x2, w2xy}) {
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

    /** Sums with y as it is. */
    public CovariateSums(double wx, double wx2, double wxy, double w2x, double w2x2, double w2xy) {
        this(0, wx, wx2, wxy, w2x, w2x2, w2xy);
    }

    /**
     * These sums with one more row.
     *
     * @throws IllegalArgumentException if a number is not finite
     */
    public CovariateSums plus(double weight, double x, double y) {
        double weightedX = weight * x;
        double distance = y - origin;
        return merge(new CovariateSums(
                origin,
                weightedX,
                weightedX * x,
                weightedX * distance,
                weight * weightedX,
                weightedX * weightedX,
                weight * weightedX * distance));
    }

    /** The sums over the rows of both, with the origin of these. */
    public CovariateSums merge(CovariateSums other) {
        double shift = other.origin - origin;
        return new CovariateSums(
                origin,
                wx + other.wx,
                wx2 + other.wx2,
                wxy + other.wxy + shift * other.wx,
                w2x + other.w2x,
                w2x2 + other.w2x2,
                w2xy + other.w2xy + shift * other.w2x);
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
        WeightedMoments y = arm.from(origin);
        double yy = y.wd2() - y.wd() * y.wd() / arm.w();
        if (!varies(arm) || !(yy > LEAST_RELATIVE_VARIANCE * y.wd2())) {
            return OptionalDouble.empty();
        }
        double correlation = (wxy - wx * y.wd() / arm.w()) / Math.sqrt(xx * yy);
        return OptionalDouble.of(Math.max(-1, Math.min(1, correlation)));
    }

    @Override
    public boolean varies(WeightedMoments arm) {
        return arm.n() > 1 && wx2 - wx * wx / arm.w() > LEAST_RELATIVE_VARIANCE * wx2 && variance(arm) > 0;
    }

    @Override
    public OptionalDouble mean(WeightedMoments arm) {
        return arm.w() > 0 ? OptionalDouble.of(wx / arm.w()) : OptionalDouble.empty();
    }

    @Override
    public double variance(WeightedMoments arm) {
        double mean = wx / arm.w();
        return Math.max(0, w2x2 - 2 * mean * w2x + mean * mean * arm.w2()) / (arm.w() * arm.w());
    }

    @Override
    public double covariance(WeightedMoments arm) {
        double meanX = wx / arm.w();
        WeightedMoments y = arm.from(origin);
        double meanY = y.wd() / arm.w();
        return (w2xy - meanX * y.w2d() - meanY * w2x + meanX * meanY * arm.w2()) / (arm.w() * arm.w());
    }
}
