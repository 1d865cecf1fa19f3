package io.flagcast.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.OptionalDouble;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ValueLawTest {

    @Test
    void valuesThatFewUsersHaveAreZeroOrATop() {
        // A fifth of the users has 50: mean 10, variance 0.2 · 0.8 · 50².
        ValueLaw law = ValueLaw.of(10, 400, Metric.Kind.MEAN);

        assertThat(law.top()).hasValue(50);
        assertThat(law.withMean(5).variance()).isCloseTo(0.1 * 0.9 * 2_500, within(1e-9));
        assertThat(law.withMean(60).top()).hasValue(60);
    }

    @Test
    void valuesThatMostUsersHaveAreNormalAndKeepTheirVariance() {
        ValueLaw law = ValueLaw.of(10, 4, Metric.Kind.MEAN);

        assertThat(law.top()).isEmpty();
        assertThat(law.withMean(9)).isEqualTo(new ValueLaw(9, 4, OptionalDouble.empty()));
    }

    @Test
    void sumsHaveTheMomentsOfSoManyUsers() {
        for (double rate : new double[] {0.002, 0.05, 0.5, 0.999}) {
            for (int users : new int[] {3, 1_000}) {
                ValueLaw law = ValueLaw.of(rate, 0, Metric.Kind.PROPORTION);
                SplittableRandom random = new SplittableRandom(7);
                Moments sums = Moments.EMPTY;
                for (int i = 0; i < 40_000; i++) {
                    sums = sums.plus(law.sum(random, users));
                }
                double variance = users * rate * (1 - rate);
                // Four standard errors of the mean, and a tenth of the variance.
                assertThat(sums.mean()).isCloseTo(users * rate, within(4 * Math.sqrt(variance / 40_000)));
                assertThat(sums.variance()).isCloseTo(variance, within(0.1 * variance));
            }
        }
    }

    @Test
    void aMeanBeyondTheTopIsRefused() {
        assertThatThrownBy(() -> new ValueLaw(2, 1, OptionalDouble.of(1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("outside [0, 1.0]");
    }
}
