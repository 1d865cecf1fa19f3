package io.flagcast.statistics;

import java.util.OptionalDouble;

/**
 * The covariate of a {@linkplain Metric.Kind#RATIO ratio}: the same ratio in the period before the first exposure, Σ weight · x
 * / Σ weight · u, with x a user's numerator and u the denominator of then, beside y and d of now. Both ratios are linearised
 * (delta method: A. Deng, U. Knoblich, J. Lu, KDD 2018, section 2), so that their covariance is
 * Σ weight² (y − R d)(x − Q u) / (Σ weight · d · Σ weight · u), R and Q being the ratios.
 *
 * @param wx Σ weight · x
 * @param wu Σ weight · u, at least 0
 * @param xx Σ weight² · x²
 * @param xu Σ weight² · x · u
 * @param uu Σ weight² · u²
 * @param yx Σ weight² · y · x
 * @param yu Σ weight² · y · u
 * @param dx Σ weight² · d · x
 * @param du Σ weight² · d · u
 */
public record RatioCovariate(
        double wx, double wu, double xx, double xu, double uu, double yx, double yu, double dx, double du)
        implements Covariate {

    /** The sums over no rows; the neutral element of {@link #merge}. */
    public static final RatioCovariate EMPTY = new RatioCovariate(0, 0, 0, 0, 0, 0, 0, 0, 0);

    /** Of a variance to the mean square: less is what rounding leaves of equal ratios. */
    private static final double LEAST_RELATIVE_VARIANCE = 1e-12;

    /** @throws IllegalArgumentException for a sum that is not finite, a negative denominator or a negative sum of squares */
    public RatioCovariate {
        for (double sum : new double[] {wx, wu, xx, xu, uu, yx, yu, dx, du}) {
            if (!Double.isFinite(sum)) {
                throw new IllegalArgumentException(
                        "RatioCovariate: a sum is " + sum + ", weights, covariates and outcomes must be finite");
            }
        }
        if (wu < 0 || xx < 0 || uu < 0) {
            throw new IllegalArgumentException(
                    "RatioCovariate: wu, xx and uu are " + wu + ", " + xx + " and " + uu + ", all must be at least 0");
        }
    }

    /**
     * These sums with one more user.
     *
     * @param weight inverse of the probability to be in this arm
     * @param x numerator before
     * @param u denominator before, at least 0
     * @param y numerator
     * @param d denominator
     * @throws IllegalArgumentException if a sum is not finite, or u negative
     */
    public RatioCovariate plus(double weight, double x, double u, double y, double d) {
        double square = weight * weight;
        return merge(new RatioCovariate(
                weight * x,
                weight * u,
                square * x * x,
                square * x * u,
                square * u * u,
                square * y * x,
                square * y * u,
                square * d * x,
                square * d * u));
    }

    /** The sums over the users of both. */
    public RatioCovariate merge(RatioCovariate other) {
        return new RatioCovariate(
                wx + other.wx,
                wu + other.wu,
                xx + other.xx,
                xu + other.xu,
                uu + other.uu,
                yx + other.yx,
                yu + other.yu,
                dx + other.dx,
                du + other.du);
    }

    @Override
    public boolean varies(WeightedMoments arm) {
        return arm.n() > 1 && wu > 0 && variance(arm) > LEAST_RELATIVE_VARIANCE * xx / (wu * wu);
    }

    @Override
    public OptionalDouble mean(WeightedMoments arm) {
        return wu > 0 ? OptionalDouble.of(wx / wu) : OptionalDouble.empty();
    }

    @Override
    public double variance(WeightedMoments arm) {
        double ratio = wx / wu;
        return Math.max(0, xx - 2 * ratio * xu + ratio * ratio * uu) / (wu * wu);
    }

    @Override
    public double covariance(WeightedMoments arm) {
        double before = wx / wu;
        double now = arm.mean().orElseThrow();
        return (yx - now * dx - before * (yu - now * du)) / (wu * arm.w());
    }
}
