package io.flagcast.report;

import io.flagcast.allocation.Cell;
import io.flagcast.lake.Json;
import io.flagcast.lake.Lake;
import io.flagcast.monitoring.SegmentMetrics;
import io.flagcast.report.Chart.Kind;
import io.flagcast.report.ReportData.Column;
import io.flagcast.report.ReportData.Figure;
import io.flagcast.report.ReportData.Group;
import io.flagcast.report.ReportData.Section;
import io.flagcast.report.ReportData.Table;
import io.flagcast.rules.Condition.Population;
import io.flagcast.statistics.Interval;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;

/** What is known of one experiment. */
final class ExperimentSection {

    private static final double CONFIDENCE = 0.95;

    private final Snapshot snapshot;
    private final String experimentId;
    private final List<String> segments;
    private final List<Row> metrics;
    private final List<Row> changes;

    private ExperimentSection(Snapshot snapshot, String experimentId) {
        this.snapshot = snapshot;
        this.experimentId = experimentId;
        this.segments = snapshot.segments(experimentId);
        this.metrics = Snapshot.of(snapshot.metrics(), experimentId);
        this.changes = Snapshot.of(snapshot.changes(), experimentId);
    }

    static Section of(Snapshot snapshot, String experimentId, String sectionId) {
        return new ExperimentSection(snapshot, experimentId).section(sectionId);
    }

    private Section section(String sectionId) {
        List<Row> findings = Snapshot.of(snapshot.findings(), experimentId);
        List<Group> groups = new ArrayList<>();
        groups.add(effects());
        groups.add(overTime());
        groups.add(allocation());
        bandit().ifPresent(groups::add);
        groups.add(rules());
        groups.addAll(ModelGroups.of(snapshot, snapshot.feature(experimentId), findings));
        groups.add(dimensions());
        groups.addAll(CheckGroups.of(findings, this::format));
        return new Section(sectionId, experimentId, lead(), groups);
    }

    private String lead() {
        List<Row> allocations = Snapshot.of(snapshot.allocations(), experimentId);
        long users =
                allocations.stream().mapToLong(row -> row.<Long>getAs("users")).sum();
        double enabled = allocations.stream()
                .mapToDouble(row -> row.<Long>getAs("users") * row.<Double>getAs("enabled"))
                .sum();
        String feature = snapshot.feature(experimentId)
                .map(id -> "Rolls out " + id + ". ")
                .orElse("");
        return users == 0
                ? feature + "Allocates nobody in this publication."
                : feature
                        + "%s of %s users are enabled, %s."
                                .formatted(
                                        Format.COUNT.text(enabled),
                                        Format.COUNT.text(users),
                                        Format.PERCENT.text(enabled / users));
    }

    private List<String> metricNames() {
        return metrics.stream()
                .map(row -> row.<String>getAs("metric_name"))
                .distinct()
                .toList();
    }

    /** Whether every value that was ever counted is 0 or 1: then a sum is the sum of the squares. */
    private Format format(String metric) {
        return metrics.stream()
                        .filter(row -> row.getAs("metric_name").equals(metric))
                        .allMatch(row ->
                                row.getAs("sum") != null && row.getAs("sum").equals(row.getAs("sum_squares")))
                ? Format.PERCENT
                : Format.NUMBER;
    }

    /** Both arms of a part of the users in one window. */
    private record Arms(Optional<Row> enabled, Optional<Row> control) {

        static Arms of(List<Row> rows) {
            return new Arms(arm(rows, Population.ENABLED), arm(rows, Population.CONTROL));
        }

        private static Optional<Row> arm(List<Row> rows, Population population) {
            return rows.stream()
                    .filter(row -> row.getAs("population").equals(population.label()))
                    .findFirst();
        }

        static long n(Optional<Row> arm) {
            return arm.map(row -> row.<Long>getAs("n")).orElse(0L);
        }

        long n() {
            return n(enabled) + n(control);
        }

        static Optional<Estimate> value(Optional<Row> arm) {
            return arm.flatMap(row -> Estimate.of(row, "metric_value", "lower", "upper"));
        }

        Optional<Estimate> effect() {
            return enabled.flatMap(row -> Estimate.of(row, "effect", "effect_lower", "effect_upper"));
        }

        Optional<Estimate> adjusted() {
            return enabled.flatMap(row -> Estimate.of(row, "adjusted_effect", "adjusted_lower", "adjusted_upper"));
        }

        Optional<Double> effectiveSampleSize() {
            return enabled.flatMap(row -> Estimate.number(row, "effective_sample_size"));
        }

