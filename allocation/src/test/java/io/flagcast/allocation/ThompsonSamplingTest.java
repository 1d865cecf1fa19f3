package io.flagcast.allocation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.statistics.Moments;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class ThompsonSamplingTest {

    private static final ThompsonSampling LEARNER = new ThompsonSampling(0.05, 0.1, 100);
    private static final Moments GOOD = Moments.ofProportion(900, 1_000);
    private static final Moments BAD = Moments.ofProportion(100, 1_000);

    @Test
    void nothingMovesUntilEachArmHasItsUsers() {
        assertThat(LEARNER.next(0.3, Moments.ofProportion(99, 99), BAD)).isEqualTo(0.3);
        assertThat(LEARNER.next(0.3, GOOD, Moments.ofProportion(0, 99))).isEqualTo(0.3);
        assertThat(LEARNER.next(0.3, Moments.EMPTY, Moments.EMPTY)).isEqualTo(0.3);
        assertThat(LEARNER.next(0.3, Moments.ofProportion(100, 100), Moments.ofProportion(0, 100)))
                .isCloseTo(0.4, within(1e-12));
    }

    @Test
    void oneUpdateMovesNoFurtherThanTheMaximalStep() {
        assertThat(LEARNER.next(0.5, GOOD, BAD)).isCloseTo(0.6, within(1e-12));
        assertThat(LEARNER.next(0.5, BAD, GOOD)).isCloseTo(0.4, within(1e-12));
    }

    @Test
    void eachArmKeepsTheFloorHoweverClearTheWinner() {
        ThompsonSampling unhurried = new ThompsonSampling(0.05, 1, 100);

        assertThat(unhurried.next(0.5, GOOD, BAD)).isCloseTo(0.95, within(1e-12));
        assertThat(unhurried.next(0.5, BAD, GOOD)).isCloseTo(0.05, within(1e-12));
    }

    @Test
    void equalPosteriorsDrawTheProbabilityToAHalf() {
        assertThat(new ThompsonSampling(0.05, 1, 100).next(0.9, GOOD, GOOD)).isCloseTo(0.5, within(1e-9));
        assertThat(ThompsonSampling.probabilityBetter(Moments.EMPTY, Moments.EMPTY))
                .isCloseTo(0.5, within(1e-9));
    }

    /** Beta(2, 1) against Beta(1, 2): the integral of 2x (1 - (1 - x)^2) is 4/3 - 1/2 = 5/6. */
    @Test
    void oneSuccessAgainstOneFailureIsBetterWithProbabilityFiveSixths() {
        assertThat(ThompsonSampling.probabilityBetter(Moments.ofProportion(1, 1), Moments.ofProportion(0, 1)))
                .isCloseTo(5.0 / 6, within(1e-9));
    }

    @Property(tries = 300)
    void anUpdateStaysWithinFloorAndStep(
            @ForAll @DoubleRange(min = 0.05, max = 0.95) double current,
            @ForAll @LongRange(max = 5_000) long enabledRewards,
            @ForAll @LongRange(max = 5_000) long controlRewards) {
        double next = LEARNER.next(
                current, Moments.ofProportion(enabledRewards, 5_000), Moments.ofProportion(controlRewards, 5_000));

        assertThat(next).isBetween(0.05 - 1e-12, 0.95 + 1e-12).isCloseTo(current, within(0.1 + 1e-12));
    }

    @Test
    void settingsOutsideTheirRangeAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new ThompsonSampling(0.6, 0.1, 100))
                .withMessage("bandit floor 0.6 is outside [0, 0.5]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new ThompsonSampling(0.05, 0, 100))
                .withMessage("bandit max_step 0.0 is outside (0, 1]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new ThompsonSampling(0.05, 0.1, 0))
                .withMessage("bandit min_users 0 is below 1");
    }
}
