package io.flagcast.lake.inputs;

import static java.util.stream.Collectors.joining;

import io.flagcast.lake.DatabaseFailure;
import io.flagcast.tables.Table;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** The rows of a table or query of a database. */
final class DatabaseRows implements Source.Format {

    /** As many rows at a time: without it PostgreSQL's driver would hold all of a part in memory. */
    private static final String FETCHED = "1000";

    private final Dataset<Row> rows;

    private DatabaseRows(Dataset<Row> rows) {
        this.rows = rows;
    }

    static DatabaseRows of(FileReading reading) {
        Map<String, String> defaults = new HashMap<>(Map.of("fetchsize", FETCHED));
        if (!reading.settings().schema().isBlank()) {
            defaults.put("customSchema", reading.settings().schema());
        }
        return new DatabaseRows(reading.load(reading.reader(defaults), List.of()));
    }

    @Override
    public Dataset<Row> rows(List<String> addresses) {
        return rows;
    }

    /**
     * What the rows of some sources are asked for.
     *
     * @throws io.flagcast.lake.Refusal that names the databases among the sources, where one of them fails
     */
    static <T> T naming(Map<Table, SourceSettings> sources, Supplier<T> read) {
        try {
            return read.get();
        } catch (Exception e) {
            // Exception: Spark throws checked ones that it does not declare.
            String keys = sources.entrySet().stream()
                    .filter(source ->
                            SourceSettings.isDatabase(source.getValue().format()))
                    .map(source -> "flagcast.sources." + source.getKey().name())
                    .sorted()
                    .collect(joining(" or "));
            if (!keys.isEmpty()) {
                DatabaseFailure.among(e).ifPresent(failure -> {
                    throw failure.refusal(keys, e);
                });
            }
            throw e;
        }
    }
}
