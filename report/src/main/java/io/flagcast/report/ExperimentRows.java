package io.flagcast.report;

import io.flagcast.lake.Lake;
import io.flagcast.monitoring.SegmentMetrics;
import io.flagcast.report.page.Format;
import io.flagcast.rules.Texts;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;

/**
 * The rows of a snapshot that are about one experiment.
 *
 * @param snapshot all rows
 * @param experimentId the experiment
 * @param segments lowest scores first
 * @param metrics its rows of {@link Snapshot#metrics}
 * @param changes its rows of {@link Snapshot#changes}
 */
record ExperimentRows(
        Snapshot snapshot, String experimentId, List<String> segments, List<Row> metrics, List<Row> changes) {

    static ExperimentRows of(Snapshot snapshot, String experimentId) {
        return new ExperimentRows(
                snapshot,
                experimentId,
                snapshot.segments(experimentId),
                Snapshot.of(snapshot.metrics(), experimentId),
                Snapshot.of(snapshot.changes(), experimentId));
    }

    List<Row> allocations() {
        return Snapshot.of(snapshot.allocations(), experimentId);
    }

    List<Row> findings() {
        return Snapshot.of(snapshot.findings(), experimentId);
    }

    /** Every evaluation of its rules up to this publication. */
    List<Row> decisions() {
        return Snapshot.of(snapshot.decisions(), experimentId);
    }

    /** That it enables nobody and why, in a sentence; absent where it is active. */
    Optional<String> paused() {
        boolean isActive = allocations().stream().anyMatch(row -> row.<Long>getAs("inactive") == 0);
        return isActive
                ? Optional.empty()
                : Optional.of(changes.stream()
                        .filter(change -> change.getAs("activity") != null)
                        .reduce((earlier, later) -> later)
                        .filter(change -> change.getAs("activity").equals("inactive"))
                        .map(change -> "Paused by %s as of %s: nobody is enabled until a person takes it back."
                                .formatted(
                                        change.getAs("rule_id") == null
                                                ? "a " + change.<String>getAs("cause")
                                                : "rule " + change.<String>getAs("rule_id"),
                                        Format.INSTANT.text(Lake.instant(change, "effective_as_of"))))
                        .orElse("Paused or off in its file: nobody is enabled."));
    }

    /** Where its ramp stands and what it waits for, in a sentence; absent without one. */
    Optional<String> ramp() {
        return Snapshot.of(snapshot.ramps(), experimentId).stream()
                .map(row -> row.<String>getAs("sentence"))
                .map(sentence -> sentence.substring(0, 1).toUpperCase(Locale.ROOT) + sentence.substring(1) + ".")
                .findFirst();
    }

    /** The feature that it rolls out, where a model scores it. */
    Optional<String> feature() {
        return snapshot.feature(experimentId);
    }

    /** Highest scores first. */
    List<String> segmentsDownwards() {
        return reversed(segments);
    }

    List<String> metricNames() {
        return metrics.stream()
                .map(row -> row.<String>getAs("metric"))
                .distinct()
                .toList();
    }

    /** Whether every value that was ever counted is 0 or 1: then a sum is the sum of the squares. */
    Format format(String metric) {
        return metrics.stream()
                        .filter(row -> row.getAs("metric").equals(metric))
                        .allMatch(row ->
                                row.getAs("sum") != null && row.getAs("sum").equals(row.getAs("sum_squares")))
                ? Format.PERCENT
                : Format.NUMBER;
    }

    /** What the intervals of a metric are, and what is not shown of them. */
    String intervals(String metric) {
        String intervals = "95 % intervals";
        Optional<Double> cap = metrics.stream()
                .filter(row -> row.getAs("metric").equals(metric) && row.getAs("cap") != null)
                .map(row -> row.<Double>getAs("cap"))
                .findFirst();
        return cap.map(limit -> "%s, of users' values up to the cap of %s".formatted(intervals, Texts.number(limit)))
                .orElse(format(metric) == Format.PERCENT ? intervals : intervals + ", not proven for heavy tails");
    }

    /** The days of a metric, without those of single cells. */
    Stream<Row> days(String metric) {
        return metrics.stream()
                .filter(row -> row.getAs("metric").equals(metric)
                        && row.getAs("window").equals(SegmentMetrics.DAY)
                        && row.getAs("cell").equals(""));
    }

    /** The day from which the steps of parameters are drawn. */
    Instant beginning() {
        return Stream.concat(
                        metrics.stream().map(row -> Lake.instant(row, "window_start")),
                        changes.stream().map(row -> Lake.instant(row, "effective_as_of")))
                .min(Comparator.naturalOrder())
                .orElse(snapshot.asOf())
                .minus(1, ChronoUnit.DAYS);
    }

    static <T> List<T> reversed(List<T> list) {
        List<T> reversed = new ArrayList<>(list);
        Collections.reverse(reversed);
        return reversed;
    }
}
