package io.flagcast.statistics;

import static io.flagcast.fixtures.Cases.cases;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.fixtures.Generator;
import org.apache.commons.math3.stat.interval.ConfidenceInterval;
import org.apache.commons.math3.stat.interval.WilsonScoreInterval;
import org.junit.jupiter.api.Test;

class IntervalTest {

    @Test
    void theWilsonIntervalIsThatOfAnIndependentImplementation() {
        record Sample(int n, double rate, double confidence) {}
        Generator<Sample> generator =
                dice -> new Sample(dice.integer(1, 100_000), dice.real(0, 1), dice.real(0.5, 0.999));
        cases(1, 300, generator).allSatisfy(sample -> {
            int n = sample.n();
            int successes = (int) Math.round(sample.rate() * n);
            Interval interval = Interval.wilson(successes, n, sample.confidence());

            ConfidenceInterval oracle = new WilsonScoreInterval().createInterval(n, successes, sample.confidence());
            assertThat(interval.lower()).isCloseTo(oracle.getLowerBound(), within(1e-9));
            assertThat(interval.upper()).isCloseTo(oracle.getUpperBound(), within(1e-9));
            assertThat(interval.contains((double) successes / n)).isTrue();
        });
    }

    @Test
    void theWilsonIntervalEndsAtTheExtremes() {
        assertThat(Interval.wilson(0, 0, 0.95)).isEqualTo(new Interval(0, 1));
        assertThat(Interval.wilson(0, 10, 0.95).lower()).isZero();
        // z² / (n + z²) = 3.8415 / 13.8415
        assertThat(Interval.wilson(0, 10, 0.95).upper()).isCloseTo(0.27753, within(1e-5));
        assertThat(Interval.wilson(10, 10, 0.95).upper()).isEqualTo(1);
    }

    @Test
    void theNormalIntervalUsesTheTwoSidedQuantile() {
        Interval interval = Interval.normal(10, 2, 0.95);

        assertThat(interval.lower()).isCloseTo(10 - 2 * 1.959964, within(1e-6));
        assertThat(interval.upper()).isCloseTo(10 + 2 * 1.959964, within(1e-6));
        assertThat(interval.width()).isCloseTo(4 * 1.959964, within(1e-6));
    }

    @Test
    void theEndsBelongToTheInterval() {
        Interval interval = new Interval(-1, 2);

        assertThat(interval.contains(-1)).isTrue();
        assertThat(interval.contains(2)).isTrue();
        assertThat(interval.contains(2.1)).isFalse();
        assertThat(interval.contains(Double.NaN)).isFalse();
        assertThat(interval.width()).isEqualTo(3);
    }

    @Test
    void whatIsNoIntervalIsRefusedByName() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Interval(2, 1))
                .withMessageContaining("[2.0, 1.0]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Interval(Double.NaN, 1))
                .withMessageContaining("finite ends");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Interval.normal(0, -1, 0.95))
                .withMessageContaining("standard error is -1.0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Interval.normal(0, 1, 95))
                .withMessageContaining("confidence is 95.0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Interval.wilson(-1, 3, 0.95))
                .withMessageContaining("-1 successes of 3");
    }
}
