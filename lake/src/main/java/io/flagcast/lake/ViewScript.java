package io.flagcast.lake;

import io.flagcast.tables.Table;
import io.flagcast.tables.Table.Kind;
import io.flagcast.tables.Tables;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * The tables of a lake as views for engines that read Delta: what {@link LakeViews} shows, by the same names. View {@code live} asks the
 * publications which rows are live, the others join it once; so they show the newest publication whenever it comes.
 */
public enum ViewScript {
    /** Spark SQL with Delta: a view selects from delta.`location`. */
    SPARK {
        @Override
        List<String> statements(Lake lake) {
            List<String> all = new ArrayList<>(List.of("CREATE DATABASE IF NOT EXISTS history"));
            all.add(live(
                    "",
                    "SELECT table_name, slice.run_id, slice.`rows` AS row_count, publish_seq, as_of, published_at",
                    source(lake, Tables.PUBLICATIONS) + " LATERAL VIEW explode(tables) t AS table_name, slice",
                    source(lake, Tables.PUBLICATIONS)));
            return views(all, lake, "", "history.");
        }

        @Override
        String source(Lake lake, Table table) {
            return "delta.`" + lake.location(table).replace("`", "``") + "`";
        }
    },
    /** DuckDB with its extension delta (duckdb.org/docs/current/core_extensions/delta): a view scans a location. */
    DUCKDB {
        @Override
        List<String> statements(Lake lake) {
            List<String> all =
                    new ArrayList<>(List.of("INSTALL delta", "LOAD delta", "CREATE SCHEMA IF NOT EXISTS history"));
            String publications = source(lake, Tables.PUBLICATIONS);
            all.add(live(
                    "",
                    "SELECT entry.key AS table_name, entry.value.run_id AS run_id, entry.value.\"rows\" AS row_count,"
                            + " publish_seq, as_of, published_at",
                    "(SELECT unnest(map_entries(tables)) AS entry, publish_seq, as_of, published_at FROM "
                            + publications + ") AS p",
                    publications));
            return views(all, lake, "", "history.");
        }

        @Override
        String source(Lake lake, Table table) {
            return "delta_scan(" + text(location(lake, table)) + ")";
        }
    },
    /**
     * Trino (trino.io/docs/current/connector/delta-lake.html): tables are registered in schema history of the session's catalog, the
     * views are in schema flagcast. A map is unnested to two columns (trino.io/docs/current/sql/select.html, UNNEST).
     */
    TRINO {
        @Override
        List<String> statements(Lake lake) {
            List<String> all = new ArrayList<>(
                    List.of("CREATE SCHEMA IF NOT EXISTS history", "CREATE SCHEMA IF NOT EXISTS flagcast"));
            tables(lake)
                    .forEach(table -> all.add("CALL system.register_table(schema_name => 'history', table_name => "
                            + text(table.name()) + ", table_location => " + text(location(lake, table)) + ")"));
            all.add(live(
                    "flagcast.",
                    "SELECT t.table_name, t.slice.run_id AS run_id, t.slice.\"rows\" AS row_count, publish_seq, as_of,"
                            + " published_at",
                    "history.publications CROSS JOIN UNNEST(tables) AS t (table_name, slice)",
                    "history.publications"));
            return views(all, lake, "flagcast.", "");
        }

        @Override
        String source(Lake lake, Table table) {
            return "history." + table.name();
        }
    };

    /** What to say first, then what to say next, without the semicolons. */
    abstract List<String> statements(Lake lake);

    /** What a query selects all rows of a table from. */
    abstract String source(Lake lake, Table table);

    /**
     * The script.
     *
     * @throws Refusal with exit code 66 where nothing is published
     */
    public String of(Lake lake) {
        lake.requireLive();
        return "-- Views of " + lake.files().root()
                + ": written by flagcast views. They follow every publication by themselves;"
                + " write them anew after an upgrade.\n\n" + String.join(";\n\n", statements(lake)) + ";\n";
    }

    /**
     * Writes the script to a file that is not there yet.
     *
     * @throws Refusal with exit code 64 where there is one
     */
    public void write(Lake lake, Path file) {
        try {
            write(lake, file, StandardOpenOption.CREATE_NEW);
        } catch (FileAlreadyExistsException e) {
            throw new Refusal(ExitCode.USAGE, "%s is there already: --force writes over it".formatted(file), e);
        } catch (IOException e) {
            throw new UncheckedIOException(file + " cannot be written", e);
        }
    }

    /** Writes the script to a file, over what is there. */
    public void overwrite(Lake lake, Path file) {
        try {
            write(lake, file, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(file + " cannot be written", e);
        }
    }

    private void write(Lake lake, Path file, OpenOption... options) throws IOException {
        Files.createDirectories(file.toAbsolutePath().getParent());
        List<OpenOption> all = new ArrayList<>(List.of(options));
        all.add(StandardOpenOption.WRITE);
        Files.writeString(file, of(lake), StandardCharsets.UTF_8, all.toArray(OpenOption[]::new));
    }

    private static String live(String schema, String columns, String from, String publications) {
        return "CREATE OR REPLACE VIEW " + schema + "live AS\n" + columns + "\nFROM " + from
                + "\nWHERE publish_seq = (SELECT max(publish_seq) FROM " + publications + ")";
    }

    /** Those that are there: an engine refuses a view of one that no run has written yet. */
    private static List<Table> tables(Lake lake) {
        return LakeViews.tables().stream().filter(lake::exists).toList();
    }

    /**
     * Adds the views of all tables.
     *
     * @param schema prefix of the live ones
     * @param history prefix of those of all runs; empty where the tables themselves are registered so
     */
    List<String> views(List<String> all, Lake lake, String schema, String history) {
        String live = schema.isEmpty() ? LakeViews.LIVE : schema + LakeViews.LIVE + " AS " + LakeViews.LIVE;
        for (Table table : tables(lake)) {
            String source = source(lake, table);
            if (!history.isEmpty()) {
                all.add("CREATE OR REPLACE VIEW " + history + table.name() + " AS\nSELECT * FROM " + source);
            }
            String join = table.kind() == Kind.SLICE
                    ? "\nJOIN " + live + " ON live.table_name = " + text(table.name()) + " AND live.run_id = t.run_id"
                    : "";
            all.add("CREATE OR REPLACE VIEW " + schema + table.name() + " AS\nSELECT t.* FROM " + source + " AS t"
                    + join);
        }
        return all;
    }

    /** Both engines have s3 without an a, and files with three slashes. */
    private static String location(Lake lake, Table table) {
        return lake.location(table).replaceFirst("^s3a:", "s3:").replaceFirst("^file:/+", "file:///");
    }

    private static String text(String value) {
        return "'" + value.replace("'", "''") + "'";
    }
}
