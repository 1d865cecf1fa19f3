package io.flagcast.statistics;

import static io.flagcast.fixtures.Cases.cases;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class RatioTest {

    private static final Moments THIRTY = Moments.ofProportion(30, 100);
    private static final Moments TWENTY = Moments.ofProportion(20, 100);

    /** Katz and others: 1/30 − 1/100 + 1/20 − 1/100 = 0.06333, and 1.96 times its root on either side of log 1.5. */
    @Test
    void forProportionsItIsKatzs() {
        Ratio ratio = Ratio.of(THIRTY, TWENTY).orElseThrow();

        double error = Math.sqrt(1 / 30.0 - 1 / 100.0 + 1 / 20.0 - 1 / 100.0);
        assertThat(ratio.estimate()).isCloseTo(1.5, within(1e-12));
        assertThat(ratio.logError()).isCloseTo(error, within(1e-12));
        assertThat(ratio.interval(0.95).lower()).isCloseTo(1.5 * Math.exp(-1.959964 * error), within(1e-6));
        assertThat(ratio.interval(0.95).upper()).isCloseTo(1.5 * Math.exp(1.959964 * error), within(1e-6));
    }

    @Test
    void theUnitOfTheValuesDoesNotMatterAndTheInverseMirrorsIt() {
        cases(1, 200, dice -> dice.real(0.01, 1_000)).allSatisfy(unit -> {
            Moments first = Moments.of(unit, 2 * unit, 4 * unit);
            Moments second = Moments.of(3 * unit, 5 * unit);

            Ratio ratio = Ratio.of(first, second).orElseThrow();
            Ratio inverse = Ratio.of(second, first).orElseThrow();
            // Means 7/3 and 4, their sums of squared deviations 14/3 and 2.
            assertThat(ratio.estimate()).isCloseTo(7.0 / 12, within(1e-9));
            assertThat(ratio.logError()).isCloseTo(Math.sqrt(14.0 / 3 / 49 + 2.0 / 64), within(1e-9));
            assertThat(inverse.interval(0.9).lower())
                    .isCloseTo(1 / ratio.interval(0.9).upper(), within(1e-9));
        });
    }

    @Test
    void theSequenceIsWiderThanTheIntervalForOneLook() {
        Ratio ratio = Ratio.of(THIRTY, TWENTY).orElseThrow();

        Interval once = ratio.interval(0.95);
        Interval always = ratio.interval(new ConfidenceSequence(0.025, 200), 200);
        assertThat(always.lower()).isLessThan(once.lower());
        assertThat(always.upper()).isGreaterThan(once.upper());
    }

    /**
     * 4,000 pairs (seed 1) of 400 users at 20 % and 600 at 25 %: the part of the 95 % intervals with 0.8 must lie in
     * the 99.9 % interval of a binomial, 0.95 ± 0.0113.
     */
    @Test
    @Tag("simulation")
    void theIntervalCoversTheRatioAsOftenAsItSays() {
        SplittableRandom random = new SplittableRandom(1);
        int covered = 0;
        for (int pair = 0; pair < 4_000; pair++) {
            Moments first = Moments.ofProportion(successes(random, 400, 0.2), 400);
            Moments second = Moments.ofProportion(successes(random, 600, 0.25), 600);
            covered += Ratio.of(first, second).orElseThrow().interval(0.95).contains(0.8) ? 1 : 0;
        }

        assertThat(covered / 4_000.0).isBetween(0.9387, 0.9613);
    }

    private static long successes(SplittableRandom random, int n, double rate) {
        return random.doubles(n).filter(value -> value < rate).count();
    }

    @Test
    void aRatioOfNothingIsAbsent() {
        assertThat(Ratio.of(THIRTY, Moments.ofProportion(0, 100))).isEmpty();
        assertThat(Ratio.of(Moments.ofProportion(0, 100), THIRTY)).isEmpty();
        assertThat(Ratio.of(THIRTY, Moments.of(1))).isEmpty();
        assertThat(Ratio.of(Moments.of(-1, -2), THIRTY)).isEmpty();
    }

    @Test
    void whatIsNoRatioIsRefusedByName() {
        assertThatIllegalArgumentException().isThrownBy(() -> new Ratio(0, 1)).withMessageContaining("estimate is 0.0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Ratio(1, -1))
                .withMessageContaining("logarithm is -1.0");
    }
}
