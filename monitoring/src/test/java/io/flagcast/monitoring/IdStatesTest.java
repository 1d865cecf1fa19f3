package io.flagcast.monitoring;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.flagcast.fixtures.SharedSpark;
import io.flagcast.monitoring.IdStates.Side;
import io.flagcast.monitoring.IdStates.Side.Time;
import io.flagcast.statistics.ids.Overlap;
import io.flagcast.statistics.ids.RowsPerId;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Users 1 to 5; exposures of 1, 2 and 3.0 in e and of 4 in another experiment; purchases of 1 (three times), of 3, of "'4 '" and of an
 * unknown z, all but the first on the last day.
 */
@ExtendWith(SharedSpark.class)
class IdStatesTest {

    private static final Instant AS_OF = Instant.parse("2026-03-10T00:00:00Z");
    private static final Side USERS = Side.whole("users");
    private static final Side EXPOSURES = Side.whole("exposures");
    private static final Side OUTCOMES = Side.whole("outcomes");
    private static final Side OF_E = new Side("exposures", Optional.of("e"), Time.EVER);
    private static final Side BUY = new Side("outcomes", Optional.of("buy"), Time.EVER);
    private static final Side BUY_TODAY = new Side("outcomes", Optional.of("buy"), Time.LAST_DAY);

    private final SparkSession spark;
    private final IdStates ids;
    private final List<Row> counts;

    IdStatesTest(SparkSession spark) {
        this.spark = spark;
        Dataset<Row> users = table("user_id STRING", "1", "2", "3", "4", "5");
        Dataset<Row> exposures = table(
                "experiment_id STRING, user_id STRING, exposed_at STRING",
                "e,1,2026-03-02T00:00:00Z",
                "e,2,2026-03-02T00:00:00Z",
                "e,3.0,2026-03-02T00:00:00Z",
                "other,4,2026-03-02T00:00:00Z");
        Dataset<Row> outcomes = table(
                "outcome STRING, user_id STRING, occurred_at STRING",
                "buy,1,2026-03-08T23:59:59Z",
                "buy,1,2026-03-09T00:00:00Z",
                "buy,1,2026-03-09T01:00:00Z",
                "buy,3,2026-03-09T01:00:00Z",
                "buy,'4 ',2026-03-09T01:00:00Z",
                "buy,z,2026-03-09T01:00:00Z",
                "visit,5,2026-03-09T01:00:00Z");
        this.ids = IdStates.of(
                List.of(USERS, EXPOSURES, OUTCOMES, OF_E, BUY, BUY_TODAY),
                IdStates.rows("users", users, lit(null), lit(null), AS_OF)
                        .union(IdStates.rows("exposures", exposures, col("experiment_id"), col("exposed_at"), AS_OF))
                        .union(IdStates.rows("outcomes", outcomes, col("outcome"), col("occurred_at"), AS_OF)));
        this.counts = ids.counts().collectAsList();
    }

    private Dataset<Row> table(String schema, String... rows) {
        return spark.createDataFrame(
                Stream.of(rows)
                        .map(row -> RowFactory.create((Object[]) row.split(",")))
                        .toList(),
                StructType.fromDDL(schema));
    }

    @Test
    void idsMeetWhereTheyAreEqualToTheLastCharacter() {
        assertThat(ids.overlap(counts, OF_E, List.of("users"))).isEqualTo(new Overlap(3, 5, 2));
        assertThat(ids.overlap(counts, OF_E, List.of("outcomes"))).isEqualTo(new Overlap(3, 5, 1));
        // 1 to 5 and 3.0: what two inputs know is one user.
        assertThat(ids.overlap(counts, BUY, List.of("users", "exposures"))).isEqualTo(new Overlap(4, 6, 2));
        assertThat(ids.overlap(counts, BUY, List.of("events"))).isEqualTo(new Overlap(4, 0, 0));
    }

    /** The first purchase is a second too old, but its user has bought again. */
    @Test
    void theLastDayBeginsTwentyFourHoursBeforeTheAsOf() {
        assertThat(ids.overlap(counts, BUY_TODAY, List.of("users"))).isEqualTo(new Overlap(4, 5, 2));
        assertThat(ids.spread(counts, BUY)).isEqualTo(RowsPerId.of(List.of(3L, 1L, 1L, 1L)));
        assertThat(ids.spread(counts, BUY_TODAY)).isEqualTo(RowsPerId.of(List.of(2L, 1L, 1L, 1L)));
        assertThat(ids.spread(counts, OUTCOMES)).isEqualTo(RowsPerId.of(List.of(3L, 1L, 1L, 1L, 1L)));
    }

    @Test
    void idsWithTheMostRowsAreNamed() {
        assertThat(ids.above(OUTCOMES, 2, 3).collectAsList())
                .extracting(row -> tuple(row.get(0), row.get(1)))
                .containsExactly(tuple("1", 3L));
        assertThat(ids.above(OUTCOMES, 0, 2).collectAsList())
                .extracting(row -> row.getString(0))
                .containsExactly("1", "'4 '");
    }

    @Test
    void examplesAreOfBothSidesAndSpellingsAreFound() {
        assertThat(ids.unmet(BUY, List.of("users"), 3).collectAsList())
                .extracting(row -> tuple(row.get(0), row.get(1)))
                .containsExactlyInAnyOrder(
                        tuple(true, "'4 '"), tuple(true, "z"), tuple(false, "2"), tuple(false, "4"), tuple(false, "5"));
        assertThat(ids.spelledOtherwise(BUY, List.of("users")).head().getLong(0))
                .isEqualTo(1);
        assertThat(ids.spelledOtherwise(OF_E, List.of("users")).head().getLong(0))
                .isEqualTo(1);
        assertThat(ids.spelledOtherwise(BUY, List.of("events")).head().getLong(0))
                .isZero();
    }

    /** The same user in the ways in which exports write one, beside others that only look alike. */
    @Test
    void aSpellingIsLostByCaseQuotesSpacesHyphensAndNumbers() {
        List<String> one = List.of(
                "12345678", "12345678.0", "1.2345678E7", "0012345678", " 12345678", "\"12345678\"", "12345678\u00a0");
        List<String> other = List.of("A1b2-C3", "a1b2-c3", "{A1B2C3}", "'a1b2c3'");
        List<String> others =
                List.of("12345679", "123456780", "a1b2c", "9007199254740993", "9007199254740992", "-1", "1");
        Dataset<Row> all = table(
                "side STRING, user_id STRING",
                Stream.of(one, other, others)
                        .flatMap(List::stream)
                        .map(id -> "x," + id)
                        .toArray(String[]::new));

        assertThat(all.groupBy(IdStates.spelling(col("user_id"))).count().collectAsList())
                .extracting(row -> row.getLong(1))
                .containsExactlyInAnyOrder(7L, 4L, 1L, 1L, 1L, 1L, 1L, 1L, 1L);
    }
}
