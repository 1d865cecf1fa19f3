package io.flagcast.allocation;

import io.flagcast.statistics.Bootstrap;
import io.flagcast.statistics.EmpiricalLikelihood;
import io.flagcast.statistics.Interval;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * What policies would have earned on the same logged users, with intervals that are paired between the policies.
 *
 * <p>Users count in blocks: rows are assigned to blocks at random, as by a hash of the user, so that blocks are
 * exchangeable and a block's sums stand for its rows. Where an estimate is a ratio of sums its interval is that of empirical
 * likelihood, which follows the skewness of few heavy rows; else it is the percentile bootstrap's.
 *
 * @param values of every policy, in the order in which they were given
 */
public record OffPolicyEvaluation(List<PolicyValue> values) {

    /** Estimators that are no ratio of sums. */
    private static final List<OffPolicyEstimator> RESAMPLED =
            List.of(OffPolicyEstimator.DM, OffPolicyEstimator.SWITCH_DR, OffPolicyEstimator.DROS);

    /** Of the intervals, for both sides together. */
    public static final double CONFIDENCE = 0.95;

    /** Blocks that are enough for an interval, and few enough to be drawn a thousand times. */
    public static final int BLOCKS = 200;

    /** Blocks with a user who was given what the policy would give: with fewer a sample might have none. */
    private static final int LEAST_BLOCKS = 20;

    /**
     * Least effective sample size, in rows, of which anything is said. From here on intervals at 95 % cover, see
     * {@code HeavyRowsTest}; below it an estimate is that of a handful of rows.
     */
    public static final double LEAST_EFFECTIVE_SIZE = 50;

    /** Most of a policy's decisions that may be without any logged example. */
    public static final double MOST_UNSUPPORTED = 0.001;

    /**
     * A number with its interval.
     *
     * @param value in the unit of the reward
     * @param interval at 95 %. Empirical likelihood for IPS, SNIPS, DR and differences of DR, with room for rewards that happen
     *     not to show in a few heavy rows; percentile bootstrap for the others, which where the estimate trades bias for variance
     *     is wider by the root of estimated squared error over variance
     */
    public record Estimate(double value, Interval interval) {

        /** The same estimate with both sides of its interval longer by this factor, at least 1. */
        Estimate widened(double factor) {
            return new Estimate(
                    value,
                    new Interval(
                            interval.lower() - (factor - 1) * Math.max(0, value - interval.lower()),
                            interval.upper() + (factor - 1) * Math.max(0, interval.upper() - value)));
        }

        /** The same estimate with room for another independent error of this variance: errors add as squares. */
        Estimate withRoomFor(double variance) {
            double room = Interval.normal(0, Math.sqrt(variance), CONFIDENCE).upper();
            return new Estimate(
                    value,
                    new Interval(
                            value - Math.hypot(value - interval.lower(), room),
                            value + Math.hypot(interval.upper() - value, room)));
        }
    }

    /**
     * By how much a policy differs from the first one.
     *
     * @param estimate doubly robust value less that of the first policy
     * @param effectiveSampleSize rows that speak of the difference, see {@link OffPolicySums#effectiveDifference}
     */
    public record Difference(Estimate estimate, double effectiveSampleSize) {}

