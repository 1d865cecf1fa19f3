package io.flagcast.training;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.io.Serializable;
import java.util.Arrays;

/**
 * The frozen reference population of a feature of a family: its percentiles, from the least value to the greatest. They take a
 * kilobyte, however many users there are, where a {@link Reference} takes two hundred. A score is exact at each of them and lies on the
 * line between two otherwise, so that it is off by less than 1 of 100.
 */
final class Percentiles implements Serializable {

    private static final long serialVersionUID = 1L;

    private static final int PARTS = 100;

    private final double[] ascending;

    private Percentiles(double[] ascending) {
        this.ascending = ascending;
    }

    /**
     * The percentiles of values: between two of them on the line (R. J. Hyndman, Y. Fan, "Sample Quantiles in Statistical Packages",
     * The American Statistician 50 (1996), definition 7).
     *
     * @param values finite, at least one, in any order
     */
    static Percentiles of(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        float[] percentiles = new float[PARTS + 1];
        for (int part = 0; part <= PARTS; part++) {
            double place = (double) part * (sorted.length - 1) / PARTS;
            int below = (int) place;
            int above = Math.min(below + 1, sorted.length - 1);
            percentiles[part] = (float) (sorted[below] + (place - below) * (sorted[above] - sorted[below]));
        }
        return read(percentiles);
    }

    @JsonCreator
    static Percentiles read(float[] percentiles) {
        if (percentiles.length != PARTS + 1) {
            throw new IllegalArgumentException(
                    "%d percentiles: there must be %d".formatted(percentiles.length, PARTS + 1));
        }
        double[] ascending = new double[percentiles.length];
        for (int part = 0; part <= PARTS; part++) {
            ascending[part] = percentiles[part];
            if (!Double.isFinite(ascending[part]) || (part > 0 && ascending[part] < ascending[part - 1])) {
                throw new IllegalArgumentException("percentiles are finite, and none is below the one before it");
            }
        }
        return new Percentiles(ascending);
    }

    /** As floats: they take half of the room, and are exact to seven digits. */
    @JsonValue
    float[] percentiles() {
        float[] percentiles = new float[ascending.length];
        for (int part = 0; part < percentiles.length; part++) {
            percentiles[part] = (float) ascending[part];
        }
        return percentiles;
    }

    /**
     * The responsiveness score {@code 100 (P(u' < u) + P(u' = u) / 2)}, u' of this population, rounded to 0.01.
     *
     * @param u an affinity; not NaN
     * @return 0 to 100
     */
    double score(double u) {
        if (Double.isNaN(u)) {
            throw new IllegalArgumentException("NaN has no score");
        }
        return Math.round(100 * place((float) u)) / 100.0;
    }

    private double place(double u) {
        int below = Reference.count(ascending, u, false);
        int upTo = Reference.count(ascending, u, true);
        if (upTo > below) {
            return (below + upTo - 1) / 2.0;
        }
        if (below == 0 || below > PARTS) {
            return below == 0 ? 0 : PARTS;
        }
        double from = ascending[below - 1];
        return below - 1 + (u - from) / (ascending[below] - from);
    }
}
