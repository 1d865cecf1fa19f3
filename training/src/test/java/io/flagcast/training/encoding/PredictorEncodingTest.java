package io.flagcast.training.encoding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.fixtures.SharedSpark;
import io.flagcast.training.encoding.PredictorEncoding.Categorical;
import io.flagcast.training.encoding.PredictorEncoding.Numeric;
import io.flagcast.training.encoding.PredictorEncoding.Scale;
import io.flagcast.training.usage.FoldIn;
import io.flagcast.training.usage.ItemFactors;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.assertj.core.api.recursive.comparison.RecursiveComparisonConfiguration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(SharedSpark.class)
class PredictorEncodingTest {

    private static final PredictorEncoding BY_HAND = new PredictorEncoding(
            List.of(
                    new Numeric("age", Scale.LINEAR, 40, 10, 20, 60),
                    new Numeric("visits", Scale.LOG1P, 1.5, 0.5, 0, 3)),
            List.of(new Categorical("country", List.of("DE", "FR"), List.of(0.5, 0.25), 4)),
            null,
            List.of());

    private static double[] encoded(Object... values) {
        return BY_HAND.encode(RowFactory.create(values), new double[0]);
    }

    @Test
    void everyPlaceOfTheVectorBelongsToAPredictor() {
        assertThat(BY_HAND.names()).containsExactly("age", "visits", "country");
        assertThat(BY_HAND.places()).containsExactly("age", "age", "visits", "visits", "country", "country", "country");
        // (30 - 40) / 10 and (0 - 1.5) / 0.5.
        assertThat(encoded(30.0, 0.0, "FR")).containsExactly(-1, 0, -3, 0, 0, 0, 1);
    }

    @Test
    void aLevelThatTrainingDidNotSeeHasAPlaceOfItsOwn() {
        assertThat(encoded(30.0, 0.0, "IT")).containsExactly(-1, 0, -3, 0, 1, 0, 0);
        assertThat(encoded(30.0, 0.0, null)).containsExactly(-1, 0, -3, 0, 1, 0, 0);
    }

    @Test
    void aMissingNumberIsTheMeanWithAnIndicator() {
        assertThat(encoded(null, null, "DE")).containsExactly(0, 1, 0, 1, 0, 1, 0);
        assertThat(encoded(Double.NaN, Double.NaN, "DE")).containsExactly(0, 1, 0, 1, 0, 1, 0);
    }

    @Test
    void aSkewedCountEntersByLog1pAndNeverBelowZero() {
        assertThat(encoded(40.0, Math.E - 1, "DE")[2]).isCloseTo(-1, within(1e-15));
        assertThat(encoded(40.0, -3.0, "DE")).containsExactly(0, 0, -3, 0, 0, 1, 0);
    }

    @Test
    void whatLiesBeyondTrainingIsTakenForTheNearestOfTraining() {
        // (60 - 40) / 10, (20 - 40) / 10 and (3 - 1.5) / 0.5.
        assertThat(encoded(1e9, 1e9, "DE")).containsExactly(2, 0, 3, 0, 0, 1, 0);
        assertThat(encoded(-1e9, 1e9, "DE")).containsExactly(-2, 0, 3, 0, 0, 1, 0);
        // What is not finite is missing.
        assertThat(encoded(Double.POSITIVE_INFINITY, Double.NaN, "DE")).containsExactly(0, 1, 0, 1, 0, 1, 0);
    }

    @Test
    void aConstantHasNoInfluenceWhateverItBecomes() {
        PredictorEncoding constant = new PredictorEncoding(
                List.of(new Numeric("always", Scale.LINEAR, 5, 0, 5, 5)), List.of(), null, List.of());
        assertThat(constant.encode(RowFactory.create(17.0), new double[0])).containsExactly(0, 0);
        assertThat(constant.notes()).containsExactly("constant or empty, so without influence: always");
    }

    @Test
    void theAverageUserHasMeansAndShares() {
        assertThat(BY_HAND.average()).containsExactly(0, 0, 0, 0, 0.25, 0.5, 0.25);
    }

    @Test
    void aUserIsKnownByAnAttributeOrByUsageButNotByAggregatesOfNoUsage() {
        PredictorEncoding encoding = new PredictorEncoding(
                List.of(
                        new Numeric("age", Scale.LINEAR, 40, 10, 20, 60),
                        new Numeric("usage_events", Scale.LOG1P, 1, 1, 0, 3)),
                List.of(),
                null,
                List.of());
        assertThat(encoding.knowsAny(RowFactory.create(30.0, 0.0), Map.of())).isTrue();
        assertThat(encoding.knowsAny(RowFactory.create(null, 0.0), Map.of())).isFalse();
        assertThat(encoding.knowsAny(RowFactory.create(null, 1.0), Map.of("a", 1.0)))
                .isTrue();
    }

