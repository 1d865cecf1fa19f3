package io.flagcast.training;

import static io.flagcast.training.Simulated.NOTHING_SHOWN;
import static io.flagcast.training.Simulated.PREDICTORS;
import static io.flagcast.training.Simulated.SETTINGS;
import static io.flagcast.training.Simulated.START;
import static io.flagcast.training.Simulated.T_LINEAR;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.when;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.fixtures.SharedSpark;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.heterogeneity.BestLinearPrediction;
import io.flagcast.statistics.heterogeneity.CrossFitting;
import io.flagcast.statistics.heterogeneity.RepeatedVerdict;
import io.flagcast.statistics.heterogeneity.RepeatedVerdict.Outcome;
import io.flagcast.training.ResponseTraining.Live;
import io.flagcast.training.ResponseTraining.Result;
import io.flagcast.training.ResponseTraining.Result.TooLittle;
import io.flagcast.training.ResponseTraining.Result.Trained;
import io.flagcast.training.ResponsivenessModel.Propensity;
import io.flagcast.training.ResponsivenessModel.Uplift;
import io.flagcast.training.Scoring.Scorer;
import io.flagcast.training.encoding.EncodingTraining;
import io.flagcast.training.encoding.PredictorEncoding;
import io.flagcast.training.encoding.PredictorEncoding.Numeric;
import io.flagcast.training.encoding.PredictorEncoding.Scale;
import io.flagcast.training.learners.Estimate;
import io.flagcast.training.learners.Folds;
import io.flagcast.training.learners.Learner;
import io.flagcast.training.learners.ResponseModel.Linear;
import io.flagcast.training.learners.ResponseModel.Link;
import io.flagcast.training.learners.TrainingSettings;
import io.flagcast.training.usage.ItemFactors;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(SharedSpark.class)
class ResponseTrainingTest {

    /** Of learners of any shape. */
    private static final CrossFitting CROSS_FITTED = new CrossFitting(5, OptionalInt.empty());

    private static final ResponseTraining TRAINING = training(PREDICTORS, SETTINGS);

    private final SparkSession spark;

    ResponseTrainingTest(SparkSession spark) {
        this.spark = spark;
    }

    private static ResponseTraining training(List<String> predictors, TrainingSettings settings) {
        return new ResponseTraining(predictors, Optional.empty(), 0.05, settings);
    }

    private Dataset<Row> examples(int users) {
        return Simulated.examples(spark, users, 11);
    }

    private static Result uplift(ResponseTraining training, Dataset<Row> examples) {
        return training.uplift(examples, Metric.Kind.PROPORTION, Optional.empty());
    }

    private static Trained trained(Result result) {
        assertThat(result).isInstanceOf(Trained.class);
        return (Trained) result;
    }

    private static Uplift champion(Result result) {
        return (Uplift) trained(result).champion();
    }

    private static double crossFittedP(Uplift model) {
        return new CrossFitting(SETTINGS.folds(), model.estimate().directions()).p(model.calibration());
    }

    /** Scores of users who were not trained on, with the x of each. */
    private List<Row> scored(ResponsivenessModel model) {
        Dataset<Row> fresh = Simulated.examples(spark, 3000, 12);
        return Scoring.score(fresh, List.of(new Scorer("f", "m", model)))
                .join(fresh.select("user_id", "x"), "user_id")
                .collectAsList();
    }

    private static double meanUplift(List<Row> rows, double from, double to) {
        return mean(
                rows.stream()
                        .filter(row -> row.<Double>getAs("score") >= from && row.<Double>getAs("score") < to)
                        .toList(),
                ResponseTrainingTest::trueUplift);
    }

    private static double trueUplift(Row row) {
        return Simulated.trueUplift(row.<Double>getAs("x"));
    }

    private static double mean(List<Row> rows, ToDoubleFunction<Row> of) {
        return rows.stream().mapToDouble(of).average().orElseThrow();
    }

    private static double covariance(List<Row> rows, ToDoubleFunction<Row> one, ToDoubleFunction<Row> other) {
        double meanOne = mean(rows, one);
        double meanOther = mean(rows, other);
        return mean(rows, row -> (one.applyAsDouble(row) - meanOne) * (other.applyAsDouble(row) - meanOther));
    }

