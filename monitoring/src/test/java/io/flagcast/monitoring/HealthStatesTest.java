package io.flagcast.monitoring;

import static io.flagcast.monitoring.Exposed.START;
import static io.flagcast.monitoring.Exposed.table;
import static io.flagcast.monitoring.Exposed.user;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;
import static org.assertj.core.api.Assertions.tuple;

import io.flagcast.fixtures.SharedSpark;
import io.flagcast.monitoring.PredictionStates.Cuts;
import io.flagcast.statistics.Moments;
import io.flagcast.statistics.WeightedMoments;
import io.flagcast.statistics.assignment.Assignment;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The states that health checks judge, against sums by hand. */
@ExtendWith(SharedSpark.class)
class HealthStatesTest {

    private static final Instant CLOSED = START.plus(Duration.ofDays(1));
    static final Instant AS_OF = START.plus(Duration.ofDays(3));
    private static final Map<String, String> CONVERSION = Map.of("e", "conversion");

    private final SparkSession spark;

    HealthStatesTest(SparkSession spark) {
        this.spark = spark;
    }

    private Dataset<Row> counted(Exposed... rows) {
        return CountedUsers.of(table(spark, rows));
    }

    private static Row one(Dataset<Row> rows, String condition) {
        List<Row> found = rows.where(condition).collectAsList();
        assertThat(found).hasSize(1);
        return found.get(0);
    }

    @Test
    void aUserCountsOncePerSegmentAndInAllByTheFirstExposureThere() {
        Dataset<Row> counted = counted(
                user("a", true).in("low").at(START.plusSeconds(9)),
                user("a", false).in("low").under(2).at(START.plusSeconds(5)),
                user("a", true).in("high").under(3).at(START.plusSeconds(7)));

        assertThat(counted.select("segment", "enabled").collectAsList())
                .extracting(row -> tuple(row.get(0), row.get(1)))
                .containsExactlyInAnyOrder(tuple("low", false), tuple("high", true), tuple("all", false));
    }

    /** A day after the exposure at 10:00: one at its end, one of the same day before, one of another outcome, one of a stranger. */
    @Test
    void outcomesThatMissAWindowByAnInstantOrOnlyByTheTimeOfDayAreCounted() {
        Instant ten = START.plus(Duration.ofHours(10));
        Dataset<Row> counted = counted(
                user("a", true).at(ten).counted(ten.plus(Duration.ofDays(1)), 1),
                user("b", false).at(ten).counted(ten.plus(Duration.ofDays(1)), 0));
        Dataset<Row> outcomes = spark.sql("SELECT user_id, outcome, CAST(at AS TIMESTAMP) AS occurred_at FROM VALUES"
                + " ('a', 'buy', '2026-01-02 10:00:00'), ('a', 'buy', '2026-01-02 09:59:59'),"
                + " ('a', 'click', '2026-01-02 10:00:00'), ('b', 'buy', '2026-01-01 00:00:00'),"
                + " ('b', 'buy', '2025-12-31 23:59:59'), ('x', 'buy', '2026-01-02 10:00:00')"
                + " AS t(user_id, outcome, at)");

        Row row = one(
                WindowEdgeStates.of(
                        counted, outcomes, Map.of("e", List.of(Shop.CONVERSION), "other", List.of(Shop.CONVERSION))),
                "experiment_id = 'e'");
        assertThat(List.<Object>of(
                        row.getAs("metric"),
                        row.getAs("users"),
                        row.getAs("inside"),
                        row.getAs("on_edge"),
                        row.getAs("before")))
                .containsExactly("conversion", 2L, 1L, 1L, 1L);
    }

    @Test
    void anAssignmentSumsTheUsersWhoCouldHaveGotEitherAnswer() {
        Row row = one(
                AssignmentStates.assignments(counted(
                        user("a", true).with(0.5),
                        user("b", true).with(0.2),
                        user("c", false).with(0.2),
                        user("certain", true).with(1.0),
                        user("excluded", false).with(0.0),
                        user("unknown", true).with(null))),
                "segment = 'high'");

        Assignment byHand = Assignment.of(1, 0, 0.5).merge(Assignment.of(1, 1, 0.2));
        Assignment assignment = AssignmentStates.assignment(row);
        assertThat(assignment.n()).isEqualTo(3);
        assertThat(assignment.enabled()).isEqualTo(2);
        assertThat(assignment.expected()).isCloseTo(0.9, offset(1e-12));
        assertThat(assignment.variance()).isCloseTo(0.25 + 2 * 0.16, offset(1e-12));
        for (int i = 0; i < Assignment.TILTS.size(); i++) {
            assertThat(assignment.logTilted().get(i))
                    .isCloseTo(byHand.logTilted().get(i), offset(1e-12));
        }
    }

