package io.flagcast.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class EmpiricalBayesTest {

    @Test
    void twoEqualGroupsGiveTheirMeansByHand() {
        // Means 1 and 5, m2 2 each; s² = (2 + 2) / (4 − 2) = 2. Grand mean 3, Σ n (mean − 3)² = 2 · 4 + 2 · 4 = 16.
        // A = (16 − 1 · 2) / (4 − 8/4) = 7. Kept 7 / (7 + 2/2) = 7/8: 3 ± 2 · 7/8.
        EmpiricalBayes shrunken = EmpiricalBayes.of(Map.of("low", Moments.of(0, 2), "high", Moments.of(4, 6)))
                .orElseThrow();

        assertThat(shrunken.overall()).isCloseTo(3, within(1e-12));
        assertThat(shrunken.betweenVariance()).isCloseTo(7, within(1e-12));
        assertThat(shrunken.means().get("low")).isCloseTo(1.25, within(1e-12));
        assertThat(shrunken.means().get("high")).isCloseTo(4.75, within(1e-12));
    }

    @Test
    void groupsOfUnequalSizeGiveTheirMeansByHand() {
        // One row of 8, and 0, 2, 4 with mean 2 and m2 8: s² = 8 / (4 − 2) = 4. Grand mean 14/4 = 3.5.
        // Σ n (mean − 3.5)² = 4.5² + 3 · 1.5² = 27; A = (27 − 4) / (4 − 10/4) = 46/3.
        // Weights 1 / (46/3 + 4) = 3/58 and 1 / (46/3 + 4/3) = 3/50. Overall (8 · 50 + 2 · 58) / 108 = 516/108 = 43/9.
        // Kept (46/3) / (58/3) = 23/29 and (46/3) / (50/3) = 23/25; a group without rows keeps nothing.
        EmpiricalBayes shrunken = EmpiricalBayes.of(
                        Map.of("one", Moments.of(8), "three", Moments.of(0, 2, 4), "none", Moments.EMPTY))
                .orElseThrow();

        double overall = 43.0 / 9;
        assertThat(shrunken.betweenVariance()).isCloseTo(46.0 / 3, within(1e-12));
        assertThat(shrunken.overall()).isCloseTo(overall, within(1e-12));
        assertThat(shrunken.means().get("one")).isCloseTo(overall + 23.0 / 29 * (8 - overall), within(1e-12));
        assertThat(shrunken.means().get("three")).isCloseTo(overall + 23.0 / 25 * (2 - overall), within(1e-12));
        assertThat(shrunken.means().get("none")).isCloseTo(overall, within(1e-12));
    }

    @Test
    void groupsThatDifferNoMoreThanNoiseAllHaveTheOverallMean() {
        // Σ n (mean − grand mean)² = 0 < s².
        EmpiricalBayes shrunken = EmpiricalBayes.of(Map.of("a", Moments.of(0, 2), "b", Moments.of(-4, 6)))
                .orElseThrow();

        assertThat(shrunken).isEqualTo(new EmpiricalBayes(1, 0, Map.of("a", 1.0, "b", 1.0)));
    }

    @Test
    void withoutNoiseTheRawMeansStay() {
        EmpiricalBayes differing = EmpiricalBayes.of(
                        Map.of("a", Moments.of(1, 1), "b", Moments.of(3, 3, 3), "none", Moments.EMPTY))
                .orElseThrow();

        assertThat(differing.means()).isEqualTo(Map.of("a", 1.0, "b", 3.0, "none", 2.0));
        assertThat(EmpiricalBayes.of(Map.of("a", Moments.of(2, 2), "b", Moments.of(2))))
                .contains(new EmpiricalBayes(2, 0, Map.of("a", 2.0, "b", 2.0)));
    }

    @Test
    void aSingleGroupIsTheOverallMean() {
        assertThat(EmpiricalBayes.of(Map.of("a", Moments.of(1, 3))))
                .contains(new EmpiricalBayes(2, 0, Map.of("a", 2.0)));
    }

    @Test
    void withoutTwoRowsInAnyGroupNothingIsKnown() {
        assertThat(EmpiricalBayes.of(Map.of())).isEmpty();
        assertThat(EmpiricalBayes.of(Map.of("a", Moments.of(1), "b", Moments.of(5), "c", Moments.EMPTY)))
                .isEmpty();
    }

    /**
     * 400 groups (seed 1) of 1 to 20 rows with noise of variance 1, true means of variance 0.1 around 5. A raw mean has
     * the squared error 1/n, the best shrunken one 1/(10 + n): on average 0.180 and 0.053 over these n. The standard
     * error of the estimate of 0.1 is about 0.014.
     */
    @Test
    void shrunkenMeansAreCloserToTheTruthThanRawOnes() {
        Random random = new Random(1);
        Map<String, Moments> groups = new HashMap<>();
        Map<String, Double> truth = new HashMap<>();
        for (int group = 0; group < 400; group++) {
            double mean = 5 + Math.sqrt(0.1) * random.nextGaussian();
            Moments rows = Moments.EMPTY;
            for (int row = 0; row <= group % 20; row++) {
                rows = rows.plus(mean + random.nextGaussian());
            }
            groups.put("group " + group, rows);
            truth.put("group " + group, mean);
        }

        EmpiricalBayes shrunken = EmpiricalBayes.of(groups).orElseThrow();

        double rawError = 0;
        double shrunkenError = 0;
        for (Map.Entry<String, Double> group : truth.entrySet()) {
            rawError += Math.pow(groups.get(group.getKey()).mean() - group.getValue(), 2) / 400;
            shrunkenError += Math.pow(shrunken.means().get(group.getKey()) - group.getValue(), 2) / 400;
        }
        assertThat(rawError).isCloseTo(0.180, within(0.09));
        assertThat(shrunkenError).isCloseTo(0.053, within(0.015)).isLessThan(rawError / 2);
        assertThat(shrunken.betweenVariance()).isCloseTo(0.1, within(3.29 * 0.014));
        assertThat(shrunken.overall()).isCloseTo(5, within(0.1));
    }

    @Test
    void whatIsNoEstimateIsRefusedByName() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new EmpiricalBayes(Double.NaN, 0, Map.of()))
                .withMessageContaining("overall is NaN");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new EmpiricalBayes(0, -1, Map.of()))
                .withMessageContaining("variance between groups is -1.0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new EmpiricalBayes(0, 0, Map.of("a", Double.NaN)))
                .withMessageContaining("mean of group a is NaN");
    }
}
