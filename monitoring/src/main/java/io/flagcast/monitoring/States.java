package io.flagcast.monitoring;

import static org.apache.spark.sql.functions.avg;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.var_pop;
import static org.apache.spark.sql.functions.when;

import io.flagcast.statistics.Moments;
import io.flagcast.statistics.WeightedMoments;
import java.util.stream.IntStream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Row;

/** Aggregates that are states of module {@code statistics}: a column computes each, a record interprets it. */
public final class States {

    private States() {}

    /** The {@link Moments} of the values that are present. */
    static Column moments(Column value) {
        Column n = count(value);
        return struct(
                n.as("n"),
                coalesce(avg(value), lit(0.0)).as("mean"),
                coalesce(var_pop(value).multiply(n), lit(0.0)).as("m2"));
    }

    /** Whether a state can be interpreted: values beyond 1e154 have no finite square. */
    public static boolean isFinite(Row state) {
        return IntStream.range(1, state.size()).allMatch(i -> Double.isFinite(state.getDouble(i)));
    }

    /**
     * The state that a column of moments holds.
     *
     * @throws IllegalArgumentException where it is not {@linkplain #isFinite finite}
     */
    public static Moments moments(Row state) {
        return new Moments(state.getLong(0), state.getDouble(1), state.getDouble(2));
    }

    /** Whether a user could have got either answer. */
    static Column isDrawn() {
        return col("propensity").gt(0).and(col("propensity").lt(1));
    }

    /** The inverse of the probability of a user's arm; absent where the other arm was impossible, or nothing is known. */
    static Column weight() {
        return when(
                isDrawn(),
                when(col("enabled"), lit(1.0).divide(col("propensity")))
                        .otherwise(lit(1.0).divide(lit(1.0).minus(col("propensity")))));
    }

    /** The {@link WeightedMoments} of values that are present, over rows that have a weight. */
    static Column weighted(Column weight, Column value) {
        Column w = when(value.isNotNull(), weight);
        Column wy = w.multiply(value);
        return struct(
                count(w).as("n"),
                orZero(sum(w)).as("w"),
                orZero(sum(w.multiply(w))).as("w2"),
                orZero(sum(wy)).as("wy"),
                orZero(sum(wy.multiply(value))).as("wy2"),
                orZero(sum(wy.multiply(w))).as("w2y"),
                orZero(sum(wy.multiply(wy))).as("w2y2"));
    }

    /**
     * The state that a column of weighted moments holds.
     *
     * @throws IllegalArgumentException where it is not {@linkplain #isFinite finite}
     */
    public static WeightedMoments weighted(Row state) {
        return new WeightedMoments(
                state.getLong(0),
                state.getDouble(1),
                state.getDouble(2),
                state.getDouble(3),
                state.getDouble(4),
                state.getDouble(5),
                state.getDouble(6));
    }

    private static Column orZero(Column sum) {
        return coalesce(sum, lit(0.0));
    }
}
