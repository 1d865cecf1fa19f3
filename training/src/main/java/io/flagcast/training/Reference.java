package io.flagcast.training;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.io.Serializable;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * The frozen reference population of a model: quantiles of its out-of-fold predictions, so that a score means the same
 * from day to day.
 */
public final class Reference implements Serializable {

    private static final long serialVersionUID = 1L;

    /** Quantiles that are kept: the mid-rank is then exact to 0.01 of a score. */
    static final int QUANTILES = 10_000;

    /** Places of the quantiles, and the error in rank that their computation is allowed. */
    static final double[] PROBABILITIES = IntStream.range(0, QUANTILES)
            .mapToDouble(i -> (i + 0.5) / QUANTILES)
            .toArray();

    static final double ERROR = 0.5 / QUANTILES;

    private final double[] ascending;

    private Reference(double[] ascending) {
        this.ascending = ascending;
    }

    /**
     * A reference from predictions or their quantiles.
     *
     * @param predictions finite values, at least one, in any order
     */
    @JsonCreator
    public static Reference of(double[] predictions) {
        if (predictions.length == 0) {
            throw new IllegalArgumentException("a reference needs at least one prediction");
        }
        double[] ascending = predictions.clone();
        Arrays.sort(ascending);
        if (!Double.isFinite(ascending[0]) || !Double.isFinite(ascending[ascending.length - 1])) {
            throw new IllegalArgumentException("a reference holds finite predictions only");
        }
        return new Reference(ascending);
    }

    /** The reference of the column {@code u} of all rows. */
    static Reference of(Dataset<Row> predictions) {
        return of(predictions.stat().approxQuantile("u", PROBABILITIES, ERROR));
    }

    @JsonValue
    double[] ascending() {
        return ascending.clone();
    }

    /**
     * The responsiveness score {@code 100 (P(u' < u) + P(u' = u) / 2)}, u' of this population, rounded to 0.01.
     *
     * @param u a prediction; not NaN
     * @return 0 to 100
     */
    public double score(double u) {
        if (Double.isNaN(u)) {
            throw new IllegalArgumentException("NaN has no score");
        }
        double below = count(ascending, u, false);
        double upTo = count(ascending, u, true);
        return Math.round(100 * 100 * (below + upTo) / 2 / ascending.length) / 100.0;
    }

    /** How many are below u, or not above it. */
    static int count(double[] ascending, double u, boolean inclusive) {
        int from = 0;
        int to = ascending.length;
        while (from < to) {
            int middle = (from + to) >>> 1;
            if (inclusive ? ascending[middle] <= u : ascending[middle] < u) {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        return from;
    }
}