    @Test
    void twoAnswersContradictUnderOneVersionOnlyWhetherInOneSegmentOrTwo() {
        Row row = one(
                AssignmentStates.contradictions(
                        table(
                                        spark,
                                        user("in one segment", true).contradicted(),
                                        user("in two", true).in("low"),
                                        user("in two", false).in("high"),
                                        user("under two versions", true),
                                        user("under two versions", false).under(2),
                                        user("not logged, on one day", true)
                                                .under(0)
                                                .contradicted(),
                                        user("not logged, on two days", true).under(0),
                                        user("not logged, on two days", false)
                                                .under(0)
                                                .at(Exposed.START.plus(Duration.ofDays(1))),
                                        user("not logged, once", true).under(0),
                                        user("logged later", true).under(0),
                                        user("logged later", false),
                                        user("elsewhere, in both arms", true).under(0),
                                        user("elsewhere, in both arms", false),
                                        user("elsewhere, once", true).under(0))
                                .withColumn(
                                        "reason",
                                        expr("CASE WHEN user_id LIKE 'elsewhere%' AND enabled THEN 'elsewhere' END")),
                        "elsewhere"),
                "experiment_id = 'e'");

        assertThat(row.<Long>getAs("users")).isEqualTo(9);
        assertThat(row.<Long>getAs("contradictory")).isEqualTo(5);
        assertThat(row.<Long>getAs("unlogged")).isEqualTo(3);
    }

    @Test
    void aResidualIsTheResponseLessThePredictionOfTheArmThatWasServed() {
        Dataset<Row> predicted = PredictionStates.predicted(
                counted(
                        user("a", true).predicted(0.6, 0.1).counted(CLOSED, 1),
                        user("b", false).predicted(0.6, 0.1).counted(CLOSED, 0),
                        user("open", true).predicted(0.6, 0.1).counted(AS_OF.plusSeconds(1), 1),
                        user("unscored", true).counted(CLOSED, 1)),
                CONVERSION);
        Row row = one(PredictionStates.residuals(predicted, AS_OF), "segment = 'high' AND part = ''");

        // 1 - 0.6 and 0 - 0.1.
        Moments residual = States.moments(row.<Row>getAs("residual"));
        assertThat(residual.n()).isEqualTo(2);
        assertThat(residual.mean()).isCloseTo(0.15, offset(1e-12));
        assertThat(residual.m2()).isCloseTo(2 * 0.25 * 0.25, offset(1e-12));
        assertThat(row.<Double>getAs("predicted")).isCloseTo(0.35, offset(1e-12));

        // Both windows have closed in the newest seven days; eight days later none has.
        Row enabled = one(
                PredictionStates.residuals(predicted, AS_OF),
                "segment = 'high' AND part = 'enabled in the newest 7 days'");
        assertThat(States.moments(enabled.<Row>getAs("residual")).mean()).isCloseTo(0.4, offset(1e-12));
        assertThat(PredictionStates.residuals(predicted, AS_OF.plus(Duration.ofDays(8)))
                        .where("part != ''")
                        .isEmpty())
                .isTrue();
    }

    @Test
    void decilesHaveATenthOfTheUsersAndTheEffectOfBothArms() {
        Exposed[] rows = IntStream.range(0, 20)
                .mapToObj(i -> user("u" + i, i % 2 == 0)
                        .with(i == 19 ? 1.0 : 0.25)
                        // Uplift rises with i; both arms' responses do too.
                        .predicted(0.02 * i, 0.01 * i)
                        .counted(CLOSED, i % 4 == 0 ? 1 : 0))
                .toArray(Exposed[]::new);
        Dataset<Row> predicted = PredictionStates.predicted(counted(rows), CONVERSION);
        Cuts cuts = Cuts.of(one(PredictionStates.residuals(predicted, AS_OF), "segment = 'all' AND part = ''"));
        Dataset<Row> deciles = PredictionStates.deciles(predicted, Map.of("e", cuts));

        assertThat(deciles.where("prediction = 'response'").select("observed.n").collectAsList())
                .extracting(row -> row.getLong(0))
                .containsExactly(2L, 2L, 2L, 2L, 2L, 2L, 2L, 2L, 2L, 2L);
        Row lowest = one(deciles, "prediction = 'uplift' AND decile = 0");
        assertThat(lowest.<Double>getAs("predicted")).isCloseTo(0.005, offset(1e-12));
        // User 0 is enabled with probability 1/4 and responded; user 1 is not and did not.
        assertThat(States.weighted(lowest.<Row>getAs("enabled")))
                .isEqualTo(new WeightedMoments(1, 4, 16, 4, 4, 16, 16));
        assertThat(States.weighted(lowest.<Row>getAs("control")).n()).isEqualTo(1);
        assertThat(States.weighted(lowest.<Row>getAs("control")).w()).isCloseTo(4 / 3.0, offset(1e-12));
        Row highest = one(deciles, "prediction = 'uplift' AND decile = 9");
        assertThat(States.moments(highest.<Row>getAs("observed")).n())
                .as("one of the two could only be enabled")
                .isEqualTo(1);
    }

