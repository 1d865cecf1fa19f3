package io.flagcast.allocation;

import io.flagcast.statistics.Bootstrap;
import io.flagcast.statistics.Interval;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * What policies would have earned on the same logged users, with bootstrap intervals that are paired between the policies.
 *
 * <p>Users are drawn in blocks: rows are assigned to blocks at random, as by a hash of the user, so that blocks are
 * exchangeable and a block's sums stand for its rows. With one row a block this is the ordinary bootstrap.
 *
 * @param values of every policy, in the order in which they were given
 */
public record OffPolicyEvaluation(List<PolicyValue> values) {

    private static final List<OffPolicyEstimator> ESTIMATORS = List.of(OffPolicyEstimator.values());

    /** Of the intervals, for both sides together. */
    public static final double CONFIDENCE = 0.95;

    /** Blocks that are enough for an interval, and few enough to be drawn a thousand times. */
    public static final int BLOCKS = 200;

    /** Blocks with a user who was given what the policy would give: with fewer a sample might have none. */
    private static final int LEAST_BLOCKS = 20;

    /** Most of a policy's decisions that may be without any logged example. */
    public static final double MOST_UNSUPPORTED = 0.001;

    /**
     * A number with its interval.
     *
     * @param value in the unit of the reward
     * @param interval percentile bootstrap, 95 %; where the estimate trades bias for variance, wider by the root of estimated
     *     squared error over variance
     */
    public record Estimate(double value, Interval interval) {

        private Estimate widened(double factor) {
            return new Estimate(
                    value,
                    new Interval(
                            interval.lower() - (factor - 1) * Math.max(0, value - interval.lower()),
                            interval.upper() + (factor - 1) * Math.max(0, interval.upper() - value)));
        }
    }

    /**
     * The value of one policy.
     *
     * @param estimates by estimator; empty where the log cannot answer
     * @param overFirst doubly robust value less that of the first policy; absent where the log cannot answer for both
     * @param refusal why the log cannot answer
     * @param users rows
     * @param effectiveSampleSize rows that they are worth under the policy
     * @param largestWeight largest importance weight
     * @param unsupported mean probability of actions that were never taken, in [0, 1]
     */
    public record PolicyValue(
            Map<OffPolicyEstimator, Estimate> estimates,
            Optional<Estimate> overFirst,
            Optional<String> refusal,
            long users,
            double effectiveSampleSize,
            double largestWeight,
            double unsupported) {

        public PolicyValue {
            estimates = Map.copyOf(estimates);
        }

        /** The estimate that decisions are based on. */
        public Optional<Estimate> doublyRobust() {
            return Optional.ofNullable(estimates.get(OffPolicyEstimator.DR));
        }
    }

    public OffPolicyEvaluation {
        values = List.copyOf(values);
    }

    /**
     * Evaluates policies.
     *
     * @param blocks of rows, each with the sums of every policy in the same order; at least one
     * @param direct the direct method's value of every policy, its reward model fitted anew to the rows of these blocks,
     *     of which some may come several times: else its interval would leave out how little the model knows
     * @param resamples of the bootstrap, 1,000 or more for an interval at 95 %
     */
    public static OffPolicyEvaluation of(
            List<List<OffPolicySums>> blocks, Function<int[], double[]> direct, int resamples, long seed) {
        List<Policy> policies = IntStream.range(0, blocks.get(0).size())
                .mapToObj(policy -> Policy.of(policy, blocks))
                .toList();
        List<Policy> answered =
                policies.stream().filter(policy -> policy.refusal().isEmpty()).toList();
        int[] all = IntStream.range(0, blocks.size()).toArray();
        double[] values = statistics(answered, all, direct);
        List<Interval> intervals = answered.isEmpty()
                ? List.of()
                : Bootstrap.ofEach(
                        blocks.size(), chosen -> statistics(answered, chosen, direct), CONFIDENCE, resamples, seed);
        List<Estimate> estimates = IntStream.range(0, values.length)
                .mapToObj(i -> new Estimate(values[i], intervals.get(i)))
                .toList();
        int each = ESTIMATORS.size() + 1;
        boolean comparable = !answered.isEmpty() && answered.get(0).index() == 0;
        return new OffPolicyEvaluation(policies.stream()
                .map(policy -> {
                    int from = each * answered.indexOf(policy);
                    return policy.value(from < 0 ? List.of() : estimates.subList(from, from + each), comparable);
                })
                .toList());
    }

    /** The sums of one policy, by block and altogether. */
    private record Policy(int index, List<OffPolicySums> blocks, OffPolicySums total) {

        static Policy of(int index, List<List<OffPolicySums>> blocks) {
            List<OffPolicySums> own =
                    blocks.stream().map(block -> block.get(index)).toList();
            return new Policy(index, own, own.stream().reduce(OffPolicySums.EMPTY, OffPolicySums::merge));
        }

        Optional<String> refusal() {
            if (total.unsupported() > MOST_UNSUPPORTED) {
                return Optional.of(
                        ("%.1f %% of its decisions are of a kind that was never logged (propensity 0), at most %.1f %% may be:"
                                        + " what they earn is unknown. Log with an exploration slice first")
                                .formatted(100 * total.unsupported(), 100 * MOST_UNSUPPORTED));
            }
            long speaking = blocks.stream()
                    .filter(block -> block.effectiveSampleSize() > 0)
                    .count();
            return speaking >= LEAST_BLOCKS
                    ? Optional.empty()
                    : Optional.of(
                            "only %d of %d blocks of logged users have one who was given what it would give, needs %d"
                                    .formatted(speaking, blocks.size(), LEAST_BLOCKS));
        }

        /** Its estimates in the order of the estimators, and the difference; none where the log cannot answer. */
        PolicyValue value(List<Estimate> estimates, boolean comparable) {
            Map<OffPolicyEstimator, Estimate> named = new EnumMap<>(OffPolicyEstimator.class);
            for (int i = 0; i < estimates.size() - 1; i++) {
                OffPolicyEstimator estimator = ESTIMATORS.get(i);
                named.put(estimator, estimates.get(i).widened(estimator.widening(total)));
            }
            return new PolicyValue(
                    named,
                    estimates.isEmpty() || !comparable
                            ? Optional.empty()
                            : Optional.of(estimates.get(estimates.size() - 1)),
                    refusal(),
                    total.n(),
                    total.effectiveSampleSize(),
                    total.largestWeight(),
                    total.unsupported());
        }
    }

    /** Every estimator of every policy, each followed by the difference of its doubly robust value from the first one's. */
    private static double[] statistics(List<Policy> policies, int[] chosen, Function<int[], double[]> direct) {
        double[] statistics = new double[policies.size() * (ESTIMATORS.size() + 1)];
        double[] directly = policies.isEmpty() ? new double[0] : direct.apply(chosen);
        double[] robust = new double[policies.size()];
        int next = 0;
        for (int i = 0; i < robust.length; i++) {
            Policy policy = policies.get(i);
            OffPolicySums sums = OffPolicySums.of(policy.blocks(), chosen);
            for (OffPolicyEstimator estimator : ESTIMATORS) {
                statistics[next++] =
                        estimator == OffPolicyEstimator.DM ? directly[policy.index()] : estimator.value(sums);
            }
            robust[i] = sums.corrected();
            statistics[next++] = robust[i] - robust[0];
        }
        return statistics;
    }
}
