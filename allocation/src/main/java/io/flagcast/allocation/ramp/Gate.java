package io.flagcast.allocation.ramp;

import java.io.Serializable;
import java.time.Duration;
import java.util.Objects;

/**
 * What has to be so before a ramp leaves a step.
 *
 * @param minUsers users who have met the experiment with the feature since the step began; 0 where it does not matter
 * @param quiet for how long no rule may have fired, since the step began; zero where it does not matter
 */
public record Gate(long minUsers, Duration quiet) implements Serializable {

    /** Nothing has to be so. */
    public static final Gate OPEN = new Gate(0, Duration.ZERO);

    public Gate {
        Objects.requireNonNull(quiet, "quiet");
        if (minUsers < 0) {
            throw new IllegalArgumentException("min_users " + minUsers + " is below 0");
        }
        if (quiet.isNegative()) {
            throw new IllegalArgumentException("no_rule_fired " + quiet + " is negative");
        }
    }

    public boolean isOpen() {
        return equals(OPEN);
    }
}
