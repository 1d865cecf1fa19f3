package io.flagcast.allocation;

import static io.flagcast.allocation.AllocatorTest.LEARNER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.allocation.Policy.Bandit;
import io.flagcast.allocation.Policy.Percentage;
import io.flagcast.allocation.Policy.Tiered;
import io.flagcast.allocation.Policy.WeightedRandom;
import io.flagcast.allocation.ramp.Gate;
import io.flagcast.allocation.ramp.Level;
import io.flagcast.allocation.ramp.Level.Unit;
import io.flagcast.allocation.ramp.Ramp;
import io.flagcast.allocation.ramp.Step;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PolicyTest {

    private static final List<Double> THRESHOLDS = List.of(80.0, 50.0, 20.0);
    private static final Cell ANY = Cell.whole("any");
    private static final Instant AS_OF = Instant.parse("2026-03-02T00:00:00Z");

    @ParameterizedTest
    @CsvSource({"100, 0, 1", "80, 0, 1", "79.99, 1, 0.5", "50, 1, 0.5", "49.99, 2, 0.1", "20, 2, 0.1", "0, 3, 0"})
    void aTierStartsAtItsThresholdAndGivesItsProbability(double score, int tier, double probability) {
        Tiered tiered = new Tiered(THRESHOLDS, List.of(1.0, 0.5, 0.1, 0.0), List.of());

        assertThat(tiered.tier(score)).hasValue(tier);
        assertThat(tiered.baseProbability(score, ANY)).isEqualTo(probability);
    }

    @Test
    void tiersBeforeTheActiveOneAreEnabled() {
        assertThat(Tiered.upTo(0, THRESHOLDS).probabilities()).containsExactly(0.0, 0.0, 0.0, 0.0);
        assertThat(Tiered.upTo(2, THRESHOLDS).probabilities()).containsExactly(1.0, 1.0, 0.0, 0.0);
        assertThat(Tiered.upTo(4, THRESHOLDS).probabilities()).containsExactly(1.0, 1.0, 1.0, 1.0);
    }

    @Test
    void aChangedActiveTierReplacesTheOneOfTheFile() {
        AllocationParameters parameters =
                new AllocationParameters(3, Map.of(), Map.of(), OptionalInt.of(1), Allocator.Activity.ACTIVE);

        assertThat(Tiered.upTo(3, THRESHOLDS).inForce(parameters, AS_OF)).isEqualTo(Tiered.upTo(1, THRESHOLDS));
        assertThat(Tiered.upTo(3, THRESHOLDS).inForce(AllocationParameters.INITIAL, AS_OF))
                .isEqualTo(Tiered.upTo(3, THRESHOLDS));
        assertThat(new Percentage(0.1).inForce(parameters, AS_OF)).isEqualTo(new Percentage(0.1));
    }

    @Test
    void aWeightedPolicyRunsFromFloorToCeilingAlongItsCurve() {
        assertThat(new WeightedRandom(new Curve.Linear(), 0.1, 0.9).baseProbability(0, ANY))
                .isEqualTo(0.1);
        assertThat(new WeightedRandom(new Curve.Linear(), 0.1, 0.9).baseProbability(100, ANY))
                .isCloseTo(0.9, within(1e-15));
        // 0.05 + 0.85 / 2 at the midpoint; ten points above it the weight is 1 / (1 + 1/e) = 0.7310585786.
        WeightedRandom logistic = new WeightedRandom(new Curve.Logistic(60, 0.1), 0.05, 0.9);
        assertThat(logistic.baseProbability(60, ANY)).isCloseTo(0.475, within(1e-15));
        assertThat(logistic.baseProbability(70, ANY)).isCloseTo(0.05 + 0.85 * 0.7310585786, within(1e-10));
        assertThat(new WeightedRandom(new Curve.Power(2), 0, 1).baseProbability(50, ANY))
                .isEqualTo(0.25);
    }

    @Test
    void aBanditGivesWhatItsParametersLearnedAndAHalfBeforeThat() {
        Bandit bandit = new Bandit(LEARNER, List.of(), Map.of());
        Policy updated = bandit.inForce(
                new AllocationParameters(
                        1,
                        Map.of("low", new AllocationParameters.Setting(0.5, 1, Optional.of(AS_OF))),
                        Map.of(Cell.whole("mid"), 0.4),
                        OptionalInt.empty(),
                        Allocator.Activity.ACTIVE),
                AS_OF);

        assertThat(bandit.baseProbability(50, Cell.whole("mid"))).isEqualTo(0.5);
        assertThat(updated.baseProbability(50, Cell.whole("mid"))).isEqualTo(0.4);
        assertThat(updated.baseProbability(10, Cell.whole("low"))).isEqualTo(0.5);
    }

    /** Nobody before the second of March, tier 0 from then, everybody from the ninth. */
    @Test
    void aRampAddsTiersFromItsDatesOn() {
        Tiered ramp = Tiered.upTo(0, THRESHOLDS)
                .withRamp(List.of(Step.on(AS_OF, 1), Step.on(AS_OF.plusSeconds(7 * 86_400), 4)));

        assertThat(ramp.inForce(AllocationParameters.INITIAL, AS_OF.minusSeconds(1)))
                .isEqualTo(Tiered.upTo(0, THRESHOLDS));
        assertThat(ramp.inForce(AllocationParameters.INITIAL, AS_OF)).isEqualTo(Tiered.upTo(1, THRESHOLDS));
        assertThat(ramp.inForce(AllocationParameters.INITIAL, AS_OF.plusSeconds(7 * 86_400 - 1)))
                .isEqualTo(Tiered.upTo(1, THRESHOLDS));
        assertThat(ramp.inForce(AllocationParameters.INITIAL, AS_OF.plusSeconds(7 * 86_400)))
                .isEqualTo(Tiered.upTo(4, THRESHOLDS));
    }

    @Test
    void aPercentageRampsByDateAlike() {
        Percentage ramp = new Percentage(
                0.05, new Ramp(Unit.PERCENTAGE, List.of(Step.on(AS_OF, 0.1), Step.on(AS_OF.plusSeconds(60), 0.5))));

        assertThat(ramp.inForce(AllocationParameters.INITIAL, AS_OF.minusSeconds(1)))
                .isEqualTo(new Percentage(0.05));
        assertThat(ramp.inForce(AllocationParameters.INITIAL, AS_OF)).isEqualTo(new Percentage(0.1));
        assertThat(ramp.inForce(AllocationParameters.INITIAL, AS_OF.plusSeconds(60)))
                .isEqualTo(new Percentage(0.5));
    }

    /** What a ramp has reached in four tiers, where the file has two by now. */
    @Test
    void aRampThatReachedMoreTiersThanThereAreEnablesAll() {
        AllocationParameters parameters = new AllocationParameters(
                1,
                Map.of(),
                Map.of(),
                OptionalInt.empty(),
                Allocator.Activity.ACTIVE,
                Optional.of(new AllocationParameters.Reached(Level.ofTier(4), AS_OF, AS_OF)));
        List<Double> thresholds = List.of(50.0);

        assertThat(Tiered.upTo(0, thresholds)
                        .withRamp(List.of(new Step(Step.AT_ONCE, 1, Gate.OPEN)))
                        .inForce(parameters, AS_OF))
                .isEqualTo(Tiered.upTo(2, thresholds));
    }

    @Test
    void aRampOfAnotherUnitIsRefused() {
        assertRefused(
                "ramp of tiers where one of percentages belongs", () -> new Percentage(0.1, Ramp.none(Unit.TIER)));
    }

    @Test
    void aRampThatDoesNotOnlyAddIsRefused() {
        assertRefused(
                "active tier 5 is outside [0, 4]: 3 thresholds make 4 tiers",
                () -> Tiered.upTo(0, THRESHOLDS).withRamp(List.of(Step.on(AS_OF, 5))));
        assertRefused(
                "ramp is out of order: 2026-03-02T00:00:00Z comes after 2026-03-02T00:00:00Z",
                () -> Tiered.upTo(0, THRESHOLDS).withRamp(List.of(Step.on(AS_OF, 1), Step.on(AS_OF, 2))));
        assertRefused(
                "ramp goes back from tier 2 to 1: a ramp only adds users; set active_tier to take them out",
                () -> Tiered.upTo(0, THRESHOLDS)
                        .withRamp(List.of(Step.on(AS_OF, 2), Step.on(AS_OF.plusSeconds(1), 1))));
        assertThat(Tiered.upTo(0, THRESHOLDS)
                        .withRamp(List.of(Step.on(AS_OF, 2), Step.on(AS_OF.plusSeconds(1), 2)))
                        .ramp()
                        .steps())
                .hasSize(2);
    }

    @Test
    void theActiveTierIsHowManyTiersAreEnabledWhereEachIsWhollyOrNotAtAll() {
        assertThat(Tiered.upTo(0, THRESHOLDS).activeTier()).hasValue(0);
        assertThat(Tiered.upTo(2, THRESHOLDS).activeTier()).hasValue(2);
        assertThat(Tiered.upTo(4, THRESHOLDS).activeTier()).hasValue(4);
        assertThat(new Tiered(THRESHOLDS, List.of(1.0, 0.5, 0.0, 0.0), List.of()).activeTier())
                .isEmpty();
        assertThat(new Percentage(1).activeTier()).isEmpty();
    }

    @Test
    void theEndsOfARangeAreAllowed() {
        assertThat(new Tiered(List.of(100.0, 0.0), List.of(1.0, 1.0, 1.0), List.of()).tier(0))
                .hasValue(1);
        assertThat(new WeightedRandom(new Curve.Linear(), 0.3, 0.3).baseProbability(70, ANY))
                .isEqualTo(0.3);
    }

    @Test
    void onlyTiersHaveATier() {
        assertThat(new Percentage(0.5).tier(90)).isEmpty();
        assertThat(new Bandit(LEARNER, List.of(), Map.of()).tier(90)).isEmpty();
    }

    @Test
    void tiersThatDoNotFitAreRefused() {
        assertRefused(
                "tier thresholds are empty: give at least one", () -> new Tiered(List.of(), List.of(1.0), List.of()));
        assertRefused(
                "tier threshold 101.0 is outside [0, 100]",
                () -> new Tiered(List.of(101.0), List.of(1.0, 0.0), List.of()));
        assertRefused(
                "tier thresholds [50.0, 80.0] are out of order: tier 0 is the highest, list them descending",
                () -> new Tiered(List.of(50.0, 80.0), List.of(1.0, 0.5, 0.0), List.of()));
        assertRefused(
                "tier thresholds [80.0, 80.0] are out of order: tier 0 is the highest, list them descending",
                () -> new Tiered(List.of(80.0, 80.0), List.of(1.0, 0.5, 0.0), List.of()));
        assertRefused(
                "3 tier thresholds make 4 tiers, but there are 2 tier probabilities",
                () -> new Tiered(THRESHOLDS, List.of(1.0, 0.0), List.of()));
        assertRefused(
                "tier probability 1.5 is outside [0, 1]",
                () -> new Tiered(List.of(50.0), List.of(1.5, 0.0), List.of()));
        assertRefused(
                "tier probabilities [0.1, 0.5] rise with the tier: a higher tier (earlier in the list) is enabled at"
                        + " least as often",
                () -> new Tiered(List.of(50.0), List.of(0.1, 0.5), List.of()));
        assertRefused("active tier 5 is outside [0, 4]: 3 thresholds make 4 tiers", () -> Tiered.upTo(5, THRESHOLDS));
        assertRefused("active tier -1 is outside [0, 4]: 3 thresholds make 4 tiers", () -> Tiered.upTo(-1, THRESHOLDS));
    }

    @Test
    void probabilitiesAndCurvesOutsideTheirRangeAreRefused() {
        Curve linear = new Curve.Linear();
        assertRefused("floor -0.1 is outside [0, 1]", () -> new WeightedRandom(linear, -0.1, 1));
        assertRefused("ceiling 1.1 is outside [0, 1]", () -> new WeightedRandom(linear, 0, 1.1));
        assertRefused("floor 0.9 is above ceiling 0.1", () -> new WeightedRandom(linear, 0.9, 0.1));
        assertRefused("percentage allocation NaN is outside [0, 1]", () -> new Percentage(Double.NaN));
        assertRefused(
                "learned probability 2.0 is outside [0, 1]",
                () -> new Bandit(LEARNER, List.of(), Map.of(Cell.whole("low"), 2.0)));
        assertRefused("midpoint 120.0 is outside [0, 100]", () -> new Curve.Logistic(120, 0.1));
        assertRefused("steepness 0.0 is not above 0", () -> new Curve.Logistic(60, 0));
        assertRefused("exponent -1.0 is not above 0", () -> new Curve.Power(-1));
    }

    private static void assertRefused(String message, ThrowingCallable construction) {
        assertThatIllegalArgumentException().isThrownBy(construction).withMessage(message);
    }
}
