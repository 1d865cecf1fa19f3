package io.flagcast.statistics.ranking;

import io.flagcast.statistics.Interval;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.apache.commons.math3.analysis.UnivariateFunction;
import org.apache.commons.math3.analysis.interpolation.LinearInterpolator;

/**
 * How well a score ranks users by uplift, on rows of a randomised experiment. The definitions are those of the
 * Python library scikit-uplift ({@code sklift.metrics}, release 0.5), so numbers compare across tools.
 *
 * <p>Rows are taken by falling score. After the first x of them, t enabled with the responses r in sum and c of the
 * control with s in sum, the
 *
 * <ul>
 *   <li><b>Qini curve</b> is r − s·t/c (N. J. Radcliffe, "Using Control Groups to Target on Predicted Lift", Direct
 *       Marketing Analytics Journal, 2007),
 *   <li><b>uplift curve</b> is (r/t − s/c)·x (F. Devriendt, T. Guns, W. Verbeke, "Learning to Rank for Uplift
 *       Modeling", arXiv 2002.05897),
 * </ul>
 *
 * a ratio without rows counting as 0. Both are evaluated where the score changes, so that tied rows count as one
 * step, and joined by straight lines from (0, 0). An area is that between the curve and the straight line to its
 * end, in {@link #qini} and {@link #upliftAuc} divided by the same area of the perfect ranking: 1 is perfect, 0 random,
 * negative worse than random. Areas are rank measures: they say nothing of calibration, and differ between populations.
 *
 * <p>A row of weight w counts as w rows in x, t, c, r and s. The weights of an experiment with unequal propensities are
 * the stabilised inverse ones, an arm's share of all rows over the row's own probability to be in that arm: they are 1
 * for every row where the propensity is constant, and 1 on average otherwise. With weights of 1 all is as in
 * scikit-uplift.
 *
 * @param bins by falling score, one per score, each with rows. Given in any order, those of equal scores are
 *     {@linkplain Bin#plus added} and those without rows left out
 */
public record UpliftCurve(List<Bin> bins) {

    /** @throws IllegalArgumentException if an arm has no row */
    public UpliftCurve {
        List<Bin> known = new ArrayList<>(bins.size());
        boolean falls = true;
        long enabled = 0;
        long control = 0;
        for (Bin bin : bins) {
            if (bin.rows() > 0) {
                falls &= known.isEmpty() || known.get(known.size() - 1).score() > bin.score();
                known.add(bin);
                enabled += bin.enabledPositive().rows() + bin.enabledZero().rows();
                control += bin.controlPositive().rows() + bin.controlZero().rows();
            }
        }
        if (enabled == 0 || control == 0) {
            throw new IllegalArgumentException(
                    "UpliftCurve: " + enabled + " enabled rows and " + control + " of the control; uplift needs both");
        }
        bins = falls ? List.copyOf(known) : byFallingScore(known);
    }

    private static List<Bin> byFallingScore(List<Bin> bins) {
        Map<Double, Bin> byFallingScore = new TreeMap<>(Comparator.reverseOrder());
        bins.forEach(bin -> byFallingScore.merge(bin.score(), bin, Bin::plus));
        return List.copyOf(byFallingScore.values());
    }

    /**
     * The curve of single rows of weight 1, one element per row in each array.
     *
     * @param score any finite number
     * @param response any finite number; 0 or 1 for the measures that are normalised
     * @param treated whether the row was enabled
     * @throws IllegalArgumentException if lengths differ, a number is not finite, or an arm has no row
     */
    public static UpliftCurve of(double[] score, double[] response, boolean[] treated) {
        if (score.length != response.length || score.length != treated.length) {
            throw new IllegalArgumentException("UpliftCurve: " + score.length + " scores, " + response.length
                    + " responses and " + treated.length + " treatments; there must be one of each per row");
        }
        return new UpliftCurve(IntStream.range(0, score.length)
                .mapToObj(row -> {
                    Cell cell = new Cell(1, 1, response[row]);
                    Cell positive = response[row] != 0 ? cell : Cell.EMPTY;
                    Cell zero = response[row] != 0 ? Cell.EMPTY : cell;
                    return treated[row]
                            ? new Bin(score[row], positive, zero, Cell.EMPTY, Cell.EMPTY)
                            : new Bin(score[row], Cell.EMPTY, Cell.EMPTY, positive, zero);
                })
                .toList());
    }

