package io.flagcast.statistics;

import java.io.Serializable;
import java.util.OptionalDouble;

/**
 * Mergeable sums of one arm with what its users did in a period before their first exposure, beside the {@link
 * WeightedMoments} of the same rows. Of all that CUPED asks the mean of that covariate, how sure it is, and how it goes with the
 * mean of the outcome.
 */
public sealed interface Covariate extends Serializable permits CovariateSums, RatioCovariate {

    /** Whether the covariate differs between the arm's rows, beyond rounding. */
    boolean varies(WeightedMoments arm);

    /** The arm's mean of the covariate, from the same origin in both arms; absent where nobody has anything to divide by. */
    OptionalDouble mean(WeightedMoments arm);

    /** Variance of {@link #mean}, where there is one, linearised as {@link WeightedMoments#variance}. */
    double variance(WeightedMoments arm);

    /** Covariance of {@link #mean}, where there is one, and the arm's mean of the outcome. */
    double covariance(WeightedMoments arm);
}
