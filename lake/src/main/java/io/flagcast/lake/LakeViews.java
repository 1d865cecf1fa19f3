package io.flagcast.lake;

import io.flagcast.tables.Table;
import io.flagcast.tables.Table.Kind;
import io.flagcast.tables.Tables;
import java.util.Locale;
import java.util.Optional;

/** What a query in SQL sees of a lake. */
public final class LakeViews {

    private LakeViews() {}

    /**
     * Makes the tables that a query names views: by their name over the live publication, as {@code history.<table>}
     * over all runs.
     */
    public static void register(Lake lake, String query) {
        Optional<Publication> live = lake.live();
        lake.spark().sql("CREATE DATABASE IF NOT EXISTS history");
        for (Table table : Tables.ALL) {
            if (table.kind() == Kind.INPUT || !query.toLowerCase(Locale.ROOT).contains(table.name())) {
                continue;
            }
            lake.published(table, live).createOrReplaceTempView(table.name());
            if (lake.exists(table)) {
                lake.spark()
                        .sql("CREATE OR REPLACE VIEW history.%s AS SELECT * FROM delta.`%s`"
                                .formatted(table.name(), lake.location(table)));
            }
        }
    }
}
