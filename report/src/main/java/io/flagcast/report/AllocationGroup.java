package io.flagcast.report;

import io.flagcast.lake.Lake;
import io.flagcast.monitoring.SegmentMetrics;
import io.flagcast.report.page.Chart;
import io.flagcast.report.page.Chart.Kind;
import io.flagcast.report.page.Estimate;
import io.flagcast.report.page.Format;
import io.flagcast.report.page.ReportData.Column;
import io.flagcast.report.page.ReportData.Figure;
import io.flagcast.report.page.ReportData.Group;
import io.flagcast.report.page.ReportData.Table;
import io.flagcast.statistics.Interval;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.spark.sql.Row;

/** Who is enabled, how that came about day by day, and the share that each segment keeps. */
final class AllocationGroup {

    private static final double CONFIDENCE = 0.95;

    private AllocationGroup() {}

    static Group of(ExperimentRows experiment) {
        List<Figure> figures = new ArrayList<>();
        enabledByDay(experiment).ifPresent(figures::add);
        shares(experiment).ifPresent(figures::add);
        List<List<?>> rows = ExperimentRows.reversed(experiment.allocations()).stream()
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
    private static Optional<Figure> enabledByDay(ExperimentRows experiment) {
        List<List<?>> rows = experiment.metricNames().stream()
                .max(Comparator.comparingLong(metric -> experiment
                        .days(metric)
                        .mapToLong(row -> row.<Long>getAs("n"))
                        .sum()))
                .map(metric -> enabledByDay(experiment, metric))
                .orElse(List.of());
        return rows.isEmpty()
                ? Optional.empty()
                : Optional.of(Figure.drawn(
                        "Users who were enabled",
                        Chart.of(
                                Kind.TREND,
                                Map.of("x", "day", "y", "enabled", "series", "segment"),
                                Format.PERCENT,
                                experiment.segments(),
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

    private static List<List<?>> enabledByDay(ExperimentRows experiment, String metric) {
        List<List<?>> result = new ArrayList<>();
        for (String segment : experiment.segmentsDownwards()) {
            Map<Instant, List<Row>> days = experiment
                    .days(metric)
                    .filter(row -> row.getAs("segment").equals(segment))
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

    private static Optional<Figure> shares(ExperimentRows experiment) {
        List<Row> moved = experiment.changes().stream()
                .filter(row -> !row.getAs("cause").equals("bandit")
                        && experiment.segments().contains(row.<String>getAs("segment")))
                .toList();
        if (moved.isEmpty()) {
            return Optional.empty();
        }
        List<List<?>> rows = new ArrayList<>();
        for (String segment : experiment.segmentsDownwards()) {
            rows.add(List.of(experiment.beginning(), segment, 1.0, ""));
            double last = 1;
            for (Row row : moved) {
                if (row.getAs("segment").equals(segment)) {
                    last = row.<Double>getAs("share");
                    rows.add(List.of(Lake.instant(row, "effective_as_of"), segment, last, row.getAs("cause")));
                }
            }
            rows.add(List.of(experiment.snapshot().asOf(), segment, last, ""));
        }
        return Optional.of(Figure.drawn(
                "Share of each segment",
                Chart.of(
                        Kind.STEPS,
                        Map.of("x", "as_of", "y", "share", "series", "segment"),
                        Format.PERCENT,
                        experiment.segments(),
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
}
