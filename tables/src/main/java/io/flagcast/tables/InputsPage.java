package io.flagcast.tables;

import io.flagcast.tables.Table.ColumnSet;
import io.flagcast.tables.Table.Kind;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/** What the input tables have to be, as text for people: their columns, and rows as an example. */
public final class InputsPage {

    /** Rows of each table as CSV, the first being the names. Several users of one shop, as they would be delivered. */
    static final Map<String, List<String>> EXAMPLES = Map.of(
            "users",
            List.of("user_id,plan,country,age", "u-1001,pro,DE,34", "u-1002,free,FR,"),
            "events",
            List.of(
                    "user_id,feature_id,value,occurred_at",
                    "u-1001,saved_search,2,2026-03-06T09:12:00Z",
                    "u-1001,saved_search,,2026-03-06T18:40:00Z"),
            "exposures",
            List.of(
                    "experiment_id,user_id,enabled,exposed_at,propensity",
                    "checkout_v2_rollout,u-1001,true,2026-03-06T10:30:00Z,0.5",
                    "checkout_v2_rollout,u-1002,false,2026-03-06T10:31:00Z,0.5"),
            "outcomes",
            List.of(
                    "user_id,outcome,value,occurred_at",
                    "u-1001,purchase,49.90,2026-03-06T10:42:00Z",
                    "u-1001,purchase,12.00,2026-03-06T11:05:00Z"));

    private static final String PROPENSITY = """
            A missing `propensity`: the exposure is joined to the allocation that was live at `exposed_at` and has its score and segment, and where
            it is the same answer its propensity. Where none was live, or it is another answer, the exposure counts in the metrics of its arm, but in
            no effect versus control, which is absent for want of it; a model that learns from it estimates the propensity by a logistic regression
            on the predictors and says so. A test that was drawn with one probability maps it: `columns { propensity = "0.5" }`.""";

    private InputsPage() {}

    /** A chapter per input table, in Markdown that reads well as it is. */
    public static String text() {
        List<String> lines = new ArrayList<>();
        for (Table table : Tables.of(Kind.INPUT)) {
            lines.addAll(List.of("## " + table.name(), "", "A row is " + table.doc() + "."));
            if (!table.key().isEmpty()) {
                lines.add("One row per " + String.join(", ", table.key()) + ".");
            }
            lines.add("");
            lines.addAll(columns(table));
            if (table.columnNames().contains("propensity")) {
                lines.addAll(List.of("", PROPENSITY));
            }
            lines.addAll(List.of("", "```csv"));
            lines.addAll(EXAMPLES.get(table.name()));
            lines.addAll(List.of("```", ""));
        }
        return String.join("\n", lines);
    }

    private static List<String> columns(Table table) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("column", "type", "", "what it is"));
        table.columns()
                .forEach(column -> rows.add(List.of(
                        "`" + column.name() + "`",
                        column.type(),
                        column.isRequired() ? "required" : "may be absent",
                        column.comment())));
        if (table.columnSet() == ColumnSet.OPEN) {
            rows.add(List.of(
                    "any other",
                    "number, BOOLEAN or STRING",
                    "may be absent",
                    "an attribute: a predictor or protected where `flagcast.users` names it"));
        }
        List<Integer> widths = new ArrayList<>(Collections.nCopies(4, 0));
        for (List<String> row : rows) {
            for (int i = 0; i < 4; i++) {
                widths.set(i, Math.max(widths.get(i), row.get(i).length()));
            }
        }
        List<String> lines = new ArrayList<>();
        for (List<String> row : rows) {
            lines.add(line(row, widths));
            if (lines.size() == 1) {
                lines.add("|"
                        + String.join(
                                "|",
                                widths.stream()
                                        .map(width -> "-".repeat(width + 2))
                                        .toList()) + "|");
            }
        }
        return lines;
    }

    private static String line(List<String> row, List<Integer> widths) {
        StringBuilder line = new StringBuilder("|");
        for (int i = 0; i < row.size(); i++) {
            line.append(' ')
                    .append(row.get(i))
                    .append(" ".repeat(widths.get(i) - row.get(i).length()))
                    .append(" |");
        }
        return line.toString();
    }
}
