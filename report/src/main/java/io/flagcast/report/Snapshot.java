package io.flagcast.report;

import io.flagcast.allocation.Cell;
import io.flagcast.lake.Publication;
import io.flagcast.monitoring.HoldoutWorth;
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
import java.util.stream.Stream;
import org.apache.spark.sql.Row;

/**
 * All rows that a page is made of, as they were when a publication became live. Aggregates only: no row is about one
 * user.
 *
 * @param publication the publication
 * @param before the one before it that ran all stages
 * @param allocations per experiment and segment: users, enabled, share, from (least score), unscored (users decided without a score),
 *     inactive (users of an experiment that enables nobody), in the order of the score
 * @param allocationsBefore the same of the publication before
 * @param features the feature of each experiment
 * @param scores per feature, or family of features, and decile of the score: users (of a family a user counts once a feature), model_id
 * @param logged per experiment: users, and of how many an exposure lacks what (without_propensity, unscored, without_run)
 * @param metrics totals and the newest seven days, and days of the newest {@link #DAYS}, of segments and of values of dimensions
 * @param holdout fraction of users whom the lake holds out of every experiment, in [0, 1)
 * @param worth of everything together, where somebody is held out
 * @param findings of the health checks
 * @param ramps where the ramp of each experiment stands
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
        Map<String, String> features,
        List<Row> scores,
        List<Row> logged,
        List<Row> metrics,
        double holdout,
        List<HoldoutWorth> worth,
        List<Row> findings,
        List<Row> ramps,
        List<Row> decisions,
        List<Row> changes,
        List<Row> models,
        Alerts alerts,
        List<Row> quarantine,
        List<Row> stages) {

    /** Older days are in the tables and no longer on the page. */
    static final Duration DAYS = Duration.ofDays(60);

    private static final List<String> RESERVED = List.of(SegmentMetrics.ALL, SegmentMetrics.UNSCORED);

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
                        of(metrics, experimentId).stream().map(row -> row.<String>getAs("segment")))
                .filter(segment -> segment != null && !RESERVED.contains(segment))
                .distinct()
                .toList();
    }

    /** The feature of an experiment, where a model scores it. */
    Optional<String> feature(String experimentId) {
        return of(allocations, experimentId).stream()
                .map(row -> row.<String>getAs("model_id"))
                .filter(Objects::nonNull)
                .findFirst()
                .map(model -> features.get(experimentId));
    }

    /** The decisions of this publication. */
    List<Row> newDecisions() {
        String decided = slice(publication, Tables.RULE_DECISIONS);
        return decisions.stream()
                .filter(row -> row.getAs("run_id").equals(decided))
                .toList();
    }

    /** The run whose slice of a table is live; empty where none is. */
    static String slice(Publication publication, Table table) {
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
