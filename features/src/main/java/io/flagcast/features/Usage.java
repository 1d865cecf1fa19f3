package io.flagcast.features;

import static org.apache.spark.sql.functions.array_sort;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_list;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.unix_seconds;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
     * Adds the aggregates of each user's events in {@code [cut_at - window, cut_at)}. The events of a user are gathered
     * once and in one order, so that every cut reads the same list and sums have the same bits on any partitioning.
     *
     * @param cuts rows with {@code user_id} and {@code cut_at}
     * @param events valid events
     * @return the same rows with counts (0 without events), summed values, active days and days since the last event
     *     (the length of the window without events)
     */
    public Dataset<Row> before(Dataset<Row> cuts, Dataset<Row> events) {
        Dataset<Row> histories = events.groupBy("user_id")
                .agg(array_sort(collect_list(struct(
                                col("occurred_at"),
                                col("feature_id"),
                                coalesce(col("value"), lit(1.0)).as("value"))))
                        .as("_history"));
        String inside = "filter(coalesce(_history, array()),"
                + " e -> e.occurred_at >= cut_at - INTERVAL %d SECONDS AND e.occurred_at < cut_at)"
                        .formatted(window.toSeconds());
        Dataset<Row> past = cuts.join(histories, new String[] {"user_id"}, "left")
                .withColumn("_past", expr(inside))
                .withColumn("_last", expr("try_element_at(_past, -1).occurred_at"));
        Map<String, Column> aggregates = new LinkedHashMap<>();
        aggregates.put("usage_count", number("size(_past)"));
        aggregates.put("usage_value", number("aggregate(_past, 0D, (sum, e) -> sum + e.value)"));
        aggregates.put(
                "usage_active_days", number("size(array_distinct(transform(_past, e -> to_date(e.occurred_at))))"));
        aggregates.put(
                "usage_recency_days",
                coalesce(
                        unix_seconds(col("cut_at"))
                                .minus(unix_seconds(col("_last")))
                                .divide(SECONDS_PER_DAY),
                        lit(window.toSeconds() / SECONDS_PER_DAY)));
        for (String feature : features) {
            aggregates.put("usage_of_" + feature, number("size(filter(_past, e -> e.feature_id = '" + feature + "'))"));
        }
        return past.withColumns(aggregates).drop("_history", "_past", "_last");
    }

    private static Column number(String expression) {
        return expr(expression).cast("double");
    }
}
