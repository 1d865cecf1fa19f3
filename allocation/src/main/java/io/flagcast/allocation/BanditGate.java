package io.flagcast.allocation;

import io.flagcast.allocation.BanditUpdate.Gate;
import io.flagcast.allocation.BanditUpdate.Gate.Verdict;
import io.flagcast.allocation.BanditUpdate.Step;
import io.flagcast.statistics.Metric.Direction;
import io.flagcast.statistics.WeightedMoments;
import java.util.List;
import org.apache.commons.math3.distribution.NormalDistribution;

/**
 * Judges the bold part of an update, that which leads away from {@link BanditLearner#START}: non-inferiority on the logged
 * users, by the Hájek means of each cell's arms (inverse propensity weighting, self-normalised within cells: A.
 * Swaminathan, T. Joachims, "The Self-Normalized Estimator for Counterfactual Learning", NIPS 2015) with the linearised
 * variance of those means ({@link WeightedMoments#variance}).
 */
final class BanditGate {

    private static final double ONE_SIDED_95 = new NormalDistribution(null, 0, 1).inverseCumulativeProbability(0.95);

    private BanditGate() {}

    /**
     * The gain of a fraction of all bold moves is that fraction of their gain, and so is its bound: the part that happens is
     * the largest whose bound is not below the limit.
     *
     * @param steps of the cells that evidence is of; those with fewer than two users in an arm say nothing
     */
    static Gate judge(List<Step> steps, Direction direction) {
        double users = 0;
        double incumbent = 0;
        double gain = 0;
        double variance = 0;
        double weights = 0;
        double squaredWeights = 0;
        for (Step step : steps) {
            WeightedMoments enabled = step.evidence().enabled();
            WeightedMoments control = step.evidence().control();
            if (enabled.variance().isEmpty() || control.variance().isEmpty()) {
                continue;
            }
            // The weights of either arm sum to the users of both, discounted by their age: twice the users, in every
            // cell alike.
            double n = enabled.w() + control.w();
            double difference = enabled.mean().orElseThrow() - control.mean().orElseThrow();
            users += n;
            incumbent += n * (control.mean().orElseThrow() + step.before() * difference);
            gain += n * step.bold() * difference;
            variance += Math.pow(n * step.bold(), 2)
                    * (enabled.variance().orElseThrow() + control.variance().orElseThrow());
            weights += step.after() * enabled.w() + (1 - step.after()) * control.w();
            squaredWeights +=
                    step.after() * step.after() * enabled.w2() + (1 - step.after()) * (1 - step.after()) * control.w2();
        }
        double mean = users > 0 ? incumbent / users : 0;
        if (steps.stream().allMatch(step -> step.bold() == 0)) {
            return new Gate(mean, 0, 0, 0, 0, 0, Verdict.NOTHING_TO_PROVE);
        }
        if (users == 0) {
            return new Gate(0, 0, 0, 0, 0, 0, Verdict.TOO_LITTLE_DATA);
        }
        double better = (direction == Direction.HIGHER_IS_BETTER ? gain : -gain) / users;
        double lowerBound = better - ONE_SIDED_95 * Math.sqrt(variance) / users;
        double limit = -BanditLearner.MARGIN * Math.abs(mean);
        double sample = weights * weights / squaredWeights;
        if (sample < BanditLearner.LEAST_SAMPLE) {
            return new Gate(mean, better, lowerBound, limit, sample, 0, Verdict.TOO_LITTLE_DATA);
        }
        return lowerBound >= limit
                ? new Gate(mean, better, lowerBound, limit, sample, 1, Verdict.PASSED)
                : new Gate(mean, better, lowerBound, limit, sample, limit / lowerBound, Verdict.INFERIOR);
    }
}
