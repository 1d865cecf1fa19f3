package io.flagcast.features;

import static java.lang.Math.floorDiv;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.min_by;
import static org.apache.spark.sql.functions.unix_micros;

import java.io.Serializable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.catalyst.util.ArrayBasedMapData;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.unsafe.types.UTF8String;

/**
 * What a user did in a window that ends at a cut: the exposure for a training example, the as-of for a profile. One
 * definition serves both, so a model is scored on what it was trained on.
 *
 * @param features features with a count of their own
 * @param window length of the window before the cut
 * @param halfLife age at which an event counts half in {@link #AMOUNTS}; zero where age does not matter
 */
public record Usage(List<String> features, Duration window, Duration halfLife) implements Serializable {

    /** Column with the amount of usage per feature, a MAP&lt;STRING, DOUBLE&gt;. */
    public static final String AMOUNTS = "usage";

    private static final String HISTORY = "_history";

    private static final double SECONDS_PER_DAY = 86_400;
    private static final long MICROS_PER_DAY = 86_400_000_000L;
    private static final long MICROS_PER_SECOND = 1_000_000;
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
     * The events of every user who has some, gathered once for all cuts: {@code user_id} and {@code _history}.
     *
     * @param events valid events; one without a value counts as 1
     */
    public static Dataset<Row> histories(Dataset<Row> events) {
        // By user first, so that each history is made where it stays.
        return events.repartition(col("user_id"))
                .groupBy("user_id")
                .agg(History.GATHERED
                        .apply(
                                col("feature_id").cast("binary"),
                                unix_micros(col("occurred_at")),
                                coalesce(col("value"), lit(1.0)))
                        .as(HISTORY));
    }

    /**
     * Adds the aggregates of each user's events in {@code [cut_at - window, cut_at)} and {@link #AMOUNTS}: per feature
     * of those events the sum of value · 2^(-age / halfLife), where it is above 0.
     *
     * @param cuts rows with {@code user_id} and {@code cut_at}
     * @param histories of {@link #histories}
     * @return the same rows with counts (0 without events), summed values, active days, days since the last event (the
     *     length of the window without events) and the amounts (an empty map without events)
     */
    public Dataset<Row> before(Dataset<Row> cuts, Dataset<Row> histories) {
        return of(cuts.join(histories, new String[] {"user_id"}, "left"));
    }

    /** The same for rows that have their {@code _history}, NULL where there is none. */
    Dataset<Row> of(Dataset<Row> cuts) {
        StructType aggregates = schema();
        int names = aggregates.size();
        StructType arguments =
                new StructType().add(HISTORY, DataTypes.BinaryType).add("cut", DataTypes.LongType);
        Dataset<Row> past = cuts.withColumn(
                "_past",
                RowFunction.of(
                        arguments,
                        aggregates,
                        row -> past(row.isNullAt(0) ? null : row.getBinary(0), row.getLong(1), names),
                        col(HISTORY),
                        unix_micros(col("cut_at"))));
        return past.select(col("*"), col("_past.*")).drop(HISTORY, "_past");
    }

    private StructType schema() {
        StructType schema = new StructType();
        for (String name : names()) {
            schema = schema.add(name, DataTypes.DoubleType, false);
        }
        return schema.add(AMOUNTS, DataTypes.createMapType(DataTypes.StringType, DataTypes.DoubleType, false), false);
    }

    /**
     * The aggregates in the order of {@link #names}, then the amounts.
     *
     * @param names how many all of them are
     */
    private InternalRow past(byte[] history, long cut, int names) {
        double halfLifeMicros =
                (double) halfLife.toSeconds() * MICROS_PER_SECOND + halfLife.toNanosPart() / NANOS_PER_MICRO;
        Totals totals = new Totals(cut, halfLifeMicros);
        if (history != null) {
            History.read(history, cut - SECONDS.toMicros(window.toSeconds()), cut, totals);
        }
        Object[] aggregates = new Object[names];
        int next = 0;
        aggregates[next++] = (double) totals.count;
        aggregates[next++] = totals.value;
        aggregates[next++] = (double) totals.activeDays();
        aggregates[next++] = totals.count == 0
                ? window.toSeconds() / SECONDS_PER_DAY
                : (floorDiv(cut, MICROS_PER_SECOND) - floorDiv(totals.last, MICROS_PER_SECOND)) / SECONDS_PER_DAY;
        for (String feature : features) {
            aggregates[next++] = (double) totals.counts.getOrDefault(feature, 0);
        }
        aggregates[next] = ArrayBasedMapData.apply(
                totals.amounts.keySet().stream().map(UTF8String::fromString).toArray(),
                totals.amounts.values().toArray());
        return new GenericInternalRow(aggregates);
    }

    private static final class Totals implements History.Reader {

        private final long cut;
        private final double halfLifeMicros;
        private final Map<String, Integer> counts = new HashMap<>();
        private final Map<String, Double> amounts = new LinkedHashMap<>();
        private long[] days = new long[0];
        private int count;
        private double value;
        private long last = Long.MIN_VALUE;

        private Totals(long cut, double halfLifeMicros) {
            this.cut = cut;
            this.halfLifeMicros = halfLifeMicros;
        }

        @Override
        public void events(String featureId, long[] micros, double[] values) {
            days = Arrays.copyOf(days, count + micros.length);
            double amount = 0;
            for (int i = 0; i < micros.length; i++) {
                days[count + i] = floorDiv(micros[i], MICROS_PER_DAY);
                value += values[i];
                amount += halfLifeMicros == 0
                        ? values[i]
                        : values[i] * StrictMath.pow(2, (micros[i] - cut) / halfLifeMicros);
            }
            count += micros.length;
            last = Math.max(last, micros[micros.length - 1]);
            counts.put(featureId, micros.length);
            if (amount > 0) {
                amounts.put(featureId, amount);
            }
        }

        private int activeDays() {
            Arrays.sort(days);
            int distinct = 0;
            for (int i = 0; i < days.length; i++) {
                distinct += i == 0 || days[i] != days[i - 1] ? 1 : 0;
            }
            return distinct;
        }
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
