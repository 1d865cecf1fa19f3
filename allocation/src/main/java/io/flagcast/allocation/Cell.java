package io.flagcast.allocation;

import java.io.Serializable;
import java.util.Comparator;
import java.util.Objects;

/**
 * What a bandit learns a probability for: a segment, split by the experiment's context columns where it has any.
 *
 * @param segment segment of the score
 * @param context the user's values of the context columns as a JSON object, as {@code {"plan":"pro"}}; empty for the
 *     whole segment
 */
public record Cell(String segment, String context) implements Serializable, Comparable<Cell> {

    private static final Comparator<Cell> ORDER =
            Comparator.comparing(Cell::segment).thenComparing(Cell::context);

    public Cell {
        Objects.requireNonNull(segment, "segment");
        Objects.requireNonNull(context, "context");
    }

    /** The cell of everybody in a segment. */
    public static Cell whole(String segment) {
        return new Cell(segment, "");
    }

    public boolean isWhole() {
        return context.isEmpty();
    }

    @Override
    public int compareTo(Cell other) {
        return ORDER.compare(this, other);
    }

    @Override
    public String toString() {
        return isWhole() ? segment : segment + " " + context;
    }
}
