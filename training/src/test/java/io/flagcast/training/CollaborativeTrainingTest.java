package io.flagcast.training;

import static io.flagcast.training.Simulated.SETTINGS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.fixtures.SharedSpark;
import io.flagcast.training.CollaborativeModel.Groups;
import io.flagcast.training.ResponseTraining.Result.TooLittle;
import io.flagcast.training.ResponseTraining.Result.Trained;
import io.flagcast.training.Scoring.Scorer;
import io.flagcast.training.learners.TrainingSettings;
import io.flagcast.training.learners.TrainingSettings.Collaborative;
import io.flagcast.training.learners.TrainingSettings.Factors;
import io.flagcast.training.usage.FoldIn;
import io.flagcast.training.usage.ItemFactors;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(SharedSpark.class)
class CollaborativeTrainingTest {

    private static final List<String> FEATURES = List.of("a3", "b3");

    private static CollaborativeModel shared;

    private final SparkSession spark;

    CollaborativeTrainingTest(SparkSession spark) {
        this.spark = spark;
    }

    private CollaborativeModel model(TrainingSettings settings, String... attributes) {
        return (CollaborativeModel) ((Trained) new CollaborativeTraining(settings)
                        .train(Simulated.usage(spark), FEATURES, List.of(attributes)))
                .champion();
    }

    /** Trained once: most tests only look at it. */
    private CollaborativeModel model() {
        synchronized (CollaborativeTrainingTest.class) {
            if (shared == null) {
                shared = model(SETTINGS, "coin", "taste");
            }
            return shared;
        }
    }

    private static TrainingSettings with(Factors factors, Collaborative collaborative) {
        return new TrainingSettings(
                SETTINGS.seed(),
                SETTINGS.folds(),
                SETTINGS.champion(),
                SETTINGS.challengers(),
                SETTINGS.regularisation(),
                SETTINGS.elasticNet(),
                SETTINGS.minUsersPerArm(),
                SETTINGS.trees(),
                SETTINGS.network(),
                factors,
                collaborative);
    }

    private static TrainingSettings withRanks(Integer... ranks) {
        return with(SETTINGS.factors(), new Collaborative(List.of(ranks), List.of(10.0), List.of(0.05), 3, 1));
    }

    @Test
    void aNewUserIsDrawnToTheFeaturesOfTheOwnTaste() {
        CollaborativeModel model = model();
        FoldIn foldIn = new FoldIn(model.items());
        double[] a = foldIn.user(Map.of("a0", 1.0, "a1", 1.0));
        double[] b = foldIn.user(Map.of("b0", 1.0, "b1", 1.0));
        assertThat(foldIn.affinity(a, "a3")).isGreaterThan(foldIn.affinity(a, "b3") + 0.3);
        assertThat(foldIn.affinity(b, "b3")).isGreaterThan(foldIn.affinity(b, "a3") + 0.3);
        Reference reference = model.references().get("a3");
        // Half of the reference has the other taste: above all of them is at least 50.
        assertThat(reference.score(foldIn.affinity(a, "a3"))).isGreaterThanOrEqualTo(50);
        assertThat(reference.score(foldIn.affinity(b, "a3"))).isLessThan(50);
        assertThat(model.items().items()).containsExactly("a0", "a1", "a2", "a3", "b0", "b1", "b2", "b3");
        assertThat(model.metrics()).containsEntry("users", 120.0).containsEntry("items", 8.0);
    }

    @Test
    void theSameUsageAndSeedGiveTheSameModel() {
        assertThat(model(SETTINGS, "coin", "taste").toJson()).isEqualTo(model().toJson());
    }

    @Test
    void aFeatureThatNobodyUsedIsTooLittle() {
        CollaborativeTraining training = new CollaborativeTraining(SETTINGS);
        assertThat(training.train(Simulated.usage(spark), List.of("new", "newer"), List.of()))
                .isEqualTo(new TooLittle("no usage events of it"));
    }

    @Test
    void foldingInSolvesTheNormalEquation() {
        FoldIn foldIn = new FoldIn(new ItemFactors(List.of("f", "g"), new double[][] {{2}, {1}}, 3, 0.5));
        // YᵀY = 5; f used with confidence 1 + 3 · log1p(e − 1): (5 + 3 · 4 + 0.5 · 1) x = 4 · 2.
        double[] user = foldIn.user(Map.of("f", Math.E - 1, "unknown", 1.0, "g", 0.0));
        assertThat(user).containsExactly(new double[] {8 / 17.5}, within(1e-12));
        assertThat(foldIn.affinity(user, "g")).isCloseTo(8 / 17.5, within(1e-12));
        assertThat(foldIn.user(Map.of())).containsExactly(0);
        assertThat(foldIn.knowsAny(Map.of("unknown", 1.0, "g", 0.0))).isFalse();
        assertThat(foldIn.knowsAny(Map.of("g", 1.0))).isTrue();
    }

    @Test
    void theBestOfTheChoicesOnTheValidationSliceIsTaken() {
        Map<String, Double> one = model(withRanks(1)).metrics();
        Map<String, Double> two = model().metrics();
        Map<String, Double> either = model(withRanks(1, 2)).metrics();
        // One factor cannot tell two tastes apart, so the choices differ.
        assertThat(two.get("ndcg_at_10")).isGreaterThan(one.get("ndcg_at_10"));
        assertThat(either).isEqualTo(two).containsEntry("rank", 2.0);
    }