    @Test
    void everyLearnerRanksUsersByTheirTrueUpliftAndIsCalibrated() {
        // 5,000 users, seed 11, of whom half respond when not enabled and 0.45 x more when enabled. Pseudo-outcomes
        // have a standard deviation of about 0.93 and true uplifts one of 0.26, so a slope has a standard error of
        // 0.93 / 0.26 / √5,000 = 0.05: 0.2 are four. By chance the correlation would be as often negative.
        List<String> names = List.of(
                "t_linear",
                "x_linear",
                "dr_linear",
                "s_linear",
                "class_linear",
                "t_trees",
                "t_network",
                "t_linear+x_linear");
        List<Learner> learners = names.stream().map(Learner::parse).toList();
        Trained result = trained(uplift(
                training(
                        PREDICTORS,
                        withFolds(3, 0.001).withLearners(learners.get(0), learners.subList(1, learners.size()))),
                strong(5000, 11)));
        List<Uplift> models = Stream.concat(Stream.of(result.champion()), result.challengers().stream())
                .map(Uplift.class::cast)
                .toList();
        assertThat(models).extracting(Uplift::learner).containsExactlyInAnyOrderElementsOf(names);
        Dataset<Row> fresh = strong(2000, 12);
        Map<String, List<Row>> byLearner = Scoring.score(
                        fresh,
                        models.stream()
                                .map(model -> new Scorer(model.learner(), "m", model))
                                .toList())
                .join(fresh.select("user_id", "x"), "user_id")
                .collectAsList()
                .stream()
                .collect(Collectors.groupingBy(row -> row.<String>getAs("feature_id")));
        ToDoubleFunction<Row> trueUplift = row -> 0.45 * row.<Double>getAs("x");
        ToDoubleFunction<Row> predicted = row -> row.<Double>getAs("uplift");
        for (Uplift model : models) {
            List<Row> rows = byLearner.get(model.learner());
            assertThat(model.heterogeneous()).as(model.learner()).isTrue();
            double together = covariance(rows, predicted, trueUplift);
            double ofPredicted = covariance(rows, predicted, predicted);
            double ofTrue = covariance(rows, trueUplift, trueUplift);
            assertThat(together / Math.sqrt(ofPredicted * ofTrue))
                    .as(model.learner())
                    .isGreaterThan(0.8);
            assertThat(together / ofPredicted).as(model.learner()).isBetween(0.8, 1.2);
            assertThat(mean(rows, predicted)).as(model.learner()).isCloseTo(mean(rows, trueUplift), within(0.05));
            assertThat(model.metrics()).containsKeys("qini", "brier", "log_loss");
            // Seven challengers share what the configured champion has alone.
            assertThat(model.metrics().get("heterogeneity_level"))
                    .isCloseTo(
                            RepeatedVerdict.first(0.01).spent()
                                    / (model.learner().equals("t_linear") ? 1 : 7),
                            within(1e-12));
        }
        assertThat(result.rejection()).isEmpty();
        assertThat(result.notes()).anyMatch(note -> note.contains("heterogeneous, p = "));
    }

    private Dataset<Row> strong(int users, long seed) {
        return Simulated.examples(
                spark,
                users,
                seed,
                x -> 0.5,
                (x, plan, enabled, random) -> Simulated.happens(0.5 + (enabled ? 0.45 * x : 0), random));
    }