    @Test
    void enableRatesAreOfUsersWhoseScoreDecides() {
        Dataset<Row> allocations =
                spark.sql("SELECT 'e' AS experiment_id, user_id, segment, reason, enabled FROM VALUES"
                        + " ('a', 'high', 'policy', true), ('b', 'high', 'no_benefit', false), ('c', 'high', 'exploration', true),"
                        + " ('d', 'high', 'holdout', false), ('e', NULL, 'unscored', true), ('f', 'high', 'policy', true)"
                        + " AS t(user_id, segment, reason, enabled)");
        Dataset<Row> groups = BiasStates.groups(
                spark.sql("SELECT * FROM VALUES ('a', 'f', 30), ('b', 'f', 30), ('c', 'm', NULL), ('d', 'f', 30),"
                        + " ('e', 'f', 30) AS t(user_id, gender, age)"),
                List.of("gender", "age"));

        assertThat(BiasStates.enabled(allocations, groups, 1).collectAsList())
                .extracting(row -> tuple(
                        row.getAs("attribute"), row.getAs("protected_group"), row.getAs("users"), row.getAs("enabled")))
                .containsExactlyInAnyOrder(
                        tuple("gender", "f", 2L, 1L),
                        tuple("gender", "m", 1L, 1L),
                        tuple("age", "30", 2L, 1L),
                        tuple("age", BiasStates.UNKNOWN, 1L, 1L));
        assertThat(BiasStates.enabled(allocations, groups, 2).collectAsList())
                .as("small groups are left out")
                .hasSize(2);
    }

    @Test
    void outcomesOfAGroupAreThoseOfItsEnabledUsersPerBand() {
        Dataset<Row> counted = counted(
                user("a", true).counted(CLOSED, 3),
                user("b", true).counted(CLOSED, 5),
                user("c", false).counted(CLOSED, 9),
                user("d", true).in(SegmentMetrics.UNSCORED).counted(CLOSED, 9),
                user("open", true).counted(AS_OF.plusSeconds(1), 9));
        Dataset<Row> groups = BiasStates.groups(
                spark.sql("SELECT explode(array('a', 'b', 'c', 'd', 'open')) AS user_id, 'f' AS gender"),
                List.of("gender"));

        Row row = one(BiasStates.outcomes(counted, groups, 1), "attribute = 'gender'");
        assertThat(row.<String>getAs("segment")).isEqualTo("high");
        assertThat(row.<String>getAs("metric")).isEqualTo("conversion");
        assertThat(States.moments(row.<Row>getAs("observed"))).isEqualTo(Moments.of(3, 5));
    }

    @Test
    void aDaySinceTheFirstExposureCountsWhenItIsOver() {
        Instant third = START.plus(Duration.ofDays(2));
        Dataset<Row> counted = counted(
                user("a", true), user("b", true), user("late", true).at(third.plusSeconds(60)), user("c", false));
        // As-of: a, b and c have lived three days; the late one not even one.
        Dataset<Row> lived = NoveltyStates.users(counted, AS_OF);
        assertThat(lived.collectAsList())
                .extracting(
                        row -> tuple(row.getAs("enabled"), row.getAs("days"), States.weighted(row.<Row>getAs("state"))))
                .containsExactlyInAnyOrder(
                        tuple(true, 3L, WeightedMoments.EMPTY.plus(2, 0).plus(2, 0)),
                        tuple(false, 3L, WeightedMoments.EMPTY.plus(2, 0)));

        Dataset<Row> outcomes = spark.sql("SELECT user_id, outcome, CAST(value AS DOUBLE) AS value,"
                + " CAST(at AS TIMESTAMP) AS occurred_at FROM VALUES ('a', 'buy', 3, '2026-01-01 00:00:00'),"
                + " ('a', 'buy', NULL, '2026-01-01 23:59:59'), ('a', 'buy', 7, '2026-01-02 00:00:00'),"
                + " ('b', 'buy', 9, '2025-12-31 23:59:59'), ('late', 'buy', 9, '2026-01-03 10:00:00'),"
                + " ('a', 'click', 9, '2026-01-01 10:00:00') AS t(user_id, outcome, value, at)");
        Dataset<Row> did = NoveltyStates.outcomes(counted, outcomes, List.of("buy"), AS_OF);
        assertThat(did.select("enabled", "day", "did.wy", "amount.wy", "amount.w2y2")
                        .collectAsList())
                .extracting(row -> tuple(row.get(0), row.get(1), row.get(2), row.get(3), row.get(4)))
                .containsExactlyInAnyOrder(tuple(true, 0L, 2.0, 8.0, 64.0), tuple(true, 1L, 2.0, 14.0, 196.0));
    }

