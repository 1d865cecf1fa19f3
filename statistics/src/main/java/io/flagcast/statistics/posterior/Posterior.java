package io.flagcast.statistics.posterior;

/** What is believed of the mean of one arm after its data. */
public sealed interface Posterior permits BetaPosterior, StudentPosterior {

    /** Expected mean, in the unit of the values. */
    double mean();

    /** Variance of the belief, in the squared unit of the values. */
    double variance();
}
