package io.flagcast.report;

import io.flagcast.allocation.Cell;
import io.flagcast.lake.Json;
import io.flagcast.lake.Lake;
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
import java.util.TreeMap;
import org.apache.spark.sql.Row;

/** What a bandit has learned. */
final class BanditGroup {

    private BanditGroup() {}

    /** Absent where no bandit has learned anything yet. */
    static Optional<Group> of(ExperimentRows experiment) {
        List<List<?>> rows = new ArrayList<>();
        Map<Cell, Row> newest = new TreeMap<>();
        for (Row row : experiment.changes()) {
            if (row.getAs("base_probability") != null) {
                Cell cell = new Cell(row.getAs("segment"), row.getAs("cell"));
                if (newest.put(cell, row) == null) {
                    before(row)
                            .ifPresent(start -> rows.add(List.of(experiment.beginning(), cell.toString(), start, 0L)));
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
        newest.forEach((cell, row) -> rows.add(List.of(
                experiment.snapshot().asOf(), cell.toString(), row.<Double>getAs("base_probability"), users(row))));
        List<String> cells = newest.keySet().stream()
                .sorted(Comparator.<Cell>comparingInt(
                                cell -> experiment.segments().indexOf(cell.segment()))
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

    /** What a cell's probability was before its first update. */
    static Optional<Double> before(Row change) {
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
}
