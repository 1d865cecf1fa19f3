package io.flagcast.features;

import static org.apache.spark.sql.functions.col;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flagcast.fixtures.SharedSpark;
import io.flagcast.statistics.Arrivals;
import io.flagcast.statistics.Metric.Kind;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import scala.jdk.javaapi.CollectionConverters;

@ExtendWith(SharedSpark.class)
class UsageTest {

    private static final Usage WEEK = new Usage(List.of("search"), Duration.ofDays(7), Duration.ZERO);

    private final SparkSession spark;

    UsageTest(SparkSession spark) {
        this.spark = spark;
    }

    /** The aggregates of user u at the cut, in the order of their names. */
    private List<Row> at(String cut, String events) {
        Dataset<Row> cuts = spark.sql("SELECT 'u' AS user_id, TIMESTAMP '" + cut + "' AS cut_at");
        return WEEK.before(cuts, Usage.histories(events(events)))
                .select(Profiles.columns(WEEK.names()))
                .collectAsList();
    }

    private static Object scala(Map<String, Double> amounts) {
        return CollectionConverters.asScala(amounts);
    }

    private Dataset<Row> events(String rows) {
        return spark.sql(
                "SELECT user_id, feature_id, CAST(value AS DOUBLE) AS value, CAST(at AS TIMESTAMP) AS occurred_at"
                        + " FROM VALUES " + rows + " AS t(user_id, feature_id, value, at)");
    }

    /** The amounts of user u at the start of 8 January, with the half-life. */
    private Map<String, Double> amounts(Duration halfLife, Dataset<Row> events) {
        Dataset<Row> cuts = spark.sql("SELECT 'u' AS user_id, TIMESTAMP '2026-01-08' AS cut_at");
        return new Usage(List.of("search"), Duration.ofDays(7), halfLife)
                .before(cuts, Usage.histories(events))
                .select(Usage.AMOUNTS)
                .head()
                .getJavaMap(0);
    }

    @Test
    void eventsFromTheStartOfTheWindowUpToTheCutCount() {
        assertThat(
                        at(
                                "2026-01-08 00:00:00",
                                "('u', 'search', 9, '2025-12-31 23:59:59'), ('u', 'search', 2, '2026-01-01 00:00:00'),"
                                        + "('u', 'chat', NULL, '2026-01-06 10:00:00'), ('u', 'search', 4, '2026-01-06 12:00:00'),"
                                        + "('u', 'search', 9, '2026-01-08 00:00:00'), ('v', 'search', 9, '2026-01-07 00:00:00')"))
                // Three events worth 2 + 1 + 4 on two days, the last a day and a half ago, two of them searches.
                .containsExactly(RowFactory.create(3.0, 7.0, 2.0, 1.5, 2.0));
    }

    @Test
    void theWindowIsExactBelowASecond() {
        assertThat(
                        at(
                                "2026-01-08 00:00:00.700",
                                "('u', 'search', 1, '2026-01-01 00:00:00.200'), ('u', 'search', 1, '2026-01-01 00:00:00.700'),"
                                        + "('u', 'chat', 1, '2026-01-08 00:00:00.699'), ('u', 'chat', 1, '2026-01-08 00:00:00.700')"))
                .extracting(row -> row.getDouble(0))
                .containsExactly(2.0);
    }

    @Test
    void aUserWithoutEventsHasCountsOfZeroAndAWholeWindowOfRecency() {
        assertThat(at("2026-01-08 00:00:00", "('v', 'search', 1, '2026-01-07 00:00:00')"))
                .containsExactly(RowFactory.create(0.0, 0.0, 0.0, 7.0, 0.0));
    }

