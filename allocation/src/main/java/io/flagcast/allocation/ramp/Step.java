package io.flagcast.allocation.ramp;

import java.io.Serializable;
import java.time.Instant;
import java.util.Objects;

/**
 * A step of a ramp.
 *
 * @param from not before this instant; {@link #AT_ONCE} where it has no date
 * @param to what it raises to, in the unit of the ramp
 * @param until what has to be so before the next step is taken
 */
public record Step(Instant from, double to, Gate until) implements Serializable {

    /** The date of a step that has none. */
    public static final Instant AT_ONCE = Instant.MIN;

    public Step {
        Objects.requireNonNull(from, "from");
        Objects.requireNonNull(until, "until");
    }

    /** A step that is taken on its date, by nothing else. */
    public static Step on(Instant from, double to) {
        return new Step(from, to, Gate.OPEN);
    }

    public boolean isDated() {
        return !from.equals(AT_ONCE);
    }

    /** Whether its date, where it has one, has come. */
    public boolean isDue(Instant asOf) {
        return !from.isAfter(asOf);
    }
}
