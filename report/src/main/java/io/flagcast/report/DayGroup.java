package io.flagcast.report;

import io.flagcast.lake.Lake;
import io.flagcast.monitoring.SegmentMetrics;
import io.flagcast.report.page.Chart;
import io.flagcast.report.page.Chart.Kind;
import io.flagcast.report.page.Format;
import io.flagcast.report.page.ReportData.Column;
import io.flagcast.report.page.ReportData.Figure;
import io.flagcast.report.page.ReportData.Group;
import io.flagcast.report.page.ReportData.Table;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Each metric day by day, segment by segment and arm by arm. */
final class DayGroup {

    private DayGroup() {}

    static Group of(ExperimentRows experiment) {
        String title = "Day by day";
        List<Figure> figures = new ArrayList<>();
        for (String metric : experiment.metricNames()) {
            List<String> facets = Stream.concat(
                            experiment.segmentsDownwards().stream(),
                            Stream.of(SegmentMetrics.UNSCORED, SegmentMetrics.ALL))
                    .toList();
            List<List<?>> rows = experiment
                    .days(metric)
                    .filter(row -> facets.contains(row.<String>getAs("segment")))
                    .filter(row -> row.getAs("metric_value") != null)
                    .sorted(Comparator.comparingInt(row -> facets.indexOf(row.<String>getAs("segment"))))
                    .<List<?>>map(row -> List.of(
                            Lake.instant(row, "window_start"),
                            row.<String>getAs("segment"),
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
                                experiment.format(metric),
                                experiment.segments(),
                                metric),
                        new Table(
                                metric + " by the day on which the outcome window closed; "
                                        + experiment.intervals(metric),
                                List.of(
                                        new Column("day", "day", Format.DAY),
                                        Column.text("segment", "segment"),
                                        Column.text("arm", "arm"),
                                        Column.count("n", "n"),
                                        new Column("value", metric, experiment.format(metric))),
                                rows)));
            }
        }
        return figures.isEmpty()
                ? Group.absent(title, "No day has been measured yet.")
                : new Group(title, "A day counts the users whose outcome window closed on it.", figures);
    }
}