    @Test
    void aProfileAndAnExampleOfTheSameInstantHaveTheSamePredictors() {
        Instant cut = Instant.parse("2026-01-08T00:00:00Z");
        Dataset<Row> users = spark.sql("SELECT 'u' AS user_id, 30 AS age, true AS adult, 'DE' AS country");
        Dataset<Row> events =
                events("('u', 'search', 2, '2026-01-02 00:00:00'), ('u', 'search', 4, '2026-01-07 12:00:00')");
        Predictors predictors = new Predictors(List.of("age", "adult", "country"), List.of());
        Dataset<Row> exposures = spark.sql("SELECT 'e' AS experiment_id, 'u' AS user_id, true AS enabled,"
                + " TIMESTAMP '2026-01-08' AS exposed_at, 0.5D AS propensity, 'policy' AS reason, CAST(NULL AS STRING) AS exposure_id,"
                + " 1L AS parameters_version, CAST(NULL AS STRING) AS run_id");
        Dataset<Row> outcomes = spark.sql(
                "SELECT 'u' AS user_id, 'buy' AS outcome, 1D AS value," + " TIMESTAMP '2026-01-09' AS occurred_at");
        List<String> columns = new ArrayList<>(Profiles.names(predictors, WEEK));
        columns.add(Usage.AMOUNTS);
        List<Row> example = new TrainingExamples(
                        List.of(new ResponseDefinition("search", Kind.PROPORTION, "buy", Duration.ofDays(1))),
                        Map.of("e", "search"),
                        predictors,
                        WEEK)
                .before(
                        Arrivals.complete(Instant.parse("2026-02-01T00:00:00Z")),
                        users,
                        Usage.histories(events),
                        exposures,
                        outcomes)
                .select(Profiles.columns(columns))
                .collectAsList();
        assertThat(example)
                .containsExactly(
                        RowFactory.create(30.0, 1.0, "DE", 2.0, 6.0, 2.0, 0.5, 2.0, scala(Map.of("search", 6.0))));
        assertThat(Profiles.at(cut, users, Usage.histories(events), predictors, WEEK)
                        .drop("user_id")
                        .collectAsList())
                .isEqualTo(example);
    }

    @Test
    void aUserWithEventsButNoRowOfTheUsersTableHasAProfileWithoutAttributes() {
        Dataset<Row> users = spark.sql("SELECT 'u' AS user_id, 30 AS age");
        assertThat(Profiles.at(
                                Instant.parse("2026-01-08T00:00:00Z"),
                                users,
                                Usage.histories(
                                        events(
                                                "('v', 'search', 1, '2026-01-07 00:00:00'), ('v', 'chat', 1, '2026-01-07 00:00:00')")),
                                new Predictors(List.of("age"), List.of()),
                                WEEK)
                        .collectAsList())
                .containsExactlyInAnyOrder(
                        RowFactory.create("u", 30.0, 0.0, 0.0, 0.0, 7.0, 0.0, scala(Map.of())),
                        RowFactory.create(
                                "v", null, 2.0, 2.0, 1.0, 1.0, 1.0, scala(Map.of("search", 1.0, "chat", 1.0))));
    }

    @Test
    void aWindowThatIsNotAboveZeroIsRefused() {
        assertThatThrownBy(() -> new Usage(List.of(), Duration.ZERO, Duration.ZERO))
                .hasMessage("flagcast.usage.window PT0S is not above 0");
        assertThatThrownBy(() -> new ResponseDefinition("search", Kind.MEAN, "buy", Duration.ofDays(-1)))
                .hasMessage("window PT-24H of feature 'search' is not above 0");
    }

