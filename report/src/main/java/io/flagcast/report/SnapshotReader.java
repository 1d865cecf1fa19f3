package io.flagcast.report;

import static java.util.stream.Collectors.toMap;
import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.array_compact;
import static org.apache.spark.sql.functions.avg;
import static org.apache.spark.sql.functions.bool_and;
import static org.apache.spark.sql.functions.bool_or;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.count_if;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.floor;
import static org.apache.spark.sql.functions.least;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.when;

import io.flagcast.allocation.Decision.Reason;
import io.flagcast.delivery.AlertTable;
import io.flagcast.delivery.Notes;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.monitoring.HoldoutWorth;
import io.flagcast.monitoring.SegmentMetrics;
import io.flagcast.tables.Table;
import io.flagcast.tables.Tables;
import java.time.Instant;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** Reads from the lake what a page is made of: grouped and filtered there, so that little comes to the driver. */
final class SnapshotReader {

    private SnapshotReader() {}

    /** Reads what the page needs. */
    static Snapshot read(Lake lake, Publication publication) {
        Optional<Publication> shown = Optional.of(publication);
        Instant asOf = publication.asOf();
        List<Publication> earlier = lake.publications().stream()
                .filter(other -> other.sequence() <= publication.sequence())
                .toList();
        String decided = Snapshot.slice(publication, Tables.RULE_DECISIONS);
        Optional<Publication> before = Publication.newest(earlier.stream()
                .filter(other -> other.kind() == Publication.Kind.PUBLISH
                        && other.asOf().isBefore(asOf)
                        && !other.runId().equals(decided))
                .toList());
        Map<String, String> features = lake.published(Tables.EXPERIMENTS, shown).collectAsList().stream()
                .collect(toMap(row -> row.getAs("experiment_id"), row -> row.getAs("feature_id")));
        return new Snapshot(
                publication,
                before,
                allocations(lake, shown),
                before.isPresent() ? allocations(lake, before) : List.of(),
                features,
                scores(lake.published(Tables.RESPONSIVENESS_SCORES, shown), features.values()),
                logged(lake.published(Tables.FIRST_EXPOSURES, shown)),
                metrics(lake.published(Tables.SEGMENT_METRICS, shown)),
                lake.published(Tables.EXPERIMENTS, shown)
                        .agg(coalesce(max("holdout"), lit(0.0)))
                        .head()
                        .getDouble(0),
                HoldoutWorth.read(lake.published(Tables.SEGMENT_METRICS, shown)),
                lake.published(Tables.HEALTH_CHECKS, shown).collectAsList(),
                lake.published(Tables.RAMPS, shown).collectAsList(),
                decisions(lake, earlier),
                upTo(lake, Tables.ALLOCATION_PARAMETERS, "effective_as_of", asOf)
                        .orderBy("effective_as_of", "experiment_id", "version", "segment", "cell")
                        .collectAsList(),
                newest(upTo(lake, Tables.MODEL_RUNS, "effective_as_of", asOf).orderBy("changed_at"), "model_id"),
                new Alerts(
                        AlertTable.read(
                                        lake,
                                        earlier.stream().map(Publication::runId).toList())
                                .newest(),
                        Notes.read(lake),
                        lake.history(Tables.ALERT_DELIVERIES)
                                .orderBy("attempted_at")
                                .collectAsList(),
                        asOf),
                lake.published(Tables.QUARANTINE, shown)
                        .groupBy("source_table", "reason")
                        .agg(count(lit(1)).as("rows"))
                        .orderBy(col("rows").desc(), col("source_table"), col("reason"))
                        .collectAsList(),
                lake.history(Tables.RUNS)
                        .where(col("run_id").equalTo(publication.runId()))
                        .orderBy("started_at")
                        .collectAsList());
    }

    private static Dataset<Row> upTo(Lake lake, Table table, String time, Instant asOf) {
        return lake.history(table).where(col(time).leq(lit(asOf)));
    }

