package io.flagcast.allocation;

import io.flagcast.statistics.Bootstrap;
import io.flagcast.statistics.Interval;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * What policies would have earned on the same logged users, with bootstrap intervals that are paired between the policies.
 *
 * <p>Users are drawn in blocks: rows are assigned to blocks at random, as by a hash of the user, so that blocks are
 * exchangeable and a block's sums stand for its rows. With one row a block this is the ordinary bootstrap.
 *
 * @param values of every policy, in the order in which they were given
 * @param differences of the doubly robust values of the first policy and of every policy: the first is 0
 */
public record OffPolicyEvaluation(List<PolicyValue> values, List<Estimate> differences) {

    /** Of the intervals, for both sides together. */
    public static final double CONFIDENCE = 0.95;

    /** Most of a policy's decisions that may be without any logged example. */
    public static final double MOST_UNSUPPORTED = 0.001;

    /**
     * A number with its interval.
     *
     * @param value in the unit of the reward
     * @param interval percentile bootstrap, 95 %; where the estimate trades bias for variance, wider by the root of estimated
     *     squared error over variance
     */
    public record Estimate(double value, Interval interval) {}

    /**
     * The value of one policy.
     *
     * @param estimates by estimator
     * @param users rows
     * @param effectiveSampleSize rows that they are worth under the policy
     * @param largestWeight largest importance weight
     * @param unsupported mean probability of actions that were never taken, in [0, 1]
     */
    public record PolicyValue(
            Map<OffPolicyEstimator, Estimate> estimates,
            long users,
            double effectiveSampleSize,
            double largestWeight,
            double unsupported) {

        public PolicyValue {
            estimates = Map.copyOf(estimates);
        }

        /** The estimate that decisions are based on. */
        public Estimate doublyRobust() {
            return estimates.get(OffPolicyEstimator.DR);
        }
    }

    public OffPolicyEvaluation {
        values = List.copyOf(values);
        differences = List.copyOf(differences);
    }

    /**
     * Evaluates policies.
     *
     * @param blocks of rows, each with the sums of every policy in the same order; at least 2
     * @param direct the direct method's value of every policy, its reward model fitted anew to the rows of these blocks,
     *     of which some may come several times: else its interval would leave out how little the model knows
     * @param resamples of the bootstrap, 1,000 or more for an interval at 95 %
     * @throws Unsupported where the log cannot answer
     */
    public static OffPolicyEvaluation of(
            List<List<OffPolicySums>> blocks, Function<int[], double[]> direct, int resamples, long seed)
            throws Unsupported {
        if (blocks.size() < 2) {
            throw new Unsupported("%d blocks of logged users: an interval needs 2 or more".formatted(blocks.size()));
        }
        int policies = blocks.get(0).size();
        OffPolicySums[][] parts = new OffPolicySums[policies][blocks.size()];
        List<OffPolicySums> totals = new ArrayList<>();
        for (int policy = 0; policy < policies; policy++) {
            OffPolicySums total = OffPolicySums.EMPTY;
            for (int block = 0; block < blocks.size(); block++) {
                parts[policy][block] = blocks.get(block).get(policy);
                total = total.merge(parts[policy][block]);
            }
            requireSupport(total);
            totals.add(total);
        }
        double[] values = statistics(
                totals, direct.apply(IntStream.range(0, blocks.size()).toArray()));
        List<Interval> intervals = Bootstrap.ofEach(
                blocks.size(),
                chosen -> {
                    List<OffPolicySums> sums = new ArrayList<>();
                    for (OffPolicySums[] part : parts) {
                        sums.add(OffPolicySums.of(part, chosen));
                    }
                    return statistics(sums, direct.apply(chosen));
                },
                CONFIDENCE,
                resamples,
                seed);
        List<PolicyValue> results = new ArrayList<>();
        List<Estimate> differences = new ArrayList<>();
        int next = 0;
        for (OffPolicySums total : totals) {
            Map<OffPolicyEstimator, Estimate> estimates = new EnumMap<>(OffPolicyEstimator.class);
            for (OffPolicyEstimator estimator : OffPolicyEstimator.values()) {
                estimates.put(estimator, widened(values[next], intervals.get(next), estimator.widening(total)));
                next++;
            }
            differences.add(new Estimate(values[next], intervals.get(next)));
            next++;
            results.add(new PolicyValue(
                    estimates, total.n(), total.effectiveSampleSize(), total.largestWeight(), total.unsupported()));
        }
        return new OffPolicyEvaluation(results, differences);
    }

    private static Estimate widened(double value, Interval interval, double factor) {
        return new Estimate(
                value,
                new Interval(
                        interval.lower() - (factor - 1) * Math.max(0, value - interval.lower()),
                        interval.upper() + (factor - 1) * Math.max(0, interval.upper() - value)));
    }

    private static void requireSupport(OffPolicySums total) throws Unsupported {
        if (total.unsupported() > MOST_UNSUPPORTED) {
            throw new Unsupported(
                    ("%.1f %% of the policy's decisions are of a kind that was never logged (propensity 0), at most %.1f %%"
                                    + " are allowed: what they earn is unknown. Log with an exploration slice first")
                            .formatted(100 * total.unsupported(), 100 * MOST_UNSUPPORTED));
        }
        if (total.effectiveSampleSize() == 0) {
            throw new Unsupported("no logged user was given what the policy would give");
        }
    }

    /** Every estimator of every policy, and the difference of its doubly robust value from the first policy's. */
    private static double[] statistics(List<OffPolicySums> policies, double[] direct) {
        double[] statistics = new double[policies.size() * (OffPolicyEstimator.values().length + 1)];
        int next = 0;
        for (int policy = 0; policy < policies.size(); policy++) {
            OffPolicySums sums = policies.get(policy);
            for (OffPolicyEstimator estimator : OffPolicyEstimator.values()) {
                statistics[next++] = estimator == OffPolicyEstimator.DM ? direct[policy] : estimator.value(sums);
            }
            statistics[next++] = policies.get(0).corrected() - sums.corrected();
        }
        return statistics;
    }

    /** The logged users cannot tell what a policy would earn. */
    public static final class Unsupported extends Exception {
        private static final long serialVersionUID = 1;

        Unsupported(String message) {
            super(message);
        }
    }
}
