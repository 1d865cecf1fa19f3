package io.flagcast.allocation;

import static io.flagcast.allocation.Bandits.HIGH;
import static io.flagcast.allocation.Bandits.arms;
import static io.flagcast.allocation.Bandits.learner;
import static io.flagcast.allocation.Bandits.metric;
import static io.flagcast.allocation.Bandits.only;
import static io.flagcast.allocation.Bandits.rewards;
import static io.flagcast.allocation.Bandits.update;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.allocation.BanditLearner.Algorithm;
import io.flagcast.allocation.BanditUpdate.Gate.Verdict;
import io.flagcast.allocation.BanditUpdate.Step;
import io.flagcast.statistics.Metric.Direction;
import io.flagcast.statistics.Metric.Kind;
import io.flagcast.statistics.WeightedMoments;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class BanditGateTest {

    /** 0.9 and 260 of 1,000 against 250 of 1,000: the arm is better with probability 0.7, so the target is below 0.9. */
    @Test
    void aBetIsTakenBackWithoutProofWhereRecentEvidenceFavoursTheOtherArm() {
        BanditLearner learner = learner(Algorithm.THOMPSON, 0.05, 0.1);
        Arms arms = arms(260, 1_000, 250, 1_000);
        Arms agrees = arms(26, 100, 25, 100);
        Arms disagrees = arms(25, 100, 26, 100);

        Step kept = only(update(learner, arms, agrees, 0.9));
        assertThat(kept.target()).isBetween(0.6, 0.8);
        assertThat(kept.after()).isEqualTo(0.9);
        assertThat(kept.reason()).endsWith("with probability 0.696; kept, as recent evidence agrees");
        for (Arms recent : List.of(
                disagrees,
                arms(25, 100, 25, 100),
                Arms.EMPTY,
                new Arms(agrees.enabled(), WeightedMoments.EMPTY),
                new Arms(WeightedMoments.EMPTY, agrees.control()))) {
            BanditUpdate taken = update(learner, arms, recent, 0.9);
            assertThat(only(taken).after()).isCloseTo(0.8, within(1e-12));
            assertThat(only(taken).reason()).endsWith("with probability 0.696");
            assertThat(taken.gate().verdict()).isEqualTo(Verdict.NOTHING_TO_PROVE);
            assertThat(taken.changes()).hasSize(1);
        }
        // The other arm, and a metric that should fall: the same seen from the other side.
        Arms mirrored = arms(250, 1_000, 260, 1_000);
        assertThat(only(update(learner, mirrored, disagrees, 0.1)).after()).isEqualTo(0.1);
        assertThat(only(update(learner, mirrored, agrees, 0.1)).after()).isCloseTo(0.2, within(1e-12));
        assertThat(only(update(learner, mirrored, Arms.EMPTY, 0.1)).after()).isCloseTo(0.2, within(1e-12));
        BanditLearner falling = new BanditLearner(
                Algorithm.THOMPSON, metric(Kind.PROPORTION, Direction.LOWER_IS_BETTER), 0.05, 0.1, 100, 1);
        assertThat(only(update(falling, mirrored, disagrees, 0.9)).after()).isEqualTo(0.9);
        assertThat(only(update(falling, mirrored, agrees, 0.9)).after()).isCloseTo(0.8, within(1e-12));
    }

    @Test
    void aBetThatTheBeliefTurnsAgainstIsTakenBackWhateverIsRecent() {
        BanditLearner learner = learner(Algorithm.THOMPSON, 0.05, 0.1);

        assertThat(only(update(learner, arms(250, 1_000, 260, 1_000), arms(30, 100, 20, 100), 0.9))
                        .after())
                .isCloseTo(0.8, within(1e-12));
        assertThat(only(update(learner, arms(260, 1_000, 250, 1_000), arms(20, 100, 30, 100), 0.1))
                        .after())
                .isCloseTo(0.2, within(1e-12));
    }

    /** Nothing is kept that the belief wants further from a half. */
    @Test
    void aBetIsRaisedWhateverIsRecent() {
        BanditLearner learner = learner(Algorithm.THOMPSON, 0.05, 0.1);

        assertThat(only(update(learner, arms(900, 1_000, 100, 1_000), arms(90, 100, 10, 100), 0.6))
                        .after())
                .isCloseTo(0.7, within(1e-12));
        assertThat(only(update(learner, arms(100, 1_000, 900, 1_000), arms(10, 100, 90, 100), 0.4))
                        .after())
                .isCloseTo(0.3, within(1e-12));
    }

    /** From 0.7 to 0.1 in one step: as far as a half at once, from there only with proof, for which 200 users are too few. */
    @Test
    void aStepThatCrossesAHalfNeedsProofOnlyBeyondIt() {
        BanditUpdate update = update(learner(Algorithm.THOMPSON, 0.05, 0.6), arms(0, 100, 100, 100), 0.7);

        assertThat(only(update).after()).isCloseTo(0.1, within(1e-6));
        assertThat(update.gate().verdict()).isEqualTo(Verdict.TOO_LITTLE_DATA);
        assertThat(update.gate().part()).isZero();
        Step change = update.changes().get(0);
        assertThat(change.after()).isEqualTo(0.5);
        assertThat(change.reason()).isEqualTo(only(update).reason() + "; the gate lets it reach 0.500 of 0.100");
    }

    /**
     * Enabled 60 of 1,000 and control 50 of 1,000, each logged at a half; 0.5 to 0.6: the gain is 0.1 · 0.01, its standard
     * error 0.1 · √(0.06 · 0.94 / 1000 + 0.05 · 0.95 / 1000), the effective sample size 1 / (0.6²/1000 + 0.4²/1000).
     */
    @Test
    void theGateComparesWhatIsProposedWithWhatIsInForce() {
        BanditUpdate update = update(learner(Algorithm.EPSILON_GREEDY, 0.05, 0.1), arms(60, 1_000, 50, 1_000), 0.5);

        double bound = 0.001 - 1.6448536269514722 * 0.1 * Math.sqrt(0.0000564 + 0.0000475);
        assertThat(update.gate().incumbent()).isCloseTo(0.055, within(1e-12));
        assertThat(update.gate().gain()).isCloseTo(0.001, within(1e-12));
        assertThat(update.gate().lowerBound()).isCloseTo(bound, within(1e-12));
        assertThat(update.gate().limit()).isCloseTo(-0.00055, within(1e-12));
        assertThat(update.gate().effectiveSampleSize()).isCloseTo(1_000 / 0.52, within(1e-6));
        assertThat(update.gate().verdict()).isEqualTo(Verdict.INFERIOR);
        assertThat(update.gate().part()).isCloseTo(0.00055 / -bound, within(1e-9));
        assertThat(update.changes()).hasSize(1);
        assertThat(update.changes().get(0).after()).isCloseTo(0.5 + 0.1 * 0.00055 / -bound, within(1e-9));
        assertThat(update.changes().get(0).target()).isCloseTo(0.95, within(1e-12));
    }

    /**
     * Two cells, one of 2,000 users that goes from 0.8 to 0.9 and one of 400, its control arm of users with weight 4, which
     * goes from 0.3 to 0.4 without proof: the gate sees both in what is in force, and only the move of the first.
     */
    @Test
    void theGateWeighsCellsByTheirUsersAndJudgesOnlyBoldMoves() {
        Cell low = Cell.whole("low");
        Map<Cell, Arms> evidence =
                Map.of(HIGH, arms(300, 1_000, 200, 1_000), low, new Arms(rewards(60, 200, 2), rewards(20, 100, 4)));
        BanditUpdate update = learner(Algorithm.EPSILON_GREEDY, 0.05, 0.1)
                .update(evidence, Map.of(), cell -> cell.equals(HIGH) ? 0.8 : 0.3);

        // Shares of the users 5/6 and 1/6; means 0.3 and 0.2 in both.
        assertThat(update.gate().incumbent()).isCloseTo(5 / 6.0 * 0.28 + 1 / 6.0 * 0.23, within(1e-12));
        assertThat(update.gate().gain()).isCloseTo(5 / 6.0 * 0.1 * 0.1, within(1e-12));
        assertThat(update.gate().lowerBound())
                .isCloseTo(
                        5 / 6.0 * (0.01 - 1.6448536269514722 * 0.1 * Math.sqrt(0.21 / 1_000 + 0.16 / 1_000)),
                        within(1e-12));
        // Weights under what is proposed: 0.9 · 2 and 0.1 · 2; 0.4 · 2 and 0.6 · 4.
        double weights = 1_000 * 1.8 + 1_000 * 0.2 + 200 * 0.8 + 100 * 2.4;
        double squares = 1_000 * 3.24 + 1_000 * 0.04 + 200 * 0.64 + 100 * 5.76;
        assertThat(update.gate().effectiveSampleSize()).isCloseTo(weights * weights / squares, within(1e-9));
        assertThat(update.gate().part()).isEqualTo(1);
        assertThat(update.changes()).extracting(Step::cell).containsExactly(HIGH, low);
        assertThat(update.changes().get(1).after()).isCloseTo(0.4, within(1e-12));
    }

    @Test
    void theGateSaysNothingOfCellsWithFewerThanTwoUsersInAnArm() {
        Cell low = Cell.whole("low");
        BanditLearner learner = new BanditLearner(
                Algorithm.EPSILON_GREEDY, metric(Kind.PROPORTION, Direction.HIGHER_IS_BETTER), 0.05, 0.1, 1, 1);
        BanditUpdate alone = learner.update(Map.of(HIGH, arms(300, 1_000, 200, 1_000)), Map.of(), cell -> 0.5);
        for (Arms little : List.of(arms(1, 1, 0, 1_000), arms(900, 1_000, 0, 1))) {
            assertThat(learner.update(Map.of(HIGH, arms(300, 1_000, 200, 1_000), low, little), Map.of(), cell -> 0.5)
                            .gate())
                    .isEqualTo(alone.gate());
            BanditUpdate only = update(learner, little, 0.5);
            assertThat(only.gate().verdict()).isEqualTo(Verdict.TOO_LITTLE_DATA);
            assertThat(only.changes()).isEmpty();
        }
        assertThat(learner.update(
                                Map.of(HIGH, arms(300, 1_000, 200, 1_000), low, arms(2, 2, 0, 2)),
                                Map.of(),
                                cell -> 0.5)
                        .gate())
                .isNotEqualTo(alone.gate());
    }

    @Test
    void moreOfTheSameEvidencePassesTheGate() {
        BanditUpdate update =
                update(learner(Algorithm.EPSILON_GREEDY, 0.05, 0.1), arms(6_000, 100_000, 5_000, 100_000), 0.5);

        assertThat(update.gate().verdict()).isEqualTo(Verdict.PASSED);
        assertThat(update.gate().part()).isEqualTo(1);
        assertThat(update.changes()).isEqualTo(update.steps());
    }

    @Test
    void fewUsersDoNotPassTheGateHoweverClearTheyAre() {
        BanditUpdate update = update(learner(Algorithm.THOMPSON, 0.05, 0.1), arms(100, 100, 0, 100), 0.5);

        assertThat(update.gate().effectiveSampleSize()).isCloseTo(100 / 0.52, within(1e-9));
        assertThat(update.gate().part()).isZero();
        assertThat(update.gate().verdict()).isEqualTo(Verdict.TOO_LITTLE_DATA);
        assertThat(update.changes()).isEmpty();
    }

    /** From a half to 1 in one step, all enabled under it: the enabled users count as they are, 200 or 199. */
    @Test
    void twoHundredEffectiveUsersAreEnough() {
        BanditLearner certain = learner(Algorithm.EPSILON_GREEDY, 0, 1);

        assertThat(update(certain, arms(150, 200, 20, 200), 0.5).gate())
                .returns(200.0, BanditUpdate.Gate::effectiveSampleSize)
                .returns(Verdict.PASSED, BanditUpdate.Gate::verdict);
        assertThat(update(certain, arms(150, 199, 20, 200), 0.5).gate().verdict())
                .isEqualTo(Verdict.TOO_LITTLE_DATA);
    }

    /** Nobody converts: nothing can be lost that would be measured, and the arm with fewer users is believed to be better. */
    @Test
    void whereNothingIsEarnedNothingIsLost() {
        BanditUpdate update = update(learner(Algorithm.THOMPSON, 0.05, 0.1), arms(0, 1_000, 0, 3_000), 0.5);

        assertThat(update.gate())
                .returns(0.0, BanditUpdate.Gate::incumbent)
                .returns(Verdict.PASSED, BanditUpdate.Gate::verdict)
                .returns(1.0, BanditUpdate.Gate::part);
        assertThat(update.changes()).hasSize(1);
    }

    @Test
    void aGateWithoutUsersHasNoReward() {
        BanditLearner learner = new BanditLearner(
                Algorithm.EPSILON_GREEDY, metric(Kind.PROPORTION, Direction.HIGHER_IS_BETTER), 0.05, 0.1, 1, 1);

        assertThat(update(learner, arms(0, 1, 1_000, 1_000), 0.7).gate())
                .isEqualTo(new BanditUpdate.Gate(0, 0, 0, 0, 0, 0, Verdict.NOTHING_TO_PROVE));
    }

    /** One user in twenty is in the control arm: its upper bound is the higher one, though mean and recent users favour the other. */
    @Test
    void anUpperBoundAloneDoesNotTakeABetBack() {
        Arms arms = arms(120, 1_000, 5, 50);
        BanditLearner patient =
                new BanditLearner(Algorithm.UCB, metric(Kind.PROPORTION, Direction.HIGHER_IS_BETTER), 0.05, 0.1, 50, 1);

        Step kept = only(update(patient, arms, arms, 0.9));
        assertThat(kept.target()).isCloseTo(0.05, within(1e-12));
        assertThat(kept.after()).isEqualTo(0.9);
        assertThat(only(update(patient, arms, arms(1, 10, 9, 10), 0.9)).after()).isCloseTo(0.8, within(1e-12));
        WeightedMoments better = arms.control();
        WeightedMoments worse = arms.enabled();
        Arms mirrored = new Arms(better, worse);
        assertThat(only(update(patient, mirrored, mirrored, 0.1)).after()).isEqualTo(0.1);
        // At an even chance there is no bet to keep.
        assertThat(only(update(patient, mirrored, mirrored, 0.5)).after()).isCloseTo(0.6, within(1e-12));
        assertThat(only(update(patient, arms, arms, 0.5)).after()).isCloseTo(0.4, within(1e-12));
    }

    @Test
    void aStepThatGoesNowhereKeepsNothing() {
        BanditLearner greedy = learner(Algorithm.EPSILON_GREEDY, 0.05, 0.1);
        double most = 0.05 + (1 - 2 * 0.05);
        Step there = only(update(greedy, arms(300, 1_000, 200, 1_000), most));
        assertThat(there.target()).isEqualTo(there.before());
        assertThat(there.reason()).doesNotContain("kept").contains(", higher with probability 1.000");
        Step least = only(update(greedy, arms(200, 1_000, 300, 1_000), 0.05));
        assertThat(least.target()).isEqualTo(least.before());
        assertThat(least.reason()).doesNotContain("kept").contains(", higher with probability 0.000");
        BanditLearner falling = new BanditLearner(
                Algorithm.THOMPSON, metric(Kind.PROPORTION, Direction.LOWER_IS_BETTER), 0.05, 0.1, 100, 1);
        assertThat(only(update(falling, arms(250, 1_000, 260, 1_000), 0.5)).reason())
                .endsWith(", lower with probability 0.696");
    }

    @Test
    void aCautiousMoveIsMadeAsProposedWhateverTheGateSaysOfOthers() {
        Cell low = Cell.whole("low");
        BanditUpdate update = learner(Algorithm.EPSILON_GREEDY, 0.05, 0.1)
                .update(
                        Map.of(HIGH, arms(60, 1_000, 50, 1_000), low, arms(6, 100, 5, 100)),
                        Map.of(),
                        cell -> cell.equals(low) ? 0.3 : 0.5);

        assertThat(update.gate().verdict()).isEqualTo(Verdict.INFERIOR);
        assertThat(update.changes())
                .contains(update.steps().get(1))
                .doesNotContain(update.steps().get(0));
    }
}