        List<Object> cells() {
            return List.of(
                    n(),
                    effect(),
                    adjusted(),
                    effectiveSampleSize(),
                    n(enabled),
                    value(enabled),
                    n(control),
                    value(control));
        }

        static List<Column> columns(Format format) {
            return List.of(
                    Column.count("n", "n"),
                    new Column("effect", "effect", format.ofDifference()),
                    new Column("adjusted", "adjusted effect", format.ofDifference()),
                    Column.count("ess", "effective n"),
                    Column.count("n_enabled", "n enabled"),
                    new Column("enabled", "enabled", format),
                    Column.count("n_control", "n control"),
                    new Column("control", "control", format));
        }
    }

    /** Totals of a metric by segment: highest scores first, everybody last. */
    private Map<String, Arms> totals(String metric) {
        Map<String, List<Row>> rows = metrics.stream()
                .filter(row -> row.getAs("metric_name").equals(metric)
                        && row.getAs("window").equals(SegmentMetrics.TOTAL)
                        && row.getAs("cell").equals(""))
                .collect(Collectors.groupingBy(row -> row.getAs("user_segment")));
        List<String> order = new ArrayList<>(segments);
        Collections.reverse(order);
        order.addAll(List.of(SegmentMetrics.UNSCORED, SegmentMetrics.ALL));
        Map<String, Arms> totals = new LinkedHashMap<>();
        order.stream().filter(rows::containsKey).forEach(segment -> totals.put(segment, Arms.of(rows.get(segment))));
        return totals;
    }

    private Group effects() {
        String title = "Effect versus control";
        List<Figure> figures = new ArrayList<>();
        for (String metric : metricNames()) {
            List<List<?>> rows = new ArrayList<>();
            totals(metric).forEach((segment, arms) -> rows.add(row(arms.cells(), segment)));
            Format format = format(metric);
            Chart chart = Chart.of(
                            Kind.INTERVALS,
                            Map.of("label", "segment", "value", "effect", "also", "adjusted", "n", "n"),
                            format.ofDifference(),
                            segments,
                            "enabled − control")
                    .at(0);
            figures.add(Figure.drawn(
                    metric,
                    chart,
                    new Table(
                            metric + " of users whose outcome window has closed, by segment; 95 % intervals",
                            columns(Arms.columns(format), Column.text("segment", "segment")),
                            rows)));
        }
        return figures.isEmpty()
                ? Group.absent(title, "No outcome window has closed yet, so nothing is measured.")
                : new Group(
                        title,
                        "Enabled minus control by intention to treat, weighted by the logged propensity (Hájek); adjusted"
                                + " by the pre-period (CUPED) where one is declared. An effect is absent where everybody"
                                + " or nobody was enabled.",
                        figures);
    }

    private static List<?> row(List<?> cells, Object... first) {
        return Stream.concat(Stream.of(first), cells.stream()).toList();
    }

    private static List<Column> columns(List<Column> columns, Column... first) {
        return Stream.concat(Stream.of(first), columns.stream()).toList();
    }

    private Stream<Row> days(String metric) {
        return metrics.stream()
                .filter(row -> row.getAs("metric_name").equals(metric)
                        && row.getAs("window").equals(SegmentMetrics.DAY)
                        && row.getAs("cell").equals(""));
    }

    private Group overTime() {
        String title = "Day by day";
        List<Figure> figures = new ArrayList<>();
        for (String metric : metricNames()) {
            List<String> facets = Stream.concat(
                            reversed(segments).stream(), Stream.of(SegmentMetrics.UNSCORED, SegmentMetrics.ALL))
                    .toList();
            List<List<?>> rows = days(metric)
                    .filter(row -> facets.contains(row.<String>getAs("user_segment")))
                    .filter(row -> row.getAs("metric_value") != null)
                    .sorted(Comparator.comparingInt(row -> facets.indexOf(row.<String>getAs("user_segment"))))
                    .<List<?>>map(row -> List.of(
                            Lake.instant(row, "window_start"),
                            row.<String>getAs("user_segment"),
                            row.<String>getAs("population"),
                            row.<Long>getAs("n"),
                            Arms.value(Optional.of(row))))
                    .toList();
            if (!rows.isEmpty()) {
                figures.add(Figure.drawn(
                        metric,
                        Chart.of(
                                Kind.PANELS,
                                Map.of("x", "day", "y", "value", "facet", "segment", "arm", "arm"),
                                format(metric),
                                segments,
                                metric),
                        new Table(
                                metric + " by the day on which the outcome window closed; 95 % intervals",
                                List.of(
                                        new Column("day", "day", Format.DAY),
                                        Column.text("segment", "segment"),
                                        Column.text("arm", "arm"),
                                        Column.count("n", "n"),
                                        new Column("value", metric, format(metric))),
                                rows)));
            }
        }
        return figures.isEmpty()
                ? Group.absent(title, "No day has been measured yet.")
                : new Group(title, "A day counts the users whose outcome window closed on it.", figures);
    }

