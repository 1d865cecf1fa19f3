package io.flagcast.features;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(SharedSpark.class)
class UsageTest {

    private static final Usage WEEK = new Usage(List.of("search"), Duration.ofDays(7));

    private final SparkSession spark;

    UsageTest(SparkSession spark) {
        this.spark = spark;
    }

    /** The aggregates of user u at the cut, in the order of their names. */
    private List<Row> at(String cut, String events) {
        Dataset<Row> cuts = spark.sql("SELECT 'u' AS user_id, TIMESTAMP '" + cut + "' AS cut_at");
        return WEEK.before(cuts, events(events))
                .select(Profiles.columns(WEEK.names()))
                .collectAsList();
    }

    private Dataset<Row> events(String rows) {
        return spark.sql(
                "SELECT user_id, feature_id, CAST(value AS DOUBLE) AS value, CAST(at AS TIMESTAMP) AS occurred_at"
                        + " FROM VALUES " + rows + " AS t(user_id, feature_id, value, at)");
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
                + " TIMESTAMP '2026-01-08' AS exposed_at, 0.5D AS propensity");
        Dataset<Row> outcomes = spark.sql(
                "SELECT 'u' AS user_id, 'buy' AS outcome, 1D AS value," + " TIMESTAMP '2026-01-09' AS occurred_at");
        List<Row> example = new TrainingExamples(
                        List.of(new ResponseDefinition("search", "buy", Duration.ofDays(1))),
                        Map.of("e", "search"),
                        predictors,
                        WEEK)
                .before(Instant.parse("2026-02-01T00:00:00Z"), users, events, exposures, outcomes)
                .select(Profiles.columns(Profiles.names(predictors, WEEK)))
                .collectAsList();
        assertThat(example).containsExactly(RowFactory.create(30.0, 1.0, "DE", 2.0, 6.0, 2.0, 0.5, 2.0));
        assertThat(Profiles.at(cut, users, events, predictors, WEEK)
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
                                events(
                                        "('v', 'search', 1, '2026-01-07 00:00:00'), ('v', 'chat', 1, '2026-01-07 00:00:00')"),
                                new Predictors(List.of("age"), List.of()),
                                WEEK)
                        .collectAsList())
                .containsExactlyInAnyOrder(
                        RowFactory.create("u", 30.0, 0.0, 0.0, 0.0, 7.0, 0.0),
                        RowFactory.create("v", null, 2.0, 2.0, 1.0, 1.0, 1.0));
    }

    @Test
    void aWindowThatIsNotAboveZeroIsRefused() {
        assertThatThrownBy(() -> new Usage(List.of(), Duration.ZERO))
                .hasMessage("flagcast.usage.window PT0S is not above 0");
        assertThatThrownBy(() -> new ResponseDefinition("search", "buy", Duration.ofDays(-1)))
                .hasMessage("window PT-24H of feature 'search' is not above 0");
    }
}
