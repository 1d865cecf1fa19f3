package io.flagcast.allocation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.allocation.LoggedReward.Arm;
import io.flagcast.allocation.OffPolicyEvaluation.Difference;
import io.flagcast.allocation.OffPolicyEvaluation.Estimate;
import io.flagcast.allocation.OffPolicyEvaluation.PolicyValue;
import io.flagcast.statistics.Bootstrap;
import io.flagcast.statistics.EmpiricalLikelihood;
import io.flagcast.statistics.Interval;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Blocks of one row each, so that what is expected is computed from the rows by the definitions. */
class OffPolicyEvaluationTest {

    private static final int USERS = 300;
    private static final int RESAMPLES = 200;
    private static final long SEED = 3;

    /** Users as two policies see them: the first mostly leaves them as they are, the second mostly enables them. */
    private static List<List<LoggedReward>> users(int seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<List<LoggedReward>> users = new ArrayList<>();
        for (int i = 0; i < USERS; i++) {
            double logged = 0.05 + 0.9 * random.nextDouble();
            Arm arm = random.nextDouble() < logged ? Arm.ENABLED : Arm.CONTROL;
            double reward = random.nextInt(3);
            double enabled = random.nextDouble();
            double ifEnabled = random.nextDouble();
            double ifNot = random.nextDouble();
            users.add(List.of(
                    LoggedReward.of(reward, arm, logged, 0.2 * enabled, ifEnabled, ifNot),
                    LoggedReward.of(reward, arm, logged, 1 - 0.2 * enabled, ifEnabled, ifNot)));
        }
        return users;
    }

    private static List<LoggedReward> rows(List<List<LoggedReward>> users, int policy) {
        return users.stream().map(user -> user.get(policy)).toList();
    }

    private static List<List<OffPolicySums>> blocks(List<List<LoggedReward>> users) {
        return users.stream()
                .map(user -> user.stream()
                        .map(row -> OffPolicySums.EMPTY.plus(row, user.get(0)))
                        .toList())
                .toList();
    }

    /** A number per policy that depends on who is chosen. */
    private static double[] direct(int[] chosen) {
        double mean = Arrays.stream(chosen).average().orElseThrow();
        return new double[] {mean, 2 * mean, 3 * mean};
    }

    private static List<PolicyValue> evaluated(List<List<OffPolicySums>> blocks) {
        return OffPolicyEvaluation.of(blocks, OffPolicyEvaluationTest::direct, RESAMPLES, SEED)
                .values();
    }

    private static double[] each(List<LoggedReward> rows, ToDoubleFunction<LoggedReward> of) {
        return rows.stream().mapToDouble(of).toArray();
    }

    private static double corrected(LoggedReward row) {
        return row.direct() + row.weight() * (row.reward() - row.predicted());
    }

    private static void assertClose(Interval actual, Interval expected) {
        assertThat(actual.lower()).isCloseTo(expected.lower(), within(1e-9));
        assertThat(actual.upper()).isCloseTo(expected.upper(), within(1e-9));
    }

    /** Chance, and the error of a variance that the rows do not show, in squares. */
    private static void assertClose(Interval actual, double value, Interval chance, double unseen) {
        double room = 1.959963984540054 * Math.sqrt(unseen);
        assertClose(
                actual,
                new Interval(
                        value - Math.sqrt(Math.pow(value - chance.lower(), 2) + room * room),
                        value + Math.sqrt(Math.pow(chance.upper() - value, 2) + room * room)));
    }

    /** What Σ w² ρ² lacks if every ρ² were as large as their mean, over n². */
    private static double unseen(List<LoggedReward> rows) {
        double[] residuals = each(rows, row -> Math.pow(row.reward() - row.predicted(), 2));
        double[] squares = each(rows, row -> row.weight() * row.weight());
        double spread = Arrays.stream(residuals).average().orElseThrow();
        double seen = IntStream.range(0, USERS)
                .mapToDouble(i -> squares[i] * residuals[i])
                .sum();
        return Math.max(0, Arrays.stream(squares).sum() * spread - seen) / (USERS * USERS);
    }

