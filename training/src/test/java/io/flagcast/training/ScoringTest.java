package io.flagcast.training;

import static io.flagcast.training.Simulated.NOTHING_SHOWN;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.fixtures.SharedSpark;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.heterogeneity.BestLinearPrediction;
import io.flagcast.statistics.heterogeneity.CrossFitting;
import io.flagcast.statistics.heterogeneity.RepeatedVerdict;
import io.flagcast.statistics.ranking.ShownUplift;
import io.flagcast.statistics.ranking.TargetingCurve;
import io.flagcast.tables.Tables;
import io.flagcast.training.ResponsivenessModel.Uplift;
import io.flagcast.training.Scoring.Scorer;
import io.flagcast.training.encoding.PredictorEncoding;
import io.flagcast.training.encoding.PredictorEncoding.Categorical;
import io.flagcast.training.encoding.PredictorEncoding.Numeric;
import io.flagcast.training.encoding.PredictorEncoding.Scale;
import io.flagcast.training.learners.Estimate;
import io.flagcast.training.learners.Folds;
import io.flagcast.training.learners.ResponseModel;
import io.flagcast.training.learners.ResponseModel.Linear;
import io.flagcast.training.learners.ResponseModel.Link;
import io.flagcast.training.usage.FoldIn;
import io.flagcast.training.usage.ItemFactors;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(SharedSpark.class)
class ScoringTest {

    /** Of learners of any shape. */
    private static final CrossFitting CROSS_FITTED = new CrossFitting(5, OptionalInt.empty());

    private static final PredictorEncoding ENCODING = new PredictorEncoding(
            List.of(new Numeric("visits", Scale.LOG1P, 1, 1, 0, 5), new Numeric("age", Scale.LINEAR, 40, 10, 20, 60)),
            List.of(new Categorical("country", List.of("DE"), List.of(0.5), 3)),
            null,
            List.of());
    private static final Reference REFERENCE = Reference.of(new double[] {-0.1, 0, 0.1, 0.2});
    /** Beyond doubt, and nothing to correct. */
    private static final BestLinearPrediction CALIBRATED = new BestLinearPrediction(100, 0.05, 0.05, 0.01, 1, 0.1);

    private static Linear constant(double intercept) {
        return new Linear(new double[6], intercept, Link.LOGIT);
    }

    private static Uplift uplift(ResponseModel enabled, ResponseModel control) {
        return uplift(enabled, control, CALIBRATED);
    }

    private static Uplift uplift(ResponseModel enabled, ResponseModel control, BestLinearPrediction calibration) {
        return uplift(enabled, control, calibration, Map.of("examples", 9.0));
    }

    private static Uplift uplift(
            ResponseModel enabled,
            ResponseModel control,
            BestLinearPrediction calibration,
            Map<String, Double> metrics) {
        List<Double> bounds = new ArrayList<>(Collections.nCopies(10, 0.1));
        bounds.set(0, 0.0);
        return new Uplift(
                "t_linear",
                Metric.Kind.PROPORTION,
                ENCODING,
                Estimate.ofArms(enabled, control, 0.25),
                Folds.NONE,
                0.25,
                calibration,
                RepeatedVerdict.first(0.01).judge(calibration, 0.1, CROSS_FITTED),
                REFERENCE,
                bounds,
                NOTHING_SHOWN,
                NOTHING_SHOWN.supported(),
                metrics,
                new Evaluation.Curves(List.of(), List.of()));
    }

    private static Uplift uplift(ResponseModel enabled, ResponseModel control, ShownUplift shown) {
        Uplift model = uplift(enabled, control);
        return new Uplift(
                model.learner(),
                model.kind(),
                model.encoding(),
                model.estimate(),
                model.folds(),
                model.share(),
                model.calibration(),
                model.judged(),
                model.reference(),
                model.benefitBounds(),
                shown,
                shown.supported(),
                model.metrics(),
                model.curves());
    }

