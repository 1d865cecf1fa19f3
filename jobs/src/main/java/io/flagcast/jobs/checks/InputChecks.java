package io.flagcast.jobs.checks;

import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;

import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.records.FindingTable;
import io.flagcast.jobs.run.Run;
import io.flagcast.lake.Lake;
import io.flagcast.lake.inputs.InputHistory;
import io.flagcast.monitoring.InputStates;
import io.flagcast.rules.checks.Check;
import io.flagcast.rules.checks.Feed;
import io.flagcast.rules.checks.Finding;
import io.flagcast.rules.checks.InputCheck;
import io.flagcast.statistics.Metric;
import io.flagcast.tables.Table;
import io.flagcast.tables.Tables;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** Whether inputs still arrive, and as many rows as usual. */
final class InputChecks {

    /** Whose rows are counted apart, and when they happened. */
    record Columns(Column part, String time) {}

    static final Map<Table, Columns> COLUMNS = Map.of(
            // Of events all features together: there may be thousands.
            Tables.EVENTS, new Columns(lit(""), "occurred_at"),
            Tables.EXPOSURES, new Columns(col("experiment_id"), "exposed_at"),
            Tables.OUTCOMES, new Columns(col("outcome"), "occurred_at"));

    private final Run run;

    InputChecks(Run run) {
        this.run = run;
    }

    /** What is counted of every configured input, under its name. */
    Map<String, Dataset<Row>> aggregates() {
        Map<String, Dataset<Row>> aggregates = new TreeMap<>();
        for (Table table : run.settings().sources().keySet()) {
            Dataset<Row> rows = run.inputs().valid(table);
            Optional<Columns> columns = Optional.ofNullable(COLUMNS.get(table));
            aggregates.put(
                    table.name(),
                    columns.map(by -> InputStates.perDay(rows, by.part(), by.time(), run.asOf()))
                            .orElseGet(() -> rows.agg(count(lit(1)).as("rows"))));
        }
        return aggregates;
    }

    /**
     * The volume of every input, and the freshness of what no experiment alone depends on: of usage events, and where experiments are
     * active of all exposures, all outcomes, and each outcome that several of them count.
     */
    List<Finding> findings(List<Experiment> active, HealthStates states) {
        List<Finding> findings = new ArrayList<>();
        for (Table table : run.settings().sources().keySet()) {
            if (!COLUMNS.containsKey(table)) {
                findings.add(InputCheck.snapshot(table.name(), snapshots(table, states.of(table.name()))));
                continue;
            }
            volume("", Feed.of(table), states).ifPresent(findings::add);
            if (table.equals(Tables.EVENTS) || !active.isEmpty()) {
                findings.add(freshness("", Feed.of(table), states));
            }
        }
        shared(active).forEach(outcome -> {
            findings.add(freshness("", Feed.outcome(outcome), states));
            volume("", Feed.outcome(outcome), states).ifPresent(findings::add);
        });
        return findings;
    }

    /** Outcomes that metrics of several experiments count: their feed is nobody's alone. */
    static List<String> shared(List<Experiment> experiments) {
        Map<String, Long> counting = experiments.stream()
                .flatMap(experiment -> experiment.metrics().stream()
                        .flatMap(metric -> metric.outcomes().stream())
                        .distinct())
                .collect(groupingBy(outcome -> outcome, TreeMap::new, counting()));
        return counting.keySet().stream()
                .filter(outcome -> counting.get(outcome) > 1)
                .toList();
    }

    /** The freshness of an experiment's exposures, and freshness and volume of the outcomes that its metrics count. */
    List<Finding> findings(Experiment experiment, HealthStates states) {
        String id = experiment.experimentId();
        List<Finding> findings = new ArrayList<>();
        findings.add(freshness(id, Feed.exposures(id), states));
        experiment.metrics().stream()
                .flatMap(metric -> metric.outcomes().stream())
                .distinct()
                .map(Feed::outcome)
                .forEach(outcome -> {
                    findings.add(freshness(id, outcome, states));
                    volume(id, outcome, states).ifPresent(findings::add);
                });
        return findings;
    }

    /** Whether what is found of a feed of an experiment is found of a metric: exposures are behind each, an outcome behind its own. */
    static boolean concerns(Finding finding, Metric metric) {
        return Feed.of(finding)
                .filter(feed -> feed.table().equals(Tables.OUTCOMES) && !feed.isOf(metric))
                .isEmpty();
    }

