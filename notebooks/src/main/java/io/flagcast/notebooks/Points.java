package io.flagcast.notebooks;

import io.flagcast.notebooks.Plot.Bounds;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;

/**
 * The values of a plot on its axes.
 *
 * @param axis what the horizontal axis holds
 * @param names at 0, 1, 2, … of an axis of names
 * @param series the points of each colour by its label, which is empty where there is one colour
 */
record Points(Axis axis, List<String> names, Map<String, List<Point>> series) {

    private static final double SECONDS_OF_DAY = 86_400;

    /** What a horizontal axis holds. */
    enum Axis {
        NAMES,
        DAYS,
        NUMBERS
    }

    /** A value with its interval. */
    record Point(double x, double y, OptionalDouble lower, OptionalDouble upper) {}

    /** Reads the rows of a plot; those without an x or a y are left out. */
    static Points of(Plot plot) {
        List<Row> rows = rows(plot);
        List<Object> xs = rows.stream().map(row -> row.get(0)).toList();
        Axis axis = xs.stream().allMatch(Points::isInstant)
                ? Axis.DAYS
                : xs.stream().allMatch(Number.class::isInstance) ? Axis.NUMBERS : Axis.NAMES;
        Style style = plot.rows().style();
        Comparator<String> placed = Comparator.comparingInt(style::place);
        List<String> names = axis == Axis.NAMES
                ? xs.stream().map(String::valueOf).distinct().sorted(placed).toList()
                : List.of();
        Map<String, List<Point>> series = new LinkedHashMap<>();
        rows.stream()
                .map(row -> String.valueOf(row.get(4)))
                .distinct()
                .sorted(placed)
                .forEach(label -> series.put(label, new ArrayList<>()));
        for (Row row : rows) {
            double x = switch (axis) {
                case NAMES -> names.indexOf(String.valueOf(row.get(0)));
                case DAYS -> instant(row.get(0)).getEpochSecond() / SECONDS_OF_DAY;
                case NUMBERS -> ((Number) row.get(0)).doubleValue();
            };
            series.get(String.valueOf(row.get(4)))
                    .add(new Point(x, number(row, 1).orElseThrow(), number(row, 2), number(row, 3)));
        }
        series.values().forEach(points -> points.sort(Comparator.comparingDouble(Point::x)));
        return new Points(axis, names, series);
    }

    private static List<Row> rows(Plot plot) {
        Column absent = functions.lit(null).cast("double");
        Optional<Bounds> bounds = plot.bounds();
        return plot
                .rows()
                .data()
                .select(
                        functions.col(plot.x()),
                        functions.col(plot.y()).cast("double"),
                        bounds.map(known -> functions.col(known.lower()).cast("double"))
                                .orElse(absent),
                        bounds.map(known -> functions.col(known.upper()).cast("double"))
                                .orElse(absent),
                        plot.by().map(functions::col).orElse(functions.lit("")).cast("string"))
                .limit(Plot.MOST_ROWS)
                .collectAsList()
                .stream()
                .filter(row -> !row.isNullAt(0) && !row.isNullAt(1))
                .toList();
    }

    private static boolean isInstant(Object value) {
        return value instanceof java.sql.Timestamp || value instanceof Instant;
    }

    private static Instant instant(Object value) {
        return value instanceof java.sql.Timestamp timestamp ? timestamp.toInstant() : (Instant) value;
    }

    private static OptionalDouble number(Row row, int place) {
        return row.isNullAt(place) ? OptionalDouble.empty() : OptionalDouble.of(row.getDouble(place));
    }

    /** All points, whatever their colour. */
    List<Point> all() {
        return series.values().stream().flatMap(List::stream).toList();
    }

    /** The lowest and the highest value that is drawn, ends of intervals included. */
    double[] heights() {
        List<Double> heights = new ArrayList<>();
        for (Point point : all()) {
            heights.add(point.y());
            point.lower().ifPresent(heights::add);
            point.upper().ifPresent(heights::add);
        }
        return new double[] {
            heights.stream().mapToDouble(Double::doubleValue).min().orElse(0),
            heights.stream().mapToDouble(Double::doubleValue).max().orElse(1)
        };
    }

    /** The points of the only colour, or of all together, by their place. */
    List<Point> inOrder() {
        Map<Double, Point> byX = new TreeMap<>();
        all().forEach(point -> byX.putIfAbsent(point.x(), point));
        return List.copyOf(byX.values());
    }
}
