package io.flagcast.allocation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.flagcast.allocation.AllocationParameters.Setting;
import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.allocation.ramp.Level;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** Adjustments and the parameters that they lead to hold fractions, and nothing else. */
class AdjustmentTest {

    private static final Cell HIGH = Cell.whole("high");

    private static Adjustment learned(double probability) {
        return new Adjustment(
                Map.of(),
                Map.of(HIGH, probability),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                OptionalLong.empty());
    }

    @Test
    void whatIsNoFractionIsRefused() {
        assertRefused(
                "share of segment 'high' is 1.1, it must be in [0, 1]", () -> Adjustment.ofShares(Map.of("high", 1.1)));
        assertRefused(
                "share of segment 'high' is -0.1, it must be in [0, 1]",
                () -> Adjustment.ofShares(Map.of("high", -0.1)));
        assertRefused("base probability of " + HIGH + " is 1.1, it must be in [0, 1]", () -> learned(1.1));
        assertThat(Adjustment.ofShares(Map.of("high", 0.0, "low", 1.0)).shares())
                .hasSize(2);
        assertThat(learned(1).learned()).hasSize(1);
    }

    @Test
    void onlyWhatNamesNothingIsNone() {
        assertThat(Adjustment.NONE.isNone()).isTrue();
        assertThat(Adjustment.ofShares(Map.of("high", 0.5)).isNone()).isFalse();
        assertThat(learned(0.5).isNone()).isFalse();
        assertThat(Adjustment.ofTier(1).isNone()).isFalse();
        assertThat(Adjustment.pause().isNone()).isFalse();
        assertThat(Adjustment.ofRamp(Level.ofPercentage(0.5)).isNone()).isFalse();
    }

    @Test
    void otherSharesLeaveTheRest() {
        Adjustment adjustment = learned(0.5).withShares(Map.of("low", 0.25));

        assertThat(adjustment.shares()).containsExactly(Map.entry("low", 0.25));
        assertThat(adjustment.learned()).containsExactly(Map.entry(HIGH, 0.5));
    }

    private static AllocationParameters parameters(long version, double learned) {
        return new AllocationParameters(version, Map.of(), Map.of(HIGH, learned), OptionalInt.empty(), Activity.ACTIVE);
    }

    @Test
    void parametersOutsideTheirRangeAreRefused() {
        assertRefused("parameters version -1 is negative", () -> parameters(-1, 0.5));
        assertRefused("base probability 1.1 of " + HIGH + " is outside [0, 1]", () -> parameters(0, 1.1));
        assertRefused("base probability -0.1 of " + HIGH + " is outside [0, 1]", () -> parameters(0, -0.1));
        assertRefused("share 1.1 is outside [0, 1]", () -> new Setting(1.1, 1, Optional.empty()));
        assertThat(parameters(0, 0).learned()).containsEntry(HIGH, 0.0);
        assertThat(parameters(0, 1).learned()).containsEntry(HIGH, 1.0);
        assertThat(new Setting(0, 1, Optional.empty()).share()).isZero();
        assertThat(new Setting(1, 1, Optional.empty()).share()).isEqualTo(1);
    }

    @Test
    void anAllocatorTakesFractionsOnly() {
        assertRefused("share 1.1 of segment 'high' is outside [0, 1]", () -> allocator(0, 0, 0, 1.1));
        assertRefused("holdout 1.0 is outside [0, 1)", () -> allocator(1, 0, 0, 1));
        assertRefused("exploration 1.1 is outside [0, 1]", () -> allocator(0, 1.1, 0, 1));
        assertRefused("unscored 1.1 is outside [0, 1]", () -> allocator(0, 0, 1.1, 1));
        assertThat(allocator(0, 1, 1, 1).activated())
                .returns(Activity.ACTIVE, Allocator::activity)
                .returns(1.0, Allocator::exploration)
                .returns(1.0, Allocator::unscored);
        assertThat(allocator(0, 0, 0, 0).shares()).containsEntry("high", 0.0);
    }

    private static Allocator allocator(double holdout, double exploration, double unscored, double share) {
        return new Allocator(
                Activity.INACTIVE,
                holdout,
                Layer.NONE,
                Segments.SINGLE,
                new Policy.Percentage(0.5),
                exploration,
                unscored,
                Map.of("high", share));
    }

    @Test
    void everyBucketIsInItsRange() {
        assertRefused("holdout bucket 1.0 is outside [0, 1)", () -> new Buckets(1, 0, 0, 0, 0));
        assertRefused("layer bucket 1.0 is outside [0, 1)", () -> new Buckets(0, 1, 0, 0, 0));
        assertRefused("coin bucket -0.1 is outside [0, 1)", () -> new Buckets(0, 0, 0, -0.1, 0));
    }

    @Test
    void rangesOfALayerThatOnlyTouchDoNotOverlapWhicheverIsAsked() {
        Layer upper = new Layer("checkout", 0.5, 1);

        assertThat(upper.overlaps(new Layer("checkout", 0, 0.5))).isFalse();
        assertThat(upper.overlaps(new Layer("checkout", 0, 0.6))).isTrue();
    }

    @Test
    void aBandOfOnePointIsRefused() {
        assertRefused(
                "segment 'mid' is [30.0, 30.0]: a band is [from, to] with 0 <= from < to <= 100",
                () -> new Segments.Band("mid", 30, 30));
    }

    @Test
    void labelsAreWhatTablesSay() {
        assertThat(Decision.Reason.NO_BENEFIT.label()).isEqualTo("no_benefit");
        assertThat(ParameterChange.Cause.RECOVERY.label()).isEqualTo("recovery");
    }

    private static void assertRefused(String message, ThrowingCallable construction) {
        assertThatIllegalArgumentException().isThrownBy(construction).withMessage(message);
    }
}
