package io.flagcast.tables;

import io.flagcast.tables.Table.ColumnSet;
import io.flagcast.tables.Table.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** The part of {@code docs/tables.md} that the contracts say. */
final class TablesPage {

    static final String BEGIN = "<!-- tables: written by TablesPageTest from the contracts -->";
    static final String END = "<!-- tables: end -->";

    /**
     * A table in which the columns of another find a row.
     *
     * @param table where
     * @param by the other's columns, each with the column of this table that it equals
     */
    private record Target(Table table, Map<String, String> by) {

        private static Target of(Table table, String... columns) {
            return new Target(table, List.of(columns).stream().collect(Collectors.toMap(name -> name, name -> name)));
        }

        private boolean isOf(Table from) {
            return !from.equals(table) && from.columnNames().containsAll(by.keySet());
        }

        private String text(Table from) {
            List<String> names =
                    from.columnNames().stream().filter(by::containsKey).toList();
            return "[`%s`](#%1$s) by %s"
                    .formatted(
                            table.name(),
                            names.stream()
                                    .map(name -> by.get(name).equals(name)
                                            ? "`" + name + "`"
                                            : "`" + name + "` = `" + by.get(name) + "`")
                                    .collect(Collectors.joining(", ")));
        }
    }

    private static final List<Target> TARGETS = List.of(
            Target.of(Tables.USER_PROFILES, "user_id"),
            Target.of(Tables.EXPERIMENTS, "experiment_id"),
            Target.of(Tables.ALLOCATIONS, "experiment_id", "user_id"),
            Target.of(Tables.RESPONSIVENESS_SCORES, "feature_id", "user_id"),
            Target.of(Tables.ENROLMENTS, "experiment_id", "user_id"),
            Target.of(Tables.MODEL_RUNS, "model_id"),
            new Target(
                    Tables.ALLOCATION_PARAMETERS,
                    Map.of("experiment_id", "experiment_id", "parameters_version", "version")),
            Target.of(Tables.RULE_DECISIONS, "decision_id"),
            Target.of(Tables.ALERTS, "fingerprint"));

    private TablesPage() {}

    static String text() {
        List<String> lines = new ArrayList<>();
        lines.add(BEGIN);
        chapter(lines, Kind.SLICE, "Tables of a run", """
                Each run writes its own rows, which a publication makes live. By their names they are the live ones, as
                `history.<table>` those of all runs that are kept; `run_id` tells them apart.""");
        chapter(lines, Kind.APPEND, "Records", """
                Only ever appended to, and the same by name and as `history.<table>`: what was trained, changed, told, run and
                published.""");
        chapter(lines, Kind.INPUT, "Inputs", """
                Yours, read from `flagcast.sources` with the expressions of the configuration. They are not in the lake and `sql` does
                not know them.""");
        lines.add(END);
        return String.join("\n", lines) + "\n";
    }

    private static void chapter(List<String> lines, Kind kind, String title, String says) {
        lines.addAll(List.of("", "## " + title, "", says));
        Tables.of(kind).forEach(table -> table(lines, table));
    }

    private static void table(List<String> lines, Table table) {
        lines.addAll(List.of("", "### " + table.name(), "", "A row is " + table.doc() + "."));
        if (!table.key().isEmpty()) {
            lines.add("Key: " + code(table.key()) + (table.kind() == Kind.SLICE ? ", of each run." : "."));
        }
        List<String> joins = TARGETS.stream()
                .filter(target -> table.kind() != Kind.INPUT && target.isOf(table))
                .map(target -> target.text(table))
                .toList();
        if (!joins.isEmpty()) {
            lines.add("Joins " + String.join("; ", joins) + ".");
        }
        lines.addAll(List.of("", "| column | type | | what it is |", "|---|---|---|---|"));
        table.columns().forEach(column -> lines.add(line(column)));
        if (table.columnSet() == ColumnSet.OPEN) {
            lines.add("| … | as configured | may be absent | %s |"
                    .formatted(
                            table.kind() == Kind.INPUT
                                    ? "attributes, by name: predictors and protected ones"
                                    : "predictors of `flagcast.users.predictors`, by name"));
        }
    }

    private static String line(Column column) {
        String codes = column.codes().isEmpty() ? "" : ": " + code(column.codes());
        return "| `%s` | %s | %s | %s |"
                .formatted(
                        column.name(),
                        column.type(),
                        column.isRequired() ? "always" : "may be absent",
                        (column.doc() + codes).replace("<", "&lt;"));
    }

    private static String code(List<String> names) {
        return names.stream().map(name -> "`" + name + "`").collect(Collectors.joining(", "));
    }
}