    private static <T> List<T> reversed(List<T> list) {
        List<T> reversed = new ArrayList<>(list);
        Collections.reverse(reversed);
        return reversed;
    }

    private Group allocation() {
        List<Figure> figures = new ArrayList<>();
        enabledByDay().ifPresent(figures::add);
        shares().ifPresent(figures::add);
        List<List<?>> rows = reversed(Snapshot.of(snapshot.allocations(), experimentId)).stream()
                .<List<?>>map(row -> {
                    long users = row.<Long>getAs("users");
                    double enabled = row.<Double>getAs("enabled");
                    return List.of(
                            Optional.ofNullable(row.<String>getAs("segment")).orElse(SegmentMetrics.UNSCORED),
                            users,
                            Math.round(users * enabled),
                            enabled,
                            row.<Double>getAs("share"));
                })
                .toList();
        if (!rows.isEmpty()) {
            figures.add(Figure.table(
                    "Who is enabled now",
                    new Table(
                            "All users of this publication; share: what rules and people leave of the base probability",
                            List.of(
                                    Column.text("segment", "segment"),
                                    Column.count("users", "n"),
                                    Column.count("enabled", "enabled"),
                                    new Column("fraction", "enabled", Format.PERCENT),
                                    new Column("share", "share", Format.PERCENT)),
                            rows)));
        }
        return figures.isEmpty()
                ? Group.absent("Allocation", "Nobody is allocated in this publication.")
                : new Group("Allocation", "", figures);
    }

    /** The fraction of the users of a day who were enabled, as the metric with most users counts them. */
    private Optional<Figure> enabledByDay() {
        List<List<?>> rows = metricNames().stream()
                .max(Comparator.comparingLong(metric ->
                        days(metric).mapToLong(row -> row.<Long>getAs("n")).sum()))
                .map(this::enabledByDay)
                .orElse(List.of());
        return rows.isEmpty()
                ? Optional.empty()
                : Optional.of(Figure.drawn(
                        "Users who were enabled",
                        Chart.of(
                                Kind.TREND,
                                Map.of("x", "day", "y", "enabled", "series", "segment"),
                                Format.PERCENT,
                                segments,
                                "enabled"),
                        new Table(
                                "Fraction enabled at the first exposure, by the day on which the outcome window closed; 95 %"
                                        + " intervals (Wilson)",
                                List.of(
                                        new Column("day", "day", Format.DAY),
                                        Column.text("segment", "segment"),
                                        Column.count("n", "n"),
                                        new Column("enabled", "enabled", Format.PERCENT)),
                                rows)));
    }

    private List<List<?>> enabledByDay(String metric) {
        List<List<?>> result = new ArrayList<>();
        for (String segment : reversed(segments)) {
            Map<Instant, List<Row>> days = days(metric)
                    .filter(row -> row.getAs("user_segment").equals(segment))
                    .collect(Collectors.groupingBy(
                            row -> Lake.instant(row, "window_start"), TreeMap::new, Collectors.toList()));
            days.forEach((day, rows) -> {
                Arms arms = Arms.of(rows);
                if (arms.n() > 0) {
                    long enabled = Arms.n(arms.enabled());
                    result.add(List.of(
                            day,
                            segment,
                            arms.n(),
                            Estimate.of((double) enabled / arms.n(), Interval.wilson(enabled, arms.n(), CONFIDENCE))));
                }
            });
        }
        return result;
    }

    /** The day from which the steps of parameters are drawn. */
    private Instant beginning() {
        return Stream.concat(
                        metrics.stream().map(row -> Lake.instant(row, "window_start")),
                        changes.stream().map(row -> Lake.instant(row, "effective_as_of")))
                .min(Comparator.naturalOrder())
                .orElse(snapshot.asOf())
                .minus(1, ChronoUnit.DAYS);
    }

