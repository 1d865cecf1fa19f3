package io.flagcast.notebooks;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * How rows are shown.
 *
 * @param title above the table; absent where the cell says it
 * @param notes sentences below it
 * @param percents columns of fractions that are shown in percent
 * @param order names of segments, the lowest scores first: rows and colours follow it
 */
record Style(Optional<String> title, List<String> notes, Set<String> percents, List<String> order) {

    /** Columns of the tables that are fractions whatever the metric. */
    private static final Set<String> FRACTIONS = Set.of(
            "share",
            "share_before",
            "share_after",
            "propensity",
            "base_probability",
            "uplift",
            "response_if_enabled",
            "response_if_not",
            "exploration",
            "unscored",
            "holdout");

    /** Names that stand behind all segments, in this order. */
    private static final List<String> BEHIND = List.of("unscored", "all");

    Style {
        Objects.requireNonNull(title, "title");
        notes = List.copyOf(notes);
        percents = Set.copyOf(percents);
        order = List.copyOf(order);
    }

    /** The style of rows of a lake with these segments, the lowest scores first. */
    static Style of(List<String> segments) {
        List<String> order = new ArrayList<>(segments);
        BEHIND.stream().filter(name -> !order.contains(name)).forEach(order::add);
        return new Style(Optional.empty(), List.of(), FRACTIONS, order);
    }

    Style titled(String text) {
        return new Style(Optional.of(text), notes, percents, order);
    }

    Style noting(List<String> sentences) {
        return new Style(title, sentences, percents, order);
    }

    Style inPercent(Set<String> columns) {
        Set<String> more = new HashSet<>(percents);
        more.addAll(columns);
        return new Style(title, notes, more, order);
    }

    /** The place of a name among the segments; behind all of them for any other. */
    int place(String name) {
        int place = order.indexOf(name);
        return place < 0 ? order.size() : place;
    }
}
