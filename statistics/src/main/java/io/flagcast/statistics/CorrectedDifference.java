package io.flagcast.statistics;

import org.apache.commons.math3.distribution.TDistribution;

/**
 * The mean difference between two methods over the folds of a cross-validation, with an error that allows for the
 * rows that the folds' training parts share: the corrected resampled t interval. The plain t interval takes the folds
 * for independent and is too narrow.
 *
 * <p>Source: C. Nadeau, Y. Bengio, "Inference for the Generalization Error", Machine Learning 52 (2003), section 4:
 * the variance of the mean of J differences is (1/J + n₂/n₁) s², n₂ the rows of a test part, n₁ those of its training
 * part, s² the sample variance; the law is Student's t with J − 1 degrees of freedom. Derived for random splits, with
 * n₂/n₁ standing for a correlation that has no unbiased estimate: a good approximation, not an exact level.
 *
 * @param mean mean of the differences, in their unit
 * @param error its corrected standard error, at least 0. 0 means that all differences are equal
 * @param folds number of differences J, at least 2
 */
public record CorrectedDifference(double mean, double error, int folds) {

    /** @throws IllegalArgumentException if a number is not finite, the error negative, or folds below 2 */
    public CorrectedDifference {
        if (!Double.isFinite(mean)) {
            throw new IllegalArgumentException(
                    "CorrectedDifference: mean is " + mean + ", every difference must be finite");
        }
        if (!Double.isFinite(error) || error < 0) {
            throw new IllegalArgumentException(
                    "CorrectedDifference: error is " + error + ", it must be finite and at least 0");
        }
        if (folds < 2) {
            throw new IllegalArgumentException(
                    "CorrectedDifference: " + folds + " folds, a spread needs at least 2 differences");
        }
    }

    /**
     * The mean of the paired differences and its corrected error.
     *
     * @param differences one method's measure less the other's, on the same test part, one per fold; at least 2, all
     *     finite
     * @param testToTrain rows of a test part over rows of its training part, above 0; 0.25 for 5 folds
     * @throws IllegalArgumentException if an argument is outside its range
     */
    public static CorrectedDifference of(double[] differences, double testToTrain) {
        if (!(testToTrain > 0 && Double.isFinite(testToTrain))) {
            throw new IllegalArgumentException("CorrectedDifference: testToTrain is " + testToTrain
                    + ", the rows of a test part over those of its training part are finite and above 0");
        }
        Moments moments = Moments.of(differences);
        double inflation = 1.0 / differences.length + testToTrain;
        return new CorrectedDifference(moments.mean(), Math.sqrt(inflation * moments.variance()), differences.length);
    }

    /**
     * The one-sided lower bound: the true difference lies above it with this confidence.
     *
     * @param confidence of the one side, in (0, 1)
     */
    public double lower(double confidence) {
        return mean - quantile(confidence) * error;
    }

    /**
     * The one-sided upper bound: the true difference lies below it with this confidence.
     *
     * @param confidence of the one side, in (0, 1)
     */
    public double upper(double confidence) {
        return mean + quantile(confidence) * error;
    }

    /**
     * The two-sided interval, for one look.
     *
     * @param confidence in (0, 1), for both sides together
     */
    public Interval interval(double confidence) {
        Interval.requireConfidence(confidence);
        double oneSide = (1 + confidence) / 2;
        return new Interval(lower(oneSide), upper(oneSide));
    }

    private double quantile(double confidence) {
        Interval.requireConfidence(confidence);
        return new TDistribution(null, folds - 1).inverseCumulativeProbability(confidence);
    }
}
