package io.flagcast.lake;

import java.util.Map;
import java.util.Objects;

/**
 * Where an input table comes from.
 *
 * @param format a format that Spark reads, as delta, parquet, orc, csv, json or jdbc
 * @param path file, folder or glob; empty for jdbc
 * @param options options of Spark's reader
 * @param schema csv and json: types of columns as {@code name TYPE, …}; empty where all are inferred
 * @param columns Spark SQL expression per column
 */
public record SourceSettings(
        String format, String path, Map<String, String> options, String schema, Map<String, String> columns) {

    public SourceSettings {
        Objects.requireNonNull(format, "format");
        Objects.requireNonNull(path, "path");
        options = Map.copyOf(options);
        Objects.requireNonNull(schema, "schema");
        columns = Map.copyOf(columns);
        if (path.isBlank() && !format.equals("jdbc")) {
            throw new IllegalArgumentException("a source of format " + format + " needs a path");
        }
    }

    /** How messages name the source. */
    public String origin() {
        return path.isBlank()
                ? format + " " + options.getOrDefault("dbtable", options.getOrDefault("query", ""))
                : path;
    }
}
