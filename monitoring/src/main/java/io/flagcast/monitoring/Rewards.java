package io.flagcast.monitoring;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.unix_micros;

import io.flagcast.statistics.Arrivals;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** What each metric counts of each user: see {@link SegmentMetrics#rewards}. */
final class Rewards {

    private Rewards() {}

    static Dataset<Row> of(
            Arrivals arrivals, Dataset<Row> exposures, Dataset<Row> outcomes, List<MeasuredExperiment> experiments) {
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
        return counted(first, outcomes, arrivals, experiments)
                .where(col("settled"))
                .select(
                        col("experiment_id"),
                        col("user_id"),
                        col("measured.metric"),
                        col("exposed_at"),
                        col("enabled"),
                        col("propensity"),
                        col("score"),
                        col("reason"),
                        col("run_id"),
                        col("y").as("reward"));
    }

    /** Exposures with each {@code metric} of their experiment, whether its window is {@code settled}, and what it counts, {@code y}. */
    private static Dataset<Row> counted(
            Dataset<Row> first, Dataset<Row> outcomes, Arrivals arrivals, List<MeasuredExperiment> experiments) {
        return first.join(FirstExposures.happened(outcomes), new String[] {"user_id"}, "left")
                .withColumn(
                        "measured",
                        explode(FirstExposures.metrics(experiments, arrivals).getItem(col("experiment_id"))))
                .withColumn("settled", FirstExposures.closes(col("measured")).leq(col("measured.settled_until")))
                .withColumn(
                        "y",
                        FirstExposures.amount(
                                col("measured"),
                                unix_micros(col("exposed_at")),
                                FirstExposures.closes(col("measured"))));
    }
}
