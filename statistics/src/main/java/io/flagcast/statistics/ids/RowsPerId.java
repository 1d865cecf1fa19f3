package io.flagcast.statistics.ids;

import java.util.Collections;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * How the rows of a table spread over its ids: the ids in classes of about as many rows each. A class is a quarter of an octave, so
 * that the most rows of a class are those of any id in it to within a fifth.
 *
 * @param classes by {@link #classOf}
 */
public record RowsPerId(NavigableMap<Integer, Level> classes) {

    /** Classes from one number of rows to its double. */
    public static final int PER_OCTAVE = 4;

    /** No id. */
    public static final RowsPerId EMPTY = new RowsPerId(new TreeMap<>());

    /**
     * Ids that have about as many rows.
     *
     * @param ids how many
     * @param rows they have together
     * @param most rows of one of them
     */
    public record Level(long ids, long rows, long most) {

        public Level {
            if (ids < 1 || most < 1 || rows < most || rows > ids * most) {
                throw new IllegalArgumentException(
                        "%d rows of %d ids cannot be with %d of one at most".formatted(rows, ids, most));
            }
        }

        private Level merge(Level that) {
            return new Level(ids + that.ids, rows + that.rows, Math.max(most, that.most));
        }
    }

    public RowsPerId {
        classes = Collections.unmodifiableNavigableMap(new TreeMap<>(classes));
    }

    /** The class of an id with so many rows, at least 1. */
    public static int classOf(long rows) {
        return (int) Math.floor(PER_OCTAVE * Math.log((double) rows) / Math.log(2));
    }

    /** Of ids, by the rows of each. */
    public static RowsPerId of(List<Long> rows) {
        TreeMap<Integer, Level> classes = new TreeMap<>();
        rows.forEach(each -> classes.merge(classOf(each), new Level(1, each, each), Level::merge));
        return new RowsPerId(classes);
    }

    /** Of the ids of both, which have none in common. */
    public RowsPerId merge(RowsPerId that) {
        TreeMap<Integer, Level> all = new TreeMap<>(classes);
        that.classes.forEach((number, level) -> all.merge(number, level, Level::merge));
        return new RowsPerId(all);
    }

    public long ids() {
        return classes.values().stream().mapToLong(Level::ids).sum();
    }

    public long rows() {
        return classes.values().stream().mapToLong(Level::rows).sum();
    }

    /** Rows of the id that has the most; 0 without any. */
    public long most() {
        return mostFrom(1);
    }

    /**
     * About as many rows as the id has that is so many places from the top: at least as many, by a fifth at most more.
     *
     * @param place 1 is the id with the most rows
     */
    public long mostFrom(long place) {
        long seen = 0;
        for (Level level : classes.descendingMap().values()) {
            seen += level.ids();
            if (seen >= place) {
                return level.most();
            }
        }
        return 0;
    }
}
