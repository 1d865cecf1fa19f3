package io.flagcast.report;

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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.spark.sql.Row;

/** What enabling did to each metric, by one value of one dimension. */
final class DimensionGroup {

    private DimensionGroup() {}

    /** Parts of the users by one value of one dimension, everybody of the experiment where it is measured so. */
    static Group of(ExperimentRows experiment) {
        List<Figure> figures = new ArrayList<>();
        for (String metric : experiment.metricNames()) {
            Map<List<String>, List<Row>> parts = experiment.metrics().stream()
                    .filter(row -> row.getAs("metric").equals(metric)
                            && row.getAs("window").equals(SegmentMetrics.TOTAL)
                            && SegmentMetrics.isDimension(row.getAs("cell")))
                    .collect(Collectors.groupingBy(
                            row -> List.of(row.<String>getAs("cell"), row.<String>getAs("segment")),
                            LinkedHashMap::new,
                            Collectors.toList()));
            boolean whole = parts.keySet().stream().anyMatch(part -> part.get(1).equals(SegmentMetrics.ALL));
            List<List<?>> rows = new ArrayList<>();
            parts.forEach((part, arms) -> {
                if (!whole || part.get(1).equals(SegmentMetrics.ALL)) {
                    String[] value = part.get(0).split("=", 2);
                    String label = value[1] + (whole ? "" : ", " + part.get(1));
                    rows.add(Arms.of(arms).row(value[0], label));
                }
            });
            rows.sort(Comparator.comparing(row -> (String) row.get(0)));
            if (!rows.isEmpty()) {
                Format format = experiment.format(metric);
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
                                        experiment.segments(),
                                        "enabled − control")
                                .at(0),
                        new Table(
                                metric + " by value of a dimension; " + experiment.intervals(metric)
                                        + ", each for itself",
                                Arms.columns(
                                        format, Column.text("dimension", "dimension"), Column.text("part", "value")),
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
