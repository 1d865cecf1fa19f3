package io.flagcast.statistics.ranking;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.apache.commons.math3.distribution.NormalDistribution;
import org.junit.jupiter.api.Test;

class RankWeightedEffectTest {

    @Test
    void thePValueIsOneSided() {
        NormalDistribution normal = new NormalDistribution(0, 1);
        assertThat(new RankWeightedEffect(9, 0.3, 0.2).p())
                .isCloseTo(1 - normal.cumulativeProbability(1.5), within(1e-12));
        assertThat(new RankWeightedEffect(9, -0.3, 0.2).p())
                .isCloseTo(normal.cumulativeProbability(1.5), within(1e-12));
        assertThat(new RankWeightedEffect(9, 1e-9, 0).p()).isZero();
        assertThat(new RankWeightedEffect(9, 0, 0).p()).isEqualTo(1);
    }

    @Test
    void theIntervalIsTheNormalOne() {
        assertThat(new RankWeightedEffect(9, 0.3, 0.2).interval(0.95).lower())
                .isCloseTo(0.3 - 1.959963984540054 * 0.2, within(1e-12));
        assertThat(new RankWeightedEffect(9, 0.3, 0.2).interval(0.95).upper())
                .isCloseTo(0.3 + 1.959963984540054 * 0.2, within(1e-12));
    }

    /** (30 · 0.2 + 10 · 0.4)/40, and √(2 (3² + 2²))/40. */
    @Test
    void foldsWeighByTheirUsersAndHaveTwiceTheVariance() {
        RankWeightedEffect all = RankWeightedEffect.crossFitted(
                List.of(new RankWeightedEffect(30, 0.2, 0.1), new RankWeightedEffect(10, 0.4, 0.2)));
        assertThat(all.n()).isEqualTo(40);
        assertThat(all.estimate()).isCloseTo(0.25, within(1e-15));
        assertThat(all.error()).isCloseTo(Math.sqrt(26) / 40, within(1e-15));
    }

    @Test
    void numbersOutsideTheirRangeAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RankWeightedEffect.crossFitted(List.of()))
                .withMessage("RankWeightedEffect: n is 0, an order needs at least 1 user");
        for (double[] bad : new double[][] {{Double.NaN, 1}, {1, Double.NaN}, {1, Double.POSITIVE_INFINITY}, {1, -1}}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new RankWeightedEffect(1, bad[0], bad[1]))
                    .withMessage("RankWeightedEffect: estimate is " + bad[0] + " and standard error " + bad[1]
                            + "; both must be finite and the error at least 0");
        }
    }
}