    @Test
    void ratiosHaveTheIntervalsOfEmpiricalLikelihood() {
        List<List<LoggedReward>> users = users(1);
        List<PolicyValue> values = evaluated(blocks(users));
        double[] ones = new double[USERS];
        Arrays.fill(ones, 1);
        for (int policy = 0; policy < 2; policy++) {
            List<LoggedReward> rows = rows(users, policy);
            double[] rewards = each(rows, row -> row.weight() * row.reward());
            PolicyValue value = values.get(policy);
            double unseen = unseen(rows);

            Estimate ips = value.estimates().get(OffPolicyEstimator.IPS);
            assertClose(ips.interval(), ips.value(), EmpiricalLikelihood.ratio(rewards, ones, 0.95), unseen);
            Estimate snips = value.estimates().get(OffPolicyEstimator.SNIPS);
            assertClose(
                    snips.interval(),
                    snips.value(),
                    EmpiricalLikelihood.ratio(rewards, each(rows, LoggedReward::weight), 0.95),
                    unseen);
            Estimate robust = value.doublyRobust().orElseThrow();
            assertThat(robust.value())
                    .isCloseTo(
                            Arrays.stream(each(rows, OffPolicyEvaluationTest::corrected))
                                    .average()
                                    .orElseThrow(),
                            within(1e-9));
            assertClose(
                    robust.interval(),
                    robust.value(),
                    EmpiricalLikelihood.ratio(each(rows, OffPolicyEvaluationTest::corrected), ones, 0.95),
                    unseen);
            assertThat(value.users()).isEqualTo(USERS);
            assertThat(value.largestWeight())
                    .isEqualTo(Arrays.stream(each(rows, LoggedReward::weight))
                            .max()
                            .orElseThrow());
        }
    }

    @Test
    void theOthersHaveThoseOfTheBootstrapWidenedByTheirBias() {
        List<List<LoggedReward>> users = users(2);
        List<PolicyValue> values = evaluated(blocks(users));
        for (int policy = 0; policy < 2; policy++) {
            List<LoggedReward> rows = rows(users, policy);
            PolicyValue value = values.get(policy);
            int at = policy;

            assertThat(value.estimates().get(OffPolicyEstimator.DM).value())
                    .isEqualTo((policy + 1) * (USERS - 1) / 2.0);
            assertClose(
                    value.estimates().get(OffPolicyEstimator.DM).interval(),
                    Bootstrap.of(USERS, chosen -> direct(chosen)[at], 0.95, RESAMPLES, SEED));
            assertWidened(value.estimates().get(OffPolicyEstimator.SWITCH_DR), rows, OffPolicyEstimatorTest.switches());
            assertWidened(value.estimates().get(OffPolicyEstimator.DROS), rows, OffPolicyEstimatorTest.shrinkages());
        }
    }

    private static void assertWidened(Estimate estimate, List<LoggedReward> rows, List<DoubleUnaryOperator> weights) {
        OffPolicyEstimatorTest.Corrected best = OffPolicyEstimatorTest.best(rows, weights);
        Interval chance = Bootstrap.of(
                USERS,
                chosen -> OffPolicyEstimatorTest.corrected(
                        Arrays.stream(chosen).mapToObj(rows::get).toList(), weights),
                0.95,
                RESAMPLES,
                SEED);
        double more = best.errorPerStandardError() - 1;
        assertThat(more).isNotNegative();
        assertThat(estimate.value()).isCloseTo(best.mean(), within(1e-9));
        assertClose(
                estimate.interval(),
                new Interval(
                        chance.lower() - more * (best.mean() - chance.lower()),
                        chance.upper() + more * (chance.upper() - best.mean())));
    }

    /** From 1, half a point down and two up, become one down and four up. A side that has no length gets none. */
    @Test
    void bothSidesOfAnIntervalAreWidenedByTheFactor() {
        assertThat(new Estimate(1, new Interval(0.5, 3)).widened(2)).isEqualTo(new Estimate(1, new Interval(0, 5)));
        assertThat(new Estimate(1, new Interval(0.5, 3)).widened(1)).isEqualTo(new Estimate(1, new Interval(0.5, 3)));
        assertThat(new Estimate(0, new Interval(0.5, 1)).widened(3)).isEqualTo(new Estimate(0, new Interval(0.5, 3)));
        assertThat(new Estimate(2, new Interval(0.5, 1)).widened(3)).isEqualTo(new Estimate(2, new Interval(-2.5, 1)));
    }

