package io.flagcast.report;

import io.flagcast.lake.Lake;
import io.flagcast.report.page.Chart;
import io.flagcast.report.page.Chart.Kind;
import io.flagcast.report.page.Format;
import io.flagcast.report.page.ReportData.Column;
import io.flagcast.report.page.ReportData.Figure;
import io.flagcast.report.page.ReportData.Group;
import io.flagcast.report.page.ReportData.Section;
import io.flagcast.report.page.ReportData.Table;
import io.flagcast.rules.checks.Check;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.apache.spark.sql.Row;

/** What belongs to no experiment: inputs, the run, and features that no experiment rolls out. */
final class LakeSection {

    private LakeSection() {}

    static Section of(Snapshot snapshot) {
        List<Group> groups = new ArrayList<>();
        groups.add(inputs(Snapshot.of(snapshot.findings(), "")));
        groups.add(quarantine(snapshot));
        groups.add(stages(snapshot));
        return new Section(
                "inputs", "Inputs and the run", "What came in, what was refused, and how long it took.", groups);
    }

    /** Features with scores that no experiment has, each as a section. */
    static List<Section> furtherFeatures(Snapshot snapshot) {
        Set<String> features = new TreeSet<>(snapshot.scores().stream()
                .map(row -> row.<String>getAs("feature_id"))
                .toList());
        snapshot.experiments().forEach(id -> snapshot.feature(id).ifPresent(features::remove));
        if (features.isEmpty()) {
            return List.of();
        }
        List<Group> groups = features.stream()
                .flatMap(id -> ModelGroups.of(snapshot, Optional.of(id), List.of()).stream()
                        .map(group -> new Group(id, group.text(), group.figures())))
                .toList();
        return List.of(new Section("features", "Other features", "Scored, and rolled out by no experiment.", groups));
    }

    private static Group inputs(List<Row> findings) {
        if (findings.isEmpty()) {
            return Group.absent(
                    "Freshness, volume and user ids", "No check of the inputs has run for this publication.");
        }
        List<Figure> figures = new ArrayList<>();
        figures.addAll(CheckGroups.tables(findings));
        for (Row finding : findings) {
            if (Check.VOLUME.label().equals(finding.getAs("check"))) {
                volume(finding).ifPresent(figures::add);
            }
        }
        return new Group("Freshness, volume and user ids", "", figures);
    }

    private static Optional<Figure> volume(Row finding) {
        List<List<?>> rows = new ArrayList<>();
        for (Part day : Part.of(finding)) {
            rows.add(List.of(day.name(), day.estimate(), day.expected()));
        }
        return rows.isEmpty()
                ? Optional.empty()
                : Optional.of(Figure.drawn(
                        "Rows of %s a day".formatted(finding.<String>getAs("subject")),
                        Chart.of(
                                Kind.BINS,
                                Map.of("label", "day", "actual", "rows", "expected", "usual"),
                                Format.COUNT,
                                List.of("rows", "usual"),
                                "days before the as-of"),
                        new Table(
                                "Rows by day, counted from the as-of; usual: as the check has it",
                                List.of(
                                        Column.text("day", "day"),
                                        Column.count("rows", "rows"),
                                        Column.count("usual", "usual")),
                                rows)));
    }

    private static Group quarantine(Snapshot snapshot) {
        String title = "Refused rows";
        if (snapshot.quarantine().isEmpty()) {
            return Group.absent(title, "No input row was refused.");
        }
        return new Group(
                title,
                "",
                List.of(Figure.table(
                        "Quarantine",
                        new Table(
                                "Rows that were set aside, by reason",
                                List.of(
                                        Column.text("input", "input"),
                                        Column.count("rows", "rows"),
                                        Column.text("reason", "reason")),
                                snapshot.quarantine().stream()
                                        .<List<?>>map(row -> List.of(
                                                row.<String>getAs("source_table"),
                                                row.<Long>getAs("rows"),
                                                row.<String>getAs("reason")))
                                        .toList()))));
    }

    private static Group stages(Snapshot snapshot) {
        String title = "The run";
        if (snapshot.stages().isEmpty()) {
            return Group.absent(
                    title,
                    "Of run %s no stage is recorded."
                            .formatted(snapshot.publication().runId()));
        }
        return new Group(
                title,
                "",
                List.of(Figure.table(
                        snapshot.publication().runId(),
                        new Table(
                                "Stages in their order",
                                List.of(
                                        Column.text("stage", "stage"),
                                        Column.text("outcome", "state"),
                                        new Column("started", "started", Format.INSTANT),
                                        new Column("seconds", "seconds", Format.NUMBER),
                                        Column.count("in", "rows in"),
                                        Column.count("out", "rows out"),
                                        Column.count("refused", "refused")),
                                snapshot.stages().stream()
                                        .<List<?>>map(row -> List.of(
                                                row.<String>getAs("stage"),
                                                row.<String>getAs("state"),
                                                Lake.instant(row, "started_at"),
                                                row.<Double>getAs("seconds"),
                                                row.<Long>getAs("rows_in"),
                                                row.<Long>getAs("rows_out"),
                                                row.<Long>getAs("rows_quarantined")))
                                        .toList()))));
    }
}
