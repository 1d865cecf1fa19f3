package io.flagcast.monitoring;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.count_if;
import static org.apache.spark.sql.functions.date_trunc;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.map;
import static org.apache.spark.sql.functions.sum;

import io.flagcast.statistics.Metric;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Outcomes that miss the window of a metric by as little as their times can tell apart: those at the very instant at which it
 * closes, and those of the day of the exposure that stand before it. Of times that are days there are many.
 */
public final class WindowEdgeStates {

    private WindowEdgeStates() {}

    /**
     * Counts them, by the first exposure of every user.
     *
     * @param counted see {@link CountedUsers}
     * @param actions valid outcomes before the as-of
     * @param metrics by experiment
     * @return per experiment and metric how many {@code users}, how many of them have an outcome {@code inside}, and the outcomes
     *     {@code on_edge} and {@code before}
     */
    public static Dataset<Row> of(Dataset<Row> counted, Dataset<Row> actions, Map<String, List<Metric>> metrics) {
        Column outcomes = map(metrics.entrySet().stream()
                        .flatMap(experiment -> experiment.getValue().stream()
                                .flatMap(metric -> Stream.of(
                                        array(lit(experiment.getKey()), lit(metric.name())), lit(metric.outcome()))))
                        .toArray(Column[]::new))
                .cast("map<array<string>, string>");
        Dataset<Row> windows = counted.where(col("segment").equalTo(SegmentMetrics.ALL))
                .select(
                        col("experiment_id"),
                        col("user_id"),
                        col("exposed_at"),
                        explode(col("counted")).as("counted"))
                .select(
                        col("experiment_id"),
                        col("user_id"),
                        col("exposed_at"),
                        col("counted.metric").as("metric"),
                        col("counted.closes_at").as("closes_at"),
                        col("counted.y").as("y"))
                .withColumn("outcome", outcomes.getItem(array(col("experiment_id"), col("metric"))));
        Dataset<Row> happened = actions.select("user_id", "outcome", "occurred_at");
        Dataset<Row> beside = windows.join(happened, new String[] {"user_id", "outcome"})
                .groupBy("experiment_id", "metric")
                .agg(
                        count_if(col("occurred_at").equalTo(col("closes_at"))).as("on_edge"),
                        count_if(col("occurred_at")
                                        .lt(col("exposed_at"))
                                        .and(col("occurred_at").geq(date_trunc("day", col("exposed_at")))))
                                .as("before"));
        return windows.groupBy("experiment_id", "metric")
                .agg(
                        count(lit(1)).as("users"),
                        sum(col("y").notEqual(0).cast("bigint")).as("inside"))
                .join(beside, new String[] {"experiment_id", "metric"}, "left")
                .select(
                        col("experiment_id"),
                        col("metric"),
                        col("users"),
                        col("inside"),
                        coalesce(col("on_edge"), lit(0L)).as("on_edge"),
                        coalesce(col("before"), lit(0L)).as("before"));
    }
}
