package io.flagcast.notebooks;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * How rows are shown.
 *
 * @param title above the table; absent where the cell says it
 * @param notes sentences below it
 * @param units of columns, where they are not plain numbers
 * @param order names of segments, the lowest scores first: rows and colours follow it
 */
record Style(Optional<String> title, List<String> notes, Map<String, Unit> units, List<String> order) {

    /** Columns of the tables that have a unit whatever the metric. */
    private static final Map<String, Unit> KNOWN = Map.ofEntries(
            Map.entry("share", Unit.PERCENT),
            Map.entry("share_before", Unit.PERCENT),
            Map.entry("share_after", Unit.PERCENT),
            Map.entry("propensity", Unit.PERCENT),
            Map.entry("base_probability", Unit.PERCENT),
            Map.entry("uplift", Unit.POINTS),
            Map.entry("response_if_enabled", Unit.PERCENT),
            Map.entry("response_if_not", Unit.PERCENT),
            Map.entry("exploration", Unit.PERCENT),
            Map.entry("unscored", Unit.PERCENT),
            Map.entry("holdout", Unit.PERCENT));

    /** Names that stand behind all segments, in this order. */
    private static final List<String> BEHIND = List.of("unscored", "all");

    Style {
        Objects.requireNonNull(title, "title");
        notes = List.copyOf(notes);
        units = Map.copyOf(units);
        order = List.copyOf(order);
    }

    /** The style of rows of a lake with these segments, the lowest scores first. */
    static Style of(List<String> segments) {
        List<String> order = new ArrayList<>(segments);
        BEHIND.stream().filter(name -> !order.contains(name)).forEach(order::add);
        return new Style(Optional.empty(), List.of(), KNOWN, order);
    }

    Style titled(String text) {
        return new Style(Optional.of(text), notes, units, order);
    }

    Style noting(List<String> sentences) {
        return new Style(title, sentences, units, order);
    }

    Style in(Unit unit, Collection<String> columns) {
        Map<String, Unit> more = new HashMap<>(units);
        columns.forEach(column -> more.put(column, unit));
        return new Style(title, notes, more, order);
    }

    /** What a column is shown in. */
    Unit unit(String column) {
        return units.getOrDefault(column, Unit.NUMBER);
    }

    /** The place of a name among the segments; behind all of them for any other. */
    int place(String name) {
        int place = order.indexOf(name);
        return place < 0 ? order.size() : place;
    }
}
