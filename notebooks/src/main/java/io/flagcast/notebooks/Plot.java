package io.flagcast.notebooks;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * A picture of rows. A notebook shows it; every method gives another plot and leaves this one.
 *
 * @param rows what is drawn, at most {@value #MOST_ROWS} of them
 * @param x column of the horizontal axis: names, instants or numbers
 * @param y column of the vertical axis
 * @param bounds columns of the ends of an interval around each value
 * @param by column whose values are drawn each in a colour of its own
 * @param words title and what stands at the axes
 * @param mark what a value is drawn as
 * @param origin where the vertical axis begins
 * @param guides lines to compare with
 */
public record Plot(
        Rows rows,
        String x,
        String y,
        Optional<Bounds> bounds,
        Optional<String> by,
        Words words,
        Mark mark,
        Origin origin,
        List<Guide> guides) {

    /** Points of the place that a plot takes in a notebook. */
    static final int WIDTH = 900;

    static final int HEIGHT = 420;

    static final int MOST_ROWS = 5_000;

    /** What a value is drawn as. */
    enum Mark {
        DOTS,
        LINES,
        STEPS
    }

    /** Where the vertical axis begins. */
    enum Origin {
        /** Below the lowest value. */
        VALUES,
        /** At zero, as counts and parts of a whole want it. */
        ZERO
    }

    /** Columns of the ends of an interval. */
    record Bounds(String lower, String upper) {}

    /** Title and names of the axes. */
    record Words(String title, String x, String y) {}

    /** A line to compare with. */
    sealed interface Guide {

        String label();

        /** At one height. */
        record Level(double y, String label) implements Guide {}

        /** From the first value to the last, in a straight line. */
        record Chord(String label) implements Guide {}

        /** Where both axes show the same. */
        record Diagonal(String label) implements Guide {}
    }

    public Plot {
        Objects.requireNonNull(rows, "rows");
        Objects.requireNonNull(bounds, "bounds");
        Objects.requireNonNull(by, "by");
        guides = List.copyOf(guides);
    }

    static Plot of(Rows rows, String x, String y) {
        return new Plot(
                rows,
                x,
                y,
                Optional.empty(),
                Optional.empty(),
                new Words("", x.replace('_', ' '), y.replace('_', ' ')),
                Mark.LINES,
                Origin.VALUES,
                List.of());
    }

    Plot between(String lower, String upper) {
        return new Plot(rows, x, y, Optional.of(new Bounds(lower, upper)), by, words, mark, origin, guides);
    }

    /** A colour for every value of a column, as segments or arms. */
    public Plot by(String column) {
        return new Plot(rows, x, y, bounds, Optional.of(column), words, mark, origin, guides);
    }

    /** What it shows. */
    public Plot titled(String title) {
        return new Plot(rows, x, y, bounds, by, new Words(title, words.x(), words.y()), mark, origin, guides);
    }

    /** What stands at the axes, with units. */
    public Plot axes(String ofX, String ofY) {
        return new Plot(rows, x, y, bounds, by, new Words(words.title(), ofX, ofY), mark, origin, guides);
    }

    /** Dots that no line connects. */
    public Plot dots() {
        return new Plot(rows, x, y, bounds, by, words, Mark.DOTS, origin, guides);
    }

    /** A value holds until the next. */
    public Plot steps() {
        return new Plot(rows, x, y, bounds, by, words, Mark.STEPS, origin, guides);
    }

    /** Begins at zero, as counts and parts of a whole want it. */
    public Plot fromZero() {
        return new Plot(rows, x, y, bounds, by, words, mark, Origin.ZERO, guides);
    }

    /** With a line at a height, as a limit. */
    public Plot level(double height, String label) {
        return with(new Guide.Level(height, label));
    }

    /** With a straight line from the first value to the last. */
    public Plot straight(String label) {
        return with(new Guide.Chord(label));
    }

    /** With the line on which both axes show the same. */
    public Plot diagonal(String label) {
        return with(new Guide.Diagonal(label));
    }

    private Plot with(Guide guide) {
        List<Guide> more = new ArrayList<>(guides);
        more.add(guide);
        return new Plot(rows, x, y, bounds, by, words, mark, origin, more);
    }

    /** The picture, with two points for every one of its size; absent where no row has both an x and a y, as in a young lake. */
    Optional<byte[]> png() {
        return Canvas.png(this);
    }

    @Override
    public String toString() {
        return words.title().isEmpty() ? "%s over %s".formatted(words.y(), words.x()) : words.title();
    }
}
