package io.flagcast.allocation;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.allocation.AllocationParameters.Reached;
import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.allocation.ParameterChange.Cause;
import io.flagcast.allocation.ParameterChange.Origin;
import io.flagcast.allocation.ramp.Level;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class ParameterLogTest {

    private static final Instant MONDAY = Instant.parse("2026-03-02T00:00:00Z");
    private static final Cell HIGH = Cell.whole("high");
    private static final Cell PRO = new Cell("high", "{\"plan\":\"pro\"}");

    /** A rule takes a fifth of the high segment, then the bandit learns of it. */
    private static final ParameterLog LOG = then(
            then(ParameterLog.EMPTY, Cause.RULE, Adjustment.ofShares(Map.of("high", 0.8))),
            Cause.BANDIT,
            learned(Map.of(HIGH, 0.3, PRO, 0.6)));

    private static ParameterLog then(ParameterLog log, Cause cause, Adjustment adjustment) {
        Origin origin = new Origin(cause, Optional.empty(), cause + "-" + log.nextVersion("e"), "{}");
        return log.with(log.changesTo("e", adjustment, MONDAY, origin));
    }

    private static Adjustment learned(Map<Cell, Double> learned) {
        return new Adjustment(
                Map.of(), learned, Optional.empty(), Optional.empty(), Optional.empty(), OptionalLong.empty());
    }

    @Test
    void aChangeIsUsedByLaterRunsOnly() {
        assertThat(LOG.before(MONDAY)).isEmpty();
        assertThat(LOG.before(MONDAY.plusSeconds(1)).get("e").share("high")).isEqualTo(0.8);
    }

    @Test
    void whatTheBanditLearnsLeavesTheShareAndItsEvidence() {
        AllocationParameters parameters = LOG.before(Instant.MAX).get("e");

        assertThat(parameters.version()).isEqualTo(2);
        assertThat(parameters.share("high")).isEqualTo(0.8);
        assertThat(parameters.learned()).containsEntry(HIGH, 0.3).containsEntry(PRO, 0.6);
        assertThat(parameters.setting("high").shareVersion()).isEqualTo(1);
        assertThat(parameters.evidenceOf(Segments.ALL).shareVersion()).isEqualTo(1);
        assertThat(LOG.nextVersion("e")).isEqualTo(3);
    }

    @Test
    void whatIsInForceAlreadyIsNoChange() {
        assertThat(LOG.changesTo(
                        "e",
                        Adjustment.ofShares(Map.of("high", 0.8, "low", 1.0)),
                        MONDAY,
                        new Origin(Cause.PERSON, Optional.empty(), "d", "{}")))
                .isEmpty();
    }

    @Test
    void goingBackToAVersionGivesItsSharesAndProbabilitiesAgain() {
        assertThat(LOG.backTo("e", 2).isNone()).isTrue();

        ParameterLog toTheRule = then(LOG, Cause.PERSON, LOG.backTo("e", 1));
        assertThat(toTheRule.newest("e").share("high")).isEqualTo(0.8);
        assertThat(toTheRule.newest("e").learned())
                .containsEntry(HIGH, BanditLearner.START)
                .containsEntry(PRO, BanditLearner.START);
        assertThat(toTheRule.newest("e").version()).isEqualTo(3);

        Cell added = new Cell("high", "{\"plan\":\"new\"}");
        ParameterLog later = then(LOG, Cause.BANDIT, learned(Map.of(added, 0.9)));
        assertThat(then(later, Cause.PERSON, later.backTo("e", 2)).newest("e").learned())
                .containsEntry(added, 0.3);

        ParameterLog toTheBeginning = then(LOG, Cause.PERSON, LOG.backTo("e", 0));
        assertThat(toTheBeginning.newest("e").share("high")).isEqualTo(1);
        assertThat(toTheBeginning.newest("e").setting("high").shareVersion()).isEqualTo(3);
        assertThat(toTheBeginning.at("e", 2)).isEqualTo(LOG.newest("e"));
    }

    @Test
    void aTierAndAPauseAreOfTheWholeExperimentAndGoBackToTheFile() {
        ParameterLog log = then(then(LOG, Cause.RULE, Adjustment.ofTier(3)), Cause.RULE, Adjustment.pause());

        assertThat(log.newest("e"))
                .returns(OptionalInt.of(3), AllocationParameters::activeTier)
                .returns(Activity.INACTIVE, AllocationParameters::activity)
                .returns(0.8, parameters -> parameters.share("high"));
        assertThat(log.newest("e").evidenceOf("high").shareVersion())
                .as("evidence of every segment begins anew")
                .isEqualTo(4);
        assertThat(log.newest("e").evidenceOf("low").shareVersion()).isEqualTo(4);
        assertThat(log.at("e", 2).evidenceOf("low").shareVersion()).isZero();
        assertThat(then(log, Cause.PERSON, log.backTo("e", 2)).newest("e"))
                .returns(OptionalInt.empty(), AllocationParameters::activeTier)
                .returns(Activity.ACTIVE, AllocationParameters::activity)
                .returns(0.8, parameters -> parameters.share("high"));
    }

    @Test
    void goingBackTwiceGoesBackTwoStepsAndNotToWhereOneCameFrom() {
        ParameterLog log = ParameterLog.EMPTY;
        for (double share : List.of(0.8, 0.6, 0.4)) {
            log = then(log, Cause.RULE, Adjustment.ofShares(Map.of("high", share)));
        }
        for (double share : List.of(0.6, 0.8, 1.0)) {
            long newest = log.newest("e").version();
            log = then(log, Cause.RULE, log.backTo("e", log.previous("e", newest)));
            assertThat(log.newest("e").share("high")).isEqualTo(share);
        }
        assertThat(log.previous("e", log.newest("e").version())).isZero();
    }

    @Test
    void aDecisionIsKnownByItsId() {
        assertThat(LOG.has("RULE-1")).isTrue();
        assertThat(LOG.has("RULE-2")).isFalse();
        assertThat(LOG.ofDecision("BANDIT-2")).extracting(ParameterChange::cell).containsExactly(HIGH, PRO);
        assertThat(LOG.ofDecision("RULE-2")).isEmpty();
    }

    @Test
    void experimentsDoNotMix() {
        ParameterLog both = LOG.with(ParameterLog.EMPTY.changesTo(
                "other",
                Adjustment.ofShares(Map.of("high", 0.1)),
                MONDAY,
                new Origin(Cause.PERSON, Optional.empty(), "d", "{}")));

        assertThat(both.newest("e").share("high")).isEqualTo(0.8);
        assertThat(both.newest("other").share("high")).isEqualTo(0.1);
        assertThat(both.of("other")).hasSize(1);
        assertThat(both.nextVersion("other")).isEqualTo(2);
    }

    @Test
    void aPauseOrATierThatIsInForceAlreadyIsNoChange() {
        ParameterLog log = then(then(LOG, Cause.RULE, Adjustment.ofTier(3)), Cause.RULE, Adjustment.pause());
        Origin origin = new Origin(Cause.RULE, Optional.of("r"), "d", "{}");

        assertThat(log.changesTo("e", Adjustment.pause(), MONDAY, origin)).isEmpty();
        assertThat(log.changesTo("e", Adjustment.ofTier(3), MONDAY, origin)).isEmpty();
        assertThat(log.changesTo("e", Adjustment.ofTier(2), MONDAY, origin)).hasSize(1);
        assertThat(log.changesTo("e", learned(Map.of(HIGH, 0.3)), MONDAY, origin))
                .isEmpty();
        assertThat(origin.isOf("r")).isTrue();
        assertThat(origin.isOf("s")).isFalse();
    }

    /** Nobody is given anything else when a run notes that a ramp has begun; a step gives the feature to others. */
    @Test
    void evidenceBeginsAnewWithAStepOfARampAndNotWithItsBeginning() {
        ParameterLog begun = then(LOG, Cause.RAMP, Adjustment.ofRamp(Level.ofPercentage(0.1)));
        ParameterLog raised = then(begun, Cause.RAMP, Adjustment.ofRamp(Level.ofPercentage(0.5)));

        assertThat(begun.newest("e").evidenceOf("low").shareVersion()).isZero();
        assertThat(begun.newest("e").ramp()).contains(new Reached(Level.ofPercentage(0.1), MONDAY, MONDAY));
        assertThat(raised.newest("e").evidenceOf("low").shareVersion()).isEqualTo(4);
        assertThat(raised.newest("e").evidenceOf("high").shareVersion()).isEqualTo(4);
        assertThat(raised.newest("e").ramp())
                .contains(new Reached(Level.ofPercentage(0.5), MONDAY, MONDAY.plusSeconds(1)));
        assertThat(raised.newest("e").share("high")).isEqualTo(0.8);
    }

    @Test
    void goingBackGivesBackWhereTheRampStood() {
        ParameterLog begun = then(LOG, Cause.RAMP, Adjustment.ofRamp(Level.ofPercentage(0.1)));
        ParameterLog raised = then(begun, Cause.RAMP, Adjustment.ofRamp(Level.ofPercentage(0.5)));

        ParameterLog back = then(raised, Cause.PERSON, raised.backTo("e", 3));
        assertThat(back.newest("e").rampLevel()).contains(Level.ofPercentage(0.1));
        assertThat(back.newest("e").evidenceOf("low").shareVersion()).isEqualTo(5);

        ParameterLog wholly = then(raised, Cause.PERSON, raised.backTo("e", 2));
        assertThat(wholly.newest("e").ramp()).isEmpty();
        assertThat(then(wholly, Cause.PERSON, wholly.backTo("e", 4)).newest("e").rampLevel())
                .contains(Level.ofPercentage(0.5));
    }
}