    private static final Uplift UPLIFT = uplift(
            new Linear(new double[] {0.3, -0.4, 0.01, 0.2, 0.5, -0.6}, -0.5, Link.LOGIT),
            new Linear(new double[] {-0.2, 0.1, 0.02, 0.3, -0.1, 0.2}, -1, Link.LOGIT));
    private static final ResponsivenessModel PROPENSITY = new ResponsivenessModel.Propensity(
            new PredictorEncoding(
                    List.of(new Numeric("age", Scale.LINEAR, 40, 10, 20, 60)), List.of(), null, List.of()),
            new Linear(new double[] {0.5, -1}, 0, Link.LOGIT),
            Folds.NONE,
            Reference.of(new double[] {0.1, 0.5, 0.9}),
            Map.of());
    private static final ItemFactors ITEMS =
            new ItemFactors(List.of("chat", "maps"), new double[][] {{1, 0.2}, {0.1, 1}}, 5, 0.1);
    private static final CollaborativeModel COLLABORATIVE = new CollaborativeModel(
            ITEMS,
            Map.of("chat", Reference.of(new double[] {0, 0.3, 0.6, 0.9})),
            Map.of("chat", new CollaborativeModel.Groups("country", Map.of("DE", 0.5, "FR", 0.2))),
            Map.of());
    private static final List<Scorer> SCORERS = List.of(
            new Scorer("search", "m1", UPLIFT),
            new Scorer("video", "m2", PROPENSITY),
            new Scorer("chat", "m3", COLLABORATIVE),
            Scorer.prior("new"));

    private final SparkSession spark;

    ScoringTest(SparkSession spark) {
        this.spark = spark;
    }

    private Dataset<Row> profiles() {
        return spark.sql("SELECT * FROM VALUES ('a', 30, 4D, 'DE', map('chat', 3D, 'maps', 1D)),"
                + " ('b', NULL, NULL, 'unseen', NULL),"
                + " ('c', 90, 1e9D, 'unseen', map('unknown', 2D)),"
                + " ('d', NULL, DOUBLE('NaN'), 'FR', CAST(map() AS MAP<STRING, DOUBLE>))"
                + " AS t(user_id, age, visits, country, usage)");
    }

    private Dataset<Row> scores(List<Scorer> scorers) {
        return Scoring.score(profiles(), scorers);
    }

    private Dataset<Row> scores(ResponsivenessModel model, String featureId, String userId) {
        return scores(List.of(new Scorer(featureId, "m", model))).where("user_id = '" + userId + "'");
    }

    @Test
    void theColumnsAreThoseOfTheTable() {
        List<String> expected = new ArrayList<>(Tables.RESPONSIVENESS_SCORES.columnNames());
        expected.removeAll(List.of("run_id", "as_of"));
        assertThat(scores(SCORERS).columns()).containsExactlyElementsOf(expected);
    }

    @Test
    void everyUserHasOneScoreInRangeForEveryFeature() {
        List<Row> rows = scores(SCORERS).collectAsList();
        List<String> pairs = Stream.of("a", "b", "c", "d")
                .flatMap(user -> Stream.of("search", "video", "chat", "new").map(feature -> user + " " + feature))
                .toList();
        assertThat(rows)
                .extracting(row -> row.getString(0) + " " + row.getString(1))
                .containsExactlyInAnyOrderElementsOf(pairs);
        assertThat(rows).allSatisfy(row -> {
            assertThat(row.<Double>getAs("score")).isBetween(0.0, 100.0).isNotNaN();
            for (String name : List.of("uplift", "response_if_enabled", "response_if_not")) {
                Double value = row.getAs(name);
                assertThat(value == null || Double.isFinite(value)).isTrue();
            }
        });
    }

    @Test
    void theFirstThatCanSaySomethingOfAUserDoes() {
        assertThat(scores(SCORERS).collectAsList())
                .extracting(
                        row -> row.getString(0),
                        row -> row.getAs("feature_id"),
                        row -> row.getAs("source"),
                        row -> row.getAs("model_id"))
                .containsExactlyInAnyOrder(
                        tuple("a", "search", "model", "m1"),
                        tuple("a", "video", "model", "m2"),
                        tuple("a", "chat", "collaborative", "m3"),
                        tuple("a", "new", "prior", null),
                        // A country alone is something; the other model does not read it.
                        tuple("b", "search", "model", "m1"),
                        tuple("b", "video", "prior", null),
                        tuple("b", "chat", "prior", null),
                        tuple("b", "new", "prior", null),
                        tuple("c", "search", "model", "m1"),
                        tuple("c", "video", "model", "m2"),
                        // Usage of what the model does not know, and a country that has no group.
                        tuple("c", "chat", "prior", null),
                        tuple("c", "new", "prior", null),
                        tuple("d", "search", "model", "m1"),
                        tuple("d", "video", "prior", null),
                        tuple("d", "chat", "group", "m3"),
                        tuple("d", "new", "prior", null));
    }

    private static Row prior(String userId, String featureId, Double shown) {
        return RowFactory.create(
                userId, featureId, null, 50.0, null, null, shown, null, null, null, false, "prior", null);
    }