    /**
     * The value of one policy.
     *
     * @param estimates by estimator; empty where the log cannot answer
     * @param overFirst how it differs from the first policy; absent where the log cannot answer for both
     * @param refusal why the log cannot answer
     * @param users rows
     * @param effectiveSampleSize rows that they are worth under the policy
     * @param largestWeight largest importance weight
     * @param unsupported mean probability of actions that were never taken, in [0, 1]
     */
    public record PolicyValue(
            Map<OffPolicyEstimator, Estimate> estimates,
            Optional<Difference> overFirst,
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
     * @param blocks of rows, each with the sums of every policy in the same order; at least one. The sums of a policy after the
     *     first compare it with the first ({@link OffPolicySums#plus(LoggedReward, LoggedReward)})
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
        List<Estimate> resampled = IntStream.range(0, values.length)
                .mapToObj(i -> new Estimate(values[i], intervals.get(i)))
                .toList();
        boolean comparable = !answered.isEmpty() && answered.get(0).index() == 0;
        return new OffPolicyEvaluation(policies.stream()
                .map(policy -> {
                    int at = answered.indexOf(policy);
                    return at < 0
                            ? policy.unanswered()
                            : policy.value(
                                    resampled.subList(RESAMPLED.size() * at, RESAMPLED.size() * (at + 1)),
                                    comparable ? Optional.of(answered.get(0)) : Optional.empty());
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
            if (speaking < LEAST_BLOCKS) {
                return Optional.of(
                        "only %d of %d blocks of logged users have one who was given what it would give, needs %d"
                                .formatted(speaking, blocks.size(), LEAST_BLOCKS));
            }
            double size = total.effectiveSampleSize();
            double expected = total.expectedSampleSize();
            if (Math.min(size, expected) >= LEAST_EFFECTIVE_SIZE) {
                return Optional.empty();
            }
            return Optional.of(
                    ("the log of %,d users is worth %.1f of them%s (effective sample size), needs %.0f: few were given what it"
                                    + " would give, and they would stand for all. Log more users, or a larger exploration"
                                    + " slice")
                            .formatted(
                                    total.n(),
                                    Math.min(size, expected),
                                    expected < size ? " by its propensities" : "",
                                    LEAST_EFFECTIVE_SIZE));
        }

        PolicyValue unanswered() {
            return value(Map.of(), Optional.empty());
        }

        /**
         * Its estimates.
         *
         * @param resampled those by the bootstrap, in the order of {@link #RESAMPLED}
         * @param first the policy to compare with
         */
        PolicyValue value(List<Estimate> resampled, Optional<Policy> first) {
            Map<OffPolicyEstimator, Estimate> estimates = new EnumMap<>(OffPolicyEstimator.class);
            estimates.put(
                    OffPolicyEstimator.IPS,
                    ratio(OffPolicyEstimator.IPS, OffPolicySums::totalWeightedReward, OffPolicySums::n));
            estimates.put(
                    OffPolicyEstimator.SNIPS,
                    ratio(OffPolicyEstimator.SNIPS, OffPolicySums::totalWeightedReward, OffPolicySums::totalWeight));
            estimates.put(
                    OffPolicyEstimator.DR,
                    ratio(OffPolicyEstimator.DR, OffPolicySums::totalCorrected, OffPolicySums::n));
            for (int i = 0; i < resampled.size(); i++) {
                OffPolicyEstimator estimator = RESAMPLED.get(i);
                estimates.put(estimator, resampled.get(i).widened(estimator.widening(total)));
            }
            return value(estimates, first.map(this::over));
        }

        private PolicyValue value(Map<OffPolicyEstimator, Estimate> estimates, Optional<Difference> overFirst) {
            return new PolicyValue(
                    estimates,
                    overFirst,
                    refusal(),
                    total.n(),
                    total.effectiveSampleSize(),
                    total.largestWeight(),
                    total.unsupported());
        }

        private Estimate ratio(
                OffPolicyEstimator estimator,
                ToDoubleFunction<OffPolicySums> numerator,
                ToDoubleFunction<OffPolicySums> denominator) {
            return new Estimate(
                            estimator.value(total),
                            EmpiricalLikelihood.ratio(each(numerator), each(denominator), CONFIDENCE))
                    .withRoomFor(total.unseenVariance());
        }

        private double[] each(ToDoubleFunction<OffPolicySums> sum) {
            return blocks.stream().mapToDouble(sum).toArray();
        }

        private Difference over(Policy first) {
            double[] differences = each(OffPolicySums::totalCorrected);
            double[] others = first.each(OffPolicySums::totalCorrected);
            Arrays.setAll(differences, block -> differences[block] - others[block]);
            return new Difference(
                    new Estimate(
                                    total.corrected() - first.total().corrected(),
                                    EmpiricalLikelihood.ratio(differences, each(OffPolicySums::n), CONFIDENCE))
                            .withRoomFor(total.unseenVarianceOfDifference()),
                    total.effectiveDifference());
        }
    }

    /** Those of every policy that the bootstrap judges. */
    private static double[] statistics(List<Policy> policies, int[] chosen, Function<int[], double[]> direct) {
        double[] statistics = new double[policies.size() * RESAMPLED.size()];
        double[] directly = policies.isEmpty() ? new double[0] : direct.apply(chosen);
        int next = 0;
        for (Policy policy : policies) {
            OffPolicySums sums = OffPolicySums.of(policy.blocks(), chosen);
            for (OffPolicyEstimator estimator : RESAMPLED) {
                statistics[next++] =
                        estimator == OffPolicyEstimator.DM ? directly[policy.index()] : estimator.value(sums);
            }
        }
        return statistics;
    }
}
