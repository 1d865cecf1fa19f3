package io.flagcast.training;

import static io.flagcast.training.Simulated.NOTHING_SHOWN;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.statistics.Metric;
import io.flagcast.statistics.heterogeneity.BestLinearPrediction;
import io.flagcast.statistics.heterogeneity.CrossFitting;
import io.flagcast.statistics.heterogeneity.RepeatedVerdict;
import io.flagcast.training.Explanation.Contribution;
import io.flagcast.training.ResponsivenessModel.Propensity;
import io.flagcast.training.ResponsivenessModel.Uplift;
import io.flagcast.training.encoding.PredictorEncoding;
import io.flagcast.training.encoding.PredictorEncoding.Categorical;
import io.flagcast.training.encoding.PredictorEncoding.Numeric;
import io.flagcast.training.encoding.PredictorEncoding.Scale;
import io.flagcast.training.learners.Estimate;
import io.flagcast.training.learners.Folds;
import io.flagcast.training.learners.ResponseModel;
import io.flagcast.training.learners.ResponseModel.Linear;
import io.flagcast.training.learners.ResponseModel.Link;
import io.flagcast.training.learners.ResponseModel.Tree;
import io.flagcast.training.learners.ResponseModel.Trees;
import io.flagcast.training.usage.FoldIn;
import io.flagcast.training.usage.ItemFactors;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.spark.sql.RowFactory;
import org.junit.jupiter.api.Test;

class ExplanationTest {

    /** Of learners of any shape. */
    private static final CrossFitting CROSS_FITTED = new CrossFitting(5, OptionalInt.empty());

    private static final ItemFactors ITEMS =
            new ItemFactors(List.of("chat", "maps"), new double[][] {{1, 0.2}, {0.1, 1}}, 5, 0.1);
    private static final Reference REFERENCE = Reference.of(new double[] {0});

    /** {@code p0}, {@code p1} and so on, with mean 0 and deviation 1. */
    private static PredictorEncoding numbers(int count) {
        return new PredictorEncoding(
                IntStream.range(0, count)
                        .mapToObj(i -> new Numeric("p" + i, Scale.LINEAR, 0, 1, -100, 100))
                        .toList(),
                List.of(),
                null,
                List.of());
    }

    private static Propensity response(PredictorEncoding encoding, ResponseModel model) {
        return new Propensity(encoding, model, Folds.NONE, REFERENCE, Map.of());
    }

    private static Explanation explained(ResponsivenessModel model, Object... inputs) {
        return Explanation.of(model, "f", RowFactory.create(inputs), Map.of()).orElseThrow();
    }

    private static Map<String, Double> effects(Explanation explanation) {
        return explanation.contributions().stream()
                .collect(Collectors.toMap(Contribution::predictor, Contribution::effect));
    }

    private static void addsUp(Explanation explanation) {
        assertThat(explanation.contributions().stream()
                        .mapToDouble(Contribution::effect)
                        .sum())
                .isCloseTo(explanation.value() - explanation.baseline(), within(1e-9));
    }

    @Test
    void aLinearUpliftIsExplainedByCoefficientTimesDistance() {
        PredictorEncoding encoding = new PredictorEncoding(
                List.of(
                        new Numeric("age", Scale.LINEAR, 40, 10, 20, 60),
                        new Numeric("visits", Scale.LINEAR, 2, 1, 0, 9)),
                List.of(new Categorical("country", List.of("DE", "FR"), List.of(0.5, 0.25), 3)),
                null,
                List.of());
        Linear enabled = new Linear(new double[] {0.3, 0.1, 0.2, 0.5, 0.6, 0.4, -0.2}, 1, Link.IDENTITY);
        Linear control = new Linear(new double[] {0.1, 0.2, 0.3, 0, 0, 0, 0}, 0, Link.IDENTITY);
        Uplift model = new Uplift(
                "t_linear",
                Metric.Kind.MEAN,
                encoding,
                Estimate.ofArms(enabled, control, 0.5),
                Folds.NONE,
                0.5,
                new BestLinearPrediction(100, 0, 0.1, 0.1, 0.5, 0.1),
                RepeatedVerdict.first(0.01)
                        .judge(new BestLinearPrediction(100, 0, 0.1, 0.1, 0.5, 0.1), 0.1, CROSS_FITTED),
                REFERENCE,
                Collections.nCopies(10, 1.0),
                NOTHING_SHOWN,
                NOTHING_SHOWN.supported(),
                Map.of(),
                new Evaluation.Curves(List.of(), List.of()));
        Explanation explanation = explained(model, 60.0, null, "DE");
        assertThat(explanation.measure()).isEqualTo("uplift");
        assertThat(explanation.error()).isZero();
        // Average: countries weigh 0.25 · 0.6 + 0.5 · 0.4 - 0.25 · 0.2 = 0.3; half of (1 + 0.3) and 0.1 is said.
        assertThat(explanation.baseline()).isCloseTo(0.1 + 0.5 * 1.3, within(1e-12));
        // Age is two deviations up: 0.5 · 2 · (0.3 - 0.1). Visits are missing: 0.5 · 0.5. Country: 0.5 (0.4 - 0.3).
        assertThat(explanation.contributions())
                .extracting(Contribution::predictor)
                .containsExactly("visits", "age", "country");
        assertThat(explanation.contributions())
                .extracting(Contribution::value)
                .containsExactly("missing", "60.0", "DE");
        Map<String, Double> effects = effects(explanation);
        assertThat(effects.get("visits")).isCloseTo(0.25, within(1e-12));
        assertThat(effects.get("age")).isCloseTo(0.2, within(1e-12));
        assertThat(effects.get("country")).isCloseTo(0.05, within(1e-12));
        assertThat(explanation.value()).isCloseTo(0.75 + 0.5, within(1e-12));
        addsUp(explanation);
    }

