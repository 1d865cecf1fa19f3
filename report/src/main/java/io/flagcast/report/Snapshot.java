package io.flagcast.report;

import static org.apache.spark.sql.functions.avg;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.floor;
import static org.apache.spark.sql.functions.least;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.min;

import io.flagcast.allocation.Cell;
import io.flagcast.delivery.AlertTable;
import io.flagcast.delivery.Notes;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.monitoring.SegmentMetrics;
import io.flagcast.tables.Table;
import io.flagcast.tables.Tables;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * All rows that a page is made of, as they were when a publication became live. Aggregates only: no row is about one
 * user.
 *
 * @param publication the publication
 * @param before the one before it that ran all stages
 * @param allocations per experiment and segment: users, enabled, share, from (least score), in the order of the score
 * @param allocationsBefore the same of the publication before
 * @param scores per feature and decile of the score: users, model_id
 * @param metrics totals, and days of the last {@link #DAYS}, of segments and of values of dimensions
 * @param findings of the health checks
 * @param decisions of rules in every publication up to this one
 * @param changes of allocation parameters
 * @param models newest status of every model
 * @param alerts as they stood then
 * @param quarantine per source table and reason: rows
 * @param stages of the run
 */
record Snapshot(
        Publication publication,
        Optional<Publication> before,
        List<Row> allocations,
        List<Row> allocationsBefore,
        List<Row> scores,
        List<Row> metrics,
        List<Row> findings,
        List<Row> decisions,
        List<Row> changes,
        List<Row> models,
        Alerts alerts,
        List<Row> quarantine,
        List<Row> stages) {

    /** Older days are in the tables and no longer on the page. */
    static final Duration DAYS = Duration.ofDays(60);

    private static final List<String> RESERVED = List.of(SegmentMetrics.ALL, SegmentMetrics.UNSCORED);

    /** Reads what the page needs. */
    static Snapshot of(Lake lake, Publication publication) {
        Optional<Publication> shown = Optional.of(publication);
        Instant asOf = publication.asOf();
        List<Publication> earlier = lake.publications().stream()
                .filter(other -> other.sequence() <= publication.sequence())
                .toList();
        String decided = slice(publication, Tables.RULE_DECISIONS);
        Optional<Publication> before = Publication.newest(earlier.stream()
                .filter(other -> other.kind() == Publication.Kind.PUBLISH
                        && other.asOf().isBefore(asOf)
                        && !other.runId().equals(decided))
                .toList());
        return new Snapshot(
                publication,
                before,
                allocations(lake, shown),
                before.isPresent() ? allocations(lake, before) : List.of(),
                scores(lake.published(Tables.RESPONSIVENESS_SCORES, shown)),
                metrics(lake.published(Tables.SEGMENT_METRICS, shown), asOf),
                lake.published(Tables.HEALTH_CHECKS, shown).collectAsList(),
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
                        max("model_id").as("model_id"))
                .orderBy("experiment_id", "from", "segment")
                .collectAsList();
    }

    private static List<Row> scores(Dataset<Row> scores) {
        return scores.groupBy(
                        col("feature_id"),
                        least(floor(col("score").divide(10)), lit(9))
                                .cast("int")
                                .as("decile"))
                .agg(
                        count(lit(1)).as("users"),
                        max("source").as("source"),
                        max("model_id").as("model_id"))
                .orderBy("feature_id", "decile")
                .collectAsList();
    }

    private static List<Row> metrics(Dataset<Row> metrics, Instant asOf) {
        return metrics.where(col("population").notEqual("everyone"))
                .where(col("window")
                        .equalTo(SegmentMetrics.TOTAL)
                        .or(col("window")
                                .equalTo(SegmentMetrics.DAY)
                                .and(col("cell").equalTo(""))
                                .and(col("window_start").geq(lit(asOf.minus(DAYS))))))
                .orderBy("experiment_id", "metric_name", "user_segment", "cell", "window_start", "population")
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

    Instant asOf() {
        return publication.asOf();
    }

    /** Experiments that anything is known of, by name. */
    List<String> experiments() {
        return Stream.of(allocations, metrics, decisions)
                .flatMap(List::stream)
                .map(row -> row.<String>getAs("experiment_id"))
                .distinct()
                .sorted()
                .toList();
    }

    /** Segments of an experiment, lowest scores first; without those that hold everybody or nobody's score. */
    List<String> segments(String experimentId) {
        return Stream.concat(
                        of(allocations, experimentId).stream().map(row -> row.<String>getAs("segment")),
                        of(metrics, experimentId).stream().map(row -> row.<String>getAs("user_segment")))
                .filter(segment -> segment != null && !RESERVED.contains(segment))
                .distinct()
                .toList();
    }

    /** The feature of an experiment, where a model scores it. */
    Optional<String> feature(String experimentId) {
        Map<String, String> features = models.stream()
                .collect(
                        Collectors.toMap(row -> row.<String>getAs("model_id"), row -> row.<String>getAs("feature_id")));
        return of(allocations, experimentId).stream()
                .map(row -> row.<String>getAs("model_id"))
                .filter(Objects::nonNull)
                .map(features::get)
                .filter(Objects::nonNull)
                .findFirst();
    }

    /** The decisions of this publication. */
    List<Row> newDecisions() {
        String decided = slice(publication, Tables.RULE_DECISIONS);
        return decisions.stream()
                .filter(row -> row.getAs("run_id").equals(decided))
                .toList();
    }

    private static String slice(Publication publication, Table table) {
        return Optional.ofNullable(publication.tables().get(table.name()))
                .map(Publication.LiveSlice::runId)
                .orElse("");
    }

    /** Every cell's parameters before each change, by the change. */
    Map<Row, Optional<Row>> changesWithWhatWasBefore() {
        Map<Row, Optional<Row>> result = new LinkedHashMap<>();
        Map<String, Map<Cell, Row>> newest = new TreeMap<>();
        for (Row change : changes) {
            Cell cell = new Cell(change.getAs("segment"), change.getAs("cell"));
            result.put(
                    change,
                    Optional.ofNullable(newest.computeIfAbsent(change.getAs("experiment_id"), id -> new TreeMap<>())
                            .put(cell, change)));
        }
        return result;
    }

    static List<Row> of(List<Row> rows, String experimentId) {
        return rows.stream()
                .filter(row -> experimentId.equals(row.getAs("experiment_id")))
                .toList();
    }
}