    private static Stream<Row> rows(Feed feed, HealthStates states) {
        return states.of(feed.table().name()).stream()
                .filter(row ->
                        feed.part().map(row.<String>getAs("part")::equals).orElse(true));
    }

    /** Of a closed history the last day is none to compare. */
    private Optional<Finding> volume(String experimentId, Feed feed, HealthStates states) {
        return run.settings().isClosed()
                ? Optional.empty()
                : Optional.of(InputCheck.volume(
                        experimentId, feed.rows(), daily(rows(feed, states).toList())));
    }

    private Finding freshness(String experimentId, Feed feed, HealthStates states) {
        Table table = feed.table();
        String input = feed.row();
        Optional<Instant> newest = newest(rows(feed, states));
        if (newest.isPresent()) {
            return aged(experimentId, input, newest);
        }
        if (Stream.of(table.name(), input).anyMatch(run.settings().mayBeEmpty()::contains)) {
            return InputCheck.declaredEmpty(experimentId, input);
        }
        Optional<Instant> known = knownBefore(experimentId, input);
        if (known.isEmpty() && table.equals(Tables.OUTCOMES)) {
            // On the first days of an experiment there may be none.
            return oldest(rows(Feed.exposures(experimentId), states))
                    .filter(since -> run.settings().isClosed()
                            || run.asOf().minus(run.settings().staleAfter()).isAfter(since))
                    .map(since -> InputCheck.neverCome(experimentId, input, since))
                    .orElseGet(() -> aged(experimentId, input, known));
        }
        // What is older than all that the source keeps has aged out.
        boolean isLost = known.isPresent()
                && oldest(states.of(table.name()).stream())
                        .filter(known.get()::isBefore)
                        .isEmpty();
        return isLost
                ? InputCheck.emptied(
                        experimentId,
                        input,
                        known.get(),
                        run.asOf(),
                        run.settings().staleAfter())
                : aged(experimentId, input, known);
    }

    /** A feed whose newest row is known, or that has not begun. */
    Finding aged(String experimentId, String input, Optional<Instant> newest) {
        if (run.settings().isClosed() && newest.isPresent()) {
            return InputCheck.closed(experimentId, input, newest.get(), run.asOf());
        }
        return InputCheck.freshness(
                experimentId, input, newest, run.asOf(), run.settings().staleAfter());
    }

    private static Optional<Instant> newest(Stream<Row> rows) {
        return rows.map(row -> Lake.instant(row, "newest")).max(Comparator.naturalOrder());
    }

    private static Optional<Instant> oldest(Stream<Row> rows) {
        return rows.map(row -> Lake.instant(row, "oldest")).min(Comparator.naturalOrder());
    }

    /** The newest row that the publication before knew of an input. */
    private Optional<Instant> knownBefore(String experimentId, String input) {
        return run.earlier().stream()
                .flatMap(earlier ->
                        FindingTable.read(run.lake().published(Tables.HEALTH_CHECKS, Optional.of(earlier))).stream()
                                .filter(finding -> finding.check() == Check.FRESHNESS
                                        && finding.experimentId().equals(experimentId)
                                        && finding.subject().equals(input))
                                .flatMap(finding -> newest(finding, earlier.asOf()).stream()))
                .findFirst();
    }

    /** The newest row that a freshness check has found, or has missed. */
    static Optional<Instant> newest(Finding freshness, Instant asOf) {
        return freshness.observed().isPresent()
                ? Optional.of(asOf.minusMillis(
                        Math.round(3_600_000 * freshness.observed().getAsDouble())))
                : Optional.empty();
    }

    /** Rows per day, oldest first, from the first day on that has some. */
    private static List<Long> daily(List<Row> rows) {
        long[] days = new long[InputStates.DAYS + 1];
        for (Row row : rows) {
            days[InputStates.DAYS - Math.toIntExact(row.<Long>getAs("day"))] += row.<Long>getAs("rows");
        }
        List<Long> daily =
                LongStream.of(days).boxed().dropWhile(count -> count == 0).toList();
        // The first place is no day but all the time before.
        return days[0] == 0 ? daily : daily.subList(1, daily.size());
    }

    /** Rows of a snapshot in earlier runs, oldest first, and in this one. */
    private List<Long> snapshots(Table table, List<Row> now) {
        List<Long> counts = new ArrayList<>(
                InputHistory.of(run.lake(), run.publications(), run.asOf()).rows(table));
        now.forEach(row -> counts.add(row.getAs("rows")));
        return counts.subList(Math.max(0, counts.size() - InputStates.DAYS), counts.size());
    }
}
