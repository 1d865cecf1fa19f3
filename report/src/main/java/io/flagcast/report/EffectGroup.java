package io.flagcast.report;

import io.flagcast.monitoring.EffectVerdict;
import io.flagcast.monitoring.SegmentMetrics;
import io.flagcast.report.page.Chart;
import io.flagcast.report.page.Chart.Kind;
import io.flagcast.report.page.Format;
import io.flagcast.report.page.ReportData.Column;
import io.flagcast.report.page.ReportData.Figure;
import io.flagcast.report.page.ReportData.Group;
import io.flagcast.report.page.ReportData.Table;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.spark.sql.Row;

/** What enabling did to each metric, segment by segment. */
final class EffectGroup {

    private EffectGroup() {}

    static Group of(ExperimentRows experiment) {
        String title = "Effect versus control";
        List<Figure> figures = new ArrayList<>();
        boolean isWithoutPropensities = false;
        boolean isOfOneArm = false;
        for (String metric : experiment.metricNames()) {
            for (String window : List.of(SegmentMetrics.RECENT, SegmentMetrics.TOTAL)) {
                Map<String, Arms> segments = bySegment(experiment, metric, window);
                if (!segments.isEmpty()) {
                    figures.add(figure(experiment, metric, window, segments));
                }
                isWithoutPropensities |= segments.values().stream().anyMatch(Arms::isWithoutPropensities);
                isOfOneArm |= segments.values().stream().anyMatch(Arms::isOfOneArm);
            }
        }
        return figures.isEmpty()
                ? Group.absent(title, "No outcome window has closed yet, so nothing is measured.")
                : new Group(
                        title,
                        "Enabled minus control by intention to treat, weighted by the logged propensity (Hájek); adjusted"
                                + " by the pre-period (CUPED) where one is declared."
                                + (isOfOneArm ? " It is absent where everybody or nobody was enabled." : "")
                                + (isWithoutPropensities
                                        ? " It is absent where no propensity between 0 and 1 is logged with the users of an"
                                                + " arm: " + EffectVerdict.MAP_PROPENSITY + "."
                                        : ""),
                        figures);
    }

    private static Figure figure(ExperimentRows experiment, String metric, String window, Map<String, Arms> segments) {
        Format format = experiment.format(metric);
        boolean isRecent = window.equals(SegmentMetrics.RECENT);
        Chart chart = Chart.of(
                        Kind.INTERVALS,
                        Map.of("label", "segment", "value", "effect", "also", "adjusted", "n", "n"),
                        format.ofDifference(),
                        experiment.segments(),
                        "enabled − control")
                .at(0);
        List<List<?>> rows = new ArrayList<>();
        segments.forEach((segment, arms) -> rows.add(arms.row(segment)));
        return Figure.drawn(
                metric + (isRecent ? ", newest 7 days" : ", since the beginning"),
                chart,
                new Table(
                        "%s of users whose outcome window has closed%s, by segment; %s"
                                .formatted(
                                        metric,
                                        isRecent ? " in the newest seven days" : "",
                                        experiment.intervals(metric)),
                        Arms.columns(format, Column.text("segment", "segment")),
                        rows));
    }

    /** A window of a metric by segment: highest scores first, everybody last. */
    private static Map<String, Arms> bySegment(ExperimentRows experiment, String metric, String window) {
        Map<String, List<Row>> rows = experiment.metrics().stream()
                .filter(row -> row.getAs("metric").equals(metric)
                        && row.getAs("window").equals(window)
                        && row.getAs("cell").equals(""))
                .collect(Collectors.groupingBy(row -> row.getAs("segment")));
        List<String> order = new ArrayList<>(experiment.segmentsDownwards());
        order.addAll(List.of(SegmentMetrics.UNSCORED, SegmentMetrics.ALL));
        Map<String, Arms> segments = new LinkedHashMap<>();
        order.stream().filter(rows::containsKey).forEach(segment -> segments.put(segment, Arms.of(rows.get(segment))));
        return segments;
    }
}
