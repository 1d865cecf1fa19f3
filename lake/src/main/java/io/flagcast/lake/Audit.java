package io.flagcast.lake;

import static org.apache.spark.sql.functions.bit_xor;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat_ws;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.count_if;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.shiftrightunsigned;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.when;
import static org.apache.spark.sql.functions.xxhash64;

import io.flagcast.features.InputException;
import io.flagcast.tables.Ids;
import io.flagcast.tables.Table;
import io.flagcast.tables.Table.Kind;
import io.flagcast.tables.Tables;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
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
     * @param repeated keys that more than one row has; 0 where only fingerprints were asked for
     * @param users fingerprint of the users, a row each
     */
    public record Part(String table, String of, long rows, long repeated, Users users) {}

    /**
     * A fingerprint of rows by their users: where two are the same and the users of the one are all different, so are those of the other, and
     * they are the same users.
     *
     * @param rows how many
     * @param either exclusive or of 64-bit hashes of their users
     * @param sum sum of 32 bits of other hashes of them: unlike the exclusive or it sees a user twice
     */
    public record Users(long rows, long either, long sum) {

        private static final Users NONE = new Users(0, 0, 0);
    }

    /**
     * What has to be in a table. A feature or experiment is complete where every user of the profiles has one row of it, and nobody else.
     *
     * @param table with features or experiments
     * @param required which have to be there, complete
     * @param complete which others are complete where they are there
     * @param partial which others may be there
     */
    public record Expected(Table table, Set<String> required, Predicate<String> complete, Predicate<String> partial) {

        public Expected {
            required = Set.copyOf(required);
        }

        /** Nothing but what is required. */
        public static Expected only(Table table, Collection<String> required) {
            return new Expected(table, Set.copyOf(required), other -> false, other -> false);
        }
    }

    public Audit {
        parts = List.copyOf(parts);
    }

    /**
     * Reads the keys of all slices of a run: as 128 bits each, since of many long keys only whether they repeat is asked. Of rows that
     * belong to something complete not even that: their fingerprint tells, and there may be a hundred million.
     *
     * @param complete by table which rows those are
     */
    public static Audit of(Lake lake, RunId runId, Map<Table, Column> complete) {
        List<Row> parts = Tables.of(Kind.SLICE).stream()
                .map(table ->
                        keys(table, lake.slice(table, runId.toString()), complete.getOrDefault(table, lit(false))))
                .reduce(Dataset::union)
                .orElseThrow()
                .groupBy("table", "of", "keyed", "one", "other")
                .agg(
                        count(lit(1)).as("n"),
                        bit_xor(col("user")).as("user"),
                        sum("further").as("further"))
                .groupBy("table", "of")
                .agg(sum("n"), count_if(col("keyed").and(col("n").gt(1))), bit_xor(col("user")), sum("further"))
                .collectAsList();
        return new Audit(
                runId,
                parts.stream()
                        .map(row -> new Part(
                                row.getString(0),
                                row.getString(1),
                                row.getLong(2),
                                row.getLong(3),
                                new Users(row.getLong(2), row.getLong(4), row.getLong(5))))
                        .toList());
    }

    private static Dataset<Row> keys(Table table, Dataset<Row> slice, Column complete) {
        List<String> key = table.key();
        boolean ofUsers = key.contains("user_id");
        Column[] of = Stream.of("feature_id", "experiment_id")
                .filter(key::contains)
                .map(name -> col(name))
                .toArray(Column[]::new);
        return slice.select(
                lit(table.name()).as("table"),
                concat_ws("", of).as("of"),
                lit(!key.isEmpty()).and(not(complete)).as("keyed"),
                when(complete, 0L).otherwise(hash(1, key)).as("one"),
                when(complete, 0L).otherwise(hash(2, key)).as("other"),
                (ofUsers ? xxhash64(col("user_id")) : lit(0L)).as("user"),
                (ofUsers ? shiftrightunsigned(xxhash64(lit(3), col("user_id")), 32) : lit(0L)).as("further"));
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
     * Every key is there once, and every user of the profiles, and nobody else, has a row for each of what is to be complete.
     *
     * @throws InputException naming the table and what is wrong with it; nothing may be published then
     */
    public void require(List<Expected> expected) {
        for (Part part : parts) {
            if (part.repeated() > 0) {
                throw broken(part.table(), "%,d keys repeat".formatted(part.repeated()));
            }
        }
        if (rows().get(Tables.USER_PROFILES.name()) == 0) {
            throw broken(Tables.USER_PROFILES.name(), "there are no rows; run `flagcast features` again");
        }
        Users users = users(Tables.USER_PROFILES).get("");
        for (Expected table : expected) {
            Map<String, Users> found = users(table.table());
            Set<String> complete = new TreeSet<>(table.required());
            found.keySet().stream().filter(table.complete()).forEach(complete::add);
            for (String each : complete) {
                if (!found.getOrDefault(each, Users.NONE).equals(users)) {
                    throw broken(
                            table.table().name(),
                            "the users of %s are not those of user_profiles, each once".formatted(each));
                }
            }
            Set<String> others = new TreeSet<>(found.keySet());
            others.removeAll(complete);
            others.removeIf(table.partial());
            if (!others.isEmpty()) {
                throw broken(
                        table.table().name(),
                        "there are rows of %s, expected only %s".formatted(Ids.few(others), Ids.few(complete)));
            }
        }
    }

    private Map<String, Users> users(Table table) {
        return parts.stream()
                .filter(part -> part.table().equals(table.name()))
                .collect(Collectors.toMap(Part::of, Part::users));
    }

    private InputException broken(String table, String what) {
        return new InputException("%s of run %s: %s: nothing is published".formatted(table, runId, what));
    }
}
