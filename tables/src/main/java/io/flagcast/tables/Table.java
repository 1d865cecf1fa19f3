package io.flagcast.tables;

import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A Delta table: its name, what one row is, its columns and its key.
 *
 * @param name snake_case name, also the folder below the lake's root
 * @param kind how the table is written and read
 * @param columns the declared columns; a slice starts with {@code run_id} and {@code as_of}
 * @param key columns that identify a row (of one slice); empty where rows are not unique
 * @param columnSet whether configuration adds columns to the declared ones
 * @param doc what one row is
 */
public record Table(String name, Kind kind, List<Column> columns, List<String> key, ColumnSet columnSet, String doc) {

    /** How a table is written. */
    public enum Kind {
        /** Read from a source, never written. */
        INPUT,
        /** Partitioned by {@code run_id}, replaced whole, visible only through a publication. */
        SLICE,
        /** Only ever appended to. */
        APPEND
    }

    /** Whether a table has more columns than it declares. */
    public enum ColumnSet {
        /** Exactly the declared columns. */
        CLOSED,
        /** The declared columns, then attributes or predictors by name. */
        OPEN
    }

    private static final List<Column> SLICE_COLUMNS = List.of(
            Column.required("run_id", "STRING", "run that wrote the row"),
            Column.required("as_of", "TIMESTAMP", "instant up to which that run looked"));

    public Table {
        Objects.requireNonNull(kind, "kind");
        columns = kind == Kind.SLICE
                ? Stream.concat(SLICE_COLUMNS.stream(), columns.stream()).toList()
                : List.copyOf(columns);
        key = List.copyOf(key);
        Objects.requireNonNull(columnSet, "columnSet");
        List<String> names = columns.stream().map(Column::name).toList();
        if (names.stream().distinct().count() != names.size()) {
            throw new IllegalArgumentException("table " + name + " declares a column twice: " + names);
        }
        if (!names.containsAll(key)) {
            throw new IllegalArgumentException("table " + name + " has a key outside its columns: " + key);
        }
    }

    public List<String> columnNames() {
        return columns.stream().map(Column::name).toList();
    }

    /** The declared columns as a Spark SQL schema string. */
    public String schema() {
        return columns.stream().map(Column::ddl).collect(Collectors.joining(", "));
    }

    /**
     * The statement that creates the table where it does not exist.
     *
     * @param location folder or object prefix of the table
     */
    public String ddl(String location) {
        // Without file statistics: slices are found by run, and statistics would keep user ids in the log after an
        // erasure.
        return "CREATE TABLE IF NOT EXISTS delta.`%s` (%s) USING delta %s COMMENT '%s' TBLPROPERTIES ('delta.dataSkippingNumIndexedCols' = '0')"
                .formatted(
                        location,
                        schema(),
                        kind == Kind.SLICE ? "PARTITIONED BY (run_id)" : "",
                        doc.replace("'", "\\'"));
    }
}