    @Test
    void aHighScoreMeansAHighTrueUplift() {
        // 6,000 users, seed 11. A perfect ranking has a mean true uplift of 1/6 in the top third and -1/6 in the
        // bottom.
        Uplift model = champion(uplift(TRAINING, examples(6000)));
        List<Row> rows = scored(model);
        assertThat(meanUplift(rows, 200 / 3.0, 101)).isBetween(0.12, 0.17);
        assertThat(meanUplift(rows, 0, 100 / 3.0)).isBetween(-0.17, -0.12);
        // Scores of users of the same population are uniform: 3,000 of them average 50 with standard error 0.5.
        assertThat(mean(rows, row -> row.<Double>getAs("score"))).isCloseTo(50, within(2.0));
        assertThat(rows).allSatisfy(row -> {
            assertThat(row.<Double>getAs("uplift"))
                    .isCloseTo(
                            row.<Double>getAs("response_if_enabled") - row.<Double>getAs("response_if_not"),
                            within(1e-12));
            assertThat(row.<Double>getAs("response_if_enabled")).isBetween(0.0, 1.0);
        });
        assertThat(model.benefitBounds()).hasSize(10);
        assertThat(model.benefitBounds().get(0)).isNegative();
        assertThat(model.benefitBounds().get(9)).isPositive();
        assertThat(model.metrics().get("examples")).isEqualTo(6000);
        // Standard error of a rate of 0.3 among 3,000: 0.0084.
        assertThat(model.metrics().get("response_rate_control")).isCloseTo(0.3, within(0.03));
        // True means beyond the 90th, 80th and 70th percentile of x; standard error of the last one: 0.023.
        assertThat(model.metrics().get("uplift_at_10")).isCloseTo(0.225, within(0.15));
        assertThat(model.metrics().get("uplift_at_20")).isCloseTo(0.2, within(0.11));
        assertThat(model.metrics().get("uplift_at_30")).isCloseTo(0.175, within(0.09));
        assertThat(model.metrics().get("qini"))
                .isBetween(model.metrics().get("qini_lower"), model.metrics().get("qini_upper"));
        // ∫ w(q) (1 − 2q)/4 dq of the perfect order, w(q) = −ln q − 1 and ½ − q: 1/8 and 1/24. Pseudo-outcomes have a
        // standard deviation of .92, the weights of 1 and .29: four standard errors are .048 and .014.
        assertThat(model.metrics().get("autoc")).isCloseTo(1 / 8.0, within(0.048));
        assertThat(model.metrics().get("rate_qini")).isCloseTo(1 / 24.0, within(0.014));
        // The error of orders that were learned by cross-fitting: √2 as large.
        assertThat(model.metrics().get("autoc_upper") - model.metrics().get("autoc"))
                .isCloseTo(1.96 * Math.sqrt(2) * 0.92 / Math.sqrt(6000), within(0.004));
        assertThat(model.orderP().orElseThrow())
                .isEqualTo(model.metrics().get("order_p"))
                .isLessThan(0.01);
        assertThat(model.verdict()).isEqualTo("heterogeneous");
        assertThat(model.metrics().get("effect")).isCloseTo(0, within(0.05));
        assertThat(model.metrics().get("heterogeneity_p"))
                .isEqualTo(crossFittedP(model))
                .isLessThan(RepeatedVerdict.first(0.01).spent());
        // No benefit is a matter of the decile, and true for the lowest only.
        assertThat(rows)
                .allSatisfy(row -> assertThat(row.<Boolean>getAs("no_benefit"))
                        .isEqualTo(model.benefitBounds().get(Evaluation.decile(row.<Double>getAs("score"))) <= 0));
        // Users that it was not trained on.
        Evaluation fresh =
                TRAINING.evaluate(model, Simulated.examples(spark, 3000, 12)).orElseThrow();
        assertThat(fresh.users()).isEqualTo(3000);
        assertThat(fresh.qini().orElseThrow()).isPositive();
        assertThat(fresh.calibration().orElseThrow().slope()).isCloseTo(1, within(0.5));
        assertThat(TRAINING.evaluate(model, examples(10).where("x > 2"))).isEmpty();
    }

    @Test
    void theSameExamplesAndSeedGiveTheSameModel() {
        Dataset<Row> examples = examples(400);
        assertThat(champion(uplift(TRAINING, examples)).toJson())
                .isEqualTo(champion(uplift(TRAINING, examples)).toJson());
    }

    @Test
    void withoutHeterogeneityTheVerdictSaysSoAndEveryoneHasThePrior() {
        // 2,000 users, seed 11: enabling adds 0.1 for everyone.
        Dataset<Row> examples = Simulated.examples(
                spark,
                2000,
                11,
                x -> 0.5,
                (x, plan, enabled, random) -> Simulated.happens(0.3 + 0.1 * x + (enabled ? 0.1 : 0), random));
        Trained result = trained(uplift(TRAINING, examples));
        Uplift model = (Uplift) result.champion();
        assertThat(model.verdict()).isEqualTo("no reliable heterogeneity");
        assertThat(result.notes())
                .containsExactly("t_linear: no reliable heterogeneity, p = %.2g, not below 0.0061 at training 1"
                        .formatted(crossFittedP(model)));
        assertThat(Scoring.score(examples.limit(20), List.of(new Scorer("f", "m", model)))
                        .collectAsList())
                .allSatisfy(row -> {
                    assertThat(row.<Double>getAs("score")).isEqualTo(50);
                    assertThat(row.<String>getAs("source")).isEqualTo("prior");
                    assertThat(row.<String>getAs("model_id")).isNull();
                });
    }

