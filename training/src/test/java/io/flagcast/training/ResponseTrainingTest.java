package io.flagcast.training;

import static io.flagcast.training.Simulated.PREDICTORS;
import static io.flagcast.training.Simulated.SETTINGS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.training.ResponseTraining.Result;
import io.flagcast.training.ResponseTraining.Result.TooLittle;
import io.flagcast.training.ResponseTraining.Result.Trained;
import io.flagcast.training.Scoring.Scorer;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(SharedSpark.class)
class ResponseTrainingTest {

    private static final ResponseTraining TRAINING = new ResponseTraining(PREDICTORS, SETTINGS);

    private final SparkSession spark;

    ResponseTrainingTest(SparkSession spark) {
        this.spark = spark;
    }

    private Dataset<Row> examples(int users) {
        return Simulated.examples(spark, users, 11);
    }

    private static ResponsivenessModel trained(Result result) {
        assertThat(result).isInstanceOf(Trained.class);
        return ((Trained) result).model();
    }

    /** Scores of users who were not trained on, with the x of each. */
    private List<Row> scored(ResponsivenessModel model) {
        Dataset<Row> fresh = Simulated.examples(spark, 3000, 12);
        Dataset<Row> nobody = Simulated.usage(spark).where("false");
        return Scoring.score(fresh, nobody, List.of(new Scorer("f", "m", model)))
                .join(fresh.select("user_id", "x"), "user_id")
                .collectAsList();
    }

    private static double meanUplift(List<Row> rows, double from, double to) {
        return rows.stream()
                .filter(row -> row.<Double>getAs("score") >= from && row.<Double>getAs("score") < to)
                .mapToDouble(row -> Simulated.trueUplift(row.<Double>getAs("x")))
                .average()
                .orElseThrow();
    }

    @Test
    void aHighScoreMeansAHighTrueUplift() {
        // 6,000 users, seed 11. A perfect ranking has a mean true uplift of 1/6 in the top third and -1/6 in the
        // bottom.
        var model = (ResponsivenessModel.Uplift) trained(TRAINING.uplift(examples(6000)));
        List<Row> rows = scored(model);
        assertThat(meanUplift(rows, 200 / 3.0, 101)).isBetween(0.12, 0.17);
        assertThat(meanUplift(rows, 0, 100 / 3.0)).isBetween(-0.17, -0.12);
        // Scores of users of the same population are uniform: 3,000 of them average 50 with standard error 0.5.
        assertThat(rows.stream()
                        .mapToDouble(row -> row.<Double>getAs("score"))
                        .average()
                        .orElseThrow())
                .isCloseTo(50, within(2.0));
        assertThat(rows).allSatisfy(row -> {
            assertThat(row.<Double>getAs("uplift"))
                    .isCloseTo(
                            row.<Double>getAs("response_if_enabled") - row.<Double>getAs("response_if_not"),
                            within(1e-15));
            assertThat(row.<Double>getAs("response_if_enabled")).isBetween(0.0, 1.0);
        });
        assertThat(model.benefitBounds()).hasSize(10);
        assertThat(model.benefitBounds().get(0)).isNegative();
        assertThat(model.benefitBounds().get(9)).isPositive();
        assertThat(model.metrics().get("examples")).isEqualTo(6000);
        // Standard error of a rate of 0.3 among 3,000: 0.0084.
        assertThat(model.metrics().get("response_rate_control")).isCloseTo(0.3, within(0.03));
        // True means beyond the 70th and below the 30th percentile of x: ±0.175.
        assertThat(model.metrics().get("effect_top_30")).isCloseTo(0.175, within(0.08));
        assertThat(model.metrics().get("effect_bottom_30")).isCloseTo(-0.175, within(0.08));
        // No benefit is a matter of the decile, and true for the lowest only.
        assertThat(rows)
                .allSatisfy(row -> assertThat(row.<Boolean>getAs("no_benefit"))
                        .isEqualTo(
                                model.benefitBounds().get(ResponseTraining.decile(row.<Double>getAs("score"))) <= 0));
    }

    @Test
    void theSameExamplesAndSeedGiveTheSameModel() {
        Dataset<Row> examples = examples(800);
        assertThat(trained(TRAINING.uplift(examples)).toJson())
                .isEqualTo(trained(TRAINING.uplift(examples)).toJson());
    }

    @Test
    void propensitiesThatWereNotLoggedAreTakenForTheShareOfTheEnabledArm() {
        Dataset<Row> examples = examples(800);
        double share = examples.where("enabled").collectAsList().size() / 800.0;
        Dataset<Row> unknown =
                examples.withColumn("propensity", functions.lit(null).cast("double"));
        assertThat(trained(TRAINING.uplift(unknown)).toJson())
                .isEqualTo(trained(TRAINING.uplift(examples.withColumn("propensity", functions.lit(share))))
                        .toJson());
    }

