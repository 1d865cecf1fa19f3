package io.flagcast.allocation;

import io.flagcast.statistics.BetaPosterior;
import io.flagcast.statistics.Moments;
import java.io.Serializable;

/**
 * Thompson sampling in batches: a segment's base probability moves towards the probability that enabling is better than
 * not enabling under Beta posteriors (Russo and others, A Tutorial on Thompson Sampling, 2018, section 3), computed by
 * quadrature instead of sampling, so that a run can be repeated.
 *
 * @param floor probability in [0, 0.5] that each arm keeps for exploration: target = floor + (1 - 2 floor) P(better)
 * @param maxStep most that one update moves the probability, in (0, 1]
 * @param minUsers users that each arm needs before anything moves
 */
public record ThompsonSampling(double floor, double maxStep, long minUsers) implements Serializable {

    /** Base probability before anything is learned. */
    public static final double START = 0.5;

    public ThompsonSampling {
        if (!(floor >= 0 && floor <= 0.5)) {
            throw new IllegalArgumentException("bandit floor " + floor + " is outside [0, 0.5]");
        }
        if (!(maxStep > 0 && maxStep <= 1)) {
            throw new IllegalArgumentException("bandit max_step " + maxStep + " is outside (0, 1]");
        }
        if (minUsers < 1) {
            throw new IllegalArgumentException("bandit min_users " + minUsers + " is below 1");
        }
    }

    /**
     * The next base probability.
     *
     * @param current probability in force
     * @param enabled rewards in {0, 1} of the enabled users of the segment
     * @param control rewards in {0, 1} of the others
     * @return the same probability where an arm has fewer than {@code minUsers}
     */
    public double next(double current, Moments enabled, Moments control) {
        if (enabled.n() < minUsers || control.n() < minUsers) {
            return current;
        }
        double target = floor + (1 - 2 * floor) * probabilityBetter(enabled, control);
        return current + Math.max(-maxStep, Math.min(maxStep, target - current));
    }

    /** Posterior probability that the enabled arm's rate is the greater one. */
    public static double probabilityBetter(Moments enabled, Moments control) {
        return posterior(enabled).probabilityGreaterThan(posterior(control));
    }

    private static BetaPosterior posterior(Moments rewards) {
        return BetaPosterior.of(rewards.sum(), rewards.n() - rewards.sum());
    }
}