    @Test
    void aLaterTrainingJudgesByItsPartOfTheErrorAndByTheClaimInForce() {
        // 2,000 users, seed 11: enabling adds 0.1 for everyone.
        Dataset<Row> examples = Simulated.examples(
                spark,
                2000,
                11,
                x -> 0.5,
                (x, plan, enabled, random) -> Simulated.happens(0.3 + 0.1 * x + (enabled ? 0.1 : 0), random));
        // Uplifts of shares that differ by 4 are out of the question.
        Trained result = trained(TRAINING.uplift(
                examples, Metric.Kind.PROPORTION, Optional.empty(), new EarlierVerdicts(3, OptionalDouble.of(4))));
        Uplift model = (Uplift) result.champion();
        assertThat(model.judged().outcome()).isEqualTo(Outcome.REFUTED);
        assertThat(model.verdict()).isEqualTo("no reliable heterogeneity");
        assertThat(result.notes())
                .anyMatch(note -> note.contains("at training 4; refuted, as the spread of the uplift is at most"));
        // 1 % · 6 / (π² · 16).
        assertThat(model.metrics().get("heterogeneity_level"))
                .isCloseTo(0.01 * 6 / (Math.PI * Math.PI * 16), within(1e-12));
        assertThat(model.metrics()).doesNotContainKey("uplift_spread_claimed");
        assertThat(ResponsivenessModel.fromJson(model.toJson()).toJson()).isEqualTo(model.toJson());
    }

    @Test
    void valuesAreLearned() {
        // 2,000 users, seed 11: 5 + noise of 1, and 2 x more when enabled. A slope has a standard error of about
        // 2 / 1.15 / √2,000 = 0.04.
        Dataset<Row> examples = Simulated.examples(
                spark,
                2000,
                11,
                x -> 0.5,
                (x, plan, enabled, random) -> 5 + random.nextGaussian() + (enabled ? 2 * x : 0));
        var settings = SETTINGS.withLearners(
                T_LINEAR,
                List.of(Learner.parse("x_linear"), Learner.parse("class_linear"), Learner.parse("t_network")));
        Trained result = trained(training(PREDICTORS, settings).uplift(examples, Metric.Kind.MEAN, Optional.empty()));
        assertThat(result.notes())
                .contains(
                        "challenger class_linear cannot learn values: it does not compete",
                        "challenger t_network cannot learn values: it does not compete");
        assertThat(result.challengers()).hasSize(1);
        Uplift model = (Uplift) result.champion();
        assertThat(model.kind()).isEqualTo(Metric.Kind.MEAN);
        assertThat(model.metrics()).containsKeys("qini_gain", "squared_error").doesNotContainKeys("qini", "log_loss");
        assertThat(scored(model)).allSatisfy(row -> {
            double x = row.<Double>getAs("x");
            assertThat(row.<Double>getAs("uplift")).isCloseTo(2 * x, within(0.5));
            assertThat(row.<Double>getAs("response_if_not")).isCloseTo(5, within(0.3));
        });
    }

    private static Dataset<Row> withPropensity(Dataset<Row> examples, Column propensity) {
        return examples.withColumn("propensity", propensity.cast("double"));
    }

    /** Users who could not have been in the other arm, of another kind than the rest. */
    private static Dataset<Row> certain(Dataset<Row> examples) {
        return withPropensity(examples, when(col("enabled"), lit(1.0)).otherwise(lit(0.0)))
                .withColumn("user_id", concat(lit("c"), col("user_id")))
                .withColumn("x", col("x").plus(5))
                .withColumn("plan", lit("free"));
    }

