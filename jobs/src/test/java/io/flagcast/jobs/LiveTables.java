package io.flagcast.jobs;

import static java.util.stream.Collectors.toMap;

import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.lake.Session;
import io.flagcast.tables.Table;
import io.flagcast.tables.Tables;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.Row;

/** What a lake's live publication holds, to be compared with another's. */
final class LiveTables {

    /** The tables that a run makes. When files were read is another time in every run. */
    private static final List<Table> TABLES = Tables.of(Table.Kind.SLICE).stream()
            .filter(table -> !table.equals(Tables.MEASURED_INPUTS))
            .toList();

    private LiveTables() {}

    /**
     * The rows by table, without the run that wrote them.
     *
     * @param others further columns that are left out
     */
    static Map<String, List<String>> of(String root, String... others) {
        try (Session session = Session.open(Path.of("target"))) {
            Lake lake = new Lake(session.spark(), root);
            Optional<Publication> live = lake.live();
            return TABLES.stream()
                    .collect(toMap(
                            Table::name,
                            table -> lake.published(table, live).drop("run_id").drop(others).collectAsList().stream()
                                    .map(Row::toString)
                                    .sorted()
                                    .toList()));
        }
    }

    /** The runs of all publications, oldest first. */
    static List<String> publications(String root) {
        try (Session session = Session.open(Path.of("target"))) {
            return new Lake(session.spark(), root)
                    .publications().stream().map(Publication::runId).toList();
        }
    }
}
