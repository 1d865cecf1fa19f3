package io.flagcast.rules.alerts;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * What one evaluation says of one alert.
 *
 * @param labels the alert
 * @param annotations what a person wants to know of it: values, sentences, where to read on
 * @param state whether it holds
 * @param pendingFor how long it has to hold before it fires
 * @param keepFiringFor how long it goes on firing after it has ceased to hold
 * @param toldSince where another alert tells of it (see {@link Inhibition}), since when: an alert that has begun after it is
 *     over with that, one from before goes on, and none begins
 */
public record Signal(
        Labels labels,
        Map<String, String> annotations,
        State state,
        Duration pendingFor,
        Duration keepFiringFor,
        Optional<Instant> toldSince) {

    /** What the data say. */
    public enum State {
        HOLDS,
        CLEAR,
        /** Too little data to say: nothing fires and nothing is resolved. */
        UNKNOWN
    }

    public Signal {
        Objects.requireNonNull(labels, "labels");
        annotations = Map.copyOf(annotations);
        Objects.requireNonNull(state, "state");
        Objects.requireNonNull(pendingFor, "pendingFor");
        Objects.requireNonNull(keepFiringFor, "keepFiringFor");
        Objects.requireNonNull(toldSince, "toldSince");
    }
}
