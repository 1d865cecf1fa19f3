package io.flagcast.statistics.heterogeneity;

import io.flagcast.statistics.Interval;
import java.io.Serializable;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * How well a predicted uplift predicts: the least squares line of doubly robust pseudo-outcomes, each an unbiased if
 * noisy measurement of one user's effect, on 1 and the prediction less its mean. A slope of 1 and an intercept of 0
 * are a calibrated prediction, a slope of 0 one that tells users apart no better than chance. It is no measure of how
 * much the prediction misses: a slope near 1 does not say that it finds all that varies.
 *
 * <p>Sources: V. Chernozhukov, M. Demirer, E. Duflo, I. Fernández-Val, "Generic Machine Learning Inference on
 * Heterogeneous Treatment Effects in Randomized Experiments", arXiv 1712.04802, section 3.1; with pseudo-outcomes in
 * place of its weighted outcome, E. H. Kennedy, "Towards optimal doubly robust estimation of heterogeneous causal
 * effects", arXiv 2004.14497, and V. Semenova, V. Chernozhukov, "Debiased machine learning of conditional average
 * treatment effects and other causal functions", Econometrics Journal 24 (2021). The errors are those of H. White,
 * "A Heteroskedasticity-Consistent Covariance Matrix Estimator", Econometrica 48 (1980), known as HC0: with d the
 * prediction less its mean and e the residual, √Σe²/n for the effect and √Σd²e²/Σd² for the slope. They hold where the
 * prediction was made without the rows it is judged on.
 *
 * @param n rows, at least 3
 * @param meanPrediction mean of the predicted uplifts
 * @param effect mean of the pseudo-outcomes: the average effect
 * @param effectError its standard error, at least 0, for users with these predictions: what users drawn anew would
 *     add, slope² · variance of the predictions / n, is not in it
 * @param slope rise of the pseudo-outcome per unit of prediction
 * @param slopeError its standard error, at least 0
 */
