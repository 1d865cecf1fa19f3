package io.flagcast.statistics.ranking;

import io.flagcast.statistics.Bootstrap;
import io.flagcast.statistics.Interval;
import io.flagcast.statistics.ranking.UpliftCurve.Bin;
import io.flagcast.statistics.ranking.UpliftCurve.Cell;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;
import org.apache.commons.math3.special.Gamma;

/**
 * The bootstrap of rows that are only known as sums: instead of drawing n of n rows, the number of times that each is drawn
 * follows the Poisson law of mean 1, so that the number drawn of k rows follows that of mean k.
 *
 * <p>Sources: J. A. Hanley, B. MacGibbon, "Creating non-parametric bootstrap samples using Poisson frequencies",
 * Computer Methods and Programs in Biomedicine 83 (2006); N. Chamandy, O. Muralidharan, A. Najmi, S. Naidu,
 * "Estimating Uncertainty for Massive Data Streams", Google (2012).
 */
final class PoissonBootstrap {

    /** Beyond it a Poisson law has less than the rounding of a sum that is about 1. */
    private static final double NEGLIGIBLE_PROBABILITY = 1e-20;

    private PoissonBootstrap() {}

    /** See {@link UpliftCurve#interval}. */
    static Interval interval(
            UpliftCurve curve, ToDoubleFunction<UpliftCurve> measure, double confidence, int resamples, long seed) {
        Bootstrap.requireResamples(resamples);
        Interval.requireConfidence(confidence);
        // What is wrong with the curve itself is no matter of chance.
        Bootstrap.requireFinite("the curve", measure.applyAsDouble(curve));
        SplittableRandom random = new SplittableRandom(seed);
        Map<Long, Double> modes = new HashMap<>();
        double[] statistics = new double[resamples];
        int undefined = 0;
        int drawn = 0;
        while (drawn < resamples) {
            double statistic;
            try {
                statistic = measure.applyAsDouble(resampled(curve, modes, random));
            } catch (IllegalArgumentException e) {
                undefined++;
                if (undefined > resamples) {
                    throw new IllegalArgumentException(
                            "UpliftCurve: the measure is undefined for " + undefined + " samples and defined for "
                                    + drawn + " of " + resamples + "; there are too few rows",
                            e);
                }
                continue;
            }
            statistics[drawn] = Bootstrap.requireFinite("resample " + drawn, statistic);
            drawn++;
        }
        return Bootstrap.percentiles(statistics, confidence);
    }

    private static UpliftCurve resampled(UpliftCurve curve, Map<Long, Double> modes, SplittableRandom random) {
        List<Bin> bins = new ArrayList<>(curve.bins().size());
        for (Bin bin : curve.bins()) {
            bins.add(new Bin(
                    bin.score(),
                    resampled(bin.enabledPositive(), modes, random),
                    resampled(bin.enabledZero(), modes, random),
                    resampled(bin.controlPositive(), modes, random),
                    resampled(bin.controlZero(), modes, random)));
        }
        return new UpliftCurve(bins);
    }

    /** @param modes the probability of the most likely number, by mean: it costs more than drawing, and comes again each time */
    private static Cell resampled(Cell cell, Map<Long, Double> modes, SplittableRandom random) {
        if (cell.rows() == 0) {
            return cell;
        }
        double mode = modes.computeIfAbsent(cell.rows(), PoissonBootstrap::mode);
        long drawn = poisson(cell.rows(), mode, random.nextDouble());
        return new Cell(drawn, cell.weight() * drawn / cell.rows(), cell.sum() * drawn / cell.rows());
    }

    /** The probability of the most likely number of a Poisson law with a whole mean, the mean itself. */
    static double mode(long mean) {
        return Math.exp(mean * Math.log((double) mean) - mean - Gamma.logGamma(mean + 1.0));
    }

    /**
     * A number from the Poisson law, for resampling counts: by inversion from the most likely number outwards, in about
     * √mean steps and exact but for rounding.
     *
     * @param mean at least 1
     * @param mode see {@link #mode}
     * @param uniform in [0, 1)
     */
    static long poisson(long mean, double mode, double uniform) {
        double above = mode;
        double below = above;
        double left = uniform - mode;
        for (long distance = 1; left >= 0 && above > NEGLIGIBLE_PROBABILITY; distance++) {
            above *= (double) mean / (mean + distance);
            left -= above;
            if (left < 0) {
                return mean + distance;
            }
            // Becomes 0 one step below the number 0, and stays so.
            below *= (mean - distance + 1.0) / mean;
            left -= below;
            if (left < 0) {
                return mean - distance;
            }
        }
        // Where the loop ends with something left, that is what rounding left.
        return mean;
    }
}
