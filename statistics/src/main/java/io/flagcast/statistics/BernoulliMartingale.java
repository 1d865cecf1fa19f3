package io.flagcast.statistics;

import org.apache.commons.math3.analysis.solvers.BrentSolver;
import org.apache.commons.math3.special.Beta;

/**
 * The capital M of one who starts with 1 and bets on each further value, 0 or 1, that their mean is below a rate. Where
 * the mean is at least that rate, M is a non-negative supermartingale, and by Ville's inequality it ever reaches 1/α
 * with a probability of at most α: exactly so, for every rate and however few values there are. It is the likelihood
 * ratio to the rate after S successes and F failures, mixed over the lower rates p:
 *
 * <pre>
 *   M(rate) = ∫ (p/rate)^S ((1 − p)/(1 − rate))^F dπ(p),   π = Beta(c · rate, c · (1 − rate)) cut to (0, rate)
 * </pre>
 *
 * <p>Sources: S. R. Howard, A. Ramdas, J. McAuliffe, J. Sekhon, "Time-uniform, nonparametric, nonasymptotic confidence
 * sequences", Annals of Statistics 49 (2021), arXiv 1810.08240, section 3.2, the one-sided beta-binomial mixture. As
 * betting, I. Waudby-Smith, A. Ramdas, "Estimating means of bounded random variables by betting", JRSS B 86 (2024),
 * arXiv 2010.15686, section 4: to multiply the capital by p/rate at a 1 and by (1 − p)/(1 − rate) at a 0 is to stake a
 * fixed part of it, and to mix over p is to divide it over such gamblers. H. Robbins, "Statistical Methods Related to
 * the Law of the Iterated Logarithm", Annals of Mathematical Statistics 41 (1970), had the mixture first.
 *
 * <p>For values between 0 and 1, S their sum, it is one as well: there the factor of a value is a geometric mean of the
 * two factors, which is not above the arithmetic one.
 */
final class BernoulliMartingale {

    /** Of the root, in standard errors: nothing beside the width of a bound, which is above 1. */
    private static final double TOLERANCE = 1e-9;

    private static final int MAX_EVALUATIONS = 1_000;

    private BernoulliMartingale() {}

    /**
     * The lowest rate, from the successes' share upwards, at which M reaches 1/α; 1 if it does at none below 1. M rises
     * with the rate there, so all rates above are ruled out too.
     *
     * <p>The root is sought in the z of the score bound (E. B. Wilson 1927, as {@link Interval#wilson}), where few
     * values and many, low rates and high look alike. Its z² is not below log 1/α: M is at most the largest of the
     * likelihood ratios, whose logarithm n · KL(share, rate) is at most n (share − rate)² / (rate (1 − rate)) = z².
     *
     * @param successes S, at least 0
     * @param failures F, at least 0; with S above 0
     * @param concentration c, above 0: how many values the prior counts for
     * @param logThreshold log 1/α, above 0
     */
    static double upperBound(double successes, double failures, double concentration, double logThreshold) {
        double below = Math.sqrt(logThreshold);
        if (failures == 0 || scoreBound(successes, failures, below) >= 1) {
            return 1;
        }
        double above = 2 * below;
        while (excess(above, successes, failures, concentration, logThreshold) < 0) {
            below = above;
            above *= 2;
        }
        double z = new BrentSolver(TOLERANCE)
                .solve(
                        MAX_EVALUATIONS,
                        candidate -> excess(candidate, successes, failures, concentration, logThreshold),
                        below,
                        above);
        return scoreBound(successes, failures, z);
    }

    /** Logarithm of M at a rate above the successes' share; far below it the distribution function underflows. */
    static double logCapital(double successes, double failures, double rate, double concentration) {
        double a = concentration * rate;
        double b = concentration * (1 - rate);
        return logIntegral(a + successes, b + failures, rate) - logIntegral(a, b, rate);
    }

    /** Logarithm of ∫ (p/rate)^a ((1 − p)/(1 − rate))^b / (p(1 − p)) dp from 0 to the rate. */
    private static double logIntegral(double a, double b, double rate) {
        return Beta.logBeta(a, b)
                + Math.log(Beta.regularizedBeta(rate, a, b))
                - a * Math.log(rate)
                - b * Math.log1p(-rate);
    }

    private static double excess(
            double z, double successes, double failures, double concentration, double logThreshold) {
        double rate = scoreBound(successes, failures, z);
        // The next number to 1 is 1 itself: no rate is left that M could spare.
        return rate < 1 ? logCapital(successes, failures, rate, concentration) - logThreshold : Double.MAX_VALUE;
    }

    /** The rate whose standard error is 1/z of its distance to the successes' share below it. */
    private static double scoreBound(double successes, double failures, double z) {
        double n = successes + failures;
        double z2 = z * z;
        return (successes + z2 / 2 + z * Math.sqrt(successes * failures / n + z2 / 4)) / (n + z2);
    }
}