    @Test
    void usersWhoCouldOnlyBeInOneArmAreLeftOutAndCounted() {
        Dataset<Row> examples = examples(800);
        Trained result = trained(uplift(TRAINING, examples.union(certain(examples(30)))));
        assertThat(result.notes())
                .contains("30 users with propensity 0 or 1 are left out: nobody like them was in the other arm");
        assertThat(result.champion().metrics())
                .containsEntry("propensities_certain", 30.0)
                .containsEntry("examples", 800.0);
        assertThat(uplift(TRAINING, certain(examples(200))))
                .isEqualTo(
                        new TooLittle(
                                "the enabled arm: 0 users, needs flagcast.training.min-users-per-arm 50;"
                                        + " 200 users with propensity 0 or 1 cannot be compared: give the experiment an exploration slice"));
    }

    @Test
    void usersWhoAreLeftOutDoNotChangeTheModel() {
        Dataset<Row> examples = examples(800);
        Uplift alone = champion(uplift(TRAINING, examples));
        Uplift with = champion(uplift(TRAINING, examples.union(certain(examples(200)))));
        assertThat(with.encoding()).isEqualTo(alone.encoding());
        assertThat(with.calibration()).isEqualTo(alone.calibration());
        assertThat(with.reference().score(0.1)).isEqualTo(alone.reference().score(0.1));
    }

    @Test
    void propensitiesThatWereNotLoggedAreEstimatedFromThePredictors() {
        // 4,000 users, seed 11: 0.2 to 0.8 are enabled by x, who respond more anyway; enabling adds 0.1.
        Dataset<Row> examples = confounded(4000);
        Trained result = trained(uplift(TRAINING, withPropensity(examples, lit(null))));
        assertThat(result.notes())
                .contains("propensities of 4,000 users are not logged: estimated from the predictors");
        Uplift model = (Uplift) result.champion();
        assertThat(model.metrics()).containsEntry("propensities_estimated", 4000.0);
        assertThat(model.share()).isCloseTo(0.5, within(0.03));
        // Standard error of the effect: about 0.018; of the naive difference, which is 0.18: 0.015.
        assertThat(model.calibration().effect()).isCloseTo(0.1, within(0.05));
    }

    /** Enabled with probability 0.5 + 0.3 x, responding with 0.4 + 0.2 x, 0.1 more when enabled. */
    private Dataset<Row> confounded(int users) {
        return Simulated.examples(
                spark,
                users,
                11,
                x -> 0.5 + 0.3 * x,
                (x, plan, enabled, random) -> Simulated.happens(0.4 + 0.2 * x + (enabled ? 0.1 : 0), random));
    }

    @Test
    void unequalLoggedPropensitiesDoNotBiasTheCalibrationEvenBehindTheModelsBack() {
        // 6,000 users, seed 11. x decides on the arm and on the response, and is no predictor; enabling changes the
        // response by 0.2 for paid and by -0.1 for free plans. Responses of the arms differ by 0.2 · (0.2 + 0.2) more.
        Dataset<Row> examples = Simulated.examples(
                spark,
                6000,
                11,
                x -> 0.5 + 0.3 * x,
                (x, plan, enabled, random) ->
                        Simulated.happens(0.4 + 0.2 * x + (enabled ? plan.equals("paid") ? 0.2 : -0.1 : 0), random));
        Uplift model = champion(uplift(training(List.of("noise", "plan"), SETTINGS), examples));
        // Standard errors: 1.1 / √6,000 = 0.014 for the effect, 0.02 for a plan.
        assertThat(model.calibration().effect()).isCloseTo(0.05, within(0.045));
        List<Row> rows = Scoring.score(examples.limit(500), List.of(new Scorer("f", "m", model)))
                .join(examples.select("user_id", "plan"), "user_id")
                .collectAsList();
        for (String plan : List.of("paid", "free")) {
            assertThat(mean(
                            rows.stream()
                                    .filter(row -> row.getAs("plan").equals(plan))
                                    .toList(),
                            row -> row.<Double>getAs("uplift")))
                    .isCloseTo(plan.equals("paid") ? 0.2 : -0.1, within(0.06));
        }
    }