    /**
     * scikit-uplift's {@code qini_auc_score(negative_effect=True)}: normalised area under the Qini curve. The perfect
     * ranking has the enabled responders first and the responders of the control last.
     *
     * @throws IllegalArgumentException if a response is neither 0 nor 1, or no row responded, as then no ranking is
     *     better than another
     */
    public double qini() {
        Bin all = requireBinary();
        return normalised(
                ArmTotals::qini,
                List.of(
                        new Bin(2, all.enabledPositive, Cell.EMPTY, Cell.EMPTY, Cell.EMPTY),
                        new Bin(1, Cell.EMPTY, all.enabledZero, Cell.EMPTY, all.controlZero),
                        new Bin(0, Cell.EMPTY, Cell.EMPTY, all.controlPositive, Cell.EMPTY)));
    }

    /**
     * The area between the Qini curve and the straight line to its end, over the square of all weight; for responses of
     * any size, as revenue. Not normalised: in units of the response per row, as {@link Point#gain}, averaged over
     * where the cut could be. 0 is random, negative worse than random.
     */
    public double qiniGain() {
        double weight = all().weight();
        return areaAboveRandom(ArmTotals::qini) / (weight * weight);
    }

    /**
     * scikit-uplift's {@code uplift_auc_score}: normalised area under the uplift curve. The perfect ranking has first
     * the rows whose response equals their treatment; among equals the responders first where the responders of the
     * control outnumber the enabled that did not respond, else the enabled.
     *
     * @throws IllegalArgumentException if a response is neither 0 nor 1, or the perfect ranking encloses no area
     */
    public double upliftAuc() {
        Bin all = requireBinary();
        boolean respondersFirst = all.controlPositive.weight > all.enabledZero.weight;
        return normalised(
                ArmTotals::uplift,
                List.of(
                        new Bin(3, all.enabledPositive, Cell.EMPTY, Cell.EMPTY, Cell.EMPTY),
                        new Bin(2, Cell.EMPTY, Cell.EMPTY, Cell.EMPTY, all.controlZero),
                        new Bin(respondersFirst ? 1 : 0, Cell.EMPTY, Cell.EMPTY, all.controlPositive, Cell.EMPTY),
                        new Bin(respondersFirst ? 0 : 1, Cell.EMPTY, all.enabledZero, Cell.EMPTY, Cell.EMPTY)));
    }

    /**
     * scikit-uplift's {@code uplift_at_k(strategy='overall')}: mean response of the enabled minus that of the control
     * among the ⌊share · rows⌋ with the highest score. Where the last of them are tied with rows that come no more,
     * every tied row counts by the fraction that is needed, as it would on average over random orders of the ties;
     * scikit-uplift takes those that stand last in its input.
     *
     * @param share of all rows, in (0, 1)
     * @return difference of mean responses, in their unit
     * @throws IllegalArgumentException if the share is outside (0, 1), or an arm has no row among the first
     */
    public double upliftAt(double share) {
        if (!(share > 0 && share < 1)) {
            throw new IllegalArgumentException(
                    "UpliftCurve: share is " + share + ", a share of the rows between 0 and 1");
        }
        long rows = all().rows();
        long first = (long) (rows * share);
        long needed = first;
        ArmTotals totals = new ArmTotals();
        for (Bin bin : bins) {
            long taken = Math.min(needed, bin.rows());
            totals.add(bin, (double) taken / bin.rows());
            needed -= taken;
        }
        if (totals.enabled() == 0 || totals.control() == 0) {
            throw new IllegalArgumentException("UpliftCurve: the first " + first + " of " + rows + " rows have a weight"
                    + " of " + totals.enabled() + " enabled and of " + totals.control()
                    + " in the control; both are needed, choose a larger share");
        }
        return totals.meanDifference();
    }

