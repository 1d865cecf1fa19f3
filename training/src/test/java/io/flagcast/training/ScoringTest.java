package io.flagcast.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.flagcast.tables.Tables;
import io.flagcast.training.PredictorEncoding.Categorical;
import io.flagcast.training.PredictorEncoding.Numeric;
import io.flagcast.training.PredictorEncoding.Scale;
import io.flagcast.training.Scoring.Scorer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(SharedSpark.class)
class ScoringTest {

    private static final PredictorEncoding ENCODING = new PredictorEncoding(
            List.of(new Numeric("visits", Scale.LOG1P, 1), new Numeric("age", Scale.LINEAR, 40)),
            List.of(new Categorical("country", List.of("DE"))));
    private static final Reference REFERENCE = Reference.of(new double[] {-0.1, 0, 0.1, 0.2});

    private static LogisticResponse constant(double intercept) {
        return new LogisticResponse(new double[6], intercept);
    }

    private static ResponsivenessModel uplift(LogisticResponse enabled, LogisticResponse control) {
        List<Double> bounds = new ArrayList<>(Collections.nCopies(10, 0.1));
        bounds.set(0, 0.0);
        return new ResponsivenessModel.Uplift(ENCODING, enabled, control, REFERENCE, bounds, Map.of("examples", 9.0));
    }

    private static final ResponsivenessModel UPLIFT = uplift(
            new LogisticResponse(new double[] {0.3, -0.4, 0.01, 0.2, 0.5, -0.6}, -0.5),
            new LogisticResponse(new double[] {-0.2, 0.1, 0.02, 0.3, -0.1, 0.2}, -1));
    private static final ResponsivenessModel PROPENSITY = new ResponsivenessModel.Propensity(
            new PredictorEncoding(List.of(new Numeric("age", Scale.LINEAR, 40)), List.of()),
            new LogisticResponse(new double[] {0.05, -1}, -2),
            Reference.of(new double[] {0.1, 0.5, 0.9}),
            Map.of());
    private static final CollaborativeModel COLLABORATIVE = new CollaborativeModel(
            List.of("chat", "maps"),
            new double[][] {{1, 0.2}, {0.1, 1}},
            5,
            0.1,
            Map.of("chat", Reference.of(new double[] {0, 0.3, 0.6, 0.9})),
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
        return spark.sql("SELECT * FROM VALUES ('a', 30, 4D, 'DE'), ('b', NULL, NULL, NULL), ('c', 90, 1e9D, 'unseen')"
                + " AS t(user_id, age, visits, country)");
    }

    private Dataset<Row> scores(List<Scorer> scorers) {
        Dataset<Row> usage = spark.sql("SELECT * FROM VALUES ('a', 'chat', 3D), ('a', 'maps', 1D), ('c', 'unknown', 2D)"
                + " AS t(user_id, feature_id, amount)");
        return Scoring.score(profiles(), usage, scorers);
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
        assertThat(rows)
                .extracting(row -> row.getString(0) + " " + row.getString(1))
                .containsExactlyInAnyOrder(
                        "a search",
                        "a video",
                        "a chat",
                        "a new",
                        "b search",
                        "b video",
                        "b chat",
                        "b new",
                        "c search",
                        "c video",
                        "c chat",
                        "c new");
        assertThat(rows).allSatisfy(row -> {
            assertThat(row.<Double>getAs("score")).isBetween(0.0, 100.0).isNotNaN();
            for (String name : List.of("uplift", "response_if_enabled", "response_if_not")) {
                Double value = row.getAs(name);
                assertThat(value == null || Double.isFinite(value)).isTrue();
            }
        });
    }

    @Test
    void theSourceSaysWhereAScoreComesFrom() {
        assertThat(scores(SCORERS).where("user_id = 'a'").collectAsList())
                .extracting(row -> row.getAs("feature_id"), row -> row.getAs("source"), row -> row.getAs("model_id"))
                .containsExactlyInAnyOrder(
                        tuple("search", "model", "m1"),
                        tuple("video", "model", "m2"),
                        tuple("chat", "collaborative", "m3"),
                        tuple("new", "prior", null));
    }

    @Test
    void aUserAboutWhomNothingIsKnownHasThePrior() {
        assertThat(scores(SCORERS)
                        .where("feature_id IN ('chat', 'new') AND user_id = 'b'")
                        .collectAsList())
                .containsExactlyInAnyOrder(
                        RowFactory.create("b", "chat", 50.0, null, null, null, false, "prior", null),
                        RowFactory.create("b", "new", 50.0, null, null, null, false, "prior", null));
    }

    @Test
    void usageOfFeaturesThatTheModelDoesNotKnowSaysNothing() {
        assertThat(scores(SCORERS)
                        .where("feature_id = 'chat' AND user_id = 'c'")
                        .collectAsList())
                .containsExactly(RowFactory.create("c", "chat", 50.0, null, null, null, false, "prior", null));
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
        assertThat(rows)
                .containsExactlyInAnyOrder(
                        RowFactory.create("a", "gain", 100.0, half - low, half, low, false, "model", "m"),
                        RowFactory.create("a", "none", 37.5, 0.0, half, half, false, "model", "m"),
                        RowFactory.create("a", "harm", 0.0, low - half, low, half, true, "model", "m"));
    }

    @Test
    void modelsThatShareAPredictorReadItAtTheirOwnPlaces() {
        // age 30: log odds -2 + 0.05 · 30 = -0.5.
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
        assertThat(read.get(0).model().toJson())
                .isEqualTo(UPLIFT.toJson())
                .startsWith("{\"learner\":\"t_learner_logistic\"");
        assertThat(SCORERS.subList(0, 3))
                .extracting(scorer -> scorer.model().learner())
                .containsExactly("t_learner_logistic", "response_logistic", "implicit_als");
    }
}