    @Test
    void anInteractionIsSharedAndContributionsAddUpToTheDifference() {
        // 1 only where both are above 0: the Shapley values are a half each.
        Tree both = new Tree(
                new int[] {0, -1, 2, -1, -1},
                new double[] {0, 0, 0, 0, 0},
                new int[] {1, 0, 3, 0, 0},
                new int[] {2, 0, 4, 0, 0},
                new double[] {0, 0, 0, 0, 1});
        Explanation explanation =
                explained(response(numbers(3), new Trees(List.of(both), Link.IDENTITY)), 1.0, 1.0, 1.0);
        assertThat(explanation.measure()).isEqualTo("response");
        assertThat(explanation.value()).isEqualTo(1);
        assertThat(explanation.baseline()).isEqualTo(0);
        assertThat(effects(explanation).get("p0")).isCloseTo(0.5, within(1e-12));
        assertThat(effects(explanation).get("p1")).isCloseTo(0.5, within(1e-12));
        assertThat(effects(explanation).get("p2")).isZero();
        addsUp(explained(
                response(numbers(3), new Linear(new double[] {1, 0, -2, 0, 3, 0}, 0.5, Link.LOGIT)), 0.7, 0.2, -1.0));
    }

    @Test
    void beyondTwelvePredictorsOrdersAreSampled() {
        int count = 14;
        double[] coefficients = new double[2 * count];
        Object[] inputs = new Object[count];
        for (int i = 0; i < count; i++) {
            coefficients[2 * i] = 0.1 * (i - 6);
            inputs[i] = 1.0 + i % 3;
        }
        // Every order of a linear model gives the same.
        Explanation linear = explained(response(numbers(count), new Linear(coefficients, 2, Link.IDENTITY)), inputs);
        Map<String, Double> effects = effects(linear);
        for (int i = 0; i < count; i++) {
            assertThat(effects.get("p" + i)).isCloseTo(0.1 * (i - 6) * (1 + i % 3), within(1e-9));
        }
        assertThat(linear.error()).isCloseTo(0, within(1e-6));
        addsUp(linear);

        // The interaction of above, of 0 and 13: an order and its reverse give each of them once.
        Tree both = new Tree(
                new int[] {0, -1, 26, -1, -1},
                new double[] {0, 0, 0, 0, 0},
                new int[] {1, 0, 3, 0, 0},
                new int[] {2, 0, 4, 0, 0},
                new double[] {0, 0, 0, 0, 1});
        // 1 where three are above 0: a third each; 1,000 pairs of orders have a standard error below 0.5 / √1,000.
        Tree three = new Tree(
                new int[] {2, -1, 4, -1, 6, -1, -1},
                new double[7],
                new int[] {1, 0, 3, 0, 5, 0, 0},
                new int[] {2, 0, 4, 0, 6, 0, 0},
                new double[] {0, 0, 0, 0, 0, 0, 1});
        Explanation trees = explained(response(numbers(count), new Trees(List.of(both, three), Link.IDENTITY)), inputs);
        assertThat(effects(trees).get("p0")).isCloseTo(0.5, within(1e-9));
        assertThat(effects(trees).get("p13")).isCloseTo(0.5, within(1e-9));
        for (String predictor : List.of("p1", "p2", "p3")) {
            assertThat(effects(trees).get(predictor)).isCloseTo(1 / 3.0, within(0.05));
        }
        assertThat(trees.error()).isBetween(1e-4, 0.5 / Math.sqrt(1000));
        addsUp(trees);
    }

    @Test
    void factorsOfUsageAreOnePredictor() {
        PredictorEncoding encoding = new PredictorEncoding(
                List.of(),
                List.of(),
                ITEMS,
                List.of(
                        new Numeric("usage factor 1", Scale.LINEAR, 0.1, 0.5, -9, 9),
                        new Numeric("usage factor 2", Scale.LINEAR, 0.2, 0.5, -9, 9)));
        Map<String, Double> usage = Map.of("chat", 3.0, "maps", 1.0);
        Explanation explanation = Explanation.of(
                        response(encoding, new Linear(new double[] {1, 2}, 0, Link.IDENTITY)),
                        "f",
                        RowFactory.create(),
                        usage)
                .orElseThrow();
        double[] user = new FoldIn(ITEMS).user(usage);
        assertThat(explanation.contributions()).hasSize(1);
        Contribution factors = explanation.contributions().get(0);
        assertThat(factors.predictor()).isEqualTo("usage factors");
        assertThat(factors.value()).isEqualTo("2 items used");
        assertThat(factors.effect()).isCloseTo((user[0] - 0.1) / 0.5 + 2 * (user[1] - 0.2) / 0.5, within(1e-12));
    }

    @Test
    void whatEachUsedItemAddsIsTheAffinity() {
        CollaborativeModel model = new CollaborativeModel(ITEMS, Map.of("chat", REFERENCE), Map.of(), Map.of());
        Map<String, Double> usage = Map.of("chat", 3.0, "maps", 1.0, "unknown", 7.0);
        Explanation explanation =
                Explanation.of(model, "chat", RowFactory.create(), usage).orElseThrow();
        FoldIn foldIn = new FoldIn(ITEMS);
        assertThat(explanation.measure()).isEqualTo("affinity");
        assertThat(explanation.value()).isEqualTo(foldIn.affinity(foldIn.user(usage), "chat"));
        assertThat(explanation.contributions())
                .extracting(Contribution::predictor)
                .containsExactlyInAnyOrder("chat", "maps");
        addsUp(explanation);
        assertThat(Explanation.of(model, "chat", RowFactory.create(), Map.of("unknown", 7.0)))
                .isEmpty();
    }
}
