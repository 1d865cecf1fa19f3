package io.flagcast.notebooks;

import static org.apache.spark.sql.functions.array_position;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DoubleType;
import org.apache.spark.sql.types.StructField;

/**
 * Rows of a lake, asked when they are looked at. A notebook shows them as a table.
 *
 * @param data the rows
 * @param style how they are shown
 */
public record Rows(Dataset<Row> data, Style style) {

    /** Rows that a table shows; of more it says how many there are. */
    static final int MOST_SHOWN = 20;

    public Rows {
        Objects.requireNonNull(data, "data");
        Objects.requireNonNull(style, "style");
    }

    /** The rows for which a condition in SQL holds, as {@code "segment = 'high' AND n > 100"}. */
    public Rows where(String condition) {
        return new Rows(data.where(condition), style);
    }

    /** These columns, or expressions in SQL over them, as {@code "round(score) AS score"}. */
    public Rows select(String... expressions) {
        return new Rows(data.selectExpr(expressions), style);
    }

    /** In the order of these columns, of which each may end with {@code desc}; segments by their scores, the lowest first. */
    public Rows orderBy(String... columns) {
        return new Rows(data.orderBy(Arrays.stream(columns).map(this::order).toArray(Column[]::new)), style);
    }

    private Column order(String column) {
        boolean falling = column.toLowerCase(Locale.ROOT).endsWith(" desc");
        String name = falling ? column.substring(0, column.length() - " desc".length()) : column;
        Column key = name.equals("segment") && !style.order().isEmpty() ? place(name) : expr(name);
        return falling ? key.desc() : key.asc();
    }

    private Column place(String name) {
        return array_position(lit(style.order().toArray(String[]::new)), col(name));
    }

    /** The first rows alone. */
    public Rows limit(int rows) {
        return new Rows(data.limit(rows), style);
    }

    /** Shows these columns, or without any all that hold fractional numbers, in percent. */
    public Rows inPercent(String... columns) {
        return in(Unit.PERCENT, columns);
    }

    /** Shows these columns, or without any all that hold fractional numbers, as differences in percentage points. */
    public Rows inPoints(String... columns) {
        return in(Unit.POINTS, columns);
    }

    private Rows in(Unit unit, String... columns) {
        return new Rows(data, style.in(unit, columns.length > 0 ? List.of(columns) : fractional()));
    }

    private List<String> fractional() {
        return Arrays.stream(data.schema().fields())
                .filter(field -> field.dataType() instanceof DoubleType)
                .map(StructField::name)
                .toList();
    }

    /** With a title above the table. */
    public Rows titled(String title) {
        return new Rows(data, style.titled(title));
    }

    /** A plot of {@code y} over {@code x}: over names as dots, over days and numbers as lines. */
    public Plot plot(String x, String y) {
        return Plot.of(this, x, y);
    }

    /** The same with the interval of every value. */
    public Plot plot(String x, String y, String lower, String upper) {
        return Plot.of(this, x, y).between(lower, upper);
    }

    /** The value of the first column in the first row, as text: an id to go on with. */
    public String first() {
        List<Row> one = data.takeAsList(1);
        if (one.isEmpty()) {
            throw new IllegalStateException("there are no rows");
        }
        return String.valueOf(one.get(0).get(0));
    }

    /** The rows as HTML. */
    String html() {
        List<Row> known = data.takeAsList(MOST_SHOWN + 1);
        List<Row> shown = known.subList(0, Math.min(MOST_SHOWN, known.size()));
        List<String> below = new ArrayList<>();
        if (known.size() > MOST_SHOWN) {
            below.add("… %,d more".formatted(data.count() - MOST_SHOWN));
        }
        if (known.isEmpty()) {
            below.add("no rows");
        }
        below.addAll(style.notes());
        return HtmlTable.of(style.title().stream().toList(), known.isEmpty() ? List.of() : columns(shown), below);
    }

    private List<TextColumn> columns(List<Row> shown) {
        String[] names = data.columns();
        List<List<Object>> values = new ArrayList<>();
        List<Double> fractions = new ArrayList<>();
        for (int i = 0; i < names.length; i++) {
            List<Object> column = new ArrayList<>();
            for (Row row : shown) {
                column.add(row.get(i));
                if (style.unit(names[i]) != Unit.NUMBER && row.get(i) instanceof Number number) {
                    fractions.add(number.doubleValue());
                }
            }
            values.add(column);
        }
        int percentDigits = Numbers.percentDigits(fractions);
        List<TextColumn> columns = new ArrayList<>();
        for (int i = 0; i < names.length; i++) {
            columns.add(TextColumn.of(names[i], values.get(i), style.unit(names[i]), percentDigits));
        }
        return columns;
    }

    @Override
    public String toString() {
        return "rows of " + String.join(", ", data.columns());
    }
}
