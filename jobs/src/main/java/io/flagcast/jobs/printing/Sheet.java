package io.flagcast.jobs.printing;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * What a command prints of its rows: one description for the table that people read and for the CSV and JSON that programs
 * read. Values are typed: numbers, booleans, text, instants, lists and maps of such. An empty optional is a value that the
 * row does not have: its key is left out of JSON; null is a value that is not known: JSON says null. CSV leaves both empty.
 *
 * @param name tells the tables of a command apart: JSON has it as {@value #NAME}. A command with one table needs none
 * @param columns in their order
 * @param <T> a row
 */
public record Sheet<T>(Optional<String> name, List<Column<T>> columns) {

    /** The key of a sheet's name in JSON. */
    public static final String NAME = "table";

    public Sheet {
        columns = List.copyOf(columns);
    }

    /** The only table of a command. */
    public static <T> Sheet<T> unnamed() {
        return new Sheet<>(Optional.empty(), List.of());
    }

    /** One of the tables of a command. */
    public static <T> Sheet<T> named(String name) {
        return new Sheet<>(Optional.of(name), List.of());
    }

    /** A column that people see as programs do. */
    public Sheet<T> column(String heading, String key, Function<? super T, ?> value) {
        return column(heading, key, value, Shown.PLAIN);
    }

    /** A column of values that people are shown in a form of their own. */
    public Sheet<T> column(String heading, String key, Function<? super T, ?> value, Shown shown) {
        return with(new Column<>(Optional.of(heading), row -> shown.of(value.apply(row)), Optional.of(key), value));
    }

    /** A column of tables alone, for people. */
    public Sheet<T> text(String heading, Function<? super T, String> text) {
        return with(new Column<>(Optional.of(heading), text, Optional.empty(), row -> null));
    }

    /** A column of CSV and JSON alone, for programs. */
    public Sheet<T> value(String key, Function<? super T, ?> value) {
        return with(new Column<>(Optional.empty(), row -> "", Optional.of(key), value));
    }

    Sheet<T> with(Column<T> column) {
        List<Column<T>> more = new ArrayList<>(columns);
        more.add(column);
        return new Sheet<>(name, more);
    }

    /** Its headings, over cells from {@link #cells}. */
    List<String> headings() {
        return columns.stream().flatMap(column -> column.heading().stream()).toList();
    }

    List<String> cells(T row) {
        return columns.stream()
                .filter(column -> column.heading().isPresent())
                .map(column -> column.text().apply(row))
                .toList();
    }

    /** The names of its values in CSV. */
    List<String> keys() {
        return columns.stream().flatMap(column -> column.key().stream()).toList();
    }

    /** The values of a row as JSON has them, in the order of {@link #keys}; null for what is absent, too. */
    List<Object> values(T row) {
        List<Object> values = new ArrayList<>();
        columns.stream()
                .filter(column -> column.key().isPresent())
                .forEach(column -> values.add(Values.json(column.value().apply(row))));
        return values;
    }

    /** A row as JSON has it. */
    public Map<String, Object> object(T row) {
        Map<String, Object> object = new LinkedHashMap<>();
        name.ifPresent(known -> object.put(NAME, known));
        for (Column<T> column : columns) {
            column.key().ifPresent(key -> {
                Object value = column.value().apply(row);
                if (!Values.isAbsent(value)) {
                    object.put(key, Values.json(value));
                }
            });
        }
        return object;
    }
}