    @Test
    void anArmWithTooFewUsersIsTooLittle() {
        Dataset<Row> examples = examples(400);
        assertThat(TRAINING.uplift(examples.where("NOT enabled")))
                .isEqualTo(new TooLittle("the enabled arm: 0 users, needs flagcast.training.min-users-per-arm 50"));
        assertThat(TRAINING.uplift(examples.where("enabled")
                        .union(examples.where("NOT enabled").limit(49))))
                .isEqualTo(new TooLittle("the control arm: 49 users, needs flagcast.training.min-users-per-arm 50"));
    }

    @Test
    void anArmWhereAllOrNobodyRespondedIsTooLittle() {
        Dataset<Row> examples = examples(400);
        Dataset<Row> sixty = examples.where("NOT enabled").limit(60);
        Dataset<Row> enabled = examples.where("enabled");
        for (int response : new int[] {0, 1}) {
            assertThat(TRAINING.uplift(enabled.union(sixty.withColumn("response", functions.lit((double) response)))))
                    .isEqualTo(new TooLittle(
                            "the control arm: %d of 60 users responded, needs both kinds".formatted(60 * response)));
        }
    }

    @Test
    void aPropensityModelRanksByTheResponse() {
        // Enabled users only: the response probability is 0.3 + 0.25 x.
        var model = (ResponsivenessModel.Propensity)
                trained(TRAINING.propensity(examples(4000).where("enabled")));
        List<Row> rows = scored(model);
        assertThat(meanUplift(rows, 200 / 3.0, 101)).isGreaterThan(0.15);
        assertThat(meanUplift(rows, 0, 100 / 3.0)).isLessThan(-0.15);
        assertThat(rows).allSatisfy(row -> {
            assertThat(row.<Double>getAs("response_if_enabled"))
                    .isCloseTo(0.3 + 0.25 * row.<Double>getAs("x"), within(0.15));
            assertThat(row.<Double>getAs("uplift")).isNull();
            assertThat(row.<Boolean>getAs("no_benefit")).isFalse();
        });
    }

    @Test
    void aPropensityModelNeedsUsersOfBothKinds() {
        Dataset<Row> examples = examples(200);
        assertThat(TRAINING.propensity(examples.limit(49)))
                .isEqualTo(new TooLittle("the examples: 49 users, needs flagcast.training.min-users-per-arm 50"));
        assertThat(TRAINING.propensity(examples.withColumn("response", functions.lit(0.0))))
                .isEqualTo(new TooLittle("the examples: 0 of 200 users responded, needs both kinds"));
    }

    @Test
    void aDecileHoldsTenPointsAndTheLastOneHundredToo() {
        assertThat(List.of(0.0, 9.99, 10.0, 89.99, 90.0, 100.0))
                .extracting(ResponseTraining::decile)
                .containsExactly(0, 0, 1, 8, 9, 9);
    }

    @Test
    void theMetricsOfAModelAreWrittenInTheOrderOfTheirNames() {
        Map<String, Double> metrics = Map.of("d", 4.0, "b", 2.0, "e", 5.0, "a", 1.0, "c", 3.0, "f", 6.0);
        assertThat(new CollaborativeModel(List.of(), new double[0][], 1, 1, Map.of(), metrics).toJson())
                .endsWith("\"metrics\":{\"a\":1.0,\"b\":2.0,\"c\":3.0,\"d\":4.0,\"e\":5.0,\"f\":6.0}}");
    }

    @Test
    void whatIsNoModelIsRefused() {
        assertThatThrownBy(() -> ResponsivenessModel.fromJson("{\"learner\":\"oracle\"}"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("not a model: Could not resolve type id 'oracle'");
    }

    @Test
    void settingsOutsideTheirLimitsAreRefusedWithTheirKey() {
        var collaborative = SETTINGS.collaborative();
        assertThatThrownBy(() -> new TrainingSettings(1, 1, 0, 50, collaborative))
                .hasMessage("flagcast.training.folds is 1: it must be 2 to 20");
        assertThatThrownBy(() -> new TrainingSettings(1, 5, Double.NaN, 50, collaborative))
                .hasMessage("flagcast.training.regularisation is NaN: it must be at least 0");
        assertThatThrownBy(() -> new TrainingSettings.Collaborative(0, 1, 1, 1, 1))
                .hasMessage("flagcast.training.collaborative.rank is 0: it must be at least 1");
    }
}