    @Test
    void clippedPropensitiesAreCounted() {
        Dataset<Row> examples = examples(800);
        Dataset<Row> extreme = withPropensity(
                examples,
                when(col("user_id").equalTo("u1"), lit(0.01))
                        .when(col("user_id").equalTo("u2"), lit(0.999))
                        .when(col("user_id").equalTo("u3"), lit(0.05))
                        .otherwise(lit(0.5)));
        Trained result = trained(uplift(TRAINING, extreme));
        assertThat(result.notes()).contains("propensities of 2 users are clipped to [0.05, 0.95]");
        assertThat(result.champion().metrics()).containsEntry("propensities_clipped", 2.0);
        // (797 · 0.5 + 2 · 0.05 + 0.95) / 800.
        assertThat(((Uplift) result.champion()).share()).isCloseTo((797 * 0.5 + 2 * 0.05 + 0.95) / 800, within(1e-12));
        assertThatThrownBy(() -> new ResponseTraining(PREDICTORS, Optional.empty(), 0.5, SETTINGS))
                .hasMessage("propensities are clipped at 0.5: it must be in [0, 0.5)");
    }

    /** A model that knows the response to be 0.3, and the uplift to be so many times the predictor. */
    private static Live live(String predictor, double slope, Instant since) {
        Linear control = new Linear(new double[2], 0.3, Link.IDENTITY);
        Linear enabled = new Linear(new double[] {slope, 0}, 0.3, Link.IDENTITY);
        return new Live(
                new Uplift(
                        "t_linear",
                        Metric.Kind.PROPORTION,
                        new PredictorEncoding(
                                List.of(new Numeric(predictor, Scale.LINEAR, 0, 1, -1, 1)), List.of(), null, List.of()),
                        Estimate.ofArms(enabled, control, 0.5),
                        Folds.NONE,
                        0.5,
                        new BestLinearPrediction(100, 0, 0, 0.1, 1, 0.1),
                        RepeatedVerdict.first(0.01)
                                .judge(new BestLinearPrediction(100, 0, 0, 0.1, 1, 0.1), 0.1, CROSS_FITTED),
                        Reference.of(IntStream.rangeClosed(-100, 100)
                                .mapToDouble(i -> slope * i / 100)
                                .toArray()),
                        Collections.nCopies(10, 0.1),
                        NOTHING_SHOWN,
                        NOTHING_SHOWN.supported(),
                        Map.of(),
                        new Evaluation.Curves(List.of(), List.of())),
                since);
    }

    @Test
    void aModelThatIsWorseThanTheLiveOneIsRejectedAndNoOther() {
        // 4,000 users, seed 11, of whom all but the first 1,000 are fresh: one model knows x, the other only noise.
        Dataset<Row> examples = examples(4000);
        ResponseTraining useless = training(List.of("noise"), withFolds(3, 0.001));
        Result worse =
                useless.uplift(examples, Metric.Kind.PROPORTION, Optional.of(live("x", 0.25, START.plusSeconds(999))));
        assertThat(trained(worse).rejection().orElseThrow())
                .startsWith("worse than the live model: ")
                .endsWith(" on users since it was trained");

        Trained better = trained(training(List.of("x"), withFolds(3, 0.001))
                .uplift(examples, Metric.Kind.PROPORTION, Optional.of(live("noise", 0.25, START.plusSeconds(999)))));
        assertThat(better.rejection()).isEmpty();
        assertThat(better.notes()).noneMatch(note -> note.contains("live model"));
    }

    @Test
    void aLiveModelIsNotComparedWithOnTooFewUsers() {
        // 80 users are fresh: fewer than 50 in one arm at least.
        Trained unjudged = trained(training(List.of("noise"), SETTINGS)
                .uplift(examples(400), Metric.Kind.PROPORTION, Optional.of(live("x", 0.25, START.plusSeconds(319)))));
        assertThat(unjudged.rejection()).isEmpty();
        assertThat(unjudged.notes())
                .contains("not compared with the live model: fewer than 50 users per arm since it was trained");
    }