    @Test
    void aNegativeHalfLifeIsRefused() {
        assertThatThrownBy(() -> new Usage(List.of(), Duration.ofDays(7), Duration.ofSeconds(-1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("flagcast.usage.half-life PT-1S is below 0: use 0 for usage that does not decay");
    }

    @Test
    void theAmountOfAFeatureHalvesWithEveryHalfLifeOfAge() {
        Dataset<Row> events =
                events("('u', 'search', 8, '2026-01-01 00:00:00'), ('u', 'search', 3, '2026-01-06 00:00:00'),"
                        + "('u', 'chat', NULL, '2026-01-07 00:00:00'), ('u', 'chat', 4, '2026-01-04 00:00:00'),"
                        + "('v', 'search', 9, '2026-01-07 00:00:00')");
        // Search: 8 at the age of 7 days and 3 at 2; chat: 1, for no value, at 1 and 4 at 4.
        assertThat(amounts(Duration.ofDays(1), events))
                .containsOnly(Map.entry("search", 8.0 / 128 + 3.0 / 4), Map.entry("chat", 1.0 / 2 + 4.0 / 16));
        assertThat(amounts(Duration.ofDays(2), events("('u', 'chat', 4, '2026-01-04 00:00:00')")))
                .containsOnly(Map.entry("chat", 1.0));
        assertThat(amounts(Duration.ZERO, events)).containsOnly(Map.entry("search", 11.0), Map.entry("chat", 5.0));
    }

    @Test
    void ageIsExactBelowASecond() {
        assertThat(amounts(Duration.ofMillis(250), events("('u', 'chat', 4, '2026-01-07 23:59:59.500')")))
                .containsOnly(Map.entry("chat", 1.0));
    }

    @Test
    void onlyEventsFromTheStartOfTheWindowUpToTheCutHaveAnAmount() {
        String inside = "('u', 'first', 1, '2026-01-01 00:00:00'), ('u', 'last', 1, '2026-01-07 23:59:59.999999')";
        String outside = ", ('u', 'early', 1, '2025-12-31 23:59:59.999999'), ('u', 'now', 1, '2026-01-08 00:00:00'),"
                + "('u', 'last', 1, '2026-01-08 00:00:00'), ('u', 'first', 1, '2026-01-09 00:00:00')";
        assertThat(amounts(Duration.ZERO, events(inside + outside)))
                .containsOnly(Map.entry("first", 1.0), Map.entry("last", 1.0));
        assertThat(amounts(Duration.ofDays(3), events(inside + outside)))
                .isEqualTo(amounts(Duration.ofDays(3), events(inside)));
    }

    @Test
    void anAmountThatIsNotAboveZeroIsAbsent() {
        Dataset<Row> events = events(
                "('u', 'nothing', 0, '2026-01-07 00:00:00'), ('u', 'undone', 1, '2026-01-07 00:00:00'),"
                        + "('u', 'undone', -1, '2026-01-07 00:00:00'), ('u', 'owed', -1, '2026-01-07 00:00:00'),"
                        + "('u', 'broken', double('NaN'), '2026-01-07 00:00:00'), ('u', 'chat', 1, '2026-01-07 00:00:00')");
        assertThat(amounts(Duration.ZERO, events)).containsOnly(Map.entry("chat", 1.0));
        // 2^-86400 is below every double.
        assertThat(amounts(Duration.ofSeconds(1), events)).isEmpty();
        assertThat(amounts(Duration.ZERO, events("('v', 'chat', 1, '2026-01-07 00:00:00')")))
                .isEmpty();
    }

    @Test
    void sumsHaveTheSameBitsOnAnyPartitioning() {
        Dataset<Row> events = spark.sql(
                "SELECT 'u' AS user_id, concat('f', id % 7) AS feature_id, 1D / (id + 1) AS value,"
                        + " TIMESTAMP '2026-01-07' - make_dt_interval(0, 0, id % 60, id % 17) AS occurred_at FROM range(2000)");
        Dataset<Row> cuts = spark.sql("SELECT 'u' AS user_id, TIMESTAMP '2026-01-08' AS cut_at");
        Usage usage = new Usage(List.of("f1"), Duration.ofDays(7), Duration.ofHours(5));
        List<Row> one = usage.before(cuts, Usage.histories(events.coalesce(1))).collectAsList();
        assertThat(one.get(0).<String, Double>getJavaMap(one.get(0).fieldIndex(Usage.AMOUNTS)))
                .hasSize(7);
        for (int partitions : List.of(2, 5)) {
            assertThat(usage.before(cuts, Usage.histories(events.repartition(partitions, col("value"))))
                            .collectAsList())
                    .isEqualTo(one);
        }
    }

    @Test
    void gatheringTheEventsByFeatureCostsNoShuffleOfItsOwn() {
        Dataset<Row> cuts =
                spark.sql("SELECT concat('u', id) AS user_id, TIMESTAMP '2026-01-08' AS cut_at FROM range(3)");
        Dataset<Row> histories = Usage.histories(events("('u', 'search', 1, '2026-01-07 00:00:00')"));
        String plan = WEEK.before(cuts.hint("merge"), histories)
                .queryExecution()
                .executedPlan()
                .toString();
        // One for the cuts and one for the events.
        assertThat(Pattern.compile("Exchange hashpartitioning").matcher(plan).results())
                .as(plan)
                .hasSize(2);
    }

    @Test
    void aUserWithMoreEventsThanAnArrayHoldsIsNamedWithARemedy() {
        assertThat(History.end(10, 20)).isEqualTo(30);
        assertThatThrownBy(() -> History.end(Integer.MAX_VALUE - 20, 20))
                .isInstanceOf(InputException.class)
                .hasMessage(
                        "events: one user has more than 2,047 MB of them, which is no person: leave such users out by"
                                + " flagcast.sources.events.where");
    }

    @Test
    void theAggregatesAreThoseOfTheEventsJoinedToTheCuts() {
        Dataset<Row> cuts = spark.sql("SELECT concat('u', id % 40) AS user_id, id AS cut,"
                + " TIMESTAMP '2026-01-04' + make_dt_interval(0, id) AS cut_at FROM range(200)");
        Dataset<Row> events = spark.sql(
                "SELECT concat('u', pmod(xxhash64(id), 50)) AS user_id, concat('ä', pmod(xxhash64(id, 1), 3)) AS feature_id,"
                        + " IF(id % 5 = 0, NULL, CAST(pmod(xxhash64(id, 2), 9) - 2 AS DOUBLE)) AS value,"
                        + " TIMESTAMP '2026-01-01' + make_dt_interval(0, 0, 0, pmod(xxhash64(id, 3), 12 * 86400)) AS occurred_at"
                        + " FROM range(3000)");
        Usage usage = new Usage(List.of("ä0", "none"), Duration.ofDays(3), Duration.ofDays(2));
        usage.before(cuts, Usage.histories(events)).createOrReplaceTempView("gathered");
        cuts.createOrReplaceTempView("cuts");
        events.createOrReplaceTempView("happened");
        Dataset<Row> differences = spark.sql("""
                WITH past AS (
                  SELECT cut, cut_at, feature_id, occurred_at, coalesce(value, 1D) AS value,
                    coalesce(value, 1D) * pow(2, (unix_micros(occurred_at) - unix_micros(cut_at)) / (2 * 86400e6)) AS decayed
                  FROM cuts JOIN happened USING (user_id)
                  WHERE occurred_at >= cut_at - INTERVAL 3 DAYS AND occurred_at < cut_at),
                amounts AS (
                  SELECT cut, map_from_entries(collect_list(struct(feature_id, amount))) AS amounts
                  FROM (SELECT cut, feature_id, sum(decayed) AS amount FROM past GROUP BY ALL) WHERE amount > 0 GROUP BY cut),
                joined AS (
                  SELECT cut, count(*) AS n, sum(value) AS value, count(DISTINCT date(occurred_at)) AS days,
                    max(occurred_at) AS last, count_if(feature_id = 'ä0') AS of_0
                  FROM past GROUP BY cut)
                SELECT * FROM gathered LEFT JOIN joined USING (cut) LEFT JOIN amounts USING (cut)
                WHERE usage_count <> coalesce(n, 0) OR abs(usage_value - coalesce(joined.value, 0)) > 1e-9
                  OR usage_active_days <> coalesce(days, 0) OR `usage_of_ä0` <> coalesce(of_0, 0) OR usage_of_none <> 0
                  OR abs(usage_recency_days - coalesce((unix_seconds(cut_at) - unix_seconds(last)) / 86400, 3)) > 1e-9
                  OR size(usage) <> coalesce(size(amounts), 0)
                  OR exists(map_entries(usage), e -> abs(e.value - amounts[e.key]) > 1e-9)
                """);
        assertThat(differences.collectAsList()).isEmpty();
        assertThat(spark.sql("SELECT * FROM gathered WHERE usage_count > 10").count())
                .isGreaterThan(100);
    }
}