public record BestLinearPrediction(
        long n, double meanPrediction, double effect, double effectError, double slope, double slopeError)
        implements Serializable {

    /** @throws IllegalArgumentException for fewer than 3 rows, a number that is not finite, or a negative error */
    public BestLinearPrediction {
        if (n < 3) {
            throw new IllegalArgumentException(
                    "BestLinearPrediction: n is " + n + ", a line with errors needs at least 3 rows");
        }
        if (!Double.isFinite(meanPrediction) || !Double.isFinite(effect) || !Double.isFinite(slope)) {
            throw new IllegalArgumentException("BestLinearPrediction: mean prediction is " + meanPrediction
                    + ", effect " + effect + " and slope " + slope + "; all must be finite");
        }
        requireError("effect", effectError);
        requireError("slope", slopeError);
    }

    /** The line's height at a prediction of 0: a row with prediction x is expected at intercept + slope · x. */
    public double intercept() {
        return effect - slope * meanPrediction;
    }

    /**
     * The one-sided p-value of slope &gt; 0 against slope ≤ 0 by the normal law, for one look and predictions that were
     * made without any of the rows; {@link CrossFitting} has the one for those made from other folds of them.
     *
     * @return in [0, 1]; without any residual, 0 for a rising line and 1 for any other
     */
    public double p() {
        if (slopeError == 0) {
            return slope > 0 ? 0 : 1;
        }
        return Interval.STANDARD_NORMAL.cumulativeProbability(-slope / slopeError);
    }

    /**
     * The two-sided normal interval of the slope, for one look (see {@link Interval#normal}).
     *
     * @param confidence in (0, 1)
     */
    public Interval slopeInterval(double confidence) {
        return Interval.normal(slope, slopeError, confidence);
    }

    /**
     * The two-sided normal interval of the effect, for one look (see {@link Interval#normal}).
     *
     * @param confidence in (0, 1)
     */
    public Interval effectInterval(double confidence) {
        return Interval.normal(effect, effectError, confidence);
    }

    private static void requireError(String of, double error) {
        if (!Double.isFinite(error) || error < 0) {
            throw new IllegalArgumentException("BestLinearPrediction: standard error of the " + of + " is " + error
                    + ", it must be finite and at least 0");
        }
    }

    /**
     * Prediction to one power times pseudo-outcome to another.
     *
     * @param prediction exponent of the prediction, 0 to 4
     * @param outcome exponent of the pseudo-outcome, 0 to 2
     */
    public record Power(int prediction, int outcome) {

        /** The power x<sup>prediction</sup> · y<sup>outcome</sup>. */
        public double of(double x, double y) {
            return Math.pow(x, prediction) * Math.pow(y, outcome);
        }
    }

    /**
     * Mergeable sums over rows with prediction x and pseudo-outcome y, all that the line and its errors need.
     *
     * <p>The sums are raw. Uplifts and pseudo-outcomes of shares are of a size of about 1 at most, and centring them
     * afterwards costs few digits while the mean prediction is not large beside the predictions' spread; up to a
     * hundred times, nothing that shows. A caller whose predictions lie closer together subtracts a constant first.
     *
     * @param n number of rows, at least 0
     * @param x Σ x
     * @param x2 Σ x²
     * @param x3 Σ x³
     * @param x4 Σ x⁴
     * @param y Σ y
     * @param xy Σ x y
     * @param x2y Σ x² y
     * @param x3y Σ x³ y
     * @param y2 Σ y²
     * @param xy2 Σ x y²
     * @param x2y2 Σ x² y²
     */
    public record Sums(
            long n,
            double x,
            double x2,
            double x3,
            double x4,
            double y,
            double xy,
            double x2y,
            double x3y,
            double y2,
            double xy2,
            double x2y2) {

        /** What each component sums, in their order: an engine computes these columns and hands them to {@link #of}. */
        public static final List<Power> EXPONENTS = List.of(
                new Power(0, 0),
                new Power(1, 0),
                new Power(2, 0),
                new Power(3, 0),
                new Power(4, 0),
                new Power(0, 1),
                new Power(1, 1),
                new Power(2, 1),
                new Power(3, 1),
                new Power(0, 2),
                new Power(1, 2),
                new Power(2, 2));

        /** The sums over no rows; the neutral element of {@link #plus(Sums)}. */
        public static final Sums EMPTY = of(new double[EXPONENTS.size()]);

        /** A spread below a thousandth of the size leaves too few digits in the fourth powers. */
        private static final double LEAST_RELATIVE_VARIANCE = 1e-6;

        /** @throws IllegalArgumentException for a negative count, a sum that is not finite, or sums without rows */
        public Sums {
            if (n < 0) {
                throw new IllegalArgumentException("BestLinearPrediction: n is " + n + ", a count cannot be negative");
            }
            double[] sums = {x, x2, x3, x4, y, xy, x2y, x3y, y2, xy2, x2y2};
            for (int i = 0; i < sums.length; i++) {
                if (!Double.isFinite(sums[i]) || (n == 0 && sums[i] != 0)) {
                    throw new IllegalArgumentException("BestLinearPrediction: the sum of " + EXPONENTS.get(i + 1)
                            + " over " + n + " rows is " + sums[i] + ", it must be finite, and 0 without rows");
                }
            }
        }

        /**
         * The sums as an engine computes them.
         *
         * @param sums one per element of {@link #EXPONENTS}, in that order
         * @throws IllegalArgumentException for another number of sums, a first that is not a count, or as the
         *     constructor
         */
        public static Sums of(double[] sums) {
            if (sums.length != EXPONENTS.size()) {
                throw new IllegalArgumentException("BestLinearPrediction: " + sums.length + " sums, there must be "
                        + EXPONENTS.size() + ", one per exponent");
            }
            if (sums[0] != Math.rint(sums[0]) || Double.isInfinite(sums[0])) {
                throw new IllegalArgumentException(
                        "BestLinearPrediction: the first sum is " + sums[0] + ", it must be the number of rows");
            }
            return new Sums(
                    (long) sums[0],
                    sums[1],
                    sums[2],
                    sums[3],
                    sums[4],
                    sums[5],
                    sums[6],
                    sums[7],
                    sums[8],
                    sums[9],
                    sums[10],
                    sums[11]);
        }

        /**
         * These sums with one more row.
         *
         * @throws IllegalArgumentException if a number is not finite
         */
        public Sums plus(double prediction, double outcome) {
            return plus(of(EXPONENTS.stream()
                    .mapToDouble(power -> power.of(prediction, outcome))
                    .toArray()));
        }

        /** The sums over the rows of both. */
        public Sums plus(Sums other) {
            double[] mine = toArray();
            double[] others = other.toArray();
            return of(IntStream.range(0, mine.length)
                    .mapToDouble(i -> mine[i] + others[i])
                    .toArray());
        }

        /**
         * The line through the rows.
         *
         * @return absent for fewer than 3 rows, and where predictions or outcomes do not vary beyond rounding: by a
         *     thousandth of their root mean square
         */
        public Optional<BestLinearPrediction> interpret() {
            if (n < 3) {
                return Optional.empty();
            }
            double meanX = x / n;
            double meanY = y / n;
            // Central sums by the binomial theorem: Σ (x − meanX)^a (y − meanY)^b.
            double c20 = x2 - meanX * x;
            double c02 = y2 - meanY * y;
            double c11 = xy - meanX * y;
            if (c20 <= LEAST_RELATIVE_VARIANCE * x2 || c02 <= LEAST_RELATIVE_VARIANCE * y2) {
                return Optional.empty();
            }
            // Σ d^a y and Σ d² y², d = x − meanX, before the outcome is centred too.
            double d2y = x2y - 2 * meanX * xy + meanX * meanX * y;
            double d3y = x3y - 3 * meanX * x2y + 3 * meanX * meanX * xy - meanX * meanX * meanX * y;
            double d2y2 = x2y2 - 2 * meanX * xy2 + meanX * meanX * y2;
            double c30 = x3 - 3 * meanX * x2 + 2 * meanX * meanX * x;
            double c40 = x4 - 4 * meanX * x3 + 6 * meanX * meanX * x2 - 3 * meanX * meanX * meanX * x;
            double c31 = d3y - meanY * c30;
            double c22 = d2y2 - 2 * meanY * d2y + meanY * meanY * c20;

            double slope = c11 / c20;
            // Σ e² and Σ d² e² with e = y − meanY − slope · d. A line through every row can leave a rounding error
            // below 0.
            double e2 = Math.max(0, c02 - slope * c11);
            double d2e2 = Math.max(0, c22 - 2 * slope * c31 + slope * slope * c40);
            return Optional.of(
                    new BestLinearPrediction(n, meanX, meanY, Math.sqrt(e2) / n, slope, Math.sqrt(d2e2) / c20));
        }

        /** Standard deviation of the predictions, with n as divisor; 0 without rows. */
        public double deviation() {
            return n == 0 ? 0 : Math.sqrt(Math.max(0, x2 / n - x / n * (x / n)));
        }

        private double[] toArray() {
            return new double[] {n, x, x2, x3, x4, y, xy, x2y, x3y, y2, xy2, x2y2};
        }
    }
}
