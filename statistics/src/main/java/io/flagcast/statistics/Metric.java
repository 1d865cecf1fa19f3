package io.flagcast.statistics;

import java.io.Serializable;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

/**
 * What is counted of every exposed user, from exposure for a fixed time, so that early and late users compare.
 *
 * @param name the metric's name in the experiment, not blank
 * @param kind share of users or mean over users
 * @param outcome the outcome that counts, as in {@code outcomes.outcome}, not blank
 * @param within length of the half-open window [exposed_at, exposed_at + within), above zero
 * @param direction which way is better
 * @param settle how long after its window a user's outcomes are in, not negative; absent where the data tell
 */
public record Metric(
        String name, Kind kind, String outcome, Duration within, Direction direction, Optional<Duration> settle)
        implements Serializable {

    /** How the outcomes of a user's window become one number, and the numbers of all users another. */
    public enum Kind {
        /** Share of the exposed users with at least one such outcome in their window, in [0, 1]. */
        PROPORTION,
        /** Mean over the exposed users of the sum of the outcome's value in their window, 0 for a user without any. */
        MEAN
    }

    /** Which way of the metric is the good one. */
    public enum Direction {
        /** A rise is good, as of a conversion rate. */
        HIGHER_IS_BETTER,
        /** A fall is good, as of an error rate. */
        LOWER_IS_BETTER
    }

    /**
     * @throws IllegalArgumentException for a blank name or outcome, a window that is not above zero, or a settling time below
     *     it
     */
    public Metric {
        requireText("name", name);
        Objects.requireNonNull(kind, "kind");
        requireText("outcome", outcome);
        Objects.requireNonNull(within, "within");
        Objects.requireNonNull(direction, "direction");
        Objects.requireNonNull(settle, "settle");
        if (within.isNegative() || within.isZero()) {
            throw new IllegalArgumentException(
                    "Metric " + name + ": within is " + within + ", the window must be longer than zero");
        }
        if (settle.isPresent() && settle.get().isNegative()) {
            throw new IllegalArgumentException(
                    "Metric " + name + ": settle is " + settle.get() + ", it must not be negative");
        }
    }

    /** A metric whose outcomes are in when the data say so. */
    public Metric(String name, Kind kind, String outcome, Duration within, Direction direction) {
        this(name, kind, outcome, within, direction, Optional.empty());
    }

    private static void requireText(String component, String text) {
        if (Objects.requireNonNull(text, component).isBlank()) {
            throw new IllegalArgumentException("Metric: " + component + " is blank, it needs a name");
        }
    }
}
