package io.flagcast.report;

import io.flagcast.lake.Lake;
import io.flagcast.monitoring.EffectVerdict;
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

    /**
     * What the exposures of an experiment say of their users.
     *
     * @param all how many met it
     * @param withoutPropensity of them with an exposure that does not say with what probability it was enabled
     * @param unscored of them without a score
     * @param withoutRun of them with an exposure that says neither run nor version of the parameters
     */
    record Logged(long all, long withoutPropensity, long unscored, long withoutRun) {

        static Optional<Logged> of(Snapshot snapshot, String experimentId) {
            return Snapshot.of(snapshot.logged(), experimentId).stream()
                    .map((Row row) -> new Logged(
                            row.getAs("users"),
                            row.getAs("without_propensity"),
                            row.getAs("unscored"),
                            row.getAs("without_run")))
                    .findFirst();
        }

        /** What is missing, what follows, and what to do: a sentence each. Nothing of a log of Flagcast's own. */
        List<String> lacks() {
            List<String> lacks = new ArrayList<>();
            if (withoutPropensity > 0) {
                lacks.add("The log lacks the propensity of %s of %s users, who are in no effect: %s."
                        .formatted(
                                Format.COUNT.text(withoutPropensity),
                                Format.COUNT.text(all),
                                EffectVerdict.MAP_PROPENSITY));
            }
            if (withoutRun > 0 && unscored == all) {
                lacks.add(
                        "The log lacks scores, so nobody is in a segment: segments_from: scores in the experiment file takes those of the"
                                + " feature's model, each by what was learned without the user; where it is set, no model tells users apart"
                                + " yet.");
            }
            if (withoutRun == all) {
                lacks.add(
                        "The log lacks run_id and parameters_version, so all answers are taken for those of one version: whoever has both"
                                + " crossed over (check contradiction).");
            }
            return lacks;
        }
    }

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

    /** What its exposures say of their users; absent where none was measured. */
    Optional<Logged> logged() {
        return Logged.of(snapshot, experimentId);
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
