package io.flagcast.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class CorrectedDifferenceTest {

    @Test
    void threeFoldsGiveTheirBoundsByHand() {
        // Mean 2, s² = (1 + 0 + 1) / 2 = 1, error √(1/3 + 1/2). Quantile of Student's t with 2 degrees of freedom:
        // (2p − 1) √(2 / (1 − (2p − 1)²)), 2.919986 at 95 % and 4.302653 at 97.5 %.
        CorrectedDifference difference = CorrectedDifference.of(new double[] {1, 2, 3}, 0.5);

        double error = Math.sqrt(5.0 / 6);
        assertThat(difference.mean()).isEqualTo(2);
        assertThat(difference.error()).isCloseTo(error, within(1e-12));
        assertThat(difference.folds()).isEqualTo(3);
        assertThat(difference.lower(0.95)).isCloseTo(2 - 0.9 * Math.sqrt(2 / 0.19) * error, within(1e-9));
        assertThat(difference.upper(0.95)).isCloseTo(2 + 0.9 * Math.sqrt(2 / 0.19) * error, within(1e-9));
        assertThat(difference.interval(0.95).lower()).isCloseTo(2 - 4.302653 * error, within(1e-6));
        assertThat(difference.interval(0.95).upper()).isCloseTo(2 + 4.302653 * error, within(1e-6));
    }

    /**
     * 4,000 sets (seed 1) of 5 differences with the correlation that the correction assumes, testToTrain / (1
     * + testToTrain) = 0.2, and true mean 0. The share of 95 % lower bounds above 0 must lie in the 99.9 % interval of a
     * binomial of 4,000 at 0.05: 0.05 ± 3.29 √(0.05 · 0.95 / 4000) = 0.05 ± 0.011.
     */
    @Test
    @Tag("simulation")
    void correlatedFoldsPassTheBoundAsOftenAsItSays() {
        Random random = new Random(1);
        int passed = 0;
        for (int set = 0; set < 4_000; set++) {
            double shared = Math.sqrt(0.2) * random.nextGaussian();
            double[] differences = new double[5];
            for (int fold = 0; fold < 5; fold++) {
                differences[fold] = shared + Math.sqrt(0.8) * random.nextGaussian();
            }
            if (CorrectedDifference.of(differences, 0.25).lower(0.95) > 0) {
                passed++;
            }
        }

        assertThat(passed / 4_000.0).isBetween(0.039, 0.061);
    }

    @Test
    void equalDifferencesHaveNoWidth() {
        CorrectedDifference difference = CorrectedDifference.of(new double[] {2, 2, 2}, 0.5);

        assertThat(difference).isEqualTo(new CorrectedDifference(2, 0, 3));
        assertThat(difference.interval(0.99)).isEqualTo(new Interval(2, 2));
    }

    @Test
    void whatIsNoComparisonIsRefusedByName() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> CorrectedDifference.of(new double[] {1}, 0.25))
                .withMessageContaining("1 folds");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> CorrectedDifference.of(new double[] {1, Double.NaN}, 0.25))
                .withMessageContaining("mean is NaN");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> CorrectedDifference.of(new double[] {1, 2}, 0))
                .withMessageContaining("testToTrain is 0.0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new CorrectedDifference(0, -1, 2))
                .withMessageContaining("error is -1.0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new CorrectedDifference(0, 1, 2).lower(95))
                .withMessageContaining("confidence is 95.0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new CorrectedDifference(0, 1, 2).interval(1.5))
                .withMessageContaining("confidence is 1.5");
    }
}
