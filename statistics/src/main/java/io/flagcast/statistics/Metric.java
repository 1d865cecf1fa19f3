package io.flagcast.statistics;

import java.io.Serializable;
import java.time.Duration;
import java.util.Objects;

/**
 * What is counted of every exposed user, from exposure for a fixed time, so that early and late users compare.
 *
 * @param name the metric's name in the experiment, not blank
 * @param kind share of users or mean over users
 * @param outcome the outcome that counts, as in {@code outcomes.outcome}, not blank
 * @param within length of the half-open window [exposed_at, exposed_at + within), above zero
 * @param direction which way is better
 */
public record Metric(String name, Kind kind, String outcome, Duration within, Direction direction)
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

    /** @throws IllegalArgumentException for a blank name or outcome, or a window that is not above zero */
    public Metric {
        requireText("name", name);
        Objects.requireNonNull(kind, "kind");
        requireText("outcome", outcome);
        Objects.requireNonNull(within, "within");
        Objects.requireNonNull(direction, "direction");
        if (within.isNegative() || within.isZero()) {
            throw new IllegalArgumentException(
                    "Metric " + name + ": within is " + within + ", the window must be longer than zero");
        }
    }

    private static void requireText(String component, String text) {
        if (Objects.requireNonNull(text, component).isBlank()) {
            throw new IllegalArgumentException("Metric: " + component + " is blank, it needs a name");
        }
    }
}
