package io.flagcast.lake;

import static org.apache.spark.sql.functions.bit_xor;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat_ws;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.count_if;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.xxhash64;

import io.flagcast.features.InputException;
import io.flagcast.tables.Table;
import io.flagcast.tables.Table.Kind;
import io.flagcast.tables.Tables;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * What the slices of a run hold, read back in one query before they become visible.
 *
 * @param runId the run
 * @param parts per slice table and feature or experiment
 */
public record Audit(RunId runId, List<Part> parts) {

    /**
     * The rows of one feature, of one experiment, or of a table without either.
     *
     * @param table name of the slice table
     * @param of feature or experiment; empty for a table without either
     * @param rows how many
     * @param repeated keys that more than one row has
     * @param users fingerprint of the set of users: the exclusive or of their 64-bit hashes
     */
    public record Part(String table, String of, long rows, long repeated, long users) {}

    public Audit {
        parts = List.copyOf(parts);
    }

    /** Reads the keys of all slices of a run: as 128 bits each, since of many long keys only whether they repeat is asked. */
    public static Audit of(Lake lake, RunId runId) {
        List<Row> parts = Tables.of(Kind.SLICE).stream()
                .map(table -> keys(table, lake.slice(table, runId.toString())))
                .reduce(Dataset::union)
                .orElseThrow()
                .groupBy("table", "of", "keyed", "one", "other")
                .agg(count(lit(1)).as("n"), max("user").as("user"))
                .groupBy("table", "of")
                .agg(sum("n"), count_if(col("keyed").and(col("n").gt(1))), bit_xor(col("user")))
                .collectAsList();
        return new Audit(
                runId,
                parts.stream()
                        .map(row -> new Part(
                                row.getString(0), row.getString(1), row.getLong(2), row.getLong(3), row.getLong(4)))
                        .toList());
    }

    private static Dataset<Row> keys(Table table, Dataset<Row> slice) {
        List<String> key = table.key();
        Column[] of = Stream.of("feature_id", "experiment_id")
                .filter(key::contains)
                .map(name -> col(name))
                .toArray(Column[]::new);
        return slice.select(
                lit(table.name()).as("table"),
                concat_ws("", of).as("of"),
                lit(!key.isEmpty()).as("keyed"),
                hash(1, key).as("one"),
                hash(2, key).as("other"),
                key.contains("user_id") ? xxhash64(col("user_id")).as("user") : lit(0L).as("user"));
    }

    /** One of two hashes of a key: the seed comes first, and a null is no empty text. */
    private static Column hash(int seed, List<String> key) {
        return xxhash64(Stream.concat(
                        Stream.of(lit(seed)),
                        key.stream().flatMap(name -> Stream.of(col(name).isNull(), col(name))))
                .toArray(Column[]::new));
    }

    /** Row counts of all slice tables. */
    public Map<String, Long> rows() {
        Map<String, Long> rows = new TreeMap<>();
        Tables.of(Kind.SLICE).forEach(table -> rows.put(table.name(), 0L));
        parts.forEach(part -> rows.merge(part.table(), part.rows(), Long::sum));
        return rows;
    }

    /**
     * Every key is there once, and every user of the profiles, and nobody else, has a row for each of the given.
     *
     * @param complete features or experiments by table
     * @throws InputException naming the table and what is wrong with it; nothing may be published then
     */
    public void require(Map<Table, List<String>> complete) {
        for (Part part : parts) {
            if (part.repeated() > 0) {
                throw broken(part.table(), "%,d keys repeat".formatted(part.repeated()));
            }
        }
        if (rows().get(Tables.USER_PROFILES.name()) == 0) {
            throw broken(Tables.USER_PROFILES.name(), "there are no rows; run `flagcast features` again");
        }
        long users = users(Tables.USER_PROFILES).getOrDefault("", 0L);
        complete.forEach((table, of) -> {
            Map<String, Long> found = users(table);
            for (String each : of) {
                if (found.getOrDefault(each, 0L) != users) {
                    throw broken(table.name(), "the users of %s are not those of user_profiles".formatted(each));
                }
            }
            if (!of.containsAll(found.keySet())) {
                throw broken(table.name(), "there are rows of %s, expected only %s".formatted(found.keySet(), of));
            }
        });
    }

    private Map<String, Long> users(Table table) {
        return parts.stream()
                .filter(part -> part.table().equals(table.name()))
                .collect(Collectors.toMap(Part::of, Part::users));
    }

    private InputException broken(String table, String what) {
        return new InputException("%s of run %s: %s: nothing is published".formatted(table, runId, what));
    }
}
