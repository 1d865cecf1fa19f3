package io.flagcast.monitoring;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.timestamp_micros;
import static org.apache.spark.sql.functions.unix_micros;

import java.time.Instant;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** What each metric counts of each user: see {@link SegmentMetrics#rewards}. */
final class Rewards {

    private Rewards() {}

    static Dataset<Row> of(
            Instant asOf, Dataset<Row> exposures, Dataset<Row> outcomes, List<MeasuredExperiment> experiments) {
        Dataset<Row> first = FirstExposures.ofMeasured(exposures, experiments)
                .groupBy("experiment_id", "user_id")
                .agg(min(struct(
                                col("score").isNull().as("unscored"),
                                col("exposed_at"),
                                col("enabled"),
                                col("propensity"),
                                col("score"),
                                col("reason"),
                                col("run_id")))
                        .as("first"))
                .select("experiment_id", "user_id", "first.*");
        return counted(first, outcomes, experiments)
                .where(col("closes_at").leq(lit(asOf)))
                .select(
                        col("experiment_id"),
                        col("user_id"),
                        col("metric.metric_name"),
                        col("exposed_at"),
                        col("enabled"),
                        col("propensity"),
                        col("score"),
                        col("reason"),
                        col("run_id"),
                        col("y").as("reward"));
    }

    /** Exposures with each {@code metric} of their experiment, when its window {@code closes_at}, and what it counts, {@code y}. */
    private static Dataset<Row> counted(
            Dataset<Row> first, Dataset<Row> outcomes, List<MeasuredExperiment> experiments) {
        return first.join(FirstExposures.happened(outcomes), new String[] {"user_id"}, "left")
                .withColumn(
                        "metric", explode(FirstExposures.metrics(experiments).getItem(col("experiment_id"))))
                .withColumn("closes_at", timestamp_micros(FirstExposures.closes(col("metric"))))
                .withColumn(
                        "y",
                        FirstExposures.amount(
                                col("metric"), unix_micros(col("exposed_at")), FirstExposures.closes(col("metric"))));
    }
}
