package io.flagcast.monitoring;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.avg;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.filter;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.map;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.percentile_approx;
import static org.apache.spark.sql.functions.size;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.when;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** What users were predicted to do when they were first exposed, beside what they did. */
public final class PredictionStates {

    /** Deciles of the predicted response of the arm that was served. */
    public static final String RESPONSE = "response";
    /** Deciles of the predicted uplift. */
    public static final String UPLIFT = "uplift";

    /** How many deciles there are. */
    public static final int DECILES = 10;

    /** Shares of the users below the cuts between the deciles. */
    private static final double[] TENTHS =
            IntStream.range(1, DECILES).mapToDouble(i -> (double) i / DECILES).toArray();
    /** The rank of a cut is exact to a ten-thousandth. */
    private static final int ACCURACY = 10_000;

    private static final Duration NEWEST = Duration.ofDays(7);

    private PredictionStates() {}

    /**
     * Values between the deciles of an experiment's predictions; a decile has the values in (lower cut, upper cut].
     *
     * @param response of the arm that was served, ascending
     * @param uplift ascending; empty where the model predicts none
     */
    public record Cuts(List<Double> response, List<Double> uplift) {
        public Cuts {
            response = List.copyOf(response);
            uplift = List.copyOf(uplift);
        }

        /** The cuts of a row of {@link #residuals}. */
        public static Cuts of(Row residuals) {
            return new Cuts(list(residuals, "response_cuts"), list(residuals, "uplift_cuts"));
        }

        private static List<Double> list(Row row, String column) {
            int field = row.fieldIndex(column);
            return row.isNullAt(field) ? List.of() : row.getList(field);
        }
    }

    /**
     * Users with a prediction whose outcomes are in.
     *
     * @param counted see {@link CountedUsers}
     * @param responses per experiment the proportion that its model predicts; a prediction that is no probability was
     *     made of something else, and left out
     * @return {@code experiment_id}, {@code segment}, {@code enabled}, {@code propensity}, {@code predicted} response
     *     of the arm that was served, predicted {@code uplift} where there is one, the response {@code y}, and when its window
     *     {@code closes_at}
     */
    public static Dataset<Row> predicted(Dataset<Row> counted, Map<String, String> responses) {
        Column metric = byExperiment(responses, name -> lit(name)).cast("string");
        return counted.withColumn("metric", metric)
                .withColumn("response", expr("get(filter(counted, c -> c.metric = metric), 0)"))
                .withColumn(
                        "predicted",
                        when(col("enabled"), col("response_if_enabled")).otherwise(col("response_if_not")))
                .where(col("response.settled").and(col("predicted").between(0, 1)))
                .select(
                        col("experiment_id"),
                        col("segment"),
                        col("enabled"),
                        col("propensity"),
                        col("predicted"),
                        col("response_if_enabled").minus(col("response_if_not")).as("uplift"),
                        col("response.y").as("y"),
                        col("response.closes_at").as("closes_at"));
    }

    /**
     * Response less prediction per experiment, segment and part of its users: all, and each arm in the newest seven days.
     *
     * @param predicted see {@link #predicted}
     * @return {@code experiment_id}, {@code segment}, {@code part} (empty for all), the moments of the {@code residual}, the mean {@code predicted}
     *     response, and the {@link Cuts} of both predictions
     */
    public static Dataset<Row> residuals(Dataset<Row> predicted, Instant asOf) {
        Column newest = concat(when(col("enabled"), "enabled").otherwise("control"), lit(" in the newest 7 days"));
        return predicted
                .withColumn(
                        "part",
                        explode(when(col("closes_at").geq(lit(asOf.minus(NEWEST))), array(lit(""), newest))
                                .otherwise(array(lit("")))))
                .groupBy("experiment_id", "segment", "part")
                .agg(
                        States.moments(col("y").minus(col("predicted"))).as("residual"),
                        avg("predicted").as("predicted"),
                        percentile_approx(col("predicted"), lit(TENTHS), lit(ACCURACY))
                                .as("response_cuts"),
                        percentile_approx(col("uplift"), lit(TENTHS), lit(ACCURACY))
                                .as("uplift_cuts"));
    }

    /**
     * Predictions and responses by decile, over all users of an experiment.
     *
     * @param predicted see {@link #predicted}
     * @param cuts per experiment
     * @return {@code experiment_id}, {@code prediction} ({@link #RESPONSE} or {@link #UPLIFT}), {@code decile} (0 the
     *     lowest), the mean {@code predicted}, the moments of the response, {@code observed}, and its weighted moments of
     *     the arms, {@code enabled} and {@code control}; for the uplift over users who could have got either answer
     */
    public static Dataset<Row> deciles(Dataset<Row> predicted, Map<String, Cuts> cuts) {
        Column uplift = col("prediction").equalTo(UPLIFT);
        Column weight = States.weight();
        return predicted
                .where(col("segment").equalTo(SegmentMetrics.ALL))
                .where(col("experiment_id").isin(cuts.keySet().toArray()))
                .withColumn(
                        "of",
                        explode(array(
                                of(RESPONSE, col("predicted"), byExperiment(cuts, cut -> doubles(cut.response()))),
                                of(UPLIFT, col("uplift"), byExperiment(cuts, cut -> doubles(cut.uplift()))))))
                .select(col("experiment_id"), col("of.*"), col("enabled"), col("propensity"), col("y"))
                .where(col("value").isNotNull().and(not(uplift).or(States.isDrawn())))
                .groupBy("experiment_id", "prediction", "decile")
                .agg(
                        avg("value").as("predicted"),
                        States.moments(col("y")).as("observed"),
                        States.weighted(when(col("enabled"), weight), col("y")).as("enabled"),
                        States.weighted(when(not(col("enabled")), weight), col("y"))
                                .as("control"));
    }

    private static Column of(String prediction, Column value, Column cuts) {
        return struct(
                lit(prediction).as("prediction"),
                value.as("value"),
                size(filter(cuts, cut -> cut.lt(value))).as("decile"));
    }

    private static Column doubles(List<Double> values) {
        return array(values.stream().map(value -> lit(value)).toArray(Column[]::new))
                .cast("array<double>");
    }

    /** The value of the row's experiment; absent where it has none. */
    private static <T> Column byExperiment(Map<String, T> values, Function<T, Column> column) {
        return map(values.entrySet().stream()
                        .flatMap(entry -> Stream.of(lit(entry.getKey()), column.apply(entry.getValue())))
                        .toArray(Column[]::new))
                .getItem(col("experiment_id"));
    }
}
