package io.flagcast.jobs.printing;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** Rows of text with aligned columns: numbers to the right, words to the left. */
public final class TextTable {

    private final List<String> columns;
    private final List<List<String>> rows = new ArrayList<>();

    public TextTable(List<String> columns) {
        this.columns = List.copyOf(columns);
    }

    /** Adds a row with a cell per column. */
    public void add(List<String> cells) {
        if (cells.size() != columns.size()) {
            throw new IllegalArgumentException(
                    "a row of %d cells for %d columns".formatted(cells.size(), columns.size()));
        }
        rows.add(
                cells.stream().map(cell -> Objects.requireNonNullElse(cell, "")).toList());
    }

    /** Whether it has no rows. */
    public boolean isEmpty() {
        return rows.isEmpty();
    }

    @Override
    public String toString() {
        int[] widths = new int[columns.size()];
        boolean[] numeric = new boolean[columns.size()];
        for (int i = 0; i < columns.size(); i++) {
            int column = i;
            widths[i] = Math.max(
                    width(columns.get(i)),
                    rows.stream().mapToInt(row -> width(row.get(column))).max().orElse(0));
            numeric[i] = !rows.isEmpty()
                    && rows.stream().allMatch(row -> row.get(column).matches("[-+]?[0-9][0-9.,Ee+-]*( ?%)?|"));
        }
        StringBuilder text = new StringBuilder();
        line(text, columns, widths, numeric);
        for (int i = 0; i < widths.length; i++) {
            text.append(i == 0 ? "" : "  ").append("-".repeat(widths[i]));
        }
        text.append('\n');
        rows.forEach(row -> line(text, row, widths, numeric));
        return text.toString();
    }

    private static int width(String text) {
        return text.codePointCount(0, text.length());
    }

    private static void line(StringBuilder text, List<String> cells, int[] widths, boolean[] numeric) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < widths.length; i++) {
            String padding = " ".repeat(widths[i] - width(cells.get(i)));
            line.append(i == 0 ? "" : "  ").append(numeric[i] ? padding + cells.get(i) : cells.get(i) + padding);
        }
        text.append(line.toString().stripTrailing()).append('\n');
    }
}