    @Test
    void predictorsThatSayNothingAreNotedAndDoNoHarm() {
        // 1,000 users, each of a level of its own.
        Dataset<Row> examples = examples(1000)
                .withColumn("constant", lit(3.0))
                .withColumn("never", lit(null).cast("double"))
                .withColumn("nothing", lit(null).cast("string"))
                .withColumn("unique", col("user_id"));
        List<String> predictors = List.of("x", "constant", "never", "nothing", "unique");
        Trained result = trained(uplift(training(predictors, SETTINGS), examples));
        assertThat(result.notes())
                .contains(
                        "constant or empty, so without influence: constant, never, nothing",
                        "predictor unique has 1,000 levels: the 0 most frequent with 20 users or more count, the others as one");
        Dataset<Row> odd = examples.limit(50)
                .withColumn("constant", lit(Double.POSITIVE_INFINITY))
                .withColumn("never", lit(-1e300))
                .withColumn("nothing", lit("something"));
        assertThat(Scoring.score(odd, List.of(new Scorer("f", "m", result.champion())))
                        .collectAsList())
                .allSatisfy(row -> {
                    assertThat(row.<Double>getAs("score")).isBetween(0.0, 100.0);
                    assertThat(row.<Double>getAs("uplift")).isFinite();
                });
    }

    @Test
    void tenThousandLevelsAreNotedAndTheFrequentOnesCount() {
        Dataset<Row> examples = examples(10_100)
                .withColumn("city", expr("IF(CAST(substr(user_id, 2) AS INT) < 101, 'capital', user_id)"));
        PredictorEncoding encoding = EncodingTraining.train(examples, List.of("city"), Optional.empty());
        assertThat(encoding.categories().get(0).levels()).containsExactly("capital");
        assertThat(encoding.notes())
                .containsExactly(
                        "predictor city has 10,000 levels: the 1 most frequent with 20 users or more count, the others as one");
    }

    @Test
    void aUsersFactorsArePredictors() {
        // 1,500 users, seed 11, who differ only in what they use, and by that in the uplift: 0.4 or -0.2.
        Dataset<Row> examples = Simulated.examples(
                        spark,
                        1500,
                        11,
                        x -> 0.5,
                        (x, plan, enabled, random) ->
                                Simulated.happens(0.4 + (enabled ? plan.equals("paid") ? 0.4 : -0.2 : 0), random))
                .withColumn("usage", expr("IF(plan = 'paid', map('a', 2D, 'b', 1D), map('c', 3D))"));
        ItemFactors items =
                new ItemFactors(List.of("a", "b", "c"), new double[][] {{1, 0.1}, {0.9, 0}, {0, 1}}, 10, 0.05);
        ResponseTraining training = new ResponseTraining(List.of("noise"), Optional.of(items), 0.05, SETTINGS);
        Uplift model = champion(uplift(training, examples));
        assertThat(model.heterogeneous()).isTrue();
        List<Row> rows = Scoring.score(examples.limit(200), List.of(new Scorer("f", "m", model)))
                .join(examples.select("user_id", "plan"), "user_id")
                .collectAsList();
        // Standard error of a plan's uplift: 0.035.
        assertThat(rows)
                .allSatisfy(row -> assertThat(row.<Double>getAs("uplift") > 0.1)
                        .isEqualTo(row.getAs("plan").equals("paid")));
        ResponsivenessModel read = ResponsivenessModel.fromJson(model.toJson());
        assertThat(read.toJson()).isEqualTo(model.toJson());
    }

    @Test
    void anArmWithTooFewUsersIsTooLittle() {
        Dataset<Row> examples = examples(400);
        assertThat(uplift(TRAINING, examples.where("NOT enabled")))
                .isEqualTo(new TooLittle("the enabled arm: 0 users, needs flagcast.training.min-users-per-arm 50"));
        assertThat(uplift(
                        TRAINING,
                        examples.where("enabled")
                                .union(examples.where("NOT enabled").limit(49))))
                .isEqualTo(new TooLittle("the control arm: 49 users, needs flagcast.training.min-users-per-arm 50"));
    }

    @Test
    void withoutPredictorsThereIsNothingToLearn() {
        ResponseTraining training = training(List.of(), SETTINGS);
        TooLittle nothing = new TooLittle(
                "there are no predictors, so no user differs from another: name attributes of users in flagcast.users.predictors, or map events");
        assertThat(uplift(training, examples(400))).isEqualTo(nothing);
        assertThat(training.propensity(examples(400), Metric.Kind.PROPORTION)).isEqualTo(nothing);
    }