    @Test
    void qualityOnTheValidationSliceIsPartOfTheMetrics() {
        Map<String, Double> metrics = model().metrics();
        for (String name : List.of("ndcg_at_10", "map_at_10", "precision_at_10", "recall_at_10")) {
            assertThat(metrics.get(name)).isBetween(0.0, 1.0);
            assertThat(metrics.get(name + "_lower")).isBetween(0.0, metrics.get(name));
            assertThat(metrics.get(name + "_upper")).isBetween(metrics.get(name), 1.0);
        }
        // A withheld item is one of about six that a user is not known to use, so ten find it. The own taste comes
        // first: about two of its items are left, and popularity does not know of tastes.
        assertThat(metrics.get("recall_at_10")).isEqualTo(1);
        assertThat(metrics.get("ndcg_at_10")).isGreaterThan(metrics.get("ndcg_at_10_of_popularity") + 0.1);
        assertThat(metrics.get("judged")).isBetween(1.0, 120.0);
        assertThat(metrics)
                .containsEntry("rank", 2.0)
                .containsEntry("alpha", 10.0)
                .containsEntry("regularisation", 0.05);
    }

    private List<Row> scored(CollaborativeModel model, String profiles) {
        Dataset<Row> rows =
                spark.sql("SELECT user_id, taste, coin, map_from_arrays(items, amounts) AS usage FROM VALUES "
                        + profiles + " AS t(user_id, taste, coin, items, amounts)");
        return Scoring.score(rows, List.of(new Scorer("a3", "m", model)))
                .orderBy("user_id")
                .collectAsList();
    }

    private static final String NO_USAGE = "CAST(array() AS ARRAY<STRING>), CAST(array() AS ARRAY<DOUBLE>)";

    @Test
    void aUserWithoutUsageHasTheScoreOfTheOwnGroupWhereLevelsDiffer() {
        CollaborativeModel model = model();
        Groups groups = model.groups().get("a3");
        assertThat(groups.attribute()).isEqualTo("taste");
        assertThat(groups.affinities()).containsOnlyKeys("a", "b");
        assertThat(model.inputs()).containsExactly("taste");
        List<Row> rows = scored(
                model,
                "('1', 'a', 'heads', %1$s), ('2', 'b', 'heads', %1$s), ('3', 'c', 'heads', %1$s), ('4', 'b', 'heads', array('a0'), array(2D))"
                        .formatted(NO_USAGE));
        assertThat(rows)
                .extracting(row -> row.getAs("source"))
                .containsExactly("group", "group", "prior", "collaborative");
        Reference reference = model.references().get("a3");
        for (int user = 0; user < 2; user++) {
            assertThat(rows.get(user).<Double>getAs("score"))
                    .isEqualTo(reference.score(groups.affinities().get(user == 0 ? "a" : "b")));
        }
        assertThat(rows.get(0).<Double>getAs("score"))
                .isGreaterThan(50)
                .isGreaterThan(rows.get(1).<Double>getAs("score"));
        assertThat(rows.get(2).<Double>getAs("score")).isEqualTo(Scoring.PRIOR);
    }

    @Test
    void aUserOfNoGroupHasThePrior() {
        CollaborativeModel model = model();
        assertThatCode(() -> assertThat(scored(model, "('1', CAST(NULL AS STRING), 'heads', %s)".formatted(NO_USAGE)))
                        .extracting(row -> row.getAs("source"))
                        .containsExactly("prior"))
                .doesNotThrowAnyException();
    }

    @Test
    void aUserWithoutUsageHasThePriorWhereLevelsDoNotDiffer() {
        // Every taste, missing item and amount has as many heads as tails.
        CollaborativeModel model = model(SETTINGS, "coin");
        assertThat(model.groups()).isEmpty();
        assertThat(scored(model, "('1', 'a', 'heads', %1$s), ('2', 'b', 'tails', %1$s)".formatted(NO_USAGE)))
                .allSatisfy(row -> {
                    assertThat(row.<String>getAs("source")).isEqualTo("prior");
                    assertThat(row.<Double>getAs("score")).isEqualTo(Scoring.PRIOR);
                });
    }

    @Test
    void factorsForPredictorsComeFromTheMostUsedItems() {
        Dataset<Row> usage = Simulated.usage(spark).select("user_id", "usage");
        ItemFactors six = new CollaborativeTraining(with(new Factors(2, 6), SETTINGS.collaborative()))
                .factors(usage)
                .orElseThrow();
        // Every item has 45 users: the first six by name.
        assertThat(six.items()).containsExactly("a0", "a1", "a2", "a3", "b0", "b1");
        assertThat(six.rank()).isEqualTo(2);
        ItemFactors three = new CollaborativeTraining(with(new Factors(8, 3), SETTINGS.collaborative()))
                .factors(usage)
                .orElseThrow();
        assertThat(three.rank()).isEqualTo(2);
        assertThat(new CollaborativeTraining(with(new Factors(8, 2), SETTINGS.collaborative())).factors(usage))
                .isEqualTo(Optional.empty());
        assertThat(new CollaborativeTraining(with(new Factors(0, 6), SETTINGS.collaborative())).factors(usage))
                .isEqualTo(Optional.empty());
    }

    @Test
    void rankingsAreComparedOnOneSplit() {
        Map<String, Map<String, Double>> compared = new CollaborativeTraining(SETTINGS)
                .compare(Simulated.usage(spark).select("user_id", "usage"));
        assertThat(compared).containsOnlyKeys("explicit_als", "implicit_als", "popularity");
        assertThat(compared.values()).allSatisfy(measures -> {
            assertThat(measures.get("ndcg_at_10")).isBetween(0.0, 1.0);
            assertThat(measures.get("judged"))
                    .isEqualTo(compared.get("popularity").get("judged"));
        });
        assertThat(compared.get("implicit_als").get("ndcg_at_10"))
                .isGreaterThan(compared.get("popularity").get("ndcg_at_10"));
    }
}