    @Test
    void meansScalesAndLevelsAreLearned(SparkSession spark) {
        // visits: 99 users without any and one with e - 1, so log1p has mean 1/100 and variance 1/100 - 1/10,000;
        // balance: 99 users with 0 and one with -1000.
        var examples = spark.sql("SELECT IF(id % 2 = 0, NULL, CAST(id % 4 AS DOUBLE)) AS age,"
                + " IF(id = 7, exp(1D) - 1, 0D) AS visits, IF(id = 7, -1000D, 0D) AS balance,"
                + " CAST(NULL AS DOUBLE) AS never, 5D AS always,"
                + " CASE WHEN id < 50 THEN 'FR' WHEN id < 70 THEN 'IT' WHEN id < 90 THEN 'DE' END AS country,"
                + " IF(id < 95, 'one', 'rare') AS rarely, 'x' AS same, CAST(NULL AS STRING) AS nothing"
                + " FROM range(100)");
        PredictorEncoding encoding = EncodingTraining.train(
                examples,
                List.of("country", "age", "visits", "balance", "never", "always", "rarely", "same", "nothing"),
                Optional.empty());
        assertThat(encoding.numbers())
                .usingRecursiveFieldByFieldElementComparator(RecursiveComparisonConfiguration.builder()
                        .withComparatorForType((a, b) -> Math.abs(a - b) < 1e-12 ? 0 : 1, Double.class)
                        .build())
                .containsExactly(
                        // Odd ids: 1 and 3 in turn.
                        new Numeric("age", Scale.LINEAR, 2, 1, 1, 3),
                        new Numeric("visits", Scale.LOG1P, 0.01, Math.sqrt(0.0099), 0, 1),
                        new Numeric("balance", Scale.LINEAR, -10, Math.sqrt(9900), -1000, 0),
                        new Numeric("never", Scale.LINEAR, 0, 0, 0, 0),
                        new Numeric("always", Scale.LINEAR, 5, 0, 5, 5));
        assertThat(encoding.categories())
                .containsExactly(
                        new Categorical("country", List.of("FR", "DE", "IT"), List.of(0.5, 0.2, 0.2), 3),
                        new Categorical("rarely", List.of("one"), List.of(0.95), 2),
                        new Categorical("same", List.of("x"), List.of(1.0), 1),
                        new Categorical("nothing", List.of(), List.of(), 0));
        assertThat(encoding.notes())
                .containsExactly(
                        "predictor rarely has 2 levels: the 1 most frequent with 20 users or more count, the others as one",
                        "constant or empty, so without influence: never, always, same, nothing");
    }

    @Test
    void noMoreThanTheHundredMostFrequentLevelsHavePlaces(SparkSession spark) {
        // 150 levels: those below 100 have 21 users, the others 20.
        var examples = spark.sql("SELECT concat('l', id % 150) AS level FROM range(3000)"
                + " UNION ALL SELECT concat('l', id) AS level FROM range(100)");
        PredictorEncoding encoding = EncodingTraining.train(examples, List.of("level"), Optional.empty());
        assertThat(encoding.categories().get(0).levels()).hasSize(100).contains("l0", "l99");
        assertThat(encoding.notes())
                .containsExactly(
                        "predictor level has 150 levels: the 100 most frequent with 20 users or more count, the others as one");
    }

    @Test
    void factorsOfUsageAreStandardisedAndBelongToOnePredictor(SparkSession spark) {
        ItemFactors items = new ItemFactors(List.of("a", "b"), new double[][] {{1, 0.5}, {0.25, 1}}, 2, 0.1);
        var examples = spark.sql("SELECT CAST(id AS DOUBLE) AS age,"
                + " map('a', CAST(id AS DOUBLE), 'b', CAST(4 - id AS DOUBLE)) AS usage FROM range(5)");
        PredictorEncoding encoding = EncodingTraining.train(examples, List.of("age"), Optional.of(items));
        assertThat(encoding.names()).containsExactly("age");
        assertThat(encoding.places()).containsExactly("age", "age", "usage factors", "usage factors");
        double[][] vectors = examples.select(encoding.vector()).collectAsList().stream()
                .map(row -> ((Vector) row.get(0)).toArray())
                .toArray(double[][]::new);
        FoldIn foldIn = new FoldIn(items);
        for (int user = 0; user < 5; user++) {
            double[] own = foldIn.user(Map.of("a", (double) user, "b", 4.0 - user));
            assertThat(vectors[user]).isEqualTo(encoding.encode(RowFactory.create((double) user), own));
        }
        for (int place : new int[] {2, 3}) {
            double sum = 0;
            double squares = 0;
            for (double[] vector : vectors) {
                sum += vector[place];
                squares += vector[place] * vector[place];
            }
            assertThat(sum).isCloseTo(0, within(1e-12));
            assertThat(squares / 5).isCloseTo(1, within(1e-12));
        }
    }

    @Test
    void numbersThatAreNotNumbersCountAsMissingInTrainingToo(SparkSession spark) {
        var examples = spark.sql("SELECT IF(id = 0, DOUBLE('NaN'), CAST(id AS DOUBLE)) AS age FROM range(4)");
        PredictorEncoding encoding = EncodingTraining.train(examples, List.of("age"), Optional.empty());
        assertThat(encoding.numbers().get(0).mean()).isEqualTo(2);
        assertThat(encoding.encode(RowFactory.create(2.0), new double[0])).containsExactly(0, 0);
    }
}
