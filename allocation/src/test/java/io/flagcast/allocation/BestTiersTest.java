package io.flagcast.allocation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.allocation.Decision.Reason;
import io.flagcast.allocation.Policy.Best;
import io.flagcast.allocation.Policy.Tiered;
import io.flagcast.allocation.ramp.Step;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class BestTiersTest {

    private static final Best BEST = new Best(Tiered.upTo(1, Best.THRESHOLDS));
    private static final Buckets LOW = new Buckets(0.5, 0.5, 0.9, 0.9, 0.01);
    private static final OptionalDouble SCORE = OptionalDouble.of(40);

    private static Allocator allocator(Policy policy, double unscored) {
        return new Allocator(Activity.ACTIVE, 0, Layer.NONE, Segments.SINGLE, policy, 0, unscored, Map.of());
    }

    private static Decision decision(Policy policy, double unscored, Candidate candidate) {
        return allocator(policy, unscored).decide(LOW, candidate);
    }

    private static Candidate candidate(OptionalDouble score, boolean noBenefit, boolean pays) {
        return new Candidate(score, noBenefit, true, "", pays);
    }

    @Test
    void thoseWhoPayAreEnabledWhateverTheirScoreAndTheOthersAreNot() {
        assertThat(decision(BEST, 0, candidate(SCORE, false, true)).enabled()).isTrue();
        assertThat(decision(BEST, 0, candidate(SCORE, false, true)).tier()).hasValue(0);
        assertThat(decision(BEST, 0, candidate(OptionalDouble.of(99), false, false))
                        .enabled())
                .isFalse();
        assertThat(decision(BEST, 0, candidate(OptionalDouble.of(99), false, false))
                        .tier())
                .hasValue(1);
        assertThat(decision(BEST, 0, candidate(SCORE, true, true)).reason()).isEqualTo(Reason.NO_BENEFIT);
        assertThat(decision(BEST, 0, candidate(SCORE, true, true)).propensity()).isZero();
    }

    @Test
    void withoutAScoreThoseAreEnabledWhereTheAverageUserPays() {
        Decision pays = decision(BEST, 0, candidate(OptionalDouble.empty(), false, true));
        assertThat(pays.reason()).isEqualTo(Reason.UNSCORED);
        assertThat(pays.propensity()).isEqualTo(1);
        assertThat(pays.tier()).isEmpty();
        assertThat(decision(BEST, 0.25, candidate(OptionalDouble.empty(), false, false))
                        .propensity())
                .isEqualTo(0.25);
        // Whoever pays is given no less than others, and everybody is let in with the second tier.
        Best nobody = new Best(Tiered.upTo(0, Best.THRESHOLDS));
        assertThat(decision(nobody, 0.25, candidate(OptionalDouble.empty(), false, true))
                        .propensity())
                .isEqualTo(0.25);
        Best everybody = new Best(Tiered.upTo(2, Best.THRESHOLDS));
        assertThat(decision(everybody, 0, candidate(OptionalDouble.empty(), false, false))
                        .propensity())
                .isEqualTo(1);
        // No other policy asks.
        assertThat(decision(new Policy.Percentage(0.5), 0.25, candidate(OptionalDouble.empty(), false, true))
                        .propensity())
                .isEqualTo(0.25);
    }

    @Test
    void anActiveTierAProbabilityAndARampHoldAsOfOtherTiers() {
        Instant asOf = Instant.parse("2026-12-01T00:00:00Z");
        Best ramp = new Best(Tiered.upTo(1, Best.THRESHOLDS).withRamp(List.of(Step.on(asOf, 2))));
        assertThat(ramp.inForce(AllocationParameters.INITIAL, asOf.minusSeconds(1))
                        .activeTier())
                .hasValue(1);
        assertThat(ramp.inForce(AllocationParameters.INITIAL, asOf).activeTier())
                .hasValue(2);
        assertThat(BEST.tiers()).hasValue(2);
        // The file had more tiers when a rule let the third in.
        assertThat(BEST.inForce(
                                new AllocationParameters(1, Map.of(), Map.of(), OptionalInt.of(3), Activity.ACTIVE),
                                asOf)
                        .activeTier())
                .hasValue(2);
        Best chances = new Best(new Tiered(Best.THRESHOLDS, List.of(0.75, 0.125), List.of()));
        assertThat(decision(chances, 0, candidate(SCORE, false, true)).baseProbability())
                .isEqualTo(0.75);
        assertThat(decision(chances, 0, candidate(SCORE, false, false)).baseProbability())
                .isEqualTo(0.125);
        assertThat(chances.baseProbability(99, Cell.whole("scored"))).isEqualTo(0.125);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Best(Tiered.upTo(1, List.of(80.0))))
                .withMessageStartingWith("best tiers are two");
    }
}
