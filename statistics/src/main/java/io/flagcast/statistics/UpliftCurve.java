package io.flagcast.statistics;

import java.util.Comparator;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

/**
 * How well a score ranks users by uplift, on rows of a randomised experiment. The definitions are those of the
 * Python library scikit-uplift ({@code sklift.metrics}, release 0.5), whose names the methods carry, so numbers
 * compare across tools.
 *
 * <p>Rows are taken by falling score. After the first x of them, t treated with r responders and c not treated with
 * s responders, the
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
 * end, divided by the same area of the perfect ranking: 1 is perfect, 0 random, negative worse than random. Areas are
 * rank measures: they say nothing of calibration, and differ between populations.
 *
 * <p>In all methods: {@code score} is any finite number, {@code response} 0 or 1, {@code treated} whether the row was
 * enabled, one element per row in each; a length that differs, another value, or an arm without rows is an
 * {@link IllegalArgumentException}.
 */
public final class UpliftCurve {

    private UpliftCurve() {}

    /**
     * scikit-uplift's {@code qini_auc_score(negative_effect=True)}: normalised area under the Qini curve. The perfect
     * ranking has the treated responders first and the responders that were not treated last.
     *
     * @throws IllegalArgumentException if no row responded, as then no ranking is better than another; or as for all
     *     methods
     */
    public static double qiniAuc(double[] score, int[] response, boolean[] treated) {
        countsOf(score, response, treated);
        return normalisedArea(
                score,
                row -> treated[row] ? response[row] : -response[row],
                response,
                treated,
                counts -> counts.treatedResponders - counts.controlResponders * ratio(counts.treated, counts.control));
    }

    /**
     * scikit-uplift's {@code uplift_auc_score}: normalised area under the uplift curve. The perfect ranking has first
     * the rows whose response equals their treatment; among equals the responders first where the responders without
     * treatment outnumber the treated that did not respond, else the treated.
     *
     * @throws IllegalArgumentException if the perfect ranking encloses no area; or as for all methods
     */
    public static double upliftAuc(double[] score, int[] response, boolean[] treated) {
        Counts all = countsOf(score, response, treated);
        boolean respondersFirst = all.controlResponders > all.treated - all.treatedResponders;
        return normalisedArea(
                score,
                row -> ((response[row] == 1) == treated[row] ? 2 : 0)
                        + ((respondersFirst ? response[row] == 1 : treated[row]) ? 1 : 0),
                response,
                treated,
                counts -> (ratio(counts.treatedResponders, counts.treated)
                                - ratio(counts.controlResponders, counts.control))
                        * counts.rows());
    }

    /**
     * scikit-uplift's {@code uplift_at_k(strategy='overall')}: response rate of the treated minus that of the others
     * among the ⌊k · rows⌋ with the highest score; of tied rows the later ones come first, as there.
     *
     * @param k share of all rows, in (0, 1)
     * @return difference of response rates, in [−1, 1]
     * @throws IllegalArgumentException if k is outside (0, 1), or an arm has no row among the first; or as for all
     *     methods
     */
    public static double upliftAtK(double[] score, int[] response, boolean[] treated, double k) {
        countsOf(score, response, treated);
        if (!(k > 0 && k < 1)) {
            throw new IllegalArgumentException("UpliftCurve: k is " + k + ", a share of the rows between 0 and 1");
        }
        int first = (int) (score.length * k);
        Counts counts = new Counts();
        byFallingScore(score).limit(first).forEach(row -> counts.add(response[row], treated[row]));
        if (counts.treated == 0 || counts.control == 0) {
            throw new IllegalArgumentException("UpliftCurve: the first " + first + " of " + score.length
                    + " rows have " + counts.treated + " treated and " + counts.control
                    + " others; both are needed, choose a larger k");
        }
        return ratio(counts.treatedResponders, counts.treated) - ratio(counts.controlResponders, counts.control);
    }

    private static double normalisedArea(
            double[] score, IntToDoubleFunction perfectScore, int[] response, boolean[] treated, Curve curve) {
        double[] perfect =
                IntStream.range(0, score.length).mapToDouble(perfectScore).toArray();
        double perfectArea = areaAboveRandom(perfect, response, treated, curve);
        // Areas grow with rows², and so does their rounding; that of a single responder is about rows / 2.
        if (Math.abs(perfectArea) <= 1e-12 * score.length * score.length) {
            throw new IllegalArgumentException(
                    "UpliftCurve: even the perfect ranking is no better than a random one, the responses of these "
                            + score.length + " rows cannot tell rankings apart");
        }
        return areaAboveRandom(score, response, treated, curve) / perfectArea;
    }

    /** Area between the curve (by the trapezoidal rule) and the straight line from (0, 0) to its end. */
    private static double areaAboveRandom(double[] score, int[] response, boolean[] treated, Curve curve) {
        int[] order = byFallingScore(score).toArray();
        Counts counts = new Counts();
        double area = 0;
        double lastX = 0;
        double lastY = 0;
        for (int i = 0; i < order.length; i++) {
            counts.add(response[order[i]], treated[order[i]]);
            if (i + 1 == order.length || score[order[i]] != score[order[i + 1]]) {
                double x = counts.rows();
                double y = curve.at(counts);
                area += (x - lastX) * (y + lastY) / 2;
                lastX = x;
                lastY = y;
            }
        }
        return area - lastX * lastY / 2;
    }

    private static IntStream byFallingScore(double[] score) {
        Comparator<Integer> ascending =
                Comparator.<Integer>comparingDouble(row -> score[row]).thenComparingInt(row -> row);
        return IntStream.range(0, score.length)
                .boxed()
                .sorted(ascending.reversed())
                .mapToInt(Integer::intValue);
    }

    private static double ratio(double numerator, double denominator) {
        return denominator == 0 ? 0 : numerator / denominator;
    }

    /** The counts over all rows, after checking each. */
    private static Counts countsOf(double[] score, int[] response, boolean[] treated) {
        if (score.length != response.length || score.length != treated.length) {
            throw new IllegalArgumentException("UpliftCurve: " + score.length + " scores, " + response.length
                    + " responses and " + treated.length + " treatments; there must be one of each per row");
        }
        Counts counts = new Counts();
        for (int row = 0; row < score.length; row++) {
            if (!Double.isFinite(score[row])) {
                throw new IllegalArgumentException(
                        "UpliftCurve: score of row " + row + " is " + score[row] + ", it must be finite");
            }
            if (response[row] != 0 && response[row] != 1) {
                throw new IllegalArgumentException(
                        "UpliftCurve: response of row " + row + " is " + response[row] + ", it must be 0 or 1");
            }
            counts.add(response[row], treated[row]);
        }
        if (counts.treated == 0 || counts.control == 0) {
            throw new IllegalArgumentException("UpliftCurve: " + counts.treated + " treated rows and " + counts.control
                    + " others; uplift needs both");
        }
        return counts;
    }

    /** Height of a curve after the rows counted so far. */
    private interface Curve {
        double at(Counts counts);
    }

    /** Rows seen so far, by arm and response. Confined to one method call. */
    private static final class Counts {
        private int treated;
        private int treatedResponders;
        private int control;
        private int controlResponders;

        void add(int response, boolean isTreated) {
            if (isTreated) {
                treated++;
                treatedResponders += response;
            } else {
                control++;
                controlResponders += response;
            }
        }

        int rows() {
            return treated + control;
        }
    }
}
