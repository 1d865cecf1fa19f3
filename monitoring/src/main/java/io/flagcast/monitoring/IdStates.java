package io.flagcast.monitoring;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.bool_or;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.count_if;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.floor;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.log2;
import static org.apache.spark.sql.functions.lower;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.regexp_replace;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.translate;

import io.flagcast.statistics.ids.Overlap;
import io.flagcast.statistics.ids.RowsPerId;
import io.flagcast.statistics.ids.RowsPerId.Level;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Whether the inputs know the same users, and how their rows spread over them: by side, which is a whole input or some of its rows.
 *
 * @param sides what is counted
 * @param perUser one row per id, with its rows on each side
 */
public record IdStates(List<Side> sides, Dataset<Row> perUser) {

    /** What a source may write before and behind an id. */
    private static final String AROUND = "[\\p{Z}\\p{Cc}\\p{Cf}\"'`]+";

    /**
     * Rows of an input.
     *
     * @param input its name
     * @param part value of the column whose values are counted apart; absent for the whole input
     * @param time which of the rows
     */
    public record Side(String input, Optional<String> part, Time time) {

        /** When rows happened that count. */
        public enum Time {
            EVER,
            /** The last 24 hours before the as-of. */
            LAST_DAY
        }

        public Side {
            Objects.requireNonNull(part, "part");
            Objects.requireNonNull(time, "time");
        }

        /** All rows of an input. */
        public static Side whole(String input) {
            return new Side(input, Optional.empty(), Time.EVER);
        }

        private Column has() {
            Column of = part.map(
                            name -> col("input").equalTo(input).and(col("part").equalTo(name)))
                    .orElse(col("input").equalTo(input));
            return time == Time.EVER ? of : of.and(col("is_last_day"));
        }
    }

    public IdStates {
        sides = List.copyOf(sides);
    }

    /**
     * The ids of inputs.
     *
     * @param rows of all inputs, see {@link #rows}
     */
    public static IdStates of(List<Side> sides, Dataset<Row> rows) {
        List<Column> counts = IntStream.range(0, sides.size())
                .mapToObj(place -> count_if(sides.get(place).has()).as("rows_" + place))
                .toList();
        return new IdStates(
                sides,
                rows.groupBy("user_id")
                        .agg(counts.get(0), counts.subList(1, counts.size()).toArray(Column[]::new)));
    }

    /**
     * The rows of an input as they are counted.
     *
     * @param rows valid rows before the as-of
     * @param part column whose values are counted apart, or NULL
     * @param time when a row happened, or NULL
     */
    public static Dataset<Row> rows(String input, Dataset<Row> rows, Column part, Column time, Instant asOf) {
        return rows.select(
                col("user_id"),
                lit(input).as("input"),
                part.cast("string").as("part"),
                coalesce(time.cast("timestamp").geq(lit(asOf.minus(Duration.ofDays(1)))), lit(false))
                        .as("is_last_day"));
    }

    private Column rows(Side side) {
        return rows(place(side));
    }

    private int place(Side side) {
        int whole = sides.indexOf(side);
        if (whole < 0) {
            throw new IllegalArgumentException(side + " is none of " + sides);
        }
        return whole;
    }

    private static Column rows(int place) {
        return col("rows_" + place);
    }

    private Column has(Side side) {
        return rows(side).gt(0);
    }

    private Column hasAny(List<String> of) {
        return inputs().stream()
                .filter(side -> of.contains(side.input()))
                .map(this::has)
                .reduce(lit(false), Column::or);
    }

    private List<Side> inputs() {
        return sides.stream()
                .filter(side -> side.equals(Side.whole(side.input())))
                .toList();
    }

    /**
     * How many ids there are, by side, by how many rows they have there, and by the inputs that know them.
     *
     * @return {@code side} (its place), {@code class} (see {@link RowsPerId#classOf}), {@code known} (per input whether it has the
     *     id), {@code ids}, their {@code rows}, and the {@code most} of one id
     */
    public Dataset<Row> counts() {
        Column[] met = IntStream.range(0, sides.size())
                .mapToObj(place -> struct(lit(place).as("side"), rows(place).as("rows")))
                .toArray(Column[]::new);
        Column known = array(inputs().stream().map(this::has).toArray(Column[]::new));
        Column level = floor(log2(col("met.rows")).multiply(RowsPerId.PER_OCTAVE));
        return perUser.select(known.as("known"), explode(array(met)).as("met"))
                .where(col("met.rows").gt(0))
                .groupBy(col("met.side").as("side"), level.cast("int").as("class"), col("known"))
                .agg(
                        count(lit(1)).as("ids"),
                        sum("met.rows").as("rows"),
                        max("met.rows").as("most"));
    }