    @Test
    void valuesWithoutAFiniteSquareMakeNoUsableState() {
        Row row = spark.sql("SELECT explode(array(1D, 1e200D)) AS y, true AS enabled, 0.5D AS propensity")
                .agg(
                        States.moments(col("y")).as("moments"),
                        States.weighted(States.weight(), col("y")).as("weighted"),
                        States.weighted(States.weight(), lit(1.0)).as("sound"))
                .head();

        assertThat(States.isFinite(row.getStruct(0))).isFalse();
        assertThat(States.isFinite(row.getStruct(1))).isFalse();
        assertThat(States.isFinite(row.getStruct(2))).isTrue();
    }

    @Test
    void usersWhoDidNothingCountWithZero() {
        WeightedMoments lived = new WeightedMoments(3, 6, 12, 0, 0, 0, 0);
        WeightedMoments did = WeightedMoments.EMPTY.plus(2, 5);

        assertThat(NoveltyStates.day(lived, did)).isEqualTo(new WeightedMoments(3, 6, 12, 10, 50, 20, 100));
    }

    @Test
    void binsOfScoresHoldTheirLowerEndAndTheLastBoth() {
        Dataset<Row> scores = spark.sql(
                "SELECT 'f' AS feature_id, 'm' AS model_id,"
                        + " IF(score = 50, 'group', 'model') AS source, CAST(score AS DOUBLE) AS score FROM VALUES (0), (9.99), (10), (90), (100), (50) AS t(score)");

        assertThat(DriftStates.scores(scores).collectAsList())
                .extracting(row -> tuple(row.getAs("bin"), row.getAs("users")))
                .containsExactlyInAnyOrder(tuple(0, 2L), tuple(1, 1L), tuple(9, 2L));
        assertThat(List.of(0.0, 9.99, 10.0, 90.0, 100.0))
                .extracting(DriftStates::scoreBin)
                .containsExactly(0, 0, 1, 9, 9);
    }

    @Test
    void predictorsAreBinnedByTheirTenthsAndLevels() {
        Dataset<Row> training = spark.sql("SELECT CAST(id AS DOUBLE) AS age, IF(id < 7, 'free', 'pro') AS plan,"
                + " CAST(NULL AS DOUBLE) AS nothing FROM range(10)");
        List<PredictorBins> bins =
                DriftStates.bins(training, List.of("age", "plan", "nothing")).collectAsList().stream()
                        .map(PredictorBins::of)
                        .toList();

        assertThat(bins)
                .containsExactlyInAnyOrder(
                        new PredictorBins("age", List.of(0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0), List.of()),
                        new PredictorBins("plan", List.of(), List.of("free", "pro")),
                        new PredictorBins("nothing", List.of(), List.of()));
        List<PredictorBins> ordered = List.of(
                new PredictorBins("age", List.of(2.0, 5.0), List.of()),
                new PredictorBins("plan", List.of(), List.of("free", "pro")),
                new PredictorBins("nothing", List.of(), List.of()));
        Dataset<Row> live =
                spark.sql("SELECT CAST(age AS DOUBLE) AS age, plan, CAST(NULL AS DOUBLE) AS nothing FROM VALUES"
                        + " (2, 'pro'), (2.5, 'new'), (99, NULL), (NULL, 'pro') AS t(age, plan)");
        assertThat(DriftStates.predictors(live, ordered).collectAsList())
                .extracting(row -> tuple(row.getAs("place"), row.getAs("bin"), row.getAs("users")))
                .containsExactlyInAnyOrder(
                        tuple(0, 0, 1L),
                        tuple(0, 1, 1L),
                        tuple(0, 2, 1L),
                        tuple(0, 3, 1L),
                        tuple(1, 1, 2L),
                        tuple(1, 2, 1L),
                        tuple(1, 3, 1L),
                        tuple(2, 1, 4L));
    }

    @Test
    void inputsAreCountedInDaysBackFromTheAsOf() {
        Dataset<Row> rows = spark.sql("SELECT 'e' AS experiment_id, CAST(at AS TIMESTAMP) AS exposed_at FROM VALUES"
                + " ('2026-01-03 23:59:59'), ('2026-01-03 00:00:00'), ('2026-01-02 23:59:59.999999'),"
                + " ('2025-01-01 00:00:00') AS t(at)");

        assertThat(InputStates.perDay(rows, col("experiment_id"), "exposed_at", AS_OF)
                        .collectAsList())
                .extracting(row -> tuple(row.getAs("day"), row.getAs("rows")))
                .containsExactlyInAnyOrder(tuple(0L, 2L), tuple(1L, 1L), tuple(22L, 1L));
    }
}
