package io.flagcast.features;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.countDistinct;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.to_date;
import static org.apache.spark.sql.functions.unix_seconds;
import static org.apache.spark.sql.functions.when;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * What a user did in a window that ends at a cut: the exposure for a training example, the as-of for a profile. One
 * definition serves both, so a model is scored on what it was trained on.
 *
 * @param features features with a count of their own
 * @param window length of the window before the cut
 */
public record Usage(List<String> features, Duration window) {

    private static final double SECONDS_PER_DAY = 86_400;

    public Usage {
        features = List.copyOf(features);
        Objects.requireNonNull(window, "window");
        if (window.isNegative() || window.isZero()) {
            throw new IllegalArgumentException("flagcast.usage.window " + window + " is not above 0");
        }
    }

    /** Names of the aggregates, the columns that {@link #before} adds. */
    public List<String> names() {
        List<String> names =
                new ArrayList<>(List.of("usage_count", "usage_value", "usage_active_days", "usage_recency_days"));
        features.forEach(feature -> names.add("usage_of_" + feature));
        return names;
    }

    /**
     * Adds the aggregates of each user's events in {@code [cut_at - window, cut_at)}.
     *
     * @param cuts rows with {@code user_id} and {@code cut_at}
     * @param events valid events
     * @return the same rows with counts (0 without events), summed values, active days and days since the last event
     *     (the length of the window without events)
     */
    public Dataset<Row> before(Dataset<Row> cuts, Dataset<Row> events) {
        Column age = unix_seconds(col("cut_at")).minus(unix_seconds(col("occurred_at")));
        List<Column> aggregates = new ArrayList<>(List.of(
                count(lit(1)).cast("double").as("usage_count"),
                sum(coalesce(col("value"), lit(1.0))).as("usage_value"),
                countDistinct(to_date(col("occurred_at"))).cast("double").as("usage_active_days"),
                min(age).divide(SECONDS_PER_DAY).as("usage_recency_days")));
        for (String feature : features) {
            aggregates.add(count(when(col("feature_id").equalTo(feature), 1))
                    .cast("double")
                    .as("usage_of_" + feature));
        }
        Dataset<Row> wanted = cuts.select("user_id", "cut_at").distinct();
        Dataset<Row> usage = wanted.join(events, "user_id")
                .where(col("occurred_at")
                        .lt(col("cut_at"))
                        .and(col("occurred_at")
                                .geq(col("cut_at").minus(expr("INTERVAL " + window.toSeconds() + " SECONDS")))))
                .groupBy("user_id", "cut_at")
                .agg(aggregates.get(0), aggregates.subList(1, aggregates.size()).toArray(Column[]::new));
        Dataset<Row> joined = cuts.join(
                usage,
                scala.jdk.javaapi.CollectionConverters.asScala(List.of("user_id", "cut_at"))
                        .toSeq(),
                "left");
        for (String name : names()) {
            double without = name.equals("usage_recency_days") ? window.toSeconds() / SECONDS_PER_DAY : 0;
            joined = joined.withColumn(name, coalesce(col(name), lit(without)));
        }
        return joined;
    }
}
