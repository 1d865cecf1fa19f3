package io.flagcast.lake.inputs;

import io.flagcast.lake.Secrets;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Where an input table comes from.
 *
 * @param format a format that Spark reads, as delta, parquet, orc, csv, json or jdbc
 * @param path file, folder or glob; empty for jdbc
 * @param options options of Spark's reader
 * @param schema csv, json and jdbc: types of columns as {@code name TYPE, …}; empty where none is declared
 * @param columns Spark SQL expression per column
 * @param each Spark SQL array: a row of the source stands for one row per element, which is its column {@code each}
 * @param where Spark SQL condition over the columns of the source: other rows are left out and counted
 * @param duplicates what becomes of rows that are delivered again
 * @param lacking csv: what becomes of the rows of a file that lacks a column which other files of the source have
 * @param pseudonymKey where there is one, ids of users are read as their pseudonyms
 */
public record SourceSettings(
        String format,
        String path,
        Map<String, String> options,
        String schema,
        Map<String, String> columns,
        Optional<String> each,
        Optional<String> where,
        Duplicates duplicates,
        Lacking lacking,
        Optional<String> pseudonymKey) {

    /** Rows with one id of their own, as {@code outcome_id}; without it, rows that are alike in every column. */
    public enum Duplicates {
        /** Such rows count once. */
        ONCE,
        /** Each row counts. */
        EACH
    }

    /** A file without a column that other files of its source have. */
    public enum Lacking {
        /** Its rows are quarantined. */
        QUARANTINE,
        /** The source is refused. */
        REFUSE,
        /** Its rows have no value there. */
        ABSENT
    }

    public SourceSettings {
        Objects.requireNonNull(format, "format");
        Objects.requireNonNull(path, "path");
        options = Map.copyOf(options);
        Objects.requireNonNull(schema, "schema");
        columns = Map.copyOf(columns);
        Objects.requireNonNull(each, "each");
        Objects.requireNonNull(where, "where");
        Objects.requireNonNull(duplicates, "duplicates");
        Objects.requireNonNull(lacking, "lacking");
        Objects.requireNonNull(pseudonymKey, "pseudonymKey");
        if (path.isBlank() && !isDatabase(format)) {
            throw new IllegalArgumentException("a source of format " + format + " needs a path");
        }
    }

    /** A source of which nothing but its place is said. */
    public static SourceSettings of(String format, String path) {
        return new SourceSettings(
                format,
                path,
                Map.of(),
                "",
                Map.of(),
                Optional.empty(),
                Optional.empty(),
                Duplicates.ONCE,
                Lacking.QUARANTINE,
                Optional.empty());
    }

    /** Whether rows of that format come from a database and not from files. */
    public static boolean isDatabase(String format) {
        return format.equalsIgnoreCase("jdbc");
    }

    /** How messages name the source, without its secrets. */
    public String origin() {
        return Secrets.hidden(
                isDatabase(format)
                        ? format + " "
                                + option("dbtable").or(() -> option("query")).orElse("")
                        : path);
    }

    /** An option by its name, which Spark reads in any case. */
    public Optional<String> option(String name) {
        return options.entrySet().stream()
                .filter(option -> option.getKey().equalsIgnoreCase(name))
                .map(Map.Entry::getValue)
                .findFirst();
    }

    /** Without its secrets. */
    @Override
    public String toString() {
        return "%s %s %s".formatted(format, Secrets.hidden(path), Secrets.hidden(options));
    }
}
