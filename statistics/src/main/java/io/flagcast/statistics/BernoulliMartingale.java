package io.flagcast.statistics;

import org.apache.commons.math3.analysis.UnivariateFunction;
import org.apache.commons.math3.analysis.solvers.BrentSolver;
import org.apache.commons.math3.special.Beta;
import org.apache.commons.math3.special.Gamma;

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

    /** A bound closer to 1 is 1, the next number. */
    private static final double NEXT_TO_ONE = 0x1p-54;

    /** Below it, 1 less the distribution function loses its digits, and terms of b² are not missed. */
    private static final double SMALL = 1e-4;

    private static final double HALF_LOG_TWO_PI = 0.5 * Math.log(2 * Math.PI);

    private BernoulliMartingale() {}

    /**
     * A rate and what it leaves to 1, each with all its digits: where nearly all values are successes, what decides is
     * how small the rest is.
     */
    record Rate(double value, double rest) {

        /** The rate whose standard error is 1/z of its distance to the successes' share below it. */
        static Rate scoreBound(double successes, double failures, double z) {
            double n = successes + failures;
            double half = z * z / 2;
            double root = z * Math.sqrt(successes * failures / n + z * z / 4);
            // The two bounds of the failures' share have the product F² / (n(n + z²)); no subtraction.
            return new Rate(
                    (successes + half + root) / (n + z * z), failures / n * (failures / (failures + half + root)));
        }

        boolean isAboveHalf() {
            return rest < value;
        }
    }

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
        if (failures == 0) {
            return 1;
        }
        UnivariateFunction excess = z ->
                logCapital(successes, failures, Rate.scoreBound(successes, failures, z), concentration) - logThreshold;
        double below = Math.sqrt(logThreshold);
        double above = 2 * below;
        while (excess.value(above) < 0) {
            if (Rate.scoreBound(successes, failures, above).rest() < NEXT_TO_ONE) {
                return 1;
            }
            below = above;
            above *= 2;
        }
        double z = new BrentSolver(TOLERANCE).solve(MAX_EVALUATIONS, excess, below, above);
        Rate bound = Rate.scoreBound(successes, failures, z);
        return bound.isAboveHalf() ? 1 - bound.rest() : bound.value();
    }

    /** Logarithm of M at a rate not below the successes' share. */
    static double logCapital(double successes, double failures, Rate rate, double concentration) {
        double a = concentration * rate.value();
        double b = concentration * rate.rest();
        return logPosteriorIntegral(a + successes, b + failures, rate) - logPriorIntegral(a, b, rate);
    }

    /**
     * Logarithm of ∫ (p/rate)^a ((1 − p)/(1 − rate))^b / (p(1 − p)) dp from 0 to a rate not below a/(a + b): that to 1,
     * less the part above the rate, which is not the larger one by much.
     */
    private static double logPosteriorIntegral(double a, double b, Rate rate) {
        return logPeak(a, b) + logLikelihoodRatio(a, b, rate) + Math.log1p(-Beta.regularizedBeta(rate.rest(), b, a));
    }

    private static double logPriorIntegral(double a, double b, Rate rate) {
        if (!rate.isAboveHalf()) {
            return logPeak(a, b) + Math.log(Beta.regularizedBeta(rate.value(), a, b));
        }
        return b < SMALL * Math.min(1, a) ? logOfSmall(a, b, rate) : logPosteriorIntegral(a, b, rate);
    }

    /**
     * The integral where b is close to 0 and a/(a + b) the rate, so that nearly all of the distribution lies above it:
     * both the integral to 1 and the part above are 1/b but for what is sought. By Γ(1 + b) = bΓ(b) and the binomial
     * series of (1 − p)^(a − 1) (M. Abramowitz, I. A. Stegun, "Handbook of Mathematical Functions" (1964), 6.1.15, 6.2.2
     * and 3.6.9), with y = 1 − rate,
     *
     * <pre>
     *   B(a, b) = exp(g) / b,   g = log Γ(1 + b) − (log Γ(a + b) − log Γ(a))
     *   ∫ above = y^b / b + (1 − a) y^(b + 1) + …
     * </pre>
     *
     * <p>As ay is at most b, what follows is below b², and b below {@value #SMALL}.
     */
    private static double logOfSmall(double a, double b, Rate rate) {
        double y = rate.rest();
        double g = Gamma.logGamma1p(b) - b * (Gamma.digamma(a) + b / 2 * Gamma.trigamma(a));
        double logPower = b * Math.log(y);
        double integral = (Math.expm1(g) - Math.expm1(logPower)) / b - (1 - a) * y * Math.exp(logPower);
        return Math.log(integral) - a * Math.log1p(-y) - logPower;
    }

    /** log B(a, b) − a log m − b log(1 − m) at m = a/(a + b), by Stirling's series: without the digits of its parts. */
    private static double logPeak(double a, double b) {
        return HALF_LOG_TWO_PI
                + 0.5 * (Math.log((a + b) / a) - Math.log(b))
                + stirlingError(a)
                + stirlingError(b)
                - stirlingError(a + b);
    }

    /** log Γ(x) less Stirling's (x − ½) log x − x + ½ log 2π: M. Abramowitz, I. A. Stegun (1964), 6.1.41. */
    static double stirlingError(double x) {
        if (x < 10) {
            return Gamma.logGamma(x) - (x - 0.5) * Math.log(x) + x - HALF_LOG_TWO_PI;
        }
        double x2 = x * x;
        return (1.0 / 12 - (1.0 / 360 - (1.0 / 1260 - (1.0 / 1680 - 1.0 / 1188 / x2) / x2) / x2) / x2) / x;
    }

    /**
     * a log(m/rate) + b log((1 − m)/(1 − rate)) at m = a/(a + b), at least 0; from the distance of m to the rate, so that
     * two large terms do not cancel (C. Loader, "Fast and Accurate Computation of Binomial Probabilities" (2000)).
     */
    private static double logLikelihoodRatio(double a, double b, Rate rate) {
        double n = a + b;
        double distance = rate.isAboveHalf() ? b - n * rate.rest() : n * rate.value() - a;
        return deviance(a, n * rate.value(), distance) + deviance(b, n * rate.rest(), -distance);
    }

    /** distance − count · log(expected / count), distance being expected − count. */
    private static double deviance(double count, double expected, double distance) {
        double relative = distance / count;
        return distance - count * (Math.abs(relative) < 0.5 ? Math.log1p(relative) : Math.log(expected / count));
    }
}
