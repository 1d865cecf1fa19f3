package io.flagcast.rules.ramps;

import static io.flagcast.rules.ramps.Days.ramp;
import static io.flagcast.rules.ramps.Days.step;
import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.allocation.Adjustment;
import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.allocation.Policy;
import io.flagcast.allocation.Policy.Percentage;
import io.flagcast.allocation.Policy.Tiered;
import io.flagcast.allocation.ramp.Gate;
import io.flagcast.allocation.ramp.Level;
import io.flagcast.allocation.ramp.Step;
import io.flagcast.rules.Health;
import io.flagcast.rules.ramps.RampDecision.Outcome;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RampDecisionTest {

    private static final Policy GATED = ramp(step(0.1, 5_000, 3), step(0.5, 5_000, 3), step(1));

    @Test
    void aStepWaitsForItsUsersAndForSomeQuietAndSaysSo() {
        Days days = new Days(GATED);

        assertThat(days.next(3_120).sentence())
                .isEqualTo("ramp at 10 %, step 1 of 3: waits for 5,000 users with the feature (0 so far);"
                        + " waits until no rule has fired for 3 d (the step began 2026-12-01)");
        assertThat(days.next(2_000).sentence())
                .isEqualTo("ramp at 10 %, step 1 of 3: waits for 5,000 users with the feature (3,120 so far);"
                        + " waits until no rule has fired for 3 d (the step began 2026-12-01)");
        assertThat(days.next(0).sentence())
                .isEqualTo(
                        "ramp at 10 %, step 1 of 3: waits until no rule has fired for 3 d (the step began 2026-12-01)");
        assertThat(days.level()).isEqualTo(0.1);
    }

    /** From the run of the first of December three days have passed at that of the fourth; the fifth has the next step. */
    @Test
    void itIsTakenByTheRunAfterTheOneThatFoundAllShown() {
        Days days = new Days(GATED);
        days.next(6_000);
        days.next(0);
        days.next(0);
        RampDecision raised = days.next(0);

        assertThat(raised.outcome()).isEqualTo(Outcome.RAISED);
        assertThat(raised.reason())
                .isEqualTo(
                        "goes on to 50 % with the next run: 6,000 users with the feature, no rule has fired for 3 d");
        assertThat(days.level()).isEqualTo(0.1);

        RampDecision next = days.next(0);
        assertThat(days.level()).isEqualTo(0.5);
        assertThat(next.step()).isEqualTo(2);
        assertThat(next.users()).as("those of the step before do not count").isZero();
    }

    @Test
    void aStepWithoutAGateStandsForOneRun() {
        Days days = new Days(ramp(step(0.1), step(0.5), step(1)));

        assertThat(days.next(0).outcome()).isEqualTo(Outcome.RAISED);
        assertThat(days.level()).isEqualTo(0.1);
        assertThat(days.next(0).outcome()).isEqualTo(Outcome.RAISED);
        assertThat(days.level()).isEqualTo(0.5);
        RampDecision last = days.next(0);
        assertThat(days.level()).isEqualTo(1);
        assertThat(last.outcome()).isEqualTo(Outcome.DONE);
        assertThat(last.sentence()).isEqualTo("ramp at 100 %, step 3 of 3: the last step is taken");
        assertThat(last.next()).isEmpty();
    }

    @Test
    void aFailedCheckHoldsItAndItGoesOnAfterwards() {
        Days days = new Days(ramp(step(0.1), step(0.5)));
        days.data(Days.SICK);

        assertThat(days.next(0).reason()).isEqualTo("an increase waits for sound data: nothing has come for 3 d");
        days.next(0);
        assertThat(days.level()).isEqualTo(0.1);

        days.data(Health.SOUND);
        assertThat(days.next(0).outcome()).isEqualTo(Outcome.RAISED);
    }

    @Test
    void aRuleThatFiresBeginsTheQuietAnew() {
        Days days = new Days(ramp(step(0.1, 1, 3), step(0.5)));
        days.next(10);
        days.next(0);
        RampDecision firing = days.nextFiring("pull_back");

        assertThat(firing.reason()).isEqualTo("waits until no rule has fired for 3 d (pull_back did 2026-12-03)");
        assertThat(days.next(0).outcome()).isEqualTo(Outcome.HELD);
        assertThat(days.next(0).outcome()).isEqualTo(Outcome.HELD);
        assertThat(days.next(0).outcome()).isEqualTo(Outcome.RAISED);
    }

    @Test
    void whereNoQuietIsAskedForARuleHoldsItForTheRunAtWhichItFires() {
        Days days = new Days(ramp(step(0.1, 1, 0), step(0.5)));
        days.next(10);

        assertThat(days.nextFiring("pull_back").reason()).isEqualTo("rule pull_back fires");
        assertThat(days.next(0).outcome()).isEqualTo(Outcome.RAISED);
    }

    @Test
    void aPauseHoldsItAndWhatIsAskedForIsCountedAnewAfterwards() {
        Days days = new Days(ramp(step(0.1, 100, 0), step(0.5)));
        days.next(60);
        days.setActivity(Activity.INACTIVE);
        RampDecision paused = days.next(0);
        days.setActivity(Activity.ACTIVE);

        assertThat(paused.reason()).startsWith("waits while the experiment is paused; waits for 100 users");
        assertThat(days.next(60).users()).isZero();
        assertThat(days.next(60).users()).isEqualTo(60);
        assertThat(days.next(0).outcome()).isEqualTo(Outcome.RAISED);
    }

    @Test
    void aPausedFileHoldsItToo() {
        Days days = new Days(ramp(step(0.1), step(0.5)));
        days.file(Activity.INACTIVE);

        assertThat(days.next(0).reason()).isEqualTo("waits while the experiment is paused");
        assertThat(days.log().changes()).isEmpty();
    }

    @Test
    void whereAPersonHasGoneBackTheGateHasToBeShownAnew() {
        Days days = new Days(ramp(step(0.1, 100, 0), step(0.5, 100, 0), step(1)));
        days.next(150);
        days.next(150);
        days.next(150);
        assertThat(days.level()).isEqualTo(0.5);
        days.goBackTo(1);
        assertThat(days.next(150).users()).isZero();
        assertThat(days.level()).isEqualTo(0.1);
        assertThat(days.next(0).outcome()).isEqualTo(Outcome.RAISED);
    }

    @Test
    void whereAPersonHasGoneBackToAStepWithoutAGateItStaysThere() {
        Days days = new Days(ramp(step(0.1), step(0.5)));
        days.next(0);
        days.next(0);
        days.goBackTo(0);
        days.next(0);

        assertThat(days.level()).isEqualTo(0.1);
        assertThat(days.next(0).reason())
                .isEqualTo(
                        "a person has set it back to here, and this step has no gate to show that it may go on; give it one (until)");
        days.next(0);
        assertThat(days.level()).isEqualTo(0.1);

        days.edit(ramp(step(0.1, 1, 0), step(0.5)));
        days.next(10);
        assertThat(days.next(0).outcome()).isEqualTo(Outcome.RAISED);
    }

    @Test
    void whereARuleHasGoneBackItStaysOrShowsItsGateAnew() {
        Days days = new Days(ramp(step(0.1), step(0.5, 1_000, 0), step(1)));
        days.next(0);
        days.next(0);
        assertThat(days.level()).isEqualTo(0.5);
        days.ruleGoesBack();
        days.next(0);

        assertThat(days.level()).isEqualTo(0.1);
        assertThat(days.next(0).reason()).startsWith("a rule has set it back to here");
    }

    /** At 50 %: a step before it, one behind it, its own gate, and all but the first gone. */
    @Test
    void anEditNeverMovesItByItself() {
        for (Policy edited : List.of(
                ramp(step(0.1), step(0.2, 10, 0), step(0.5, 1_000, 0), step(0.7), step(1)),
                ramp(step(0.5, 2_000, 1), step(1)),
                ramp(step(0.1), step(0.4, 1_000, 0), step(0.6)),
                ramp(step(0.05), step(0.1)))) {
            Days days = new Days(ramp(step(0.1), step(0.5, 1_000, 0), step(1)));
            days.next(0);
            days.next(0);
            assertThat(days.level()).isEqualTo(0.5);

            days.edit(edited);
            days.next(0);
            days.next(0);
            assertThat(days.level()).isEqualTo(0.5);
        }
    }

    @Test
    void aRampThatTheFileEndsLowerStaysAndSaysSo() {
        Days days = new Days(ramp(step(0.1), step(0.5)));
        days.next(0);
        days.next(0);
        days.edit(ramp(step(0.1), step(0.2)));

        assertThat(days.next(0).sentence())
                .isEqualTo(
                        "ramp at 50 %, step 2 of 2: its file ends at 20 %, and a ramp only adds users: it stays where it is;"
                                + " go back with flagcast rollback --experiment e");
    }

    /** What was reached behind gates is kept where the file has dates in their place, until these have come further. */
    @Test
    void datesInThePlaceOfGatesTakeNothingBack() {
        Days days = new Days(ramp(step(0.1), step(0.5)));
        days.next(0);
        days.next(0);
        days.edit(ramp(Step.on(Days.asOf(0), 0.2), Step.on(Days.asOf(4), 0.8)));

        days.next(0);
        assertThat(days.level()).isEqualTo(0.5);
        days.next(0);
        days.next(0);
        assertThat(days.level()).isEqualTo(0.8);
    }

    @Test
    void withoutItsRampTheFileAloneCounts() {
        Days days = new Days(ramp(step(0.1), step(0.5)));
        days.next(0);
        days.next(0);

        assertThat(new Percentage(0.3).inForce(days.parameters(), Days.asOf(2))).isEqualTo(new Percentage(0.3));
    }

    @Test
    void decidedTwiceForOneAsOfItTakesOneStep() {
        Days days = new Days(ramp(step(0.1), step(0.5), step(1)));
        days.next(0);
        List<Long> once = days.versions();
        RampDecision again = days.decide();

        assertThat(again.outcome()).isEqualTo(Outcome.RAISED);
        assertThat(again.reason()).isEqualTo("goes on to 50 %, decided at this as-of already");
        assertThat(again.changes(days.log(), Days.asOf(0), reason -> reason)).isEmpty();
        assertThat(once).containsExactly(1L, 2L);
    }

    @Test
    void withNewerParametersThanItsAsOfUsesItChangesNothing() {
        Days days = new Days(ramp(step(0.1), step(0.5)));
        days.data(Days.SICK);
        days.next(0);
        days.person(Adjustment.ofShares(Map.of("high", 0.5)));
        days.data(Health.SOUND);

        assertThat(days.decide().reason())
                .isEqualTo("parameters have version 2 by now, this as-of uses 0: only a later one can change them");
    }

    /** A date on a step behind a gate: not before it, also where the gate is passed. */
    @Test
    void aDateBehindAGateIsWaitedForToo() {
        Days days = new Days(ramp(step(0.1, 1, 0), new Step(Days.asOf(3), 0.5, Gate.OPEN)));
        days.next(10);

        assertThat(days.next(0).reason()).isEqualTo("goes on to 50 % not before 2026-12-04");
        days.next(0);
        assertThat(days.next(0).outcome()).isEqualTo(Outcome.RAISED);
        days.next(0);
        assertThat(days.level()).isEqualTo(0.5);
    }

    @Test
    void aRampOfDatesAloneChangesNoParameters() {
        Days days = new Days(ramp(Step.on(Days.asOf(1), 0.1), Step.on(Days.asOf(2), 0.5)));

        RampDecision before = days.next(0);
        assertThat(before.sentence()).isEqualTo("ramp at 0 %, before step 1 of 2: begins on 2026-12-02");
        assertThat(days.next(0).sentence()).isEqualTo("ramp at 10 %, step 1 of 2: goes on to 50 % on 2026-12-03");
        assertThat(days.next(0).outcome()).isEqualTo(Outcome.DONE);
        assertThat(days.log().changes()).isEmpty();
    }

    @Test
    void theFirstStepOfAGatedRampIsTakenOnItsDate() {
        Days days = new Days(ramp(new Step(Days.asOf(1), 0.1, new Gate(1, Duration.ZERO)), step(0.5)));

        days.next(10);
        assertThat(days.level()).isZero();
        days.next(10);
        assertThat(days.level()).isEqualTo(0.1);
        assertThat(days.next(0).users()).as("those since its date").isEqualTo(10);
    }

    @Test
    void tiersAreRampedAlikeUntilARuleLetsOneIn() {
        Policy tiers = Tiered.upTo(0, List.of(80.0, 50.0, 20.0)).withRamp(List.of(step(1), step(2), step(4)));
        Days days = new Days(tiers);
        assertThat(days.next(0).sentence())
                .isEqualTo("ramp at tier 1, step 1 of 3: goes on to tier 2 with the next run: the step has no gate");
        days.next(0);
        assertThat(days.level()).isEqualTo(2);

        days.person(Adjustment.ofTier(3));
        assertThat(days.next(0).sentence())
                .isEqualTo(
                        "ramp at tier 3, step 2 of 3: a rule has let tiers in: from then on the tier is the rule's, not the"
                                + " ramp's");
        assertThat(days.level()).isEqualTo(3);
    }

    @Test
    void theLevelOfAnotherTypeIsNotMistaken() {
        Days days = new Days(Tiered.upTo(0, List.of(80.0, 50.0)).withRamp(List.of(step(1), step(2))));
        days.next(0);
        days.edit(ramp(step(0.1), step(0.5)));
        days.next(0);

        assertThat(days.level()).isEqualTo(0.1);
        days.next(0);
        assertThat(days.level()).isEqualTo(0.5);
        assertThat(days.parameters().rampLevel()).contains(Level.ofPercentage(0.5));
    }
}
