package io.flagcast.allocation;

import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.allocation.ramp.Level;
import java.time.Instant;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * One change of one segment, of one bandit cell or, with cell {@link Segments#ALL}, of the whole experiment.
 *
 * @param experimentId the experiment
 * @param version of the experiment's parameters
 * @param cell whose parameters change
 * @param share share of its segment from then on, in [0, 1]; 1 where the change is of the whole experiment
 * @param baseProbability learned base probability, in [0, 1], bandit only
 * @param activeTier active tier from then on, an empty one the file's own; whole experiment only
 * @param activity whether the experiment enables anybody from then on, whole experiment only
 * @param ramp what the ramp reaches from then on, an empty one that it has not begun; whole experiment only
 * @param restores earlier version that this version gives back
 * @param state what the bandit believes as JSON, bandit only
 * @param effectiveAsOf runs with a later as-of use it
 * @param origin who made it and why
 */
public record ParameterChange(
        String experimentId,
        long version,
        Cell cell,
        double share,
        OptionalDouble baseProbability,
        Optional<OptionalInt> activeTier,
        Optional<Activity> activity,
        Optional<Optional<Level>> ramp,
        OptionalLong restores,
        Optional<String> state,
        Instant effectiveAsOf,
        Origin origin) {

    /** What made a change. */
    public enum Cause {
        /** A rule fired. */
        RULE,
        /** What a rule had taken was given back, as the metric is sound again. */
        RECOVERY,
        BANDIT,
        /** A step of a gated ramp was taken. */
        RAMP,
        PERSON;

        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * Who made a change and why.
     *
     * @param cause who
     * @param ruleId the rule; rule and recovery only
     * @param decisionId the decision
     * @param decision the decision as JSON
     */
    public record Origin(Cause cause, Optional<String> ruleId, String decisionId, String decision) {
        public Origin {
            Objects.requireNonNull(cause, "cause");
            Objects.requireNonNull(ruleId, "ruleId");
            Objects.requireNonNull(decisionId, "decisionId");
            Objects.requireNonNull(decision, "decision");
        }

        /** Whether this rule made the change, by firing or by recovering. */
        public boolean isOf(String rule) {
            return ruleId.equals(Optional.of(rule));
        }
    }

    public ParameterChange {
        Objects.requireNonNull(experimentId, "experimentId");
        Objects.requireNonNull(cell, "cell");
        Objects.requireNonNull(ramp, "ramp");
        Objects.requireNonNull(effectiveAsOf, "effectiveAsOf");
        Objects.requireNonNull(origin, "origin");
    }

    /** Whether it is of the whole experiment: a tier, a step of a ramp or a pause. */
    public boolean isOfExperiment() {
        return cell.segment().equals(Segments.ALL);
    }
}
