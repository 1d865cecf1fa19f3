package io.flagcast.allocation;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.allocation.LoggedReward.Arm;
import io.flagcast.allocation.RewardModel.Group;
import io.flagcast.statistics.WeightedMoments;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Off-policy estimates in a world whose truth is known: a user of score s converts with 10 % without the feature and gains (s −
 * 40) / 500 by it, from −8 to +12 points. Weighted random allocation with an exploration slice of a fifth is logged, tiers are
 * evaluated. 4,000 users, 100 seeds.
 */
@Tag("simulation")
class OffPolicyWorldTest {

    private static final int SEEDS = 100;
    private static final int USERS = 4_000;
    private static final int BLOCKS = OffPolicyEvaluation.BLOCKS;
    private static final double EXPLORATION = 0.2;
    private static final Policy LOGGED = new Policy.WeightedRandom(new Curve.Logistic(50, 0.08), 0.05, 0.95);
    private static final Policy EVALUATED = Policy.Tiered.upTo(2, List.of(80.0, 50.0, 20.0));

    private static double propensity(Policy policy, double exploration, double score) {
        return exploration * Allocator.FAIR + (1 - exploration) * policy.baseProbability(score, Cell.whole("scored"));
    }

    private static double rate(double score, Arm arm) {
        return 0.1 + (arm == Arm.ENABLED ? (score - 40) / 500 : 0);
    }

    /** The mean over all scores 0.00 to 100.00, each as likely as any other. */
    private static double truth() {
        return IntStream.rangeClosed(0, 10_000)
                .mapToDouble(i -> {
                    double score = i / 100.0;
                    double enabled = propensity(EVALUATED, 0, score);
                    return enabled * rate(score, Arm.ENABLED) + (1 - enabled) * rate(score, Arm.CONTROL);
                })
                .average()
                .orElseThrow();
    }

    private record User(double score, double logged, Arm arm, double reward, int block) {}

    private static List<User> users(int seed, double exploration) {
        SplittableRandom random = new SplittableRandom(seed);
        List<User> users = new ArrayList<>();
        for (int i = 0; i < USERS; i++) {
            double score = random.nextInt(10_001) / 100.0;
            double logged = propensity(LOGGED, exploration, score);
            Arm arm = random.nextDouble() < logged ? Arm.ENABLED : Arm.CONTROL;
            users.add(new User(
                    score, logged, arm, random.nextDouble() < rate(score, arm) ? 1 : 0, random.nextInt(BLOCKS)));
        }
        return users;
    }

    private static OffPolicyEvaluation evaluate(List<User> users) {
        List<Map<Group, BandRewards>> rewards = new ArrayList<>();
        IntStream.range(0, BLOCKS).forEach(block -> rewards.add(new HashMap<>()));
        for (User user : users) {
            boolean enabled = user.arm() == Arm.ENABLED;
            WeightedMoments one =
                    WeightedMoments.EMPTY.plus(1 / (enabled ? user.logged() : 1 - user.logged()), user.reward());
            Arms arms = enabled ? new Arms(one, WeightedMoments.EMPTY) : new Arms(WeightedMoments.EMPTY, one);
            rewards.get(user.block())
                    .merge(
                            group(user),
                            new BandRewards(arms, List.of(propensity(EVALUATED, 0, user.score()))),
                            BandRewards::merge);
        }
        Map<Group, Arms> all = new HashMap<>();
        rewards.forEach(block -> block.forEach((group, band) -> all.merge(group, band.arms(), Arms::merge)));
        RewardModel model = RewardModel.of(all);
        OffPolicySums[] blocks = new OffPolicySums[BLOCKS];
        Arrays.fill(blocks, OffPolicySums.EMPTY);
        for (User user : users) {
            blocks[user.block()] = blocks[user.block()].plus(LoggedReward.of(
                    user.reward(),
                    user.arm(),
                    user.logged(),
                    propensity(EVALUATED, 0, user.score()),
                    model.ifEnabled(group(user)),
                    model.ifNot(group(user))));
        }
        return OffPolicyEvaluation.of(
                Arrays.stream(blocks).map(List::of).toList(),
                chosen -> {
                    Map<Group, BandRewards> drawn = new HashMap<>();
                    for (int block : chosen) {
                        rewards.get(block).forEach((group, band) -> drawn.merge(group, band, BandRewards::merge));
                    }
                    return RewardModel.direct(drawn);
                },
                400,
                7);
    }

    private static Group group(User user) {
        return new Group(user.block() % RewardModel.FOLDS, RewardModel.band(OptionalDouble.of(user.score())));
    }

    @Test
    void intervalsCoverTheTrueValueInAtLeastNinetyOfAHundredSeeds() {
        double truth = truth();
        List<OffPolicyEvaluation> evaluations = IntStream.range(0, SEEDS)
                .parallel()
                .mapToObj(seed -> evaluate(users(seed, EXPLORATION)))
                .toList();
        Map<OffPolicyEstimator, Long> covered = new EnumMap<>(OffPolicyEstimator.class);
        for (OffPolicyEstimator estimator : OffPolicyEstimator.values()) {
            long times = evaluations.stream()
                    .filter(evaluation -> evaluation
                            .values()
                            .get(0)
                            .estimates()
                            .get(estimator)
                            .interval()
                            .contains(truth))
                    .count();
            covered.put(estimator, times);
            System.out.printf(
                    "%-10s covers the true value %.4f in %d of %d seeds, mean width %.4f%n",
                    estimator.label(),
                    truth,
                    times,
                    SEEDS,
                    evaluations.stream()
                            .mapToDouble(evaluation -> evaluation
                                    .values()
                                    .get(0)
                                    .estimates()
                                    .get(estimator)
                                    .interval()
                                    .width())
                            .average()
                            .orElseThrow());
        }

        assertThat(covered)
                .allSatisfy((estimator, times) ->
                        assertThat(times).as(estimator.label()).isGreaterThanOrEqualTo(90));
    }

    /** Nobody explores, tier 0 is always enabled and the rest never: nothing tells what the others would do. */
    @Test
    void whatWasNeverTriedIsRefused() {
        List<User> users = users(1, 0).stream()
                .map(user -> {
                    Arm arm = user.score() >= 80 ? Arm.ENABLED : Arm.CONTROL;
                    return new User(user.score(), arm == Arm.ENABLED ? 1 : 0, arm, user.reward(), user.block());
                })
                .toList();

        assertThat(evaluate(users).values().get(0).refusal())
                .hasValueSatisfying(why -> assertThat(why)
                        .contains("% of its decisions are of a kind that was never logged (propensity 0)"));
        assertThat(evaluate(users).values().get(0).estimates()).isEmpty();
    }
}
