package io.flagcast.delivery;

import io.flagcast.rules.alerts.AlertChange;
import java.time.Instant;

/**
 * What a receiver is told once: that one firing of an alert has begun, or that it is over.
 *
 * @param fingerprint the alert
 * @param startsAt which firing of it
 * @param state firing or resolved
 */
record Telling(String fingerprint, Instant startsAt, AlertChange.State state) {

    static Telling of(AlertChange change) {
        return new Telling(change.labels().fingerprint(), change.startsAt().orElseThrow(), change.state());
    }

    String key() {
        return "%s/%s/%s".formatted(fingerprint, startsAt, state.label());
    }
}
