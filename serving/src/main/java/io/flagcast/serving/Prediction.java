package io.flagcast.serving;

import java.util.Optional;
import java.util.OptionalDouble;

/**
 * How a user is expected to respond to a feature.
 *
 * @param score responsiveness score, 0 to 100, to 0.01; absent for a user or feature without one
 * @param uplift predicted change of the response (a probability, or the amount of a mean) when enabled, to 0.001, or where uplifts
 *     of the feature are beyond 16, to 1/16,000 of the largest; absent where the model gives none
 * @param affinity usage of the feature that is expected of the user, to 1/16,000 of the feature's largest, comparable between features;
 *     absent but for sources COLLABORATIVE and GROUP
 * @param noBenefit whether even the upper bound of the uplift is not above zero
 * @param source what the score rests on; absent where there is none
 */
public record Prediction(
        OptionalDouble score,
        OptionalDouble uplift,
        OptionalDouble affinity,
        boolean noBenefit,
        Optional<Source> source) {

    /** What a score rests on. */
    public enum Source {
        MODEL,
        COLLABORATIVE,
        GROUP,
        PRIOR;

        /** Whether it rests on usage, and gives an affinity in the place of an uplift. */
        boolean isOfUsage() {
            return this == COLLABORATIVE || this == GROUP;
        }
    }

    /** Of a user or feature that nothing is known of. */
    public static final Prediction NONE = new Prediction(
            OptionalDouble.empty(), OptionalDouble.empty(), OptionalDouble.empty(), false, Optional.empty());
}