    @Test
    void anArmWhereAllOrNobodyRespondedIsTooLittle() {
        Dataset<Row> examples = examples(400);
        Dataset<Row> sixty = examples.where("NOT enabled").limit(60);
        Dataset<Row> enabled = examples.where("enabled");
        for (int response : new int[] {0, 1}) {
            assertThat(uplift(TRAINING, enabled.union(sixty.withColumn("response", lit((double) response)))))
                    .isEqualTo(new TooLittle(
                            "the control arm: %d of 60 users responded, needs both kinds".formatted(60 * response)));
        }
        assertThat(TRAINING.uplift(
                        enabled.union(sixty.withColumn("response", lit(0.0))), Metric.Kind.MEAN, Optional.empty()))
                .isEqualTo(new TooLittle("the control arm: the values of 60 users add up to 0, needs outcomes"));
    }

    @Test
    void aPropensityModelRanksByTheResponse() {
        // Enabled users only: the response probability is 0.3 + 0.25 x.
        var model = (Propensity) trained(TRAINING.propensity(examples(4000).where("enabled"), Metric.Kind.PROPORTION))
                .champion();
        List<Row> rows = scored(model);
        assertThat(meanUplift(rows, 200 / 3.0, 101)).isGreaterThan(0.15);
        assertThat(meanUplift(rows, 0, 100 / 3.0)).isLessThan(-0.15);
        // 0.21 of noise less what x explains: E p (1 - p) = 0.21 - 0.0208.
        assertThat(model.metrics().get("brier")).isCloseTo(0.19, within(0.02));
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
        assertThat(TRAINING.propensity(examples.limit(49), Metric.Kind.PROPORTION))
                .isEqualTo(new TooLittle("the examples: 49 users, needs flagcast.training.min-users-per-arm 50"));
        assertThat(TRAINING.propensity(examples.withColumn("response", lit(0.0)), Metric.Kind.PROPORTION))
                .isEqualTo(new TooLittle("the examples: 0 of 200 users responded, needs both kinds"));
    }

    private static TrainingSettings withFolds(int folds, double regularisation) {
        return new TrainingSettings(
                1,
                folds,
                T_LINEAR,
                List.of(),
                regularisation,
                0,
                50,
                SETTINGS.trees(),
                SETTINGS.network(),
                SETTINGS.factors(),
                SETTINGS.collaborative());
    }

    @Test
    void aDoublyRobustLearnerNeedsThreeFolds() {
        assertThatThrownBy(() -> withFolds(2, 0.001).withLearners(Learner.parse("dr_linear"), List.of()))
                .hasMessage("flagcast.training.folds is 2: dr_linear needs at least 3, as its effects are cross-fitted"
                        + " within what a fold leaves");
    }

    @Test
    void settingsOutsideTheirLimitsAreRefusedWithTheirKey() {
        assertThatThrownBy(() -> withFolds(1, 0)).hasMessage("flagcast.training.folds is 1: it must be 2 to 20");
        assertThatThrownBy(() -> withFolds(5, Double.NaN))
                .hasMessage("flagcast.training.regularisation is NaN: it must be at least 0");
        assertThatThrownBy(() -> new TrainingSettings.Collaborative(List.of(0), List.of(1.0), List.of(1.0), 1, 1))
                .hasMessage("flagcast.training.collaborative.rank is 0: it must be at least 1");
        assertThatThrownBy(() -> new TrainingSettings.Trees(1, 11, 0.1, 1))
                .hasMessage("flagcast.training.trees.depth is 11: it must be 1 to 10");
        assertThatThrownBy(() -> SETTINGS.withLearners(Learner.parse("class_linear"), List.of()))
                .hasMessage(
                        "flagcast.training.champion is 'class_linear', which cannot learn values: name a learner that"
                                + " learns every feature, as t_linear");
        List<Learner> twice = new ArrayList<>(List.of(Learner.parse("x_linear"), Learner.parse("x_linear")));
        assertThatThrownBy(() -> SETTINGS.withLearners(T_LINEAR, twice))
                .hasMessage("flagcast.training.challengers names 'x_linear' twice, or it is the champion: name each"
                        + " learner once");
        assertThatThrownBy(() -> SETTINGS.withLearners(T_LINEAR, List.of(T_LINEAR)))
                .hasMessageStartingWith("flagcast.training.challengers names 't_linear' twice");
    }
}
