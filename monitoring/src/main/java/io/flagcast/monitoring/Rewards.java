package io.flagcast.monitoring;

import static org.apache.spark.sql.functions.avg;
import static org.apache.spark.sql.functions.broadcast;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.when;

import io.flagcast.statistics.Arrivals;
import io.flagcast.statistics.Metric;
import java.util.List;
import org.apache.spark.sql.Column;
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
        Dataset<Row> settled = counted(first, outcomes, arrivals, experiments).where(col("settled"));
        // Of a ratio without any denominator nobody earns anything.
        Column reward = when(col("d").isNull(), col("y")).otherwise(coalesce(col("linear"), lit(0.0)));
        return linearised(settled, experiments)
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
                        reward.as("reward"));
    }

    /**
     * With {@code linear}, absent of a metric that is no ratio: what a user adds to it, R + (y − R d) / mean(d), R being the
     * ratio of all of them. Its mean over all is R, and that of a part is above R where the ratio of the part is (R. Budylin, A.
     * Drutsa, I. Katsev, V. Tsoy, "Consistent Transformation of Ratio Metrics for Efficient Online Controlled Experiments",
     * WSDM 2018, section 4).
     */
    private static Dataset<Row> linearised(Dataset<Row> counted, List<MeasuredExperiment> experiments) {
        boolean anyRatio = experiments.stream()
                .flatMap(experiment -> experiment.metrics().stream())
                .anyMatch(metric -> metric.kind() == Metric.Kind.RATIO);
        if (!anyRatio) {
            return counted.withColumn("linear", lit(null).cast("double"));
        }
        Dataset<Row> ratios = counted.where(col("d").isNotNull())
                .groupBy(
                        col("experiment_id").as("_experiment"),
                        col("measured.metric").as("_metric"))
                .agg(sum("y").divide(sum("d")).as("ratio"), avg("d").as("mean_d"))
                .where(col("ratio").isNotNull());
        return counted.join(
                        broadcast(ratios),
                        col("experiment_id")
                                .equalTo(col("_experiment"))
                                .and(col("measured.metric").equalTo(col("_metric"))),
                        "left")
                .withColumn(
                        "linear",
                        col("ratio")
                                .plus(col("y").minus(col("ratio").multiply(col("d")))
                                        .divide(col("mean_d"))));
    }

    /**
     * Exposures with each {@code metric} of their experiment, whether its window is {@code settled}, what it counts, {@code y},
     * and of a ratio the denominator, {@code d}.
     */
    private static Dataset<Row> counted(
            Dataset<Row> first, Dataset<Row> outcomes, Arrivals arrivals, List<MeasuredExperiment> experiments) {
        return Counting.counted(first, outcomes, arrivals, experiments)
                .withColumn("measured", explode(col("counted")))
                .withColumn("settled", col("measured.settled"))
                .withColumn("y", col("measured.y"))
                .withColumn("d", col("measured.d"));
    }
}
