package io.flagcast.statistics;

import java.util.Arrays;
import java.util.function.DoublePredicate;
import org.apache.commons.math3.distribution.TDistribution;

/**
 * Empirical likelihood intervals of a ratio of totals: all values θ for which weights of the rows exist that make Σ (numerator −
 * θ · denominator) zero and are likely enough. They follow the skewness of the rows, so where few heavy rows are large the interval
 * reaches further to that side, which percentile intervals of the bootstrap do too little. Nothing is drawn: the same rows
 * give the same interval.
 *
 * <p>Sources: A. B. Owen, "Empirical likelihood ratio confidence intervals for a single functional", Biometrika 75
 * (1988); ratios as estimating equations and the calibration by F(1, n − 1) instead of χ²(1), which few rows need, A. B. Owen,
 * "Empirical Likelihood" (2001), sections 2.4 and 3.3.
 */
public final class EmpiricalLikelihood {

    // Halvings of an interval: beyond them a double does not change.
    private static final int HALVINGS = 52;

    private EmpiricalLikelihood() {}

    /**
     * The interval of Σ numerators / Σ denominators.
     *
     * @param numerators of at least two rows, finite
     * @param denominators of the same rows, at least 0, not all 0; a row with 0 has the numerator 0
     * @param confidence in (0, 1), for both sides together
     * @return within the least and the greatest ratio of a single row
     * @throws IllegalArgumentException if an argument is outside its range
     */
    public static Interval ratio(double[] numerators, double[] denominators, double confidence) {
        Interval.requireConfidence(confidence);
        if (numerators.length < 2 || numerators.length != denominators.length) {
            throw new IllegalArgumentException("EmpiricalLikelihood: " + numerators.length + " numerators and "
                    + denominators.length + " denominators, there must be as many of both and at least 2");
        }
        double least = Double.POSITIVE_INFINITY;
        double greatest = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < numerators.length; i++) {
            requireRow(numerators[i], denominators[i]);
            if (denominators[i] > 0) {
                least = Math.min(least, numerators[i] / denominators[i]);
                greatest = Math.max(greatest, numerators[i] / denominators[i]);
            }
        }
        double total = Arrays.stream(denominators).sum();
        if (!(total > 0)) {
            throw new IllegalArgumentException("EmpiricalLikelihood: every denominator is 0");
        }
        double ratio = Arrays.stream(numerators).sum() / total;
        if (!(least < ratio && ratio < greatest)) {
            return new Interval(ratio, ratio);
        }
        double t = new TDistribution(null, numerators.length - 1.0).inverseCumulativeProbability(0.5 + confidence / 2);
        DoublePredicate likely = theta -> statistic(numerators, denominators, theta) <= t * t;
        return new Interval(last(likely, ratio, least), last(likely, ratio, greatest));
    }

    private static void requireRow(double numerator, double denominator) {
        if (!Double.isFinite(numerator) || !(denominator >= 0 && Double.isFinite(denominator))) {
            throw new IllegalArgumentException("EmpiricalLikelihood: a row has " + numerator + " and " + denominator
                    + ", they must be finite and the second at least 0");
        }
        if (denominator == 0 && numerator != 0) {
            throw new IllegalArgumentException(
                    "EmpiricalLikelihood: a row has the numerator " + numerator + " without a denominator");
        }
    }

    /** The value furthest from {@code inside} on the way to {@code outside} that is still likely. */
    private static double last(DoublePredicate likely, double inside, double outside) {
        double near = inside;
        double far = outside;
        for (int i = 0; i < HALVINGS; i++) {
            double middle = (near + far) / 2;
            if (likely.test(middle)) {
                near = middle;
            } else {
                far = middle;
            }
        }
        return near;
    }

    /**
     * −2 log of the ratio of empirical likelihoods, 2 Σ log(1 + λ z) where λ solves Σ z / (1 + λ z) = 0 (Owen 2001,
     * section 2.9), z = numerator − θ · denominator; infinite where all z are of one sign.
     */
    static double statistic(double[] numerators, double[] denominators, double theta) {
        double[] z = new double[numerators.length];
        Arrays.setAll(z, i -> numerators[i] - theta * denominators[i]);
        double least = Arrays.stream(z).min().orElseThrow();
        double greatest = Arrays.stream(z).max().orElseThrow();
        if (!(least < 0 && greatest > 0)) {
            return Double.POSITIVE_INFINITY;
        }
        double lambda = lambda(z, -1 / greatest, -1 / least);
        double statistic = 0;
        for (double one : z) {
            statistic += 2 * Math.log1p(lambda * one);
        }
        return statistic;
    }

    /** The zero of Σ z / (1 + λ z), which falls in λ, by halving. */
    private static double lambda(double[] z, double least, double greatest) {
        double low = least;
        double high = greatest;
        for (int i = 0; i < HALVINGS; i++) {
            double lambda = (low + high) / 2;
            double value = 0;
            for (double one : z) {
                value += one / (1 + lambda * one);
            }
            if (value > 0) {
                low = lambda;
            } else {
                high = lambda;
            }
        }
        return (low + high) / 2;
    }
}
