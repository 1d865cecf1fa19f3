package io.flagcast.rules.alerts;

import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * A change of an alert's state. The newest of a label set says how it stands.
 *
 * @param labels the alert
 * @param annotations what was known of it then
 * @param state its state from then on
 * @param activeAt as-of of the first evaluation at which it held
 * @param startsAt as-of at which it fired, the same until it is resolved; absent where it has not
 * @param quietAt as-of since which it does not hold, while it is kept firing
 * @param endsAt as-of at which it was resolved
 * @param asOf instant of the evaluation
 */
public record AlertChange(
        Labels labels,
        Map<String, String> annotations,
        State state,
        Instant activeAt,
        Optional<Instant> startsAt,
        Optional<Instant> quietAt,
        Optional<Instant> endsAt,
        Instant asOf) {

    /** How an alert stands. */
    public enum State {
        /** It holds, but not for long enough yet. */
        PENDING,
        FIRING,
        RESOLVED,
        /** It ceased to hold before it fired: nobody was told. */
        INACTIVE;

        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public AlertChange {
        Objects.requireNonNull(labels, "labels");
        annotations = Map.copyOf(annotations);
        Objects.requireNonNull(state, "state");
        Objects.requireNonNull(activeAt, "activeAt");
        Objects.requireNonNull(asOf, "asOf");
        boolean fired = state == State.FIRING || state == State.RESOLVED;
        if (startsAt.isPresent() != fired
                || endsAt.isPresent() != (state == State.RESOLVED)
                || (quietAt.isPresent() && state != State.FIRING)) {
            throw new IllegalArgumentException(
                    "alert %s is %s with starts_at %s, quiet_at %s and ends_at %s, which do not go together"
                            .formatted(labels.title(), state.label(), startsAt, quietAt, endsAt));
        }
    }

    public boolean isOpen() {
        return state == State.PENDING || state == State.FIRING;
    }

    public boolean isFiring() {
        return state == State.FIRING;
    }

    /** What an annotation lists a line each, as {@link Watch#TOUCHES}; nothing where it is absent. */
    public List<String> listed(String annotation) {
        return Optional.ofNullable(annotations.get(annotation)).stream()
                .flatMap(String::lines)
                .toList();
    }

    /** Whether it is an experiment's, or of a feed that the experiment needs. */
    public boolean concerns(String experimentId) {
        return labels.experimentId().equals(experimentId)
                || listed(Watch.TOUCHES).stream().anyMatch(line -> line.startsWith(experimentId + ": "));
    }

    static AlertChange pending(Signal signal, Instant asOf) {
        return new AlertChange(
                signal.labels(),
                signal.annotations(),
                State.PENDING,
                asOf,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                asOf);
    }

    static AlertChange fires(Signal signal, Instant activeAt, Instant asOf) {
        return new AlertChange(
                signal.labels(),
                signal.annotations(),
                State.FIRING,
                activeAt,
                Optional.of(asOf),
                Optional.empty(),
                Optional.empty(),
                asOf);
    }

    /** It goes on firing: since {@code quiet} only because it is kept, or because it holds again. */
    AlertChange goesOn(Map<String, String> why, Optional<Instant> quiet, Instant at) {
        return new AlertChange(labels, why, State.FIRING, activeAt, startsAt, quiet, Optional.empty(), at);
    }

    /** It is over: resolved where it fired, inactive where it was pending. */
    AlertChange ends(Map<String, String> why, Instant at) {
        return isFiring()
                ? new AlertChange(
                        labels, why, State.RESOLVED, activeAt, startsAt, Optional.empty(), Optional.of(at), at)
                : new AlertChange(
                        labels, why, State.INACTIVE, activeAt, startsAt, Optional.empty(), Optional.empty(), at);
    }
}
