package io.flagcast.jobs.questions.evaluation;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.fixtures.SharedSpark;
import io.flagcast.jobs.questions.evaluation.TestUsers.Split;
import java.sql.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(SharedSpark.class)
class TestUsersTest {

    private static final Duration DAY = Duration.ofDays(1);

    private static SparkSession spark;
    private static Dataset<Row> examples;
    private static Dataset<Row> profiles;

    @BeforeAll
    static void threeUsersInTwoExperiments(SparkSession session) {
        spark = session;
        examples = rows(
                "experiment_id STRING, user_id STRING, exposed_at TIMESTAMP",
                RowFactory.create("a", "u1", at("2026-03-01T00:00:00Z")),
                RowFactory.create("a", "u2", at("2026-03-02T00:00:00Z")),
                RowFactory.create("b", "u2", at("2026-03-02T12:00:00Z")),
                RowFactory.create("b", "u3", at("2026-03-03T00:00:00Z")));
        profiles = rows(
                "user_id STRING",
                RowFactory.create("u1"),
                RowFactory.create("u2"),
                RowFactory.create("u3"),
                RowFactory.create("u4"));
    }

    private static Timestamp at(String instant) {
        return Timestamp.from(Instant.parse(instant));
    }

    private static Dataset<Row> rows(String schema, Row... rows) {
        return spark.createDataFrame(Arrays.asList(rows), StructType.fromDDL(schema));
    }

    private static List<String> users(Dataset<Row> rows) {
        String columns = Arrays.asList(rows.columns()).contains("experiment_id")
                ? "concat(experiment_id, '/', user_id)"
                : "user_id";
        return rows.selectExpr(columns).collectAsList().stream()
                .map(row -> row.getString(0))
                .sorted()
                .toList();
    }

    @Test
    void outOfFoldEverybodyIsTrainedAndJudgedOn() {
        Split split = new TestUsers.OutOfFold().split(examples, profiles, 1, DAY);
        assertThat(users(split.trainedOn())).hasSize(4);
        assertThat(users(split.others())).hasSize(4);
        assertThat(split.judgedOn()).isEmpty();
    }

    @Test
    void aListedUserIsJudgedOnAndHisUsageIsNotLearnedFrom() {
        Split split = new TestUsers.Listed(rows("user_id STRING", RowFactory.create("u2"), RowFactory.create("u2")))
                .split(examples, profiles, 1, DAY);
        assertThat(users(split.judgedOn().orElseThrow())).containsExactly("a/u2", "b/u2");
        assertThat(users(split.trainedOn())).containsExactly("a/u1", "b/u3");
        assertThat(users(split.others())).containsExactly("u1", "u3", "u4");
    }

    @Test
    void aListMayBeOfOneExperimentAndOneSeed() {
        TestUsers list = new TestUsers.Listed(rows(
                "seed STRING, experiment_id STRING, user_id STRING",
                RowFactory.create("5", "a", "u2"),
                RowFactory.create("10", "b", "u3")));
        Split split = list.split(examples, profiles, 5, DAY);
        assertThat(users(split.judgedOn().orElseThrow())).containsExactly("a/u2");
        assertThat(users(split.trainedOn())).containsExactly("a/u1", "b/u2", "b/u3");
        assertThat(users(split.others())).containsExactly("u1", "u4");

        assertThat(list.seeds(List.of(), 42)).containsExactly(5L, 10L);
        assertThat(list.seeds(List.of(10L, 11L), 42)).containsExactly(10L);
    }

    @Test
    void sinceAnInstantNothingIsTrainedOnThatWasNotKnownThen() {
        Split split = new TestUsers.Since(Instant.parse("2026-03-02T12:00:00Z")).split(examples, profiles, 1, DAY);
        assertThat(users(split.judgedOn().orElseThrow())).containsExactly("b/u2", "b/u3");
        // The window of a day of the second user was open still.
        assertThat(users(split.trainedOn())).containsExactly("a/u1");
        assertThat(users(split.others())).isEmpty();
    }

    @Test
    void withoutASeedInTheListTheSeedsAreThoseAskedForOrTheConfiguredOne() {
        TestUsers list = new TestUsers.Listed(rows("user_id STRING", RowFactory.create("u2")));
        assertThat(list.seeds(List.of(3L, 1L), 42)).containsExactly(3L, 1L);
        assertThat(list.seeds(List.of(), 42)).containsExactly(42L);
        assertThat(new TestUsers.OutOfFold().seeds(List.of(), 42)).containsExactly(42L);
    }
}