    private static List<Row> newest(Dataset<Row> oldestFirst, String key) {
        Map<String, Row> newest = new LinkedHashMap<>();
        oldestFirst.collectAsList().forEach(row -> newest.put(row.getAs(key), row));
        return List.copyOf(newest.values());
    }

    private static List<Row> allocations(Lake lake, Optional<Publication> publication) {
        return lake.published(Tables.ALLOCATIONS, publication)
                .groupBy("experiment_id", "segment")
                .agg(
                        count(lit(1)).as("users"),
                        avg(col("enabled").cast("int")).as("enabled"),
                        max("share").as("share"),
                        min("score").as("from"),
                        max("model_id").as("model_id"),
                        count_if(col("reason").equalTo(Reason.UNSCORED.label())).as("unscored"),
                        count_if(col("reason").equalTo(Reason.INACTIVE.label())).as("inactive"))
                .orderBy("experiment_id", "from", "segment")
                .collectAsList();
    }

    /** The features of a family together under its pattern; of them those that experiments roll out by themselves, too. */
    private static List<Row> scores(Dataset<Row> scores, Collection<String> rolledOut) {
        Column itself = when(col("family").isNull().or(col("feature_id").isin(rolledOut.toArray())), col("feature_id"));
        return scores.groupBy(
                        col("family"),
                        col("feature_id"),
                        least(floor(col("score").divide(10)), lit(9))
                                .cast("int")
                                .as("decile"))
                .agg(
                        count(lit(1)).as("users"),
                        max("source").as("source"),
                        max("model_id").as("model_id"))
                .withColumn("feature_id", explode(array_compact(array(itself, col("family")))))
                .groupBy("feature_id", "decile")
                .agg(
                        sum("users").as("users"),
                        max("source").as("source"),
                        max("model_id").as("model_id"))
                .orderBy("feature_id", "decile")
                .collectAsList();
    }

    private static List<Row> logged(Dataset<Row> firstExposures) {
        return firstExposures
                .groupBy("experiment_id", "user_id")
                .agg(
                        bool_or(col("propensity").isNull()).as("no_propensity"),
                        bool_and(col("segment").equalTo(SegmentMetrics.UNSCORED))
                                .as("no_score"),
                        bool_or(col("decided_by")
                                        .equalTo("")
                                        .and(col("parameters_version").equalTo(0)))
                                .as("no_run"))
                .groupBy("experiment_id")
                .agg(
                        count(lit(1)).as("users"),
                        count_if(col("no_propensity")).as("without_propensity"),
                        count_if(col("no_score")).as("unscored"),
                        count_if(col("no_run")).as("without_run"))
                .collectAsList();
    }

    private static List<Row> metrics(Dataset<Row> metrics) {
        // Back from the newest day: that of a test which is over may be years ago.
        Row newest = metrics.where(col("window").equalTo(SegmentMetrics.DAY))
                .agg(coalesce(max("window_start"), lit(Instant.EPOCH)).as("newest"))
                .head();
        return metrics.where(col("population").notEqual("everyone"))
                .where(col("window")
                        .isin(SegmentMetrics.TOTAL, SegmentMetrics.RECENT)
                        .or(col("window")
                                .equalTo(SegmentMetrics.DAY)
                                .and(col("cell").equalTo(""))
                                .and(col("window_start")
                                        .geq(lit(Lake.instant(newest, "newest").minus(Snapshot.DAYS))))))
                .orderBy("experiment_id", "place", "segment", "cell", "window_start", "population")
                .collectAsList();
    }

    private static List<Row> decisions(Lake lake, List<Publication> publications) {
        Object[] runs = publications.stream()
                .map(publication -> publication.tables().get(Tables.RULE_DECISIONS.name()))
                .filter(Objects::nonNull)
                .map(Publication.LiveSlice::runId)
                .distinct()
                .toArray();
        return lake.history(Tables.RULE_DECISIONS)
                .where(col("run_id").isin(runs))
                .orderBy("as_of", "run_id", "experiment_id", "rule_id")
                .collectAsList();
    }
}
