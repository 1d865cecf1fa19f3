package io.flagcast.statistics.ranking;

import io.flagcast.statistics.Interval;
import java.util.List;
import org.apache.commons.math3.distribution.NormalDistribution;

/**
 * A rank-weighted average treatment effect with its error: what an order of users is worth, see {@link TargetingCurve}.
 * 0 for an order that knows nothing of the effects, above 0 where those that come first gain more than the average.
 *
 * @param n users, at least 1
 * @param estimate in the unit of the response per user
 * @param error its standard error, at least 0
 */
public record RankWeightedEffect(long n, double estimate, double error) {

    private static final NormalDistribution STANDARD_NORMAL = new NormalDistribution(null, 0, 1);

    /**
     * Variance of an estimate from all folds over the sum of the variances of the folds, where the order knows nothing.
     */
    static final double FOLDS_SHARE_THEIR_PAIRS = 2;

    /** @throws IllegalArgumentException without users, for a number that is not finite, or a negative error */
    public RankWeightedEffect {
        if (n < 1) {
            throw new IllegalArgumentException("RankWeightedEffect: n is " + n + ", an order needs at least 1 user");
        }
        if (!Double.isFinite(estimate) || !Double.isFinite(error) || error < 0) {
            throw new IllegalArgumentException("RankWeightedEffect: estimate is " + estimate + " and standard error "
                    + error + "; both must be finite and the error at least 0");
        }
    }

    /**
     * The effect of orders that were learned by cross-fitting: each fold's users are ordered by what was learned from
     * all other folds, and the effects of the folds averaged, weighted by their users.
     *
     * <p>Each is the effect of an order that knows nothing of its users, and has its own error. Their mean has not the
     * error of independent ones: what two users of different folds have in common in their noise counts twice, once as
     * learned from the first and judged on the second, and once the other way. Where there is nothing to learn, and for
     * learners that treat such a pair alike (least squares, ridge, kernels), the mean is a degenerate U-statistic whose
     * variance is exactly twice the sum of the folds' variances, however many folds there are. That variance is
     * taken: with that of independent folds a test at 5 % errs in 12 %. Where there is much to learn the
     * orders hardly depend on the noise, and the interval is too wide by up to √2. That folds are not independent, and
     * what it does to the test: S. Wager, "Sequential Validation of Treatment Heterogeneity", arXiv 2405.05534, whose
     * remedy, learning from earlier folds alone, needs further fits.
     *
     * @param folds one per fold, at least one
     * @throws IllegalArgumentException without folds, which have no users
     */
    public static RankWeightedEffect crossFitted(List<RankWeightedEffect> folds) {
        long users = 0;
        double sum = 0;
        double squares = 0;
        for (RankWeightedEffect fold : folds) {
            users += fold.n;
            sum += fold.n * fold.estimate;
            squares += fold.n * fold.error * fold.n * fold.error;
        }
        return new RankWeightedEffect(users, sum / users, Math.sqrt(FOLDS_SHARE_THEIR_PAIRS * squares) / users);
    }

    /**
     * The one-sided p-value of an effect above 0 against one of at most 0 by the normal law, for one look.
     *
     * @return in [0, 1]; without any error, 0 for an estimate above 0 and 1 for any other
     */
    public double p() {
        if (error == 0) {
            return estimate > 0 ? 0 : 1;
        }
        return STANDARD_NORMAL.cumulativeProbability(-estimate / error);
    }

    /**
     * The two-sided normal interval, for one look (see {@link Interval#normal}).
     *
     * @param confidence in (0, 1)
     */
    public Interval interval(double confidence) {
        return Interval.normal(estimate, error, confidence);
    }
}
