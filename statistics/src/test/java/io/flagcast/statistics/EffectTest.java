package io.flagcast.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class EffectTest {

    private static final WeightedMoments TWO_ROWS =
            WeightedMoments.EMPTY.plus(2, 0).plus(2, 1);

    @Test
    void theDifferenceAddsVariancesAndSizes() {
        WeightedMoments enabled = WeightedMoments.EMPTY.plus(1, 0).plus(3, 1);

        Effect effect = Effect.difference(enabled, TWO_ROWS).orElseThrow();

        // Means 3/4 and 1/2; variances 18/256 and (4·1/4 + 4·1/4) / 16 = 1/8; effective sizes 1.6 and 2.
        assertThat(effect.estimate()).isEqualTo(0.25);
        assertThat(effect.standardError()).isCloseTo(Math.sqrt(18.0 / 256 + 1.0 / 8), within(1e-12));
        assertThat(effect.effectiveSampleSize()).isCloseTo(3.6, within(1e-12));
        assertThat(effect.n()).isEqualTo(4);
        assertThat(effect.interval(0.95)).isEqualTo(Interval.normal(0.25, effect.standardError(), 0.95));
    }

    @Test
    void aContrastScalesTheControlAndItsVariance() {
        WeightedMoments enabled = WeightedMoments.EMPTY.plus(1, 0).plus(3, 1);

        Effect contrast = Effect.contrast(enabled, TWO_ROWS, 0.9).orElseThrow();

        // Means 3/4 and 1/2; variances 18/256 and 1/8.
        assertThat(contrast.estimate()).isCloseTo(0.75 - 0.9 * 0.5, within(1e-12));
        assertThat(contrast.standardError()).isCloseTo(Math.sqrt(18.0 / 256 + 0.81 / 8), within(1e-12));
        assertThat(contrast.n()).isEqualTo(4);
    }

    @Test
    void anEffectWithoutBothArmsIsAbsent() {
        assertThat(Effect.difference(TWO_ROWS, WeightedMoments.EMPTY)).isEmpty();
        assertThat(Effect.difference(WeightedMoments.EMPTY, TWO_ROWS)).isEmpty();
        assertThat(Effect.difference(TWO_ROWS, WeightedMoments.EMPTY.plus(2, 1)))
                .isEmpty();
    }

    /**
     * 2,000 experiments (seeds 0 to 1,999) of 1,000 users. A user's score s is uniform, the propensity 0.1 + 0.8 s, the
     * response rate 0.2 + 0.3 s, plus 0.1 when enabled: the naive difference is confounded by the score (its
     * expectation is 0.1 + 0.3 · 0.8/3 = 0.18), the effect is 0.1. The share of 95 % intervals that cover it must lie
     * in the 99.9 % interval of a binomial of 2,000 at 0.95: 0.95 ± 3.29 √(0.95 · 0.05 / 2000) = 0.95 ± 0.016.
     */
    @Test
    @Tag("simulation")
    void theIntervalCoversTheEffectAsOftenAsItSays() {
        int experiments = 2_000;
        int covered = 0;
        double sumOfEstimates = 0;
        for (int seed = 0; seed < experiments; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            WeightedMoments enabled = WeightedMoments.EMPTY;
            WeightedMoments control = WeightedMoments.EMPTY;
            for (int user = 0; user < 1_000; user++) {
                double score = random.nextDouble();
                double propensity = 0.1 + 0.8 * score;
                boolean isEnabled = random.nextDouble() < propensity;
                double rate = 0.2 + 0.3 * score + (isEnabled ? 0.1 : 0);
                double response = random.nextDouble() < rate ? 1 : 0;
                if (isEnabled) {
                    enabled = enabled.plus(1 / propensity, response);
                } else {
                    control = control.plus(1 / (1 - propensity), response);
                }
            }
            Effect effect = Effect.difference(enabled, control).orElseThrow();
            sumOfEstimates += effect.estimate();
            if (effect.interval(0.95).contains(0.1)) {
                covered++;
            }
        }

        assertThat((double) covered / experiments).isBetween(0.934, 0.966);
        assertThat(sumOfEstimates / experiments).isCloseTo(0.1, within(0.004));
    }

    @Test
    void whatIsNoEffectIsRefusedByName() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Effect(Double.NaN, 1, 1, 1))
                .withMessageContaining("estimate is NaN");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Effect(0, -1, 1, 1))
                .withMessageContaining("standard error is -1.0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Effect(0, 1, -1, 1))
                .withMessageContaining("effective sample size is -1.0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Effect(0, 1, 1, -1))
                .withMessageContaining("n is -1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Effect.contrast(TWO_ROWS, TWO_ROWS, Double.NaN))
                .withMessageContaining("factor is NaN");
    }
}
