package io.flagcast.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.training.PredictorEncoding.Categorical;
import io.flagcast.training.PredictorEncoding.Numeric;
import io.flagcast.training.PredictorEncoding.Scale;
import java.util.List;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.assertj.core.api.recursive.comparison.RecursiveComparisonConfiguration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(SharedSpark.class)
class PredictorEncodingTest {

    private static final PredictorEncoding BY_HAND = new PredictorEncoding(
            List.of(new Numeric("age", Scale.LINEAR, 40), new Numeric("visits", Scale.LOG1P, 1.5)),
            List.of(new Categorical("country", List.of("DE", "FR"))));

    private static double[] encoded(Object... values) {
        return BY_HAND.encode(RowFactory.create(values), 0).toArray();
    }

    @Test
    void everyPlaceOfTheVectorHasAName() {
        assertThat(BY_HAND.names()).containsExactly("age", "visits", "country");
        assertThat(BY_HAND.places())
                .containsExactly(
                        "age",
                        "age is missing",
                        "visits",
                        "visits is missing",
                        "country is another",
                        "country = DE",
                        "country = FR");
        assertThat(encoded(30.0, 0.0, "FR"))
                .containsExactly(30, 0, 0, 0, 0, 0, 1)
                .hasSameSizeAs(BY_HAND.places());
    }

    @Test
    void aLevelThatTrainingDidNotSeeHasAPlaceOfItsOwn() {
        assertThat(encoded(30.0, 0.0, "IT")).containsExactly(30, 0, 0, 0, 1, 0, 0);
        assertThat(encoded(30.0, 0.0, null)).containsExactly(30, 0, 0, 0, 1, 0, 0);
    }

    @Test
    void aMissingNumberIsTheMeanWithAnIndicator() {
        assertThat(encoded(null, null, "DE")).containsExactly(40, 1, 1.5, 1, 0, 1, 0);
    }

    @Test
    void aSkewedCountEntersByLog1pAndNeverBelowZero() {
        assertThat(encoded(-5.0, Math.E - 1, "DE")[2]).isCloseTo(1, within(1e-15));
        assertThat(encoded(-5.0, -3.0, "DE")).containsExactly(-5, 0, 0, 0, 0, 1, 0);
    }

    @Test
    void aRowIsReadFromItsOffset() {
        assertThat(BY_HAND.encode(RowFactory.create("u", 30.0, 0.0, "DE"), 1).toArray())
                .containsExactly(30, 0, 0, 0, 0, 1, 0);
    }

    @Test
    void meansScalesAndLevelsAreLearned(SparkSession spark) {
        // visits: 99 users without any and one with e - 1, so the mean of log1p is 1/100.
        var examples = spark.sql("SELECT IF(id % 2 = 0, NULL, CAST(id % 4 AS DOUBLE)) AS age,"
                + " IF(id = 7, exp(1D) - 1, 0D) AS visits, IF(id = 7, -1000D, 0D) AS balance,"
                + " CAST(NULL AS DOUBLE) AS never, 5D AS always,"
                + " CASE WHEN id < 50 THEN 'FR' WHEN id < 70 THEN 'IT' WHEN id < 90 THEN 'DE' END AS country"
                + " FROM range(100)");
        PredictorEncoding encoding =
                PredictorEncoding.fit(examples, List.of("country", "age", "visits", "balance", "never", "always"));
        assertThat(encoding.numbers())
                .usingRecursiveFieldByFieldElementComparator(RecursiveComparisonConfiguration.builder()
                        .withComparatorForType((a, b) -> Math.abs(a - b) < 1e-12 ? 0 : 1, Double.class)
                        .build())
                .containsExactly(
                        // Odd ids: 1 and 3 in turn.
                        new Numeric("age", Scale.LINEAR, 2),
                        new Numeric("visits", Scale.LOG1P, 0.01),
                        new Numeric("balance", Scale.LINEAR, -10),
                        new Numeric("never", Scale.LINEAR, 0),
                        new Numeric("always", Scale.LINEAR, 5));
        assertThat(encoding.categories()).containsExactly(new Categorical("country", List.of("FR", "DE", "IT")));
    }
}