    @Test
    void aUserAboutWhomNothingIsKnownHasThePrior() {
        assertThat(scores(SCORERS)
                        .where("feature_id IN ('video', 'chat', 'new') AND user_id = 'b'")
                        .collectAsList())
                .containsExactlyInAnyOrder(
                        prior("b", "video", null), prior("b", "chat", null), prior("b", "new", null));
    }

    @Test
    void aUserWithoutUsageHasTheScoreOfWhatIsExpectedOfTheGroup() {
        // 0.2 is above one of four.
        assertThat(scores(COLLABORATIVE, "chat", "d").collectAsList())
                .containsExactly(RowFactory.create(
                        "d", "chat", null, 25.0, null, null, null, null, null, 0.2, false, "group", "m"));
    }

    @Test
    void affinityIsThatOfTheFoldedInUser() {
        FoldIn foldIn = new FoldIn(ITEMS);
        double affinity = foldIn.affinity(foldIn.user(Map.of("chat", 3.0, "maps", 1.0)), "chat");
        double score = COLLABORATIVE.references().get("chat").score(affinity);
        assertThat(scores(COLLABORATIVE, "chat", "a").collectAsList())
                .containsExactly(RowFactory.create(
                        "a", "chat", null, score, null, null, null, null, null, affinity, false, "collaborative", "m"));
    }

    @Test
    void anUpliftIsTheDifferenceOfTheArmsAndItsDecileSaysWhetherThereIsABenefit() {
        double half = 0.5;
        double low = 1 / (1 + Math.exp(1));
        // Above all four references; between the second and third; below all.
        List<Row> rows = scores(List.of(
                        new Scorer("gain", "m", uplift(constant(0), constant(-1))),
                        new Scorer("none", "m", uplift(constant(0), constant(0))),
                        new Scorer("harm", "m", uplift(constant(-1), constant(0)))))
                .where("user_id = 'a'")
                .collectAsList();
        double[][] expected = {{100, half - low, half, low}, {37.5, 0, half, half}, {0, low - half, low, half}};
        for (int i = 0; i < 3; i++) {
            Row row = rows.get(i);
            assertThat(row.<Double>getAs("score")).isEqualTo(expected[i][0]);
            assertThat(row.<Double>getAs("uplift")).isCloseTo(expected[i][1], within(1e-12));
            assertThat(row.<Double>getAs("response_if_enabled")).isCloseTo(expected[i][2], within(1e-12));
            assertThat(row.<Double>getAs("response_if_not")).isCloseTo(expected[i][3], within(1e-12));
            assertThat(row.<Boolean>getAs("no_benefit")).isEqualTo(i == 2);
        }
    }

    /** Effects without noise, in two folds: 0 up to a score of 50, 0.2 above. The lowest tenth's bound is 0, all others' 0.1. */
    @Test
    void aScoreComesWithWhatUsersOfItHaveShown() {
        TargetingCurve curve = new TargetingCurve(
                List.of(new TargetingCurve.Cell(0, 100, 0, 0), new TargetingCurve.Cell(50, 100, 20, 4)));
        ShownUplift shown = ShownUplift.of(List.of(curve, curve));
        Row high = scores(uplift(constant(0), constant(-1), shown), "f", "a").head();
        assertThat(high.<Double>getAs("score")).isEqualTo(100);
        assertThat(high.<Double>getAs("uplift_bound")).isEqualTo(0.1);
        assertThat(high.<Double>getAs("uplift_shown"))
                .isEqualTo(shown.supported().get(ShownUplift.cell(100)))
                .isCloseTo(0.2, within(0.01));
        Row low = scores(uplift(constant(-1), constant(0), shown), "f", "a").head();
        assertThat(low.<Double>getAs("score")).isZero();
        assertThat(low.<Double>getAs("uplift_bound")).isZero();
        assertThat(low.<Boolean>getAs("no_benefit")).isTrue();
        assertThat(low.<Double>getAs("uplift_shown"))
                .isEqualTo(shown.supported().get(0));
    }