    /**
     * How the ids of a side meet those of inputs.
     *
     * @param counts rows of {@link #counts}
     * @param others names of the inputs; those that there are not have no id
     */
    public Overlap overlap(List<Row> counts, Side side, List<String> others) {
        List<Side> inputs = inputs();
        List<Integer> places = IntStream.range(0, inputs.size())
                .filter(place -> others.contains(inputs.get(place).input()))
                .boxed()
                .toList();
        // An id that two inputs have is counted with the first of them.
        long other = places.stream()
                .mapToLong(place -> ids(
                        counts,
                        inputs.get(place),
                        known ->
                                places.stream().filter(before -> before < place).noneMatch(known::get)))
                .sum();
        return new Overlap(
                ids(counts, side, known -> true),
                other,
                ids(counts, side, known -> places.stream().anyMatch(known::get)));
    }

    private long ids(List<Row> counts, Side side, Predicate<List<Boolean>> which) {
        return of(counts, side)
                .filter(row -> which.test(row.getList(row.fieldIndex("known"))))
                .mapToLong(row -> row.getAs("ids"))
                .sum();
    }

    private Stream<Row> of(List<Row> counts, Side side) {
        int place = place(side);
        return counts.stream().filter(row -> row.<Integer>getAs("side") == place);
    }

    /** How the rows of a side spread over its ids. */
    public RowsPerId spread(List<Row> counts, Side side) {
        return of(counts, side)
                .map(row -> new RowsPerId(new TreeMap<>(Map.of(
                        row.<Integer>getAs("class"),
                        new Level(row.getAs("ids"), row.getAs("rows"), row.getAs("most"))))))
                .reduce(RowsPerId.EMPTY, RowsPerId::merge);
    }

    /**
     * Ids of a side that have more rows than some, those with the most first.
     *
     * @param most how many ids at most
     * @return {@code id} and its {@code rows}
     */
    public Dataset<Row> above(Side side, long rows, int most) {
        return perUser.where(rows(side).gt(rows))
                .orderBy(rows(side).desc(), col("user_id"))
                .limit(most)
                .select(col("user_id").as("id"), rows(side).as("rows"));
    }

    /**
     * Ids that only one of two sides has, as examples: the first in the order of their spelling, so that what is meant to be the same
     * stands in the same place.
     *
     * @param most how many of each side at most
     * @return {@code is_own} (whether the side has it, else the inputs) and {@code id}
     */
    public Dataset<Row> unmet(Side side, List<String> others, int most) {
        Column own = has(side);
        Column other = hasAny(others);
        return Stream.of(own.and(not(other)), other.and(not(own)))
                .map(only -> perUser.where(only)
                        .orderBy(spelling(col("user_id")), col("user_id"))
                        .limit(most)
                        .select(own.as("is_own"), col("user_id").as("id")))
                .reduce(Dataset::union)
                .orElseThrow();
    }

    /**
     * How many ids of a side none of the inputs has, but one has them in another spelling: but for case, quotes, spaces, hyphens or
     * braces, or as the same number.
     *
     * @return one row with {@code ids}
     */
    public Dataset<Row> spelledOtherwise(Side side, List<String> others) {
        Column other = hasAny(others);
        return perUser.where(has(side).or(other))
                .groupBy(spelling(col("user_id")))
                .agg(
                        count_if(has(side).and(not(other))).as("unmet"),
                        bool_or(other).as("is_known"))
                .where(col("is_known"))
                .agg(coalesce(sum("unmet"), lit(0L)).as("ids"));
    }

    static Column spelling(Column id) {
        Column bare = regexp_replace(id, lit("^" + AROUND + "|" + AROUND + "$"), lit(""));
        // Of a number that has become 1.2345678E7 no text is left to compare.
        return coalesce(bare.try_cast("decimal(38, 10)").cast("string"), translate(lower(bare), "-{}", ""));
    }
}
