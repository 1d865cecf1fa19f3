package io.flagcast.jobs.questions.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.jobs.printing.Format;
import io.flagcast.jobs.printing.Printer;
import io.flagcast.jobs.questions.evaluation.LearnerComparison.Mean;
import io.flagcast.training.Evaluation.Calibration;
import io.flagcast.training.Evaluation.Curves;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class LearnerComparisonTest {

    private static final Curves CURVES = new Curves(List.of(), List.of(new Calibration(1, 1_200, -0.05, -0.04, 0.01)));

    private static JudgedLearner judged(long seed, String learner, boolean chosen, Map<String, Double> metrics) {
        return new JudgedLearner(seed, learner, chosen, metrics, CURVES, 0.25);
    }

    /** Two seeds, two learners; another one is chosen at each. */
    private static final LearnerComparison TWO_SEEDS = new LearnerComparison(
            "checkout",
            "t_linear",
            List.of(
                    judged(1, "t_linear", true, Map.of("qini", 0.10, "uplift_auc", 0.02)),
                    judged(1, "x_trees", false, Map.of("qini", 0.14)),
                    judged(2, "t_linear", false, Map.of("qini", 0.20, "uplift_auc", 0.04)),
                    judged(2, "x_trees", true, Map.of("qini", 0.22))),
            List.of("one", "two", "one"));

    private static String printed(Format format, Consumer<Printer> work) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        work.accept(Printer.of(format, new PrintStream(bytes, true, StandardCharsets.UTF_8)));
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Test
    void learnersAreComparedWithTheSimplestOneSeedBySeed() {
        assertThat(TWO_SEEDS.means())
                .extracting(Mean::learner)
                .containsExactly("t_linear", "x_trees", LearnerComparison.CHOSEN);
        Mean simplest = TWO_SEEDS.means().get(0);
        assertThat(simplest.ranking().getAsDouble()).isCloseTo(0.15, within(1e-12));
        assertThat(simplest.upliftAuc().getAsDouble()).isCloseTo(0.03, within(1e-12));
        assertThat(simplest.overSimplest()).isEmpty();

        Mean trees = TWO_SEEDS.means().get(1);
        assertThat(trees.upliftAuc()).isEmpty();
        assertThat(trees.chosen()).isEqualTo(1);
        assertThat(trees.seeds()).isEqualTo(2);
        // Differences .04 and .02: mean .03, variance .0002; (1/2 + 1/4) of it is .00015.
        assertThat(trees.overSimplest()).hasValueSatisfying(difference -> {
            assertThat(difference.mean()).isCloseTo(0.03, within(1e-12));
            assertThat(difference.error()).isCloseTo(Math.sqrt(0.00015), within(1e-12));
        });
    }

    @Test
    void theChosenOneIsAnotherLearnerAtEverySeed() {
        Mean chosen = TWO_SEEDS.means().get(2);
        // .10 of the one and .22 of the other, over .10 and .20.
        assertThat(chosen.ranking().getAsDouble()).isCloseTo(0.16, within(1e-12));
        assertThat(chosen.overSimplest().orElseThrow().mean()).isCloseTo(0.01, within(1e-12));
        assertThat(chosen.chosen()).isEqualTo(chosen.seeds()).isEqualTo(2);
        assertThat(TWO_SEEDS.lastChosen()).map(JudgedLearner::seed).contains(2L);
        assertThat(TWO_SEEDS.lastChosen()).map(JudgedLearner::learner).contains("x_trees");
    }

    @Test
    void oneSeedHasNoMean() {
        assertThat(new LearnerComparison(
                                "checkout", "t_linear", TWO_SEEDS.judged().subList(0, 2), List.of())
                        .means())
                .isEmpty();
    }

    @Test
    void aNoteIsSaidOnce() {
        assertThat(TWO_SEEDS.notes()).containsExactly("one", "two");
    }

    @Test
    void valuesAreRankedByTheirGainBecauseTheyHaveNoQini() {
        JudgedLearner values = judged(1, "t_linear", true, Map.of("qini_gain", 3.5));
        assertThat(values.ranking()).contains(3.5);
        assertThat(judged(1, "t_linear", true, Map.of()).ranking()).isEmpty();
    }

    @Test
    void peopleSeeADashWhereAMeasureIsNotToBeHad() {
        LearnerComparison comparison = new LearnerComparison(
                "checkout",
                "t_linear",
                List.of(judged(
                        7,
                        "t_linear",
                        true,
                        Map.of(
                                "qini", 0.1,
                                "qini_lower", 0.05,
                                "qini_upper", 0.15,
                                "calibration_slope", 0.9,
                                "calibration_slope_error", 0.2,
                                "brier", 0.25,
                                "heterogeneity_p", 0.00123))),
                List.of());
        assertThat(printed(Format.TABLE, printer -> printer.print(QualitySheets.learners(), comparison.judged())))
                .isEqualTo("""
                        seed  learner   chosen    Qini  95 %              AUUC  95 %  uplift at 10 %  20 %  30 %  95 %  slope         Brier  log-loss       p
                        ----  --------  ------  ------  ----------------  ----  ----  --------------  ----  ----  ----  -----------  ------  --------  ------
                           7  t_linear  yes     0.1000  0.0500 to 0.1500  -     -     -               -     -     -     0.90 ± 0.20  0.2500  -         0.0012
                        """);
        assertThat(printed(Format.TABLE, printer -> printer.print(QualitySheets.calibration(), CURVES.deciles())))
                .isEqualTo("""
                        decile  users  predicted uplift  observed effect  95 %
                        ------  -----  ----------------  ---------------  ------------------
                             1  1,200           -0.0500          -0.0400  -0.0596 to -0.0204
                        """);
    }

    @Test
    void peopleSeeWhatAnOrderIsWorthWithItsIntervals() {
        JudgedLearner one = judged(
                7,
                "t_linear",
                true,
                Map.of(
                        "autoc", 0.0123,
                        "autoc_lower", -0.001,
                        "autoc_upper", 0.0256,
                        "autoc_p", 0.035,
                        "rate_qini", 0.0014,
                        "rate_qini_p", 0.24,
                        "order_p", 0.07));
        assertThat(printed(Format.TABLE, printer -> printer.print(QualitySheets.orders(), List.of(one))))
                .isEqualTo("""
                        seed  learner    AUTOC  95 %                   p  Qini form  95 %     p  p of both
                        ----  --------  ------  -----------------  -----  ---------  ----  ----  ---------
                           7  t_linear  0.0123  -0.0010 to 0.0256  0.035     0.0014  -     0.24      0.070
                        """);
    }

    @Test
    void programsAreToldEveryMeasureThereIsAndNoOther() {
        LearnerComparison comparison = new LearnerComparison(
                "checkout",
                "t_linear",
                List.of(judged(7, "t_linear", true, Map.of("qini", 0.5, "brier", 0.25, "measured_since", 1.0))),
                List.of());
        RankingComparison rankings = new RankingComparison(
                "search", List.of(new RankingComparison.Judged(7, "popularity", Map.of("ndcg_at_10", 0.5))));
        assertThat(printed(Format.JSON, printer -> {
                    printer.print(QualitySheets.measured(comparison), comparison.measured());
                    printer.print(QualitySheets.measured(rankings), rankings.measured());
                }))
                .isEqualTo("""
                        {"feature_id":"checkout","seed":7,"learner":"t_linear","champion":true,"brier":0.25,"measured_since":1.0,"qini":0.5}
                        {"feature_id":"search","seed":7,"ranking":"popularity","ndcg_at_10":0.5}
                        """);
    }

    @Test
    void allFeaturesAreOneTableOfCsv() {
        RankingComparison rankings = new RankingComparison(
                "search", List.of(new RankingComparison.Judged(7, "popularity", Map.of("ndcg_at_10", 0.5))));
        List<String> lines = printed(Format.CSV, printer -> {
                    printer.print(QualitySheets.measured(TWO_SEEDS), TWO_SEEDS.measured());
                    printer.print(QualitySheets.measured(rankings), rankings.measured());
                })
                .lines()
                .toList();
        assertThat(lines).hasSize(6);
        assertThat(lines.get(0)).startsWith("feature_id,seed,learner,champion,ranking,autoc,");
        assertThat(lines.get(1)).startsWith("checkout,1,t_linear,true,,,");
        assertThat(lines.get(5)).startsWith("search,7,,,popularity,,");
    }
}