    @Test
    void anUpliftIsCalibratedAndItsScoreIsNot() {
        // Raw uplift 0.1 on a response of 0.3 + 0.25 · 0.1; calibrated 0.15 + 0.5 (0.1 - 0.05).
        Linear control = new Linear(new double[6], 0.3, Link.IDENTITY);
        Linear enabled = new Linear(new double[6], 0.4, Link.IDENTITY);
        Uplift model = uplift(enabled, control, new BestLinearPrediction(100, 0.05, 0.15, 0.01, 0.5, 0.1));
        Row row = scores(model, "f", "a").head();
        assertThat(row.<Double>getAs("uplift")).isCloseTo(0.175, within(1e-12));
        assertThat(row.<Double>getAs("response_if_enabled")).isCloseTo(0.325 + 0.75 * 0.175, within(1e-12));
        assertThat(row.<Double>getAs("response_if_not")).isCloseTo(0.325 - 0.25 * 0.175, within(1e-12));
        assertThat(row.<Double>getAs("score")).isEqualTo(REFERENCE.score(0.4 - 0.3));
    }

    @Test
    void responsesAreProbabilitiesHoweverLargeTheUplift() {
        Uplift model = uplift(constant(0), constant(-1), new BestLinearPrediction(100, 0.05, 3, 0.01, 1, 0.1));
        Row row = scores(model, "f", "a").head();
        assertThat(row.<Double>getAs("response_if_enabled")).isEqualTo(1);
        assertThat(row.<Double>getAs("response_if_not")).isEqualTo(0);
    }

    @Test
    void withoutReliableHeterogeneityEveryoneHasThePrior() {
        // 3.5 standard errors: p = Φ(−3.5 / √2) = 0.0067, above the 0.0061 of a first training.
        Uplift model = uplift(constant(0), constant(-1), new BestLinearPrediction(100, 0.05, 0.15, 0.01, 1, 1 / 3.5));
        assertThat(model.verdict()).isEqualTo("no reliable heterogeneity");
        assertThat(scores(List.of(new Scorer("f", "m", model))).collectAsList())
                .hasSize(4)
                // One user gained nothing: what everybody is shown to gain is nothing.
                .allSatisfy(row -> assertThat(row).isEqualTo(prior(row.getString(0), "f", 0.0)));
        // 3.6: p = 0.0055.
        assertThat(uplift(constant(0), constant(-1), new BestLinearPrediction(100, 0.05, 0.15, 0.01, 1, 1 / 3.6))
                        .verdict())
                .isEqualTo("heterogeneous");
    }

    @Test
    void whereTheOrderIsNotShownToBeWorthAnythingTheVerdictSaysSoAndUsersAreScoredAllTheSame() {
        BestLinearPrediction differ = new BestLinearPrediction(100, 0.05, 0.15, 0.01, 1, 1 / 3.6);
        Uplift unsure = uplift(constant(0), constant(-1), differ, Map.of("order_p", 0.01));
        assertThat(unsure.verdict()).isEqualTo("differences exist; this order is not shown to find them");
        assertThat(unsure.heterogeneous()).isTrue();
        assertThat(scores(unsure, "f", "a").head().<String>getAs("source")).isEqualTo("model");
        assertThat(uplift(constant(0), constant(-1), differ, Map.of("order_p", 0.0099))
                        .verdict())
                .isEqualTo("heterogeneous");
        BestLinearPrediction alike = new BestLinearPrediction(100, 0.05, 0.15, 0.01, 1, 1 / 2.3);
        assertThat(uplift(constant(0), constant(-1), alike, Map.of("order_p", 0.5))
                        .verdict())
                .isEqualTo("no reliable heterogeneity");
    }

    @Test
    void modelsThatShareAPredictorReadItAtTheirOwnPlaces() {
        // age 30: (30 - 40) / 10 · 0.5 = -0.5.
        for (List<Scorer> scorers : List.of(SCORERS, List.of(SCORERS.get(1)))) {
            assertThat(scores(scorers)
                            .where("feature_id = 'video' AND user_id = 'a'")
                            .collectAsList())
                    .extracting(row -> row.<Double>getAs("response_if_enabled"))
                    .containsExactly(1 / (1 + StrictMath.exp(0.5)));
        }
    }

    @Test
    void aModelReadFromItsJsonScoresTheSame() {
        List<Scorer> read = SCORERS.stream()
                .map(scorer -> scorer.model() == null
                        ? scorer
                        : new Scorer(
                                scorer.featureId(),
                                scorer.modelId(),
                                ResponsivenessModel.fromJson(scorer.model().toJson())))
                .toList();
        assertThat(scores(read).collectAsList()).isEqualTo(scores(SCORERS).collectAsList());
        assertThat(SCORERS.subList(0, 3))
                .extracting(scorer -> scorer.model().learner())
                .containsExactly("t_linear", "response_linear", "implicit_als");
    }
}
