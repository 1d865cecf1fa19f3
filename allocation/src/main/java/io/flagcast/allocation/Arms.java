package io.flagcast.allocation;

import io.flagcast.statistics.WeightedMoments;
import java.io.Serializable;
import java.util.Objects;

/**
 * Rewards of the users of a cell whose outcome window has closed, each weighted by the inverse of the logged probability of
 * the arm that the user was in: so what the bandit chose before does not bias what it learns from.
 *
 * @param enabled users who were enabled
 * @param control the others
 */
public record Arms(WeightedMoments enabled, WeightedMoments control) implements Serializable {

    public static final Arms EMPTY = new Arms(WeightedMoments.EMPTY, WeightedMoments.EMPTY);

    public Arms {
        Objects.requireNonNull(enabled, "enabled");
        Objects.requireNonNull(control, "control");
    }

    /** The users of both. */
    public Arms merge(Arms other) {
        return new Arms(enabled.merge(other.enabled), control.merge(other.control));
    }

    /** The same users, counted as a fraction in [0, 1]; nobody at 0. */
    public Arms discounted(double fraction) {
        return fraction == 0 ? EMPTY : new Arms(enabled.discounted(fraction), control.discounted(fraction));
    }

    /** Users. */
    public long n() {
        return enabled.n() + control.n();
    }
}