    private Optional<Figure> shares() {
        List<Row> moved = changes.stream()
                .filter(row -> !row.getAs("cause").equals("bandit") && segments.contains(row.<String>getAs("segment")))
                .toList();
        if (moved.isEmpty()) {
            return Optional.empty();
        }
        List<List<?>> rows = new ArrayList<>();
        for (String segment : reversed(segments)) {
            rows.add(List.of(beginning(), segment, 1.0, ""));
            double last = 1;
            for (Row row : moved) {
                if (row.getAs("segment").equals(segment)) {
                    last = row.<Double>getAs("share");
                    rows.add(List.of(Lake.instant(row, "effective_as_of"), segment, last, row.getAs("cause")));
                }
            }
            rows.add(List.of(snapshot.asOf(), segment, last, ""));
        }
        return Optional.of(Figure.drawn(
                "Share of each segment",
                Chart.of(
                        Kind.STEPS,
                        Map.of("x", "as_of", "y", "share", "series", "segment"),
                        Format.PERCENT,
                        segments,
                        "share"),
                new Table(
                        "Share of its base probability that a segment keeps, from each change on",
                        List.of(
                                new Column("as_of", "as of", Format.INSTANT),
                                Column.text("segment", "segment"),
                                new Column("share", "share", Format.PERCENT),
                                Column.text("cause", "cause")),
                        rows)));
    }

    private Optional<Group> bandit() {
        List<List<?>> rows = new ArrayList<>();
        Map<Cell, Row> newest = new TreeMap<>();
        for (Row row : changes) {
            if (row.getAs("base_probability") != null) {
                Cell cell = new Cell(row.getAs("segment"), row.getAs("cell"));
                if (newest.put(cell, row) == null) {
                    before(row).ifPresent(start -> rows.add(List.of(beginning(), cell.toString(), start, 0L)));
                }
                rows.add(List.of(
                        Lake.instant(row, "effective_as_of"),
                        cell.toString(),
                        row.<Double>getAs("base_probability"),
                        users(row)));
            }
        }
        if (newest.isEmpty()) {
            return Optional.empty();
        }
        newest.forEach((cell, row) ->
                rows.add(List.of(snapshot.asOf(), cell.toString(), row.<Double>getAs("base_probability"), users(row))));
        List<String> cells = newest.keySet().stream()
                .sorted(Comparator.<Cell>comparingInt(cell -> segments.indexOf(cell.segment()))
                        .thenComparing(Comparator.naturalOrder()))
                .map(Cell::toString)
                .toList();
        return Optional.of(new Group(
                "Bandit",
                "The probability of being enabled that the bandit has learned, before the share.",
                List.of(Figure.drawn(
                        "Learned probability",
                        Chart.of(
                                Kind.STEPS,
                                Map.of("x", "as_of", "y", "probability", "series", "cell"),
                                Format.PERCENT,
                                cells,
                                "probability"),
                        new Table(
                                "Learned base probability of each cell, from each update on; n: users it had learned from",
                                List.of(
                                        new Column("as_of", "as of", Format.INSTANT),
                                        Column.text("cell", "cell"),
                                        new Column("probability", "probability", Format.PERCENT),
                                        Column.count("n", "n")),
                                rows)))));
    }

    private static Optional<Double> before(Row change) {
        String state = change.getAs("state");
        return Optional.ofNullable(state)
                .map(json -> Json.tree(json, "allocation_parameters.state").path("base_probability_before"))
                .filter(node -> node.isNumber())
                .map(node -> node.asDouble());
    }

    private static long users(Row change) {
        String state = change.getAs("state");
        if (state == null) {
            return 0;
        }
        var arms = Json.tree(state, "allocation_parameters.state");
        return arms.path("enabled").path("users").asLong()
                + arms.path("control").path("users").asLong();
    }