    /** Chance by empirical likelihood, and what the rows of the arm that varies less do not show, in squares. */
    @Test
    void aDifferenceIsPairedAndHasRoomForWhatHeavyRowsDoNotShow() {
        List<List<LoggedReward>> users = users(4);
        List<PolicyValue> values = evaluated(blocks(users));
        double[] differences = users.stream()
                .mapToDouble(user -> corrected(user.get(1)) - corrected(user.get(0)))
                .toArray();
        double value = Arrays.stream(differences).average().orElseThrow();
        double[] ones = new double[USERS];
        Arrays.fill(ones, 1);
        Interval chance = EmpiricalLikelihood.ratio(differences, ones, 0.95);
        double[] size = new double[2];
        double[] squares = new double[2];
        double[] spread = new double[2];
        double[] seen = new double[2];
        for (List<LoggedReward> user : users) {
            double d = user.get(1).weight() - user.get(0).weight();
            int arm = d > 0 ? 0 : 1;
            double residual = Math.pow(user.get(0).reward() - user.get(0).predicted(), 2);
            size[arm] += Math.abs(d);
            squares[arm] += d * d;
            spread[arm] += Math.abs(d) * residual;
            seen[arm] += d * d * residual;
        }
        double most = Math.max(spread[0] / size[0], spread[1] / size[1]);
        double unseen = IntStream.range(0, 2)
                        .mapToDouble(arm -> Math.max(0, squares[arm] * most - seen[arm]))
                        .sum()
                / (USERS * USERS);
        assertThat(unseen).isPositive();

        Difference difference = values.get(1).overFirst().orElseThrow();
        assertThat(difference.estimate().value()).isCloseTo(value, within(1e-9));
        assertClose(difference.estimate().interval(), value, chance, unseen);
        assertThat(difference.effectiveSampleSize())
                .isCloseTo(Math.min(size[0] * size[0] / squares[0], size[1] * size[1] / squares[1]), within(1e-9));
        Difference itself = values.get(0).overFirst().orElseThrow();
        assertThat(itself.estimate()).isEqualTo(new Estimate(0, new Interval(0, 0)));
        assertThat(itself.effectiveSampleSize()).isZero();
    }

    private static final LoggedReward SUPPORTED = new LoggedReward(1, 1, 0.5, 0.5, 0);
    private static final LoggedReward UNSUPPORTED = new LoggedReward(1, 1, 0.5, 0.5, 0.5);

    private static OffPolicySums sums(LoggedReward row) {
        return OffPolicySums.EMPTY.plus(row);
    }

    @Test
    void aPolicyInTheMiddleThatIsRefusedLeavesTheOthersTheirs() {
        List<PolicyValue> values =
                evaluated(Collections.nCopies(60, List.of(sums(SUPPORTED), sums(UNSUPPORTED), sums(SUPPORTED))));

        assertThat(values.get(0).estimates().get(OffPolicyEstimator.DM).value()).isEqualTo(29.5);
        assertThat(values.get(1).estimates()).isEmpty();
        assertThat(values.get(1).overFirst()).isEmpty();
        assertThat(values.get(1).unsupported()).isEqualTo(0.5);
        assertThat(values.get(2).estimates().get(OffPolicyEstimator.DM).value()).isEqualTo(88.5);
        assertThat(values.get(2).overFirst()).isPresent();
        assertThat(values.get(2).refusal()).isEmpty();
    }

    @Test
    void nothingIsComparedWithAFirstPolicyThatIsRefused() {
        List<PolicyValue> values = evaluated(Collections.nCopies(60, List.of(sums(UNSUPPORTED), sums(SUPPORTED))));

        assertThat(values.get(0).refusal()).isPresent();
        assertThat(values.get(1).doublyRobust()).isPresent();
        assertThat(values.get(1).overFirst()).isEmpty();
        assertThat(evaluated(Collections.nCopies(60, List.of(sums(UNSUPPORTED))))
                        .get(0)
                        .estimates())
                .isEmpty();
    }

    /** 0.064 of one in 64 decisions is a thousandth. */
    @Test
    void aThousandthOfDecisionsMayBeWithoutAnExample() {
        List<List<OffPolicySums>> blocks = new ArrayList<>(Collections.nCopies(63, List.of(sums(SUPPORTED))));
        blocks.add(List.of(sums(new LoggedReward(1, 1, 0.5, 0.5, 0.064))));
        assertThat(evaluated(blocks).get(0).refusal()).isEmpty();

        blocks.set(63, List.of(sums(new LoggedReward(1, 1, 0.5, 0.5, 0.0641))));
        assertThat(evaluated(blocks).get(0).refusal()).isPresent();
    }
}
