package io.flagcast.allocation;

import static io.flagcast.allocation.Bandits.arms;
import static io.flagcast.allocation.Bandits.learner;
import static io.flagcast.allocation.Bandits.metric;
import static io.flagcast.allocation.Bandits.only;
import static io.flagcast.allocation.Bandits.rewards;
import static io.flagcast.allocation.Bandits.update;
import static io.flagcast.allocation.Bandits.values;
import static io.flagcast.fixtures.Cases.cases;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.allocation.BanditLearner.Algorithm;
import io.flagcast.allocation.BanditUpdate.Gate.Verdict;
import io.flagcast.allocation.BanditUpdate.Step;
import io.flagcast.fixtures.Generator;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Metric.Direction;
import io.flagcast.statistics.Metric.Kind;
import io.flagcast.statistics.WeightedMoments;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BanditLearnerTest {

    @Test
    void cellsGoBackTowardsAHalfWhileAnArmOfTheSegmentLacksUsers() {
        BanditLearner learner = learner(Algorithm.THOMPSON, 0.05, 0.1);
        Arms few = arms(90, 99, 100, 1_000);
        BanditUpdate update = update(learner, few, 0.3);

        assertThat(only(update).target()).isEqualTo(0.5);
        assertThat(only(update).after()).isCloseTo(0.4, within(1e-12));
        assertThat(only(update).belief()).isEmpty();
        assertThat(only(update).reason())
                .isEqualTo(
                        "99 enabled and 1,000 control users in the segment are worth 99 and 1,000, needs min_users 100 of"
                                + " each");
        assertThat(update.gate().verdict()).isEqualTo(Verdict.NOTHING_TO_PROVE);
        assertThat(update.changes())
                .extracting(Step::after)
                .containsExactly(only(update).after());
        assertThat(only(update(learner, few, 0.55)).after()).isCloseTo(0.5, within(1e-12));
        assertThat(update(learner, few, 0.5).changes()).isEmpty();
        assertThat(only(update(learner, arms(100, 1_000, 90, 99), 0.5)).belief())
                .isEmpty();
        assertThat(only(update(learner, arms(90, 100, 90, 100), 0.5)).belief()).isPresent();
    }

    /** 500 users of weight 1 and 10 of weight 100: 1,500² / (500 + 100,000) = 22.39 effective ones (Kish). */
    @Test
    void minUsersAreEffectiveOnes() {
        WeightedMoments uneven = rewards(50, 500, 1).merge(rewards(1, 10, 100));
        BanditLearner satisfied = new BanditLearner(
                Algorithm.THOMPSON, metric(Kind.PROPORTION, Direction.HIGHER_IS_BETTER), 0.05, 0.1, 22, 1);
        BanditLearner wanting = new BanditLearner(
                Algorithm.THOMPSON, metric(Kind.PROPORTION, Direction.HIGHER_IS_BETTER), 0.05, 0.1, 23, 1);

        for (Arms arms : List.of(new Arms(uneven, rewards(50, 500, 2)), new Arms(rewards(50, 500, 2), uneven))) {
            assertThat(only(update(satisfied, arms, 0.5)).belief()).isPresent();
            assertThat(only(update(wanting, arms, 0.5)).belief()).isEmpty();
        }
        assertThat(only(update(wanting, new Arms(uneven, rewards(50, 500, 2)), 0.5))
                        .reason())
                .isEqualTo(
                        "510 enabled and 500 control users in the segment are worth 22 and 500, needs min_users 23 of each");
    }

    /**
     * 40 users a day, half_life 1d: whatever comes daily is worth twice as much in all. At 0.95 the control arm is worth 4
     * users, and min_users 30 would never be reached; at a half each arm is worth 40.
     */
    @Test
    void anArmThatGetsTooFewForWhatIsForgottenIsNotStarvedForEver() {
        BanditLearner learner = new BanditLearner(
                Algorithm.THOMPSON, metric(Kind.PROPORTION, Direction.HIGHER_IS_BETTER), 0.05, 0.1, 30, 0.5);
        double enabled = 0.95;
        Arms evidence = Arms.EMPTY;
        double lowest = 1;
        int learned = 0;
        for (int day = 0; day < 60; day++) {
            long n = Math.round(40 * enabled);
            evidence = evidence.discounted(0.5)
                    .merge(new Arms(rewards(n / 2, n, 1 / enabled), rewards((40 - n) / 4, 40 - n, 1 / (1 - enabled))));
            Step step = only(update(learner, evidence, enabled));
            enabled = step.after();
            lowest = Math.min(lowest, enabled);
            learned += step.belief().isPresent() ? 1 : 0;
        }

        assertThat(lowest).isBetween(0.5, 0.7);
        assertThat(learned).isGreaterThan(10);
    }

    @Test
    void oneUpdateMovesNoFurtherThanTheMaximalStep() {
        BanditLearner learner = learner(Algorithm.THOMPSON, 0.05, 0.1);

        assertThat(only(update(learner, arms(900, 1_000, 100, 1_000), 0.5)).after())
                .isCloseTo(0.6, within(1e-12));
        assertThat(only(update(learner, arms(100, 1_000, 900, 1_000), 0.5)).after())
                .isCloseTo(0.4, within(1e-12));
    }

    @ParameterizedTest
    @EnumSource(Algorithm.class)
    void eachArmKeepsTheFloorHoweverClearTheWinner(Algorithm algorithm) {
        BanditLearner unhurried = learner(algorithm, 0.05, 1);

        assertThat(only(update(unhurried, arms(900, 1_000, 100, 1_000), 0.5)).after())
                .isCloseTo(0.95, within(1e-12));
        assertThat(only(update(unhurried, arms(100, 1_000, 900, 1_000), 0.5)).after())
                .isCloseTo(0.05, within(1e-12));
    }

    /**
     * The floor is added: floor + (1 − 2 floor) P. Beta(2, 1) against Beta(1, 2): the integral of 2x (1 − (1 − x)²) is
     * 4/3 − 1/2 = 5/6.
     */
    @Test
    void theTargetIsTheProbabilityOfBeingBetterBetweenTheFloors() {
        BanditLearner learner = new BanditLearner(
                Algorithm.THOMPSON, metric(Kind.PROPORTION, Direction.HIGHER_IS_BETTER), 0.1, 1, 1, 1);

        assertThat(only(update(learner, arms(1, 1, 0, 1), 0.5)).target()).isCloseTo(0.1 + 0.8 * 5 / 6, within(1e-9));
        assertThat(only(update(learner, arms(0, 1, 1, 1), 0.5)).target()).isCloseTo(0.1 + 0.8 / 6, within(1e-9));
    }

    @ParameterizedTest
    @EnumSource(Algorithm.class)
    void equalArmsAreDrawnToAHalf(Algorithm algorithm) {
        assertThat(only(update(learner(algorithm, 0.05, 1), arms(500, 1_000, 500, 1_000), 0.9))
                        .target())
                .isCloseTo(0.5, within(1e-9));
    }

    @ParameterizedTest
    @EnumSource(Algorithm.class)
    void aMetricThatShouldFallPullsTheOtherWay(Algorithm algorithm) {
        BanditLearner learner =
                new BanditLearner(algorithm, metric(Kind.PROPORTION, Direction.LOWER_IS_BETTER), 0.05, 1, 100, 1);
        BanditUpdate update = update(learner, arms(100, 1_000, 300, 1_000), 0.5);

        assertThat(only(update).after()).isCloseTo(0.95, within(1e-6));
        assertThat(update.gate().gain()).isPositive();
        assertThat(update.gate().verdict()).isEqualTo(Verdict.PASSED);
    }

    /** The arm that is less known has the higher upper bound although its mean is lower. */
    @Test
    void upperBoundsFavourTheArmThatIsLessKnownAndGreedDoesNot() {
        Arms arms = arms(9, 100, 1_000, 10_000);

        assertThat(only(update(learner(Algorithm.UCB, 0.05, 1), arms, 0.5)).target())
                .isCloseTo(0.95, within(1e-12));
        assertThat(only(update(learner(Algorithm.EPSILON_GREEDY, 0.05, 1), arms, 0.5))
                        .target())
                .isCloseTo(0.05, within(1e-12));
    }

    /** Half of the users of day 1 were enabled, a tenth of day 2, which was the better day: pooled rates would mislead. */
    @Test
    void whatTheBanditChoseBeforeDoesNotBiasWhatItLearns() {
        WeightedMoments enabled = rewards(50, 1_000, 2).merge(rewards(40, 200, 10));
        WeightedMoments control = rewards(50, 1_000, 2).merge(rewards(360, 1_800, 1 / 0.9));
        BanditUpdate update = update(learner(Algorithm.THOMPSON, 0, 1), new Arms(enabled, control), 0.5);

        // Both days have 2,000 users; both arms convert 5 % and 20 %: (0.05 + 0.2) / 2 in either arm.
        assertThat(only(update).belief().orElseThrow().first().mean()).isCloseTo(0.125, within(0.002));
        assertThat(only(update).belief().orElseThrow().second().mean()).isCloseTo(0.125, within(0.002));
        assertThat(only(update).target()).isCloseTo(0.5, within(0.02));
    }

    @Test
    void discountedEvidenceIsBelievedLess() {
        BanditLearner learner = new BanditLearner(
                Algorithm.THOMPSON, metric(Kind.PROPORTION, Direction.HIGHER_IS_BETTER), 0, 1, 100, 0.5);
        Arms arms = arms(60, 1_000, 50, 1_000);

        assertThat(learner.weightOf(Duration.ZERO)).isEqualTo(1);
        assertThat(learner.weightOf(Duration.ofDays(3))).isCloseTo(0.125, within(1e-12));
        assertThat(learner.recentWeightOf(Duration.ofDays(10))).isCloseTo(Math.pow(0.5, 33), within(1e-20));
        assertThat(learner.weightOf(Duration.ofDays(39))).isPositive();
        assertThat(learner.weightOf(Duration.ofDays(40))).isZero();
        assertThat(new BanditLearner(learner.algorithm(), learner.reward(), 0, 1, 100, 1e-12)
                        .weightOf(Duration.ofDays(1)))
                .as("the least weight counts")
                .isEqualTo(1e-12);
        assertThat(arms.discounted(0)).isEqualTo(Arms.EMPTY);
        double fresh = only(update(learner, arms, 0.5)).target();
        double old = only(update(learner, arms.discounted(0.125), 0.5)).target();
        assertThat(fresh).isGreaterThan(old);
        assertThat(old).isGreaterThan(0.5);
    }

    /** In d days a weight of 0.5^(1/d) a day is a half. */
    @Test
    void theHalfLifeIsAsManyDaysAsHalveAWeightRoundedUp() {
        for (int days = 1; days <= 3_650; days++) {
            assertThat(forgetting(Math.pow(0.5, 1.0 / days)).halfLifeDays()).isEqualTo(days);
        }
        assertThat(forgetting(Math.pow(0.5, 24.0 / 36)).halfLifeDays())
                .as("36 hours")
                .isEqualTo(2);
        assertThat(forgetting(1).halfLifeDays()).isEqualTo(Long.MAX_VALUE);
    }

    private static BanditLearner forgetting(double dailyDiscount) {
        return new BanditLearner(
                Algorithm.THOMPSON, metric(Kind.PROPORTION, Direction.HIGHER_IS_BETTER), 0, 1, 100, dailyDiscount);
    }

    /** Student's t with 3 degrees of freedom each, scale 1 and difference 0: a half; values far apart: nearly 1. */
    @Test
    void valuesAreComparedWithUnknownVariance() {
        BanditLearner learner =
                new BanditLearner(Algorithm.THOMPSON, metric(Kind.MEAN, Direction.HIGHER_IS_BETTER), 0, 1, 5, 1);
        WeightedMoments low = values(0, 1, 2, 3, 4);

        assertThat(only(update(learner, new Arms(low, low), 0.9)).target()).isCloseTo(0.5, within(1e-9));
        assertThat(only(update(learner, new Arms(values(100, 101, 102, 103, 104), low), 0.9))
                        .target())
                .isGreaterThan(0.999);
        Step constant = only(update(learner, new Arms(values(3, 3, 3, 3, 3), low), 0.9));
        assertThat(constant.after()).isEqualTo(0.9);
        assertThat(constant.reason())
                .isEqualTo("rewards that do not vary, or of fewer than five users: nothing to compare");
    }

    @Test
    void anUpdateStaysWithinFloorAndStep() {
        record Evidence(Algorithm algorithm, double current, long enabledRewards, long controlRewards) {}
        Generator<Evidence> generator = dice -> new Evidence(
                dice.oneOf(List.of(Algorithm.values())),
                dice.real(0.05, 0.95),
                dice.whole(0, 5_000),
                dice.whole(0, 5_000));
        cases(1, 300, generator).allSatisfy(evidence -> {
            double next = only(update(
                            learner(evidence.algorithm(), 0.05, 0.1),
                            arms(evidence.enabledRewards(), 5_000, evidence.controlRewards(), 5_000),
                            evidence.current()))
                    .after();

            assertThat(next).isBetween(0.05 - 1e-12, 0.95 + 1e-12).isCloseTo(evidence.current(), within(0.1 + 1e-12));
        });
    }

    @Test
    void anUpdateIsTheSameWhateverTheOrderOfItsEvidence() {
        Map<Cell, Arms> evidence = new HashMap<>();
        for (String plan : List.of("a", "b", "c", "d")) {
            evidence.put(new Cell("high", plan), arms(plan.charAt(0), 2_000, 100, 2_000));
        }
        BanditLearner learner = learner(Algorithm.THOMPSON, 0.05, 0.1);

        assertThat(learner.update(evidence, evidence, cell -> 0.5))
                .isEqualTo(learner.update(new HashMap<>(Map.copyOf(evidence)), Map.copyOf(evidence), cell -> 0.5));
    }

    @Test
    void fourUsersAreTooFewToKnowHowMuchRewardsVary() {
        BanditLearner learner =
                new BanditLearner(Algorithm.THOMPSON, metric(Kind.MEAN, Direction.HIGHER_IS_BETTER), 0, 1, 1, 1);

        assertThat(only(update(learner, new Arms(values(0, 1, 2, 3), values(0, 1, 2, 3, 4)), 0.5))
                        .belief())
                .isEmpty();
        assertThat(only(update(learner, new Arms(values(0, 1, 2, 3, 4), values(0, 1, 2, 3, 4)), 0.5))
                        .belief())
                .isPresent();
    }

    /** Beta(2, 1) against Beta(1, 2): as wide as one another, so the higher mean has the higher bound. */
    @Test
    void anUpperBoundIsDefinedFromTheFirstUsersOn() {
        BanditLearner learner =
                new BanditLearner(Algorithm.UCB, metric(Kind.PROPORTION, Direction.HIGHER_IS_BETTER), 0.05, 1, 1, 1);

        assertThat(only(update(learner, arms(1, 1, 0, 1), 0.5)).target()).isCloseTo(0.95, within(1e-12));
    }

    @Test
    void fractionsOfUsersLeaveTheirMeans() {
        Arms half = arms(60, 1_000, 50, 400).discounted(0.5);

        assertThat(half.enabled().effectiveSampleSize()).isCloseTo(500, within(1e-9));
        assertThat(half.control().effectiveSampleSize()).isCloseTo(200, within(1e-9));
        assertThat(half.enabled().mean().orElseThrow()).isCloseTo(0.06, within(1e-12));
        assertThat(Arms.EMPTY.discounted(0.5)).isEqualTo(Arms.EMPTY);
    }

    @Test
    void settingsOutsideTheirRangeAreRefused() {
        Metric reward = metric(Kind.PROPORTION, Direction.HIGHER_IS_BETTER);
        assertThat(new BanditLearner(Algorithm.THOMPSON, reward, 0.5, 1, 1, 1).floor())
                .isEqualTo(0.5);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new BanditLearner(Algorithm.THOMPSON, reward, 0.6, 0.1, 100, 1))
                .withMessage("floor 0.6 is outside [0, 0.5]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new BanditLearner(Algorithm.THOMPSON, reward, 0.05, 0, 100, 1))
                .withMessage("max_step 0.0 is outside (0, 1]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new BanditLearner(Algorithm.THOMPSON, reward, 0.05, 0.1, 0, 1))
                .withMessage("min_users 0 is below 1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new BanditLearner(Algorithm.THOMPSON, reward, 0.05, 0.1, 100, 0))
                .withMessage("daily discount 0.0 is outside (0, 1]");
    }
}
