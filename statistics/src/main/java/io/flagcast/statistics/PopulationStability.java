package io.flagcast.statistics;

import java.util.Arrays;
import java.util.Optional;
import org.apache.commons.math3.distribution.ChiSquaredDistribution;

/**
 * How far a distribution has moved: the population stability index of binned counts against those of a reference,
 *
 * <pre>
 *   PSI = Σ (a − e) · log(a / e)
 * </pre>
 *
 * over the bins, e and a being the shares of the reference and of the rows at hand. It is Jeffreys' divergence, 0 for
 * equal shares. By the convention of N. Siddiqi, "Credit Risk Scorecards" (2006), a value below 0.1 is none to mind and
 * one above 0.25 a shift; many draw the line at 0.2.
 *
 * <p>A small sample has a large index by chance alone. Where nothing has moved, PSI / (1/n + 1/m) follows the
 * chi-squared law with B − 1 degrees of freedom for n and m rows in B bins, so that its mean is (B − 1)(1/n + 1/m): B.
 * Yurdakul, J. Naranjo, "Statistical properties of the population stability index", Journal of Risk Model Validation 14
 * (2020). {@link #noise} is that law's quantile.
 *
 * <p>Smoothed, as an empty bin would make it infinite: both sides get half a row for each bin, spread over the bins as
 * both sides together are. So smoothing draws the two towards one another and never apart, a bin that is empty on both
 * sides counts for nothing, and with many rows it vanishes.
 *
 * @param index PSI, at least 0
 * @param bins number of bins that are not empty on both sides, at least 1
 * @param expected rows of the reference, at least 1
 * @param actual rows at hand, at least 1
 */
public record PopulationStability(double index, int bins, long expected, long actual) {

    /** @throws IllegalArgumentException if a component is outside its range */
    public PopulationStability {
        if (!(index >= 0 && Double.isFinite(index))) {
            throw new IllegalArgumentException(
                    "PopulationStability: index is " + index + ", it must be finite and at least 0");
        }
        if (bins < 1 || expected < 1 || actual < 1) {
            throw new IllegalArgumentException("PopulationStability: " + expected + " and " + actual + " rows in "
                    + bins + " bins, all must be at least 1");
        }
    }

    /**
     * The index of counts by bin.
     *
     * @param expected rows of the reference in each bin
     * @param actual rows at hand in each bin, in the same order
     * @return absent where a side has no rows
     * @throws IllegalArgumentException for another number of bins or a negative count
     */
    public static Optional<PopulationStability> of(long[] expected, long[] actual) {
        if (expected.length != actual.length) {
            throw new IllegalArgumentException("PopulationStability: " + expected.length + " bins of the reference and "
                    + actual.length + " at hand, both must have the same");
        }
        long n = total(expected);
        long m = total(actual);
        if (n == 0 || m == 0) {
            return Optional.empty();
        }
        int bins = 0;
        for (int bin = 0; bin < expected.length; bin++) {
            bins += expected[bin] + actual[bin] > 0 ? 1 : 0;
        }
        double pseudoRows = bins / 2.0;
        double index = 0;
        for (int bin = 0; bin < expected.length; bin++) {
            if (expected[bin] + actual[bin] > 0) {
                double pseudo = pseudoRows * (expected[bin] + actual[bin]) / ((double) n + m);
                double e = (expected[bin] + pseudo) / (n + pseudoRows);
                double a = (actual[bin] + pseudo) / (m + pseudoRows);
                index += (a - e) * Math.log(a / e);
            }
        }
        return Optional.of(new PopulationStability(index, bins, n, m));
    }

    /**
     * The index that chance alone exceeds with a probability of alpha, for one look: 0 for a single bin.
     *
     * @param alpha in (0, 1)
     */
    public double noise(double alpha) {
        Interval.requireConfidence(1 - alpha);
        return bins == 1
                ? 0
                : new ChiSquaredDistribution(null, bins - 1).inverseCumulativeProbability(1 - alpha)
                        * (1.0 / expected + 1.0 / actual);
    }

    private static long total(long[] counts) {
        if (Arrays.stream(counts).anyMatch(count -> count < 0)) {
            throw new IllegalArgumentException(
                    "PopulationStability: counts are " + Arrays.toString(counts) + ", none can be negative");
        }
        return Arrays.stream(counts).sum();
    }
}