    private Group rules() {
        Map<String, Row> byDecision = new LinkedHashMap<>();
        Snapshot.of(snapshot.decisions(), experimentId).stream()
                .filter(row ->
                        !Lake.instant(row, "as_of").isBefore(snapshot.asOf().minus(Snapshot.DAYS)))
                .forEach(row -> byDecision.put(row.getAs("decision_id"), row));
        List<Figure> figures = new ArrayList<>();
        if (!byDecision.isEmpty()) {
            figures.add(Figure.drawn(
                    "Every evaluation",
                    Chart.of(
                            Kind.TIMELINE,
                            Map.of("x", "as_of", "lane", "rule", "outcome", "outcome"),
                            Format.TEXT,
                            List.of(),
                            ""),
                    new Table(
                            "Evaluations of rules, oldest first; bound: of an always-valid confidence sequence",
                            List.of(
                                    new Column("as_of", "as of", Format.INSTANT),
                                    Column.text("rule", "rule"),
                                    Column.text("segment", "segment"),
                                    Column.text("outcome", "outcome"),
                                    Column.count("n", "n"),
                                    new Column("observed", "observed", Format.NUMBER),
                                    new Column("bound", "bound", Format.NUMBER),
                                    new Column("threshold", "threshold", Format.NUMBER),
                                    Column.text("reason", "reason")),
                            byDecision.values().stream()
                                    .<List<?>>map(row -> List.of(
                                            Lake.instant(row, "as_of"),
                                            row.<String>getAs("rule_id"),
                                            row.<String>getAs("segment"),
                                            row.<String>getAs("outcome"),
                                            row.<Long>getAs("n"),
                                            Estimate.number(row, "observed"),
                                            Estimate.number(row, "bound"),
                                            Estimate.number(row, "threshold"),
                                            row.<String>getAs("reason")))
                                    .toList())));
        }
        List<List<?>> rows = reversed(worthTelling()).stream()
                .<List<?>>map(row -> List.of(
                        Lake.instant(row, "effective_as_of"),
                        new Cell(row.getAs("segment"), row.getAs("cell")).toString(),
                        row.<String>getAs("cause"),
                        row.<Double>getAs("share"),
                        Estimate.number(row, "base_probability"),
                        Report.why(row)))
                .toList();
        if (!rows.isEmpty()) {
            figures.add(Figure.table(
                    "What changed the allocation, and why",
                    new Table(
                            "Changes by rules and people, newest first; of a bandit the newest update",
                            List.of(
                                    new Column("as_of", "as of", Format.INSTANT),
                                    Column.text("segment", "segment"),
                                    Column.text("cause", "cause"),
                                    new Column("share", "share", Format.PERCENT),
                                    new Column("probability", "probability", Format.PERCENT),
                                    Column.text("why", "why")),
                            rows)));
        }
        return figures.isEmpty()
                ? Group.absent("Rules", "The experiment has no rule, and nothing has changed its allocation.")
                : new Group("Rules", byDecision.isEmpty() ? "The experiment has no rule." : "", figures);
    }

    /** All changes but those that a bandit has made before its last update: its chart has them. */
    private List<Row> worthTelling() {
        String last = changes.stream()
                .filter(row -> row.getAs("cause").equals("bandit"))
                .map(row -> row.<String>getAs("decision_id"))
                .reduce((earlier, later) -> later)
                .orElse("");
        return changes.stream()
                .filter(row -> !row.getAs("cause").equals("bandit")
                        || row.getAs("decision_id").equals(last))
                .toList();
    }

    /** Parts of the users by one value of one dimension, everybody of the experiment where it is measured so. */
    private Group dimensions() {
        List<Figure> figures = new ArrayList<>();
        for (String metric : metricNames()) {
            Map<List<String>, List<Row>> parts = metrics.stream()
                    .filter(row -> row.getAs("metric_name").equals(metric)
                            && row.getAs("window").equals(SegmentMetrics.TOTAL)
                            && SegmentMetrics.isDimension(row.getAs("cell")))
                    .collect(Collectors.groupingBy(
                            row -> List.of(row.<String>getAs("cell"), row.<String>getAs("user_segment")),
                            LinkedHashMap::new,
                            Collectors.toList()));
            boolean whole = parts.keySet().stream().anyMatch(part -> part.get(1).equals(SegmentMetrics.ALL));
            List<List<?>> rows = new ArrayList<>();
            parts.forEach((part, arms) -> {
                if (!whole || part.get(1).equals(SegmentMetrics.ALL)) {
                    String[] value = part.get(0).split("=", 2);
                    String label = value[1] + (whole ? "" : ", " + part.get(1));
                    rows.add(row(Arms.of(arms).cells(), value[0], label));
                }
            });
            rows.sort(Comparator.comparing(row -> (String) row.get(0)));
            if (!rows.isEmpty()) {
                Format format = format(metric);
                figures.add(Figure.drawn(
                        metric,
                        Chart.of(
                                        Kind.INTERVALS,
                                        Map.of(
                                                "group",
                                                "dimension",
                                                "label",
                                                "part",
                                                "value",
                                                "effect",
                                                "also",
                                                "adjusted",
                                                "n",
                                                "n"),
                                        format.ofDifference(),
                                        segments,
                                        "enabled − control")
                                .at(0),
                        new Table(
                                metric + " by value of a dimension; 95 % intervals, each for itself",
                                columns(
                                        Arms.columns(format),
                                        Column.text("dimension", "dimension"),
                                        Column.text("part", "value")),
                                rows)));
            }
        }
        return figures.isEmpty()
                ? Group.absent("By dimension", "No dimension is declared, or none has been measured yet.")
                : new Group(
                        "By dimension",
                        "Many comparisons: of twenty without a difference, one leaves its 95 % interval.",
                        figures);
    }
}
