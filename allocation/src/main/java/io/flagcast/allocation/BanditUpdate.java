package io.flagcast.allocation;

import io.flagcast.statistics.posterior.Comparison;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * What one update of a bandit proposes, and whether it may happen.
 *
 * @param steps one per cell, in the order of the cells
 * @param gate the comparison of what is proposed with what is in force
 */
public record BanditUpdate(List<Step> steps, Gate gate) {

    /**
     * The proposal for one cell.
     *
     * @param cell the cell
     * @param evidence its rewards, discounted by their age
     * @param belief the enabled arm (first) and the control arm (second); absent with too little data
     * @param target base probability that the belief asks for; {@code before} where there is none
     * @param before base probability in force
     * @param after base probability proposed: the target, or as far towards it as one step goes
     * @param reason why, in a sentence
     */
    public record Step(
            Cell cell,
            Arms evidence,
            Optional<Comparison> belief,
            double target,
            double before,
            double after,
            String reason) {}

    /**
     * Non-inferiority of the proposal: the mean reward per user that it would have had on the logged users less that of
     * the probabilities in force, by the Hájek means of each cell's arms (inverse propensity weighting, self-normalised
     * within cells: A. Swaminathan, T. Joachims, "The Self-Normalized Estimator for Counterfactual Learning", NIPS 2015),
     * with the linearised variance of those means.
     *
     * @param incumbent estimated mean reward under the probabilities in force
     * @param gain proposed minus in force, above 0 the better whatever the direction of the metric
     * @param lowerBound one-sided 95 % lower bound of the gain
     * @param limit the least that the bound may be, at most 0
     * @param effectiveSampleSize users that the logged ones are worth under the proposal
     * @param verdict what came of it
     */
    public record Gate(
            double incumbent,
            double gain,
            double lowerBound,
            double limit,
            double effectiveSampleSize,
            Verdict verdict) {

        /** What came of the comparison. */
        public enum Verdict {
            /** Not worse by more than the limit. */
            PASSED,
            /** It may be worse by more. */
            INFERIOR,
            /** Too few users for any answer. */
            TOO_LITTLE_DATA,
            /** No cell moves. */
            NOTHING_TO_DO
        }
    }

    public BanditUpdate {
        steps = List.copyOf(steps);
        Objects.requireNonNull(gate, "gate");
    }

    /** The steps that happen: those that move, where the gate lets them. */
    public List<Step> changes() {
        return gate.verdict() == Gate.Verdict.PASSED
                ? steps.stream().filter(step -> step.after() != step.before()).toList()
                : List.of();
    }
}
