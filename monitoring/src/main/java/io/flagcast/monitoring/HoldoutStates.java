package io.flagcast.monitoring;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.broadcast;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.greatest;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.map;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.min_by;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.when;

import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;

/**
 * The exact sums of the users who are held out and of everybody else, per experiment and for all experiments together.
 *
 * <p>A user counts once, in the group and with the outcomes of the first exposure since the holdout began, which is the
 * earliest exposure of anybody who was held out: of those before, nobody could be. Which group it is, a hash of the user
 * decides, whatever came before. Exposures to an experiment that enabled nobody do not count, since there nobody is said to
 * be held out; nor do those whose decision is unknown.
 */
final class HoldoutStates {

    /** Names of lines of the decision, as {@code first_exposures.reason} has them. */
    private static final String IS_HELD_OUT = "holdout";

    private static final String IS_INACTIVE = "inactive";

    private HoldoutStates() {}

    /**
     * The sums.
     *
     * @param shared per experiment and metric, as {@link #key}, the name under which all experiments together have it; one
     *     that no other experiment has is absent
     * @param since exposures before it do not count, either
     * @return {@code experiment_id} (empty for all together), {@code metric}, {@code population}, {@code begins} (the
     *     instant from which exposures count), and the sums
     */
    static Dataset<Row> of(Dataset<Row> firstExposures, Map<String, String> shared, Optional<Instant> since) {
        Dataset<Row> decided = firstExposures.where(col("reason").notEqual(IS_INACTIVE));
        Column earliest = min(when(isHeldOut(), col("exposed_at")));
        Dataset<Row> beginning = decided.agg(earliest.as("earliest"))
                .where(col("earliest").isNotNull())
                .select(since.map(from -> greatest(col("earliest"), lit(from)))
                        .orElse(col("earliest"))
                        .as("begins"));
        Column order = struct("exposed_at", "experiment_id", "segment", "parameters_version", "decided_by");
        Column counted = struct(col("measured"), isHeldOut().as("is_held_out"));
        Dataset<Row> users = decided.join(
                        broadcast(beginning), col("exposed_at").geq(col("begins")))
                .withColumn("measured", explode(col("counted")))
                .withColumn("of", explode(scopes(shared)))
                .groupBy(
                        col("of.experiment_id").as("experiment_id"),
                        col("of.metric").as("metric"),
                        col("user_id"),
                        col("begins"))
                .agg(min_by(counted, order).as("first"))
                .select("experiment_id", "metric", "begins", "first.*")
                .where(col("measured.settled"))
                .withColumn(
                        "population",
                        when(col("is_held_out"), HoldoutWorth.HELD_OUT).otherwise(HoldoutWorth.EVERYBODY_ELSE))
                .withColumn("y", col("measured.y"))
                .withColumn("d", col("measured.d"));
        Column[] key = {col("experiment_id"), col("metric"), col("begins"), col("population")};
        // Most did nothing: those of whom the same was counted come together first.
        Dataset<Row> counts = users.groupBy(Stream.concat(Stream.of(key), Stream.of(col("y"), col("d")))
                        .toArray(Column[]::new))
                .agg(count(lit(1)).as("n"))
                .withColumn("enabled", lit(false))
                .withColumn("propensity", lit(null).cast(DataTypes.DoubleType))
                .withColumn("before", lit(null).cast(DataTypes.DoubleType))
                .withColumn("d_before", lit(null).cast(DataTypes.DoubleType));
        Sums sums = Sums.of(false, true);
        return sums.merge(sums.of(counts), key);
    }

    private static Column isHeldOut() {
        return col("reason").equalTo(IS_HELD_OUT);
    }

    /** What a metric of a row counts for: its experiment, and all together where they have it. */
    private static Column scopes(Map<String, String> shared) {
        Column[] names = shared.entrySet().stream()
                .flatMap(entry -> Stream.of(lit(entry.getKey()), lit(entry.getValue())))
                .toArray(Column[]::new);
        Column together =
                map(names).cast("map<string, string>").getItem(key(col("experiment_id"), col("measured.metric")));
        Column scopes = array(
                struct(
                        col("experiment_id").as("experiment_id"),
                        col("measured.metric").as("metric")),
                struct(lit(HoldoutWorth.ALL_EXPERIMENTS).as("experiment_id"), together.as("metric")));
        return functions.filter(scopes, scope -> scope.getField("metric").isNotNull());
    }

    private static Column key(Column experimentId, Column metric) {
        return concat(experimentId, lit("\n"), metric);
    }

    /** Names a metric of an experiment. */
    static String key(String experimentId, String metric) {
        return experimentId + "\n" + metric;
    }
}
