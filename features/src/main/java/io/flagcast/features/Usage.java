package io.flagcast.features;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_list;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.min_by;
import static org.apache.spark.sql.functions.sort_array;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.try_element_at;
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
 * @param halfLife age at which an event counts half in {@link #AMOUNTS}; zero where age does not matter
 */
public record Usage(List<String> features, Duration window, Duration halfLife) {

    /** Column with the amount of usage per feature, a MAP&lt;STRING, DOUBLE&gt;. */
    public static final String AMOUNTS = "usage";

    private static final double SECONDS_PER_DAY = 86_400;
    private static final double MICROS_PER_SECOND = 1e6;
    private static final double NANOS_PER_MICRO = 1e3;

    public Usage {
        features = List.copyOf(features);
        Objects.requireNonNull(window, "window");
        Objects.requireNonNull(halfLife, "halfLife");
        if (window.isNegative() || window.isZero()) {
            throw new IllegalArgumentException("flagcast.usage.window " + window + " is not above 0");
        }
        if (halfLife.isNegative()) {
            throw new IllegalArgumentException(
                    "flagcast.usage.half-life " + halfLife + " is below 0: use 0 for usage that does not decay");
        }
    }

    /** Names of the aggregates, the predictors among the columns that {@link #before} adds. */
    public List<String> names() {
        List<String> names =
                new ArrayList<>(List.of("usage_count", "usage_value", "usage_active_days", "usage_recency_days"));
        features.forEach(feature -> names.add("usage_of_" + feature));
        return names;
    }

    /**
     * Adds the aggregates of each user's events in {@code [cut_at - window, cut_at)} and {@link #AMOUNTS}: per feature
     * of those events the sum of value · 2^(-age / halfLife), where it is above 0. The events of a user are gathered
     * once and in one order, so that every cut reads the same lists and sums have the same bits on any partitioning.
     *
     * @param cuts rows with {@code user_id} and {@code cut_at}
     * @param events valid events; one without a value counts as 1
     * @return the same rows with counts (0 without events), summed values, active days, days since the last event (the
     *     length of the window without events) and the amounts (an empty map without events)
     */
    public Dataset<Row> before(Dataset<Row> cuts, Dataset<Row> events) {
        String inside = "transform(coalesce(_histories, array()), h -> struct(h.feature_id AS feature_id,"
                + " filter(h.events, e -> e.occurred_at >= _opens_at AND e.occurred_at < cut_at) AS events))";
        Dataset<Row> past = cuts.join(histories(events), new String[] {"user_id"}, "left")
                .withColumn("_opens_at", expr("cut_at - INTERVAL %d SECONDS".formatted(window.toSeconds())))
                .withColumn("_past", expr(inside))
                .withColumn("_events", expr("flatten(_past.events)"))
                .withColumn("_last", expr("array_max(_events.occurred_at)"))
                .withColumn(
                        "_counts",
                        expr("map_from_entries(transform(_past, h -> struct(h.feature_id, size(h.events))))"));
        Map<String, Column> aggregates = new LinkedHashMap<>();
        aggregates.put("usage_count", number(expr("size(_events)")));
        aggregates.put("usage_value", expr("aggregate(_events, 0D, (sum, e) -> sum + e.value)"));
        aggregates.put(
                "usage_active_days",
                number(expr("size(array_distinct(transform(_events, e -> to_date(e.occurred_at))))")));
        aggregates.put(
                "usage_recency_days",
                coalesce(
                        unix_seconds(col("cut_at"))
                                .minus(unix_seconds(col("_last")))
                                .divide(SECONDS_PER_DAY),
                        lit(window.toSeconds() / SECONDS_PER_DAY)));
        for (String feature : features) {
            aggregates.put(
                    "usage_of_" + feature, number(coalesce(try_element_at(col("_counts"), lit(feature)), lit(0))));
        }
        aggregates.put(AMOUNTS, amounts());
        return past.withColumns(aggregates).drop("_histories", "_opens_at", "_past", "_events", "_last", "_counts");
    }

    /**
     * Per user the events of each feature, features and events in order. Gathering by feature keeps the work of a cut
     * linear in the events, however many features there are; both groupings share the one shuffle by user.
     */
    private static Dataset<Row> histories(Dataset<Row> events) {
        Column event =
                struct(col("occurred_at"), coalesce(col("value"), lit(1.0)).as("value"));
        return events.repartition(col("user_id"))
                .groupBy("user_id", "feature_id")
                .agg(sort_array(collect_list(event)).as("events"))
                .groupBy("user_id")
                .agg(sort_array(collect_list(struct("feature_id", "events"))).as("_histories"));
    }

    /** The decayed amounts of {@code _past}. NaN is greater than 0 in Spark SQL, so it is refused by name. */
    private Column amounts() {
        double halfLifeMicros = halfLife.toSeconds() * MICROS_PER_SECOND + halfLife.toNanosPart() / NANOS_PER_MICRO;
        String value = halfLife.isZero()
                ? "e.value"
                : "e.value * pow(2D, (unix_micros(e.occurred_at) - unix_micros(cut_at)) / %sD)"
                        .formatted(halfLifeMicros);
        return expr("map_from_entries(filter(transform(_past, h -> struct(h.feature_id AS feature_id,"
                + " aggregate(h.events, 0D, (sum, e) -> sum + " + value + ") AS amount)),"
                + " a -> a.amount > 0 AND NOT isnan(a.amount)))");
    }

    private static Column number(Column count) {
        return count.cast("double");
    }

    /** A usage map per user that holds nothing after any exposure of the user. */
    public static Dataset<Row> beforeAnyExposure(Dataset<Row> examples, Dataset<Row> profiles, Dataset<Row> exposures) {
        Dataset<Row> met = exposures.groupBy("user_id").agg(min("exposed_at").as("met_at"));
        Dataset<Row> first = examples.groupBy("user_id")
                .agg(
                        min("exposed_at").as("exposed_at"),
                        min_by(col(AMOUNTS), col("exposed_at")).as(AMOUNTS))
                .join(met, new String[] {"user_id"})
                // A first exposure that is no example leaves nothing of the user that is clean.
                .where(col("exposed_at").equalTo(col("met_at")))
                .select("user_id", AMOUNTS);
        return profiles.select("user_id", AMOUNTS)
                .join(met, new String[] {"user_id"}, "left_anti")
                .unionByName(first);
    }
}
