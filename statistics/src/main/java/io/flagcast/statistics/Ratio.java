package io.flagcast.statistics;

import java.util.Optional;

/**
 * The ratio of two independent means that are both above 0, as of the rate of a group to that of all others.
 *
 * <p>Its logarithm is about normal, with the variance that the delta method gives: for each side the variance of its
 * mean over the squared mean. For proportions that is D. Katz, J. Baptista, S. P. Azen, M. C. Pike, "Obtaining
 * Confidence Intervals for the Risk Ratio in Cohort Studies", Biometrics 34 (1978): 1/a − 1/n + 1/b − 1/m for a
 * successes of n and b of m.
 *
 * @param estimate first mean over second, above 0
 * @param logError standard error of its logarithm, at least 0
 */
public record Ratio(double estimate, double logError) {

    /** @throws IllegalArgumentException if a component is outside its range */
    public Ratio {
        if (!(estimate > 0 && Double.isFinite(estimate))) {
            throw new IllegalArgumentException("Ratio: estimate is " + estimate + ", it must be finite and above 0");
        }
        if (!(logError >= 0 && Double.isFinite(logError))) {
            throw new IllegalArgumentException(
                    "Ratio: standard error of the logarithm is " + logError + ", it must be finite and at least 0");
        }
    }

    /**
     * The ratio of the mean of the first to that of the second.
     *
     * @return absent where a side has fewer than two values or a mean that is not above 0
     */
    public static Optional<Ratio> of(Moments first, Moments second) {
        if (first.n() < 2 || second.n() < 2 || first.mean() <= 0 || second.mean() <= 0) {
            return Optional.empty();
        }
        return Optional.of(
                new Ratio(first.mean() / second.mean(), Math.sqrt(relativeVariance(first) + relativeVariance(second))));
    }

    /** The interval of the ratio, for one look: the {@linkplain Interval#normal normal} one of its logarithm. */
    public Interval interval(double confidence) {
        return ratio(Interval.normal(Math.log(estimate), logError, confidence));
    }

    /**
     * The interval of the ratio that stays valid however often one looks.
     *
     * @param sequence whose error either end spends
     * @param n values of both sides together
     */
    public Interval interval(ConfidenceSequence sequence, long n) {
        return ratio(sequence.interval(Math.log(estimate), logError, n));
    }

    private static Interval ratio(Interval logarithm) {
        return new Interval(Math.exp(logarithm.lower()), Math.exp(logarithm.upper()));
    }

    private static double relativeVariance(Moments side) {
        double sum = side.sum();
        return side.m2() / (sum * sum);
    }
}
