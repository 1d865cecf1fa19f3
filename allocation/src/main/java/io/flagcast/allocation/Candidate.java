package io.flagcast.allocation;

import java.util.Objects;
import java.util.OptionalDouble;

/**
 * A user before the decision.
 *
 * @param score responsiveness score, 0 to 100; absent without a score or with source prior
 * @param noBenefit whether even the upper bound of the uplift is not above zero
 * @param eligible whether the experiment's eligibility holds; true where it declares none
 */
public record Candidate(OptionalDouble score, boolean noBenefit, boolean eligible) {

    public Candidate {
        Objects.requireNonNull(score, "score");
        if (score.isPresent() && !(score.getAsDouble() >= 0 && score.getAsDouble() <= 100)) {
            throw new IllegalArgumentException("score " + score.getAsDouble() + " is outside [0, 100]");
        }
    }
}
