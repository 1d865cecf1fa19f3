package io.flagcast.features;

import io.flagcast.statistics.Metric;
import java.time.Duration;
import java.util.Objects;

/**
 * What counts as a response to a feature.
 *
 * @param featureId the product feature
 * @param kind how the outcomes of a user become one number
 * @param outcome name of the outcome
 * @param within the response is counted in {@code [exposed_at, exposed_at + within)}
 */
public record ResponseDefinition(String featureId, Metric.Kind kind, String outcome, Duration within) {

    public ResponseDefinition {
        Objects.requireNonNull(featureId, "featureId");
        Objects.requireNonNull(kind, "kind");
        Objects.requireNonNull(outcome, "outcome");
        if (within.isNegative() || within.isZero()) {
            throw new IllegalArgumentException("window " + within + " of feature '" + featureId + "' is not above 0");
        }
    }
}