    /**
     * The Qini curve at equal distances, for a plot; between its steps by straight lines.
     *
     * @param count number of distances, at least 1
     * @return count + 1 points, from share 0 to share 1
     * @throws IllegalArgumentException if the count is below 1
     */
    public List<Point> qiniPoints(int count) {
        if (count < 1) {
            throw new IllegalArgumentException("UpliftCurve: count is " + count + ", it must be at least 1");
        }
        double[] x = new double[bins.size() + 1];
        double[] y = new double[bins.size() + 1];
        ArmTotals totals = new ArmTotals();
        for (int step = 1; step < x.length; step++) {
            totals.add(bins.get(step - 1), 1);
            x[step] = totals.weight();
            y[step] = totals.qini();
        }
        UnivariateFunction curve = new LinearInterpolator().interpolate(x, y);
        double weight = totals.weight();
        return IntStream.rangeClosed(0, count)
                .mapToDouble(i -> (double) i / count)
                .mapToObj(share -> new Point(share, curve.value(share * weight) / weight))
                .toList();
    }

    /**
     * The percentile interval of a measure by the Poisson bootstrap: in every sample each cell has a number of rows
     * drawn from the Poisson law whose mean is the number it has, its weight and sum in proportion. The same seed gives
     * the same interval on every machine.
     *
     * <p>For responses of 0 and 1 and equal weights it is exactly the Poisson bootstrap of single rows. For others it
     * leaves out how rows of one cell differ, and is too narrow where they differ much, as of revenue.
     *
     * @param measure as {@code UpliftCurve::qini}. Samples for which it throws an {@link IllegalArgumentException}, as
     *     for want of an arm, are drawn again, at most as many as there are resamples
     * @param confidence in (0, 1), for both sides together
     * @param resamples number of samples to draw, at least 2; 1,000 or more for an interval at 95 %
     * @throws IllegalArgumentException if an argument is outside its range, the measure is undefined for this curve or
     *     for more samples than are drawn again, or it is not finite
     */
    public Interval interval(ToDoubleFunction<UpliftCurve> measure, double confidence, int resamples, long seed) {
        return PoissonBootstrap.interval(this, measure, confidence, resamples, seed);
    }

    private double normalised(ToDoubleFunction<ArmTotals> height, List<Bin> perfectRanking) {
        UpliftCurve perfect = new UpliftCurve(perfectRanking);
        double perfectArea = perfect.areaAboveRandom(height);
        Bin all = perfect.all();
        // Areas grow with weight², and so does their rounding; that of a single responder is about weight / 2.
        if (Math.abs(perfectArea) <= 1e-12 * all.weight() * all.weight()) {
            throw new IllegalArgumentException(
                    "UpliftCurve: even the perfect ranking is no better than a random one, the responses of these "
                            + all.rows() + " rows cannot tell rankings apart");
        }
        return areaAboveRandom(height) / perfectArea;
    }

    /** Area between the curve (by the trapezoidal rule) and the straight line from (0, 0) to its end. */
    private double areaAboveRandom(ToDoubleFunction<ArmTotals> height) {
        ArmTotals totals = new ArmTotals();
        double area = 0;
        double lastX = 0;
        double lastY = 0;
        for (Bin bin : bins) {
            totals.add(bin, 1);
            double x = totals.weight();
            double y = height.applyAsDouble(totals);
            area += (x - lastX) * (y + lastY) / 2;
            lastX = x;
            lastY = y;
        }
        return area - lastX * lastY / 2;
    }

    /** All rows as one bin. */
    private Bin all() {
        return bins.stream().reduce(Bin::plus).orElseThrow();
    }

    private Bin requireBinary() {
        Bin all = all();
        requireOnes(all.enabledPositive);
        requireOnes(all.controlPositive);
        return all;
    }

