package io.flagcast.training;

import static io.flagcast.training.Simulated.SETTINGS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.training.ResponseTraining.Result.TooLittle;
import io.flagcast.training.ResponseTraining.Result.Trained;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(SharedSpark.class)
class CollaborativeTrainingTest {

    private static final double ONCE = Math.log1p(1);

    private final SparkSession spark;

    CollaborativeTrainingTest(SparkSession spark) {
        this.spark = spark;
    }

    private CollaborativeModel model() {
        return (CollaborativeModel)
                ((Trained) new CollaborativeTraining(List.of("a3", "b3"), SETTINGS).train(Simulated.usage(spark)))
                        .model();
    }

    @Test
    void aNewUserIsDrawnToTheFeaturesOfTheOwnTaste() {
        CollaborativeModel model = model();
        FoldIn foldIn = new FoldIn(model);
        double[] a = foldIn.user(Map.of("a0", ONCE, "a1", ONCE));
        double[] b = foldIn.user(Map.of("b0", ONCE, "b1", ONCE));
        assertThat(foldIn.affinity(a, "a3")).isGreaterThan(foldIn.affinity(a, "b3") + 0.3);
        assertThat(foldIn.affinity(b, "b3")).isGreaterThan(foldIn.affinity(b, "a3") + 0.3);
        Reference reference = model.references().get("a3");
        // Half of the reference has the other taste: above all of them is at least 50.
        assertThat(reference.score(foldIn.affinity(a, "a3"))).isGreaterThanOrEqualTo(50);
        assertThat(reference.score(foldIn.affinity(b, "a3"))).isLessThan(50);
        assertThat(model.items()).containsExactly("a0", "a1", "a2", "a3", "b0", "b1", "b2", "b3");
        assertThat(model.metrics()).isEqualTo(Map.of("users", 120.0, "items", 8.0));
    }

    @Test
    void theSameUsageAndSeedGiveTheSameModel() {
        assertThat(model().toJson()).isEqualTo(model().toJson());
    }

    @Test
    void aFeatureThatNobodyUsedIsTooLittle() {
        assertThat(new CollaborativeTraining(List.of("a3", "new", "newer"), SETTINGS).train(Simulated.usage(spark)))
                .isEqualTo(new TooLittle("no usage events of new, newer"));
    }

    @Test
    void foldingInSolvesTheNormalEquation() {
        CollaborativeModel one =
                new CollaborativeModel(List.of("f", "g"), new double[][] {{2}, {1}}, 3, 0.5, Map.of(), Map.of());
        FoldIn foldIn = new FoldIn(one);
        // YᵀY = 5; f seen with confidence 1 + 3 · 0.5: (5 + 1.5 · 4 + 0.5 · 1) x = 2.5 · 2.
        double[] user = foldIn.user(Map.of("f", 0.5, "unknown", 1.0, "g", 0.0));
        assertThat(user).containsExactly(new double[] {5 / 11.5}, within(1e-12));
        assertThat(foldIn.affinity(user, "g")).isCloseTo(5 / 11.5, within(1e-12));
        assertThat(foldIn.user(Map.of())).containsExactly(0);
    }
}
