package io.flagcast.statistics;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.apache.commons.math3.stat.descriptive.rank.Percentile;

/**
 * Percentile bootstrap intervals: the statistic of many samples drawn with replacement, and the quantiles of
 * what comes out. For statistics without a usable formula for their error. The same seed gives the same interval
 * on every machine.
 *
 * <p>Sources: B. Efron, "Bootstrap Methods: Another Look at the Jackknife", Annals of Statistics 7 (1979), section
 * 2; the percentile interval, B. Efron, R. J. Tibshirani, "An Introduction to the Bootstrap" (1993), section 13.3.
 * It is not bias-corrected, and too narrow for few rows.
 */
public final class Bootstrap {

    private Bootstrap() {}

    /**
     * The interval of a mean.
     *
     * @param values at least one, all finite
     * @param confidence in (0, 1), for both sides together
     * @param resamples number of samples to draw, at least 2; 1,000 or more for an interval at 95 %
     * @throws IllegalArgumentException if an argument is outside its range
     */
    public static Interval mean(double[] values, double confidence, int resamples, long seed) {
        return of(
                values.length,
                rows -> {
                    double sum = 0;
                    for (int row : rows) {
                        sum += values[row];
                    }
                    return sum / rows.length;
                },
                confidence,
                resamples,
                seed);
    }

    /**
     * The interval of any statistic of n rows.
     *
     * @param n number of rows, at least 1
     * @param statisticOfIndices the statistic of the rows with these indices, n of them in [0, n), with repetitions.
     *     The array is reused: it is the function's only until it returns
     * @param confidence in (0, 1), for both sides together
     * @param resamples number of samples to draw, at least 2; 1,000 or more for an interval at 95 %
     * @throws IllegalArgumentException if an argument is outside its range or the statistic of a sample is not finite
     */
    public static Interval of(
            int n, ToDoubleFunction<int[]> statisticOfIndices, double confidence, int resamples, long seed) {
        return ofEach(n, rows -> new double[] {statisticOfIndices.applyAsDouble(rows)}, confidence, resamples, seed)
                .get(0);
    }

    /**
     * The intervals of several statistics of the same samples: where one statistic is the difference of two others, it is
     * a paired one.
     *
     * @param statisticsOfIndices as in {@link #of}; always the same number of statistics
     * @return one interval per statistic, each at the confidence on its own
     * @throws IllegalArgumentException if an argument is outside its range or a statistic of a sample is not finite
     */
    public static List<Interval> ofEach(
            int n, Function<int[], double[]> statisticsOfIndices, double confidence, int resamples, long seed) {
        if (n < 1) {
            throw new IllegalArgumentException("Bootstrap: n is " + n + ", there must be at least one row");
        }
        requireResamples(resamples);
        Interval.requireConfidence(confidence);
        SplittableRandom random = new SplittableRandom(seed);
        int[] rows = new int[n];
        double[][] samples = new double[resamples][];
        for (int resample = 0; resample < resamples; resample++) {
            Arrays.setAll(rows, ignored -> random.nextInt(n));
            samples[resample] = statisticsOfIndices.apply(rows);
            for (double statistic : samples[resample]) {
                requireFinite("resample " + resample, statistic);
            }
        }
        return IntStream.range(0, samples[0].length)
                .mapToObj(i -> percentiles(
                        Arrays.stream(samples)
                                .mapToDouble(statistics -> statistics[i])
                                .toArray(),
                        confidence))
                .toList();
    }

    /** The interval between the quantiles of the samples' statistics. */
    public static Interval percentiles(double[] statistics, double confidence) {
        // Linear interpolation between order statistics, as R's default (Hyndman and Fan 1996, type 7).
        Percentile quantiles = new Percentile().withEstimationType(Percentile.EstimationType.R_7);
        quantiles.setData(statistics);
        return new Interval(quantiles.evaluate(50 * (1 - confidence)), quantiles.evaluate(50 * (1 + confidence)));
    }

    public static void requireResamples(int resamples) {
        if (resamples < 2) {
            throw new IllegalArgumentException("Bootstrap: resamples is " + resamples + ", it must be at least 2");
        }
    }

    public static double requireFinite(String sample, double statistic) {
        if (!Double.isFinite(statistic)) {
            throw new IllegalArgumentException("Bootstrap: the statistic of " + sample + " is " + statistic
                    + ", it must be finite for every sample");
        }
        return statistic;
    }
}
