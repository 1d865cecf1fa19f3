package io.flagcast.training;

import static io.flagcast.training.Simulated.SETTINGS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.fixtures.SharedSpark;
import io.flagcast.training.FamilyScorer.Used;
import io.flagcast.training.ResponseTraining.Result;
import io.flagcast.training.ResponseTraining.Result.TooLittle;
import io.flagcast.training.ResponseTraining.Result.Trained;
import io.flagcast.training.Scoring.Scorer;
import io.flagcast.training.usage.Family;
import io.flagcast.training.usage.FoldIn;
import io.flagcast.training.usage.RankingValidation;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Two tastes of 60 users each, {@link Simulated#usage}: a family is what features that are declared one by one are together. */
@ExtendWith(SharedSpark.class)
class FamilyTrainingTest {

    private static final List<String> ALL = List.of("a0", "a1", "a2", "a3", "b0", "b1", "b2", "b3");

    private static FamilyModel shared;

    private final SparkSession spark;

    FamilyTrainingTest(SparkSession spark) {
        this.spark = spark;
    }

    private Result trained(Family family, Predicate<String> own) {
        return new FamilyTraining(family, SETTINGS).train(Simulated.usage(spark), own, List.of("coin", "taste"));
    }

    private static Family family(String pattern, int minUsers) {
        return new Family(pattern, minUsers, 100, Optional.empty());
    }

    /** Trained once: most tests only look at it. */
    private FamilyModel model() {
        synchronized (FamilyTrainingTest.class) {
            if (shared == null) {
                shared = (FamilyModel) ((Trained) trained(family("*", 1), Objects::nonNull)).champion();
            }
            return shared;
        }
    }

    private CollaborativeModel oneByOne() {
        return (CollaborativeModel) ((Trained) new CollaborativeTraining(SETTINGS)
                        .train(Simulated.usage(spark), ALL, List.of("coin", "taste")))
                .champion();
    }

    @Test
    void itsFeaturesHaveTheFactorsAndQualityOfFeaturesThatAreDeclaredOneByOne() {
        FamilyModel family = model();
        CollaborativeModel each = oneByOne();

        assertThat(family.features()).isEqualTo(ALL);
        assertThat(family.items().items()).isEqualTo(each.items().items());
        assertThat(family.items().factors()).isDeepEqualTo(each.items().factors());
        assertThat(family.metrics()).containsAllEntriesOf(each.metrics());
        assertThat(family.metrics()).containsEntry("features", 8.0).containsEntry("left_out", 0.0);
        assertThat(family.learner()).isEqualTo(each.learner());
    }

    @Test
    void scoresAreThoseOfFeaturesThatAreDeclaredOneByOne() {
        Dataset<Row> profiles = Simulated.usage(spark)
                .unionByName(spark.sql(
                        "SELECT id AS user_id, CAST(map() AS MAP<STRING, DOUBLE>) AS usage, taste, 'heads' AS coin"
                                + " FROM VALUES ('x', 'a'), ('y', 'b'), ('z', 'c'), ('none', NULL) AS t(id, taste)"));
        CollaborativeModel each = oneByOne();
        List<Row> expected = rows(Scoring.score(
                profiles, ALL.stream().map(id -> new Scorer(id, "m", each)).toList()));
        List<Row> actual = rows(Scoring.score(profiles, List.of(), List.of(FamilyScorer.all("*", "m", model(), ALL))));

        assertThat(actual).hasSize(124 * 8).hasSameSizeAs(expected);
        for (int i = 0; i < actual.size(); i++) {
            Row one = expected.get(i);
            Row other = actual.get(i);
            assertThat(other.<String>getAs("family")).isEqualTo("*");
            for (String column : List.of("user_id", "feature_id", "source", "model_id", "no_benefit")) {
                assertThat(other.<Object>getAs(column)).as(column).isEqualTo(one.getAs(column));
            }
            Double affinity = one.getAs("affinity");
            if (affinity == null) {
                assertThat(other.<Double>getAs("affinity")).isNull();
            } else {
                // Groups are stored as floats, factors exactly.
                assertThat(other.<Double>getAs("affinity"))
                        .isCloseTo(affinity, within(one.getAs("source").equals("group") ? 1e-5 : 0));
            }
            // 120 users, many of them alike: a percentile is up to 100/120 wide.
            assertThat(other.<Double>getAs("score")).isCloseTo(one.getAs("score"), within(1.0));
        }
        assertThat(actual)
                .filteredOn(row -> row.getAs("source").equals("group"))
                .extracting(row -> row.getAs("user_id"))
                .containsOnly("x", "y");
    }

    private static List<Row> rows(Dataset<Row> scores) {
        return scores.collectAsList().stream()
                .sorted(Comparator.<Row, String>comparing(row -> row.getAs("user_id"))
                        .thenComparing(row -> row.<String>getAs("feature_id")))
                .toList();
    }

    @Test
    void theSameUsageAndSeedGiveTheSameModelAndAFileGivesItBack() {
        FamilyModel again = (FamilyModel) ((Trained) trained(family("*", 1), Objects::nonNull)).champion();
        assertThat(again.toJson()).isEqualTo(model().toJson());
        assertThat(ResponsivenessModel.fromJson(again.toJson()).toJson()).isEqualTo(again.toJson());
    }

    @Test
    void onlyFeaturesThatAreLikeThePatternAreLearnedFromAndOnlyItsOwnAreScored() {
        FamilyModel family = (FamilyModel) ((Trained) trained(family("a*", 1), id -> !id.equals("a3"))).champion();
        assertThat(family.items().items()).containsExactly("a0", "a1", "a2", "a3");
        assertThat(family.features()).containsExactly("a0", "a1", "a2");
        assertThat(family.metrics()).containsEntry("users", 60.0);
    }

    @Test
    void whatTooFewUseIsLeftOutAndCounted() {
        Dataset<Row> users = Simulated.usage(spark)
                .unionByName(spark.sql(
                        "SELECT 'v' AS user_id, map('rare', 1D, 'odd *', 1D) AS usage, 'a' AS taste, 'heads' AS coin"));
        Trained trained =
                (Trained) new FamilyTraining(family("*", 2), SETTINGS).train(users, Objects::nonNull, List.of());
        FamilyModel family = (FamilyModel) trained.champion();
        assertThat(family.features()).isEqualTo(ALL);
        assertThat(family.metrics()).containsEntry("left_out", 2.0);
        assertThat(trained.notes()).contains("2 of 10 features have fewer than 2 users, and are left out (min-users)");
        // The user has used nothing that the model knows: no collaborative score, and no place in the reference.
        assertThat(Scoring.score(
                                users.where("user_id = 'v'"),
                                List.of(),
                                List.of(FamilyScorer.all("*", "m", family, ALL)))
                        .select("source")
                        .distinct()
                        .collectAsList())
                .extracting(row -> row.getString(0))
                .containsExactly("prior");
        assertThat(new FamilyTraining(family("*", 1), SETTINGS).unknown(users, Objects::nonNull, family))
                .isEqualTo(2);
        assertThat(new FamilyTraining(family("*", 1), SETTINGS).unknown(users, ALL::contains, family))
                .isZero();
    }

    @Test
    void whatCannotBeLearnedIsSaidWithWhatToDo() {
        assertThat(trained(family("c*", 1), Objects::nonNull))
                .isEqualTo(new TooLittle("no usage event has a feature_id like it"));
        // Every feature has 45 users.
        assertThat(trained(family("*", 46), Objects::nonNull))
                .isEqualTo(new TooLittle("8 features are like it, and none has 46 users (min-users)"));
        assertThat(trained(family("*", 1), id -> false))
                .isEqualTo(new TooLittle("all features like it are declared by themselves, or by a closer pattern"));
        assertThat(trained(new Family("*", 10, 5, Optional.empty()), Objects::nonNull))
                .isEqualTo(
                        new TooLittle(
                                "8 features have 10 users or more, and max-features is 5: raise min-users (46 leaves 0 of them), or max-features"));
    }

    @Test
    void ofEachUserTheBestAreKeptBesidesThoseOfWhichEverybodyHasOne() {
        FamilyScorer scorer =
                new FamilyScorer("*", Optional.of(new Used("m", model())), ALL, Set.of("b0", "new"), Optional.of(2));
        Dataset<Row> profiles = spark.sql(
                "SELECT user_id, usage, taste, 'heads' AS coin FROM VALUES"
                        + " ('a', map('a0', 1D, 'a1', 1D), NULL), ('none', CAST(map() AS MAP<STRING, DOUBLE>), NULL) AS t(user_id, usage, taste)");
        List<Row> rows = rows(Scoring.score(profiles, List.of(), List.of(scorer)));

        FoldIn foldIn = new FoldIn(model().items());
        double[] user = foldIn.user(Map.of("a0", 1.0, "a1", 1.0));
        List<String> best = ALL.stream()
                .filter(id -> !id.equals("b0"))
                .sorted(Comparator.comparingDouble(id -> -foldIn.affinity(user, id)))
                .limit(2)
                .toList();
        assertThat(rows)
                .filteredOn(row ->
                        row.getAs("user_id").equals("a") && row.getAs("source").equals("collaborative"))
                .extracting(row -> row.<String>getAs("feature_id"))
                .hasSize(3)
                .contains("b0")
                .containsAll(best);
        assertThat(rows)
                .filteredOn(row -> row.getAs("source").equals("prior"))
                .extracting(row -> row.getAs("user_id") + " " + row.getAs("feature_id"))
                .containsExactly("a new", "none b0", "none new");
    }

    @Test
    void aFamilyWithoutAModelHasThePriorWhereSomethingMustBeThere() {
        FamilyScorer waiting = new FamilyScorer("*", Optional.empty(), List.of(), Set.of("a0"), Optional.empty());
        assertThat(Scoring.score(Simulated.usage(spark), List.of(), List.of(waiting))
                        .where("source = 'prior' AND score = 50 AND model_id IS NULL AND feature_id = 'a0'")
                        .count())
                .isEqualTo(120);
        assertThat(waiting.score(Simulated.usage(spark)).count()).isEqualTo(120);
        assertThat(new FamilyScorer("*", Optional.empty(), List.of(), Set.of(), Optional.empty())
                        .score(Simulated.usage(spark))
                        .collectAsList())
                .isEmpty();
    }

    @Test
    void theHighestValuesComeFirstAndOfEqualOnesThoseBefore() {
        double[] values = {1, 3, Double.NaN, 3, 2, -1};
        assertThat(RankingValidation.highest(values, 3)).containsExactly(1, 3, 4);
        assertThat(RankingValidation.highest(values, 1)).containsExactly(1);
        assertThat(RankingValidation.highest(values, 9)).containsExactly(1, 3, 4, 0, 5);
    }
}
