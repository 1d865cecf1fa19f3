package io.flagcast.allocation;

import io.flagcast.statistics.posterior.Comparison;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * What one update of a bandit proposes, and how much of it may happen.
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
     * @param after base probability proposed: the target, or as far towards it as one step goes; {@code before} where it is
     *     kept
     * @param reason why, in a sentence
     */
    public record Step(
            Cell cell,
            Arms evidence,
            Optional<Comparison> belief,
            double target,
            double before,
            double after,
            String reason) {

        /**
         * Where the step gets without proof: the probability between before and after that is nearest to
         * {@link BanditLearner#START}.
         */
        double cautious() {
            return Math.max(Math.min(before, after), Math.min(Math.max(before, after), BanditLearner.START));
        }

        /** How far it goes from there, away from {@link BanditLearner#START}, which needs proof; below 0 downwards. */
        double bold() {
            return after - cautious();
        }

        /** What is left of it where a part of the bold moves happens, in [0, 1]. */
        Step reaching(double part) {
            if (part == 1 || bold() == 0) {
                return this;
            }
            double reached = cautious() + part * bold();
            return new Step(
                    cell,
                    evidence,
                    belief,
                    target,
                    before,
                    reached,
                    "%s; the gate lets it reach %.3f of %.3f".formatted(reason, reached, after));
        }
    }

    /**
     * Non-inferiority of the bold moves, those away from {@link BanditLearner#START}: the mean reward per user that they
     * would have added on the logged users. What leads towards it is not judged.
     *
     * @param incumbent estimated mean reward under the probabilities in force
     * @param gain of all bold moves, above 0 the better whatever the direction of the metric
     * @param lowerBound one-sided 95 % lower bound of the gain
     * @param limit the least that the bound may be, at most 0
     * @param effectiveSampleSize users that the logged ones are worth under the proposal
     * @param part fraction of every bold move that happens, in [0, 1]: the largest whose bound is not below the limit
     * @param verdict what came of it
     */
    public record Gate(
            double incumbent,
            double gain,
            double lowerBound,
            double limit,
            double effectiveSampleSize,
            double part,
            Verdict verdict) {

        /** What came of the comparison. */
        public enum Verdict {
            /** Not worse by more than the limit. */
            PASSED,
            /** All of it may be worse by more: a part of it happens. */
            INFERIOR,
            /** Too few users for any answer. */
            TOO_LITTLE_DATA,
            /** No cell moves away from {@link BanditLearner#START}. */
            NOTHING_TO_PROVE
        }
    }

    public BanditUpdate {
        steps = List.copyOf(steps);
        Objects.requireNonNull(gate, "gate");
    }

    /** The steps that happen, those that move: all of what is cautious, and of what is bold as much as the gate lets. */
    public List<Step> changes() {
        return steps.stream()
                .map(step -> step.reaching(gate.part()))
                .filter(step -> step.after() != step.before())
                .toList();
    }
}
