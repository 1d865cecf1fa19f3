package io.flagcast.allocation;

import java.util.Objects;
import java.util.OptionalDouble;

/**
 * A user before the decision.
 *
 * @param score responsiveness score, 0 to 100; absent without a score or with source prior
 * @param noBenefit whether even the upper bound of the uplift is not above zero, or is not worth what enabling the user costs
 * @param eligible whether the experiment's eligibility holds; true where it declares none
 * @param context values of the experiment's context columns, as in {@link Cell#context}; empty where it has none
 * @param pays whether it is shown that users like this one gain more than enabling this one costs
 */
public record Candidate(OptionalDouble score, boolean noBenefit, boolean eligible, String context, boolean pays) {

    /** A user of an experiment that does not ask what pays. */
    public Candidate(OptionalDouble score, boolean noBenefit, boolean eligible, String context) {
        this(score, noBenefit, eligible, context, false);
    }

    public Candidate {
        Objects.requireNonNull(score, "score");
        Objects.requireNonNull(context, "context");
        if (score.isPresent() && !(score.getAsDouble() >= 0 && score.getAsDouble() <= 100)) {
            throw new IllegalArgumentException("score " + score.getAsDouble() + " is outside [0, 100]");
        }
    }
}
