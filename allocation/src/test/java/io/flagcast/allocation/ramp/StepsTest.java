package io.flagcast.allocation.ramp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.flagcast.allocation.ramp.Level.Unit;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class StepsTest {

    private static final Instant MONDAY = Instant.parse("2026-03-02T00:00:00Z");
    private static final Instant SUNDAY = MONDAY.plus(Duration.ofDays(6));
    private static final Gate GATE = new Gate(5_000, Duration.ofDays(3));

    private static Ramp ramp(Step... steps) {
        return new Ramp(Unit.PERCENTAGE, List.of(steps));
    }

    private static Step atOnce(double to, Gate until) {
        return new Step(Step.AT_ONCE, to, until);
    }

    private static Optional<Level> percent(double of) {
        return Optional.of(Level.ofPercentage(of));
    }

    @Test
    void ofDatesAloneTheLastThatHasComeIsInForce() {
        Ramp ramp = ramp(Step.on(MONDAY, 0.1), Step.on(SUNDAY, 0.5));

        assertThat(ramp.isGated()).isFalse();
        assertThat(ramp.level(Optional.empty(), MONDAY.minusSeconds(1))).isEmpty();
        assertThat(ramp.level(Optional.empty(), MONDAY)).isEqualTo(percent(0.1));
        assertThat(ramp.level(Optional.empty(), SUNDAY.minusSeconds(1))).isEqualTo(percent(0.1));
        assertThat(ramp.level(Optional.empty(), SUNDAY)).isEqualTo(percent(0.5));
    }

    @Test
    void whereOneStepHasAGateOrNoDateOnlyTheFirstIsTakenByItself() {
        for (Ramp ramp : List.of(
                ramp(new Step(MONDAY, 0.1, GATE), Step.on(SUNDAY, 0.5)),
                ramp(Step.on(MONDAY, 0.1), atOnce(0.5, Gate.OPEN)))) {
            assertThat(ramp.isGated()).isTrue();
            assertThat(ramp.level(Optional.empty(), MONDAY.minusSeconds(1))).isEmpty();
            assertThat(ramp.level(Optional.empty(), SUNDAY)).isEqualTo(percent(0.1));
            assertThat(ramp.level(percent(0.5), SUNDAY)).isEqualTo(percent(0.5));
        }
    }

    @Test
    void withoutStepsNothingIsRamped() {
        assertThat(Ramp.none(Unit.TIER).level(Optional.of(Level.ofTier(2)), SUNDAY))
                .isEmpty();
        assertThat(Ramp.none(Unit.TIER).isGated()).isFalse();
    }

    @Test
    void theGateIsThatOfTheLastStepThatWasReachedOrPassed() {
        Ramp ramp = ramp(atOnce(0.1, Gate.OPEN), atOnce(0.5, GATE), atOnce(1, Gate.OPEN));

        assertThat(ramp.gateAt(Level.ofPercentage(0.05))).isEqualTo(Gate.OPEN);
        assertThat(ramp.gateAt(Level.ofPercentage(0.5))).isEqualTo(GATE);
        assertThat(ramp.gateAt(Level.ofPercentage(0.7))).isEqualTo(GATE);
        assertThat(ramp.stepAt(Level.ofPercentage(0.05))).isZero();
        assertThat(ramp.stepAt(Level.ofPercentage(0.7))).isEqualTo(2);
        assertThat(ramp.next(Level.ofPercentage(0.7)).map(Step::to)).contains(1.0);
        assertThat(ramp.next(Level.ofPercentage(1))).isEmpty();
    }

    @Test
    void whatDoesNotOnlyAddIsRefused() {
        assertRefused(
                "ramp goes back from 50 % to 20 %: a ramp only adds users; set percentage_allocation to take them out",
                () -> ramp(atOnce(0.5, GATE), atOnce(0.2, GATE)));
        assertRefused(
                "ramp has two steps to 50 %: a step behind a gate has to raise something; remove one",
                () -> ramp(atOnce(0.5, GATE), atOnce(0.5, GATE)));
        assertRefused(
                "ramp is out of order: 2026-03-02T00:00:00Z comes after 2026-03-08T00:00:00Z",
                () -> ramp(Step.on(SUNDAY, 0.1), atOnce(0.2, GATE), Step.on(MONDAY, 0.5)));
        assertRefused("ramp reaches to 1.5: a percentage is in [0, 1]", () -> ramp(atOnce(1.5, GATE)));
        assertRefused("ramp reaches to 1.5: an active tier is a whole number from 0", () -> new Level(Unit.TIER, 1.5));
        assertRefused("min_users -1 is below 0", () -> new Gate(-1, Duration.ZERO));
        assertRefused("no_rule_fired PT-1S is negative", () -> new Gate(1, Duration.ofSeconds(-1)));
    }

    private static void assertRefused(String message, ThrowingCallable constructor) {
        assertThatIllegalArgumentException().isThrownBy(constructor).withMessage(message);
    }

    @Test
    void aLevelIsToldAsTheFileHasIt() {
        assertThat(Level.ofPercentage(0.125)).hasToString("12.5 %");
        assertThat(Level.ofPercentage(0.07)).hasToString("7 %");
        assertThat(Level.ofTier(2)).hasToString("tier 2");
    }
}
