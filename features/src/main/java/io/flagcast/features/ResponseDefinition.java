package io.flagcast.features;

import java.time.Duration;
import java.util.Objects;

/**
 * What counts as a positive response to a feature.
 *
 * @param featureId the product feature
 * @param outcome name of the outcome
 * @param within the response is counted in {@code [exposed_at, exposed_at + within)}
 */
public record ResponseDefinition(String featureId, String outcome, Duration within) {

    public ResponseDefinition {
        Objects.requireNonNull(featureId, "featureId");
        Objects.requireNonNull(outcome, "outcome");
        if (within.isNegative() || within.isZero()) {
            throw new IllegalArgumentException("window " + within + " of feature '" + featureId + "' is not above 0");
        }
    }
}
