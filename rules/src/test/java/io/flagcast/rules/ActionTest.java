package io.flagcast.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.allocation.Adjustment;
import io.flagcast.allocation.AllocationParameters;
import io.flagcast.allocation.AllocationParameters.Setting;
import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.rules.Action.AdvanceTier;
import io.flagcast.rules.Action.Alert;
import io.flagcast.rules.Action.Increase;
import io.flagcast.rules.Action.Pause;
import io.flagcast.rules.Action.Reduce;
import io.flagcast.rules.Action.SetShare;
import io.flagcast.rules.Action.Situation;
import io.flagcast.rules.Amount.Unit;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ActionTest {

    private static Situation at(double share, OptionalInt tier, Activity activity) {
        return new Situation(
                new AllocationParameters(
                        1, Map.of("high", new Setting(share, 1, Optional.empty())), Map.of(), tier, activity),
                List.of("high"),
                tier,
                Adjustment.ofShares(Map.of("high", 0.7)));
    }

    private static double after(Action action, double share) {
        return action.adjust(at(share, OptionalInt.empty(), Activity.ACTIVE))
                .shares()
                .getOrDefault("high", share);
    }

    @ParameterizedTest
    @CsvSource({"1, RELATIVE, 0.8", "0.5, RELATIVE, 0.4", "1, POINTS, 0.8", "0.5, POINTS, 0.3", "0.1, POINTS, 0.05"})
    void reducingBy20PercentMultipliesAndBy20PointsSubtracts(double share, Unit unit, double expected) {
        assertThat(after(new Reduce(new Amount(0.2, unit), 0.05), share)).isCloseTo(expected, within(1e-12));
    }

    @ParameterizedTest
    @CsvSource({"0.5, RELATIVE, 0.6", "0.5, POINTS, 0.7", "0.8, POINTS, 0.9", "0.95, POINTS, 0.95"})
    void increasingRestoresUpToItsCeilingAndNeverLowers(double share, Unit unit, double expected) {
        assertThat(after(new Increase(new Amount(0.2, unit), 0.9), share)).isCloseTo(expected, within(1e-12));
    }

    @Test
    void whatIsInForceAlreadyIsNoChange() {
        assertThat(new SetShare(0.4).adjust(at(0.4, OptionalInt.empty(), Activity.ACTIVE)))
                .isEqualTo(Adjustment.NONE);
        assertThat(new SetShare(0.4).adjust(at(0.5, OptionalInt.empty(), Activity.ACTIVE)))
                .isEqualTo(Adjustment.ofShares(Map.of("high", 0.4)));
        assertThat(new Pause().adjust(at(1, OptionalInt.empty(), Activity.ACTIVE)))
                .isEqualTo(Adjustment.pause());
        assertThat(new Pause().adjust(at(1, OptionalInt.empty(), Activity.INACTIVE)))
                .isEqualTo(Adjustment.NONE);
    }

    @Test
    void aTierIsAdvancedByOneUpToItsCeiling() {
        assertThat(new AdvanceTier(3).adjust(at(1, OptionalInt.of(2), Activity.ACTIVE)))
                .isEqualTo(Adjustment.ofTier(3));
        assertThat(new AdvanceTier(3).adjust(at(1, OptionalInt.of(3), Activity.ACTIVE)))
                .isEqualTo(Adjustment.NONE);
        assertThat(new AdvanceTier(3).adjust(at(1, OptionalInt.empty(), Activity.ACTIVE)))
                .isEqualTo(Adjustment.NONE);
    }

    @Test
    void aRollbackAsksForWhatWasBefore() {
        assertThat(new Action.RollBack()
                        .adjust(at(0.4, OptionalInt.empty(), Activity.ACTIVE))
                        .shares())
                .containsExactly(Map.entry("high", 0.7));
    }

    @Test
    void amountsAndBoundsOutsideTheirRangeAreRefused() {
        Amount fifth = new Amount(0.2, Unit.RELATIVE);
        assertRefused("amount 20.0 is outside [0, 1]", () -> new Amount(20, Unit.RELATIVE));
        assertRefused(
                "reduce_allocation 0pp changes nothing; write more than 0",
                () -> new Reduce(new Amount(0, Unit.POINTS), 0));
        assertRefused("not_below -0.1 is outside [0, 1]", () -> new Reduce(fifth, -0.1));
        assertRefused("not_below is 100%: nothing could ever be taken; write less", () -> new Reduce(fifth, 1));
        assertRefused("not_above 1.1 is outside [0, 1]", () -> new Increase(fifth, 1.1));
        assertRefused("not_above is 0%: nothing could ever be given; write more", () -> new Increase(fifth, 0));
        assertRefused(
                "increase_allocation 0% changes nothing; write more than 0",
                () -> new Increase(new Amount(0, Unit.RELATIVE), 1));
        assertRefused("set_allocation 1.5 is outside [0, 1]", () -> new SetShare(1.5));
        assertRefused("not_above 0 is below tier 1", () -> new AdvanceTier(0));
        assertThat(new AdvanceTier(1).adjust(at(1, OptionalInt.of(0), Activity.ACTIVE)))
                .isEqualTo(Adjustment.ofTier(1));
    }

    @Test
    void anAlertChangesNothing() {
        assertThat(new Alert(Alert.Severity.CRITICAL).adjust(at(0.5, OptionalInt.of(2), Activity.ACTIVE)))
                .isEqualTo(Adjustment.NONE);
    }

    @Test
    void anActionReadsAsASentence() {
        Amount fifth = new Amount(0.2, Unit.POINTS);
        assertThat(List.of(
                        new Reduce(fifth, 0.05),
                        new Increase(fifth, 0.9),
                        new SetShare(0.4),
                        new Pause(),
                        new Action.RollBack(),
                        new AdvanceTier(3),
                        new Alert(Alert.Severity.CRITICAL)))
                .extracting(Action::describe)
                .containsExactly(
                        "reduce the share by 20pp, not below 5 %",
                        "increase the share by 20pp, not above 90 %",
                        "set the share to 40 %",
                        "pause the experiment",
                        "go back to the parameters version before",
                        "let one more tier in, not above active tier 3",
                        "alert, critical");
    }

    private static void assertRefused(String message, ThrowingCallable construction) {
        assertThatIllegalArgumentException().isThrownBy(construction).withMessage(message);
    }
}
