package io.flagcast.report;

import io.flagcast.allocation.Cell;
import io.flagcast.lake.Lake;
import io.flagcast.report.page.Chart;
import io.flagcast.report.page.Chart.Kind;
import io.flagcast.report.page.Estimate;
import io.flagcast.report.page.Format;
import io.flagcast.report.page.ReportData.Column;
import io.flagcast.report.page.ReportData.Figure;
import io.flagcast.report.page.ReportData.Group;
import io.flagcast.report.page.ReportData.Table;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Row;

/** What rules found at every evaluation, and what changed the allocation. */
final class RuleGroup {

    private RuleGroup() {}

    static Group of(ExperimentRows experiment) {
        Map<String, Row> byDecision = new LinkedHashMap<>();
        experiment.decisions().stream()
                .filter(row -> !Lake.instant(row, "as_of")
                        .isBefore(experiment.snapshot().asOf().minus(Snapshot.DAYS)))
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
        List<List<?>> rows = ExperimentRows.reversed(worthTelling(experiment)).stream()
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
    private static List<Row> worthTelling(ExperimentRows experiment) {
        String last = experiment.changes().stream()
                .filter(row -> row.getAs("cause").equals("bandit"))
                .map(row -> row.<String>getAs("decision_id"))
                .reduce((earlier, later) -> later)
                .orElse("");
        return experiment.changes().stream()
                .filter(row -> !row.getAs("cause").equals("bandit")
                        || row.getAs("decision_id").equals(last))
                .toList();
    }
}