    private static void requireOnes(Cell positive) {
        // Room for sums of weights in another order.
        if (Math.abs(positive.sum - positive.weight) > 1e-9 * positive.weight) {
            throw new IllegalArgumentException("UpliftCurve: the responses other than 0 sum to " + positive.sum
                    + " over a weight of " + positive.weight
                    + ", a normalised area needs responses of 0 and 1; qiniGain takes any");
        }
    }

    /**
     * The rows of one score, by arm and by whether they responded.
     *
     * @param score finite
     * @param enabledPositive enabled rows with a response other than 0
     * @param enabledZero enabled rows with a response of 0
     * @param controlPositive rows of the control with a response other than 0
     * @param controlZero rows of the control with a response of 0
     */
    public record Bin(double score, Cell enabledPositive, Cell enabledZero, Cell controlPositive, Cell controlZero) {

        /** @throws IllegalArgumentException if the score is not finite, or rows without response have a sum */
        public Bin {
            if (!Double.isFinite(score)) {
                throw new IllegalArgumentException("UpliftCurve: score is " + score + ", it must be finite");
            }
            Objects.requireNonNull(enabledPositive, "enabledPositive");
            Objects.requireNonNull(controlPositive, "controlPositive");
            if (enabledZero.sum != 0 || controlZero.sum != 0) {
                throw new IllegalArgumentException("UpliftCurve: rows with a response of 0 have the sums "
                        + enabledZero.sum + " and " + controlZero.sum + " at score " + score + ", both must be 0");
            }
            // -0.0 becomes 0.0: they are one score.
            score += 0.0;
        }

        /** The rows of both, at this score. */
        public Bin plus(Bin other) {
            return new Bin(
                    score,
                    enabledPositive.plus(other.enabledPositive),
                    enabledZero.plus(other.enabledZero),
                    controlPositive.plus(other.controlPositive),
                    controlZero.plus(other.controlZero));
        }

        /** Number of rows. */
        public long rows() {
            return enabledPositive.rows + enabledZero.rows + controlPositive.rows + controlZero.rows;
        }

        /** Sum of the rows' weights. */
        public double weight() {
            return enabledPositive.weight + enabledZero.weight + controlPositive.weight + controlZero.weight;
        }
    }

    /**
     * Sums over some rows.
     *
     * @param rows their number, at least 0
     * @param weight Σ weight, above 0 if there are rows
     * @param sum Σ weight · response
     */
    public record Cell(long rows, double weight, double sum) {

        /** The sums over no rows; the neutral element of {@link #plus}. */
        public static final Cell EMPTY = new Cell(0, 0, 0);

        /** @throws IllegalArgumentException for a negative count, a weight or sum outside its range */
        public Cell {
            if (rows < 0) {
                throw new IllegalArgumentException("UpliftCurve: rows is " + rows + ", a count cannot be negative");
            }
            if (!Double.isFinite(weight) || !Double.isFinite(sum) || (rows > 0 && weight <= 0)) {
                throw new IllegalArgumentException("UpliftCurve: " + rows + " rows with weight " + weight + " and sum "
                        + sum + "; both must be finite and every weight above 0");
            }
            if (rows == 0 && (weight != 0 || sum != 0)) {
                throw new IllegalArgumentException(
                        "UpliftCurve: no rows, yet weight is " + weight + " and sum is " + sum + "; both must be 0");
            }
        }

        /** The sums over the rows of both. */
        public Cell plus(Cell other) {
            return new Cell(Math.addExact(rows, other.rows), weight + other.weight, sum + other.sum);
        }
    }

    /**
     * A point of the Qini curve.
     *
     * @param share of all weight that has a score at least as high, in [0, 1]; that of all rows where every weight is 1
     * @param gain height of the curve over all weight, in units of the response per row: what was gained by enabling
     *     those among the first that were enabled. Enabling all of the first would gain this over the enabled share
     */
    public record Point(double share, double gain) implements Serializable {}
}
