package io.flagcast.lake;

import io.flagcast.tables.Table;
import io.flagcast.tables.Table.Kind;
import io.flagcast.tables.Tables;
import java.sql.Timestamp;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.StructType;

/**
 * What a query in SQL sees of a lake: every table by its name as the live publication has it, over all runs as
 * {@code history.<table>}, and {@value #LIVE}, which says where the live rows of each table are.
 */
public final class LakeViews {

    /** A row per table of the live publication: its slice there, and how many rows it has. */
    public static final String LIVE = "live";
    /** The database of all runs. */
    public static final String HISTORY = "history";

    private static final String LIVE_SCHEMA = "table_name STRING NOT NULL COMMENT 'the table',"
            + " run_id STRING NOT NULL COMMENT 'run whose rows are live: join it with the table''s run_id',"
            + " row_count BIGINT NOT NULL COMMENT 'how many',"
            + " publish_seq BIGINT NOT NULL COMMENT 'the live publication',"
            + " as_of TIMESTAMP NOT NULL COMMENT 'instant up to which its run looked',"
            + " published_at TIMESTAMP NOT NULL COMMENT 'when it became live'";

    private LakeViews() {}

    /** The tables that queries see: all but the inputs. */
    public static List<Table> tables() {
        return Tables.ALL.stream().filter(table -> table.kind() != Kind.INPUT).toList();
    }

    /** Makes all tables views, for a session that asks many questions. */
    public static void register(Lake lake) {
        register(lake, tables());
    }

    /**
     * Makes the tables that a query names views, or all where it asks what there is: each takes a moment to be looked up in
     * the lake.
     */
    public static void register(Lake lake, String query) {
        String text = query.toLowerCase(Locale.ROOT);
        register(
                lake,
                tables().stream()
                        .filter(table -> text.contains("show") || text.contains(table.name()))
                        .toList());
    }

    private static void register(Lake lake, List<Table> tables) {
        Optional<Publication> live = lake.live();
        live(lake, live).createOrReplaceTempView(LIVE);
        lake.spark().sql("CREATE DATABASE IF NOT EXISTS " + HISTORY);
        for (Table table : tables) {
            String rows = lake.exists(table) ? allRows(lake, table) : noRows(table);
            String current = table.kind() == Kind.APPEND
                    ? rows
                    : liveRows(lake, table, live).orElse(noRows(table));
            lake.spark().sql(current).createOrReplaceTempView(table.name());
            lake.spark().sql("CREATE OR REPLACE VIEW " + HISTORY + "." + table.name() + " AS " + rows);
        }
    }

    private static Dataset<Row> live(Lake lake, Optional<Publication> live) {
        List<Row> slices = live.stream()
                .flatMap(publication -> publication.tables().entrySet().stream()
                        .sorted(Map.Entry.comparingByKey())
                        .map(slice -> RowFactory.create(
                                slice.getKey(),
                                slice.getValue().runId(),
                                slice.getValue().rows(),
                                publication.sequence(),
                                Timestamp.from(publication.asOf()),
                                Timestamp.from(publication.publishedAt()))))
                .toList();
        return lake.spark().createDataFrame(slices, StructType.fromDDL(LIVE_SCHEMA));
    }

    private static String noRows(Table table) {
        return table.columns().stream()
                .map(column -> "CAST(NULL AS " + column.type() + ") AS " + column.name())
                .collect(Collectors.joining(", ", "SELECT ", " WHERE false"));
    }

    private static String allRows(Lake lake, Table table) {
        return "SELECT * FROM delta.`" + lake.location(table).replace("`", "``") + "`";
    }

    /** The query of a slice's live rows; empty where there are none. */
    static Optional<String> liveRows(Lake lake, Table table, Optional<Publication> publication) {
        return publication
                .flatMap(live -> Optional.ofNullable(live.tables().get(table.name())))
                .filter(slice -> lake.exists(table))
                .map(slice -> allRows(lake, table) + " WHERE run_id = '" + slice.runId() + "'");
    }
}
