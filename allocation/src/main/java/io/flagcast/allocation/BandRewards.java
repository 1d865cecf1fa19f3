package io.flagcast.allocation;

import java.io.Serializable;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;

/**
 * Logged users of a band of scores: what their arms earned, and how many of them each evaluated policy would enable.
 *
 * @param arms rewards
 * @param enabled expected number of enabled users under each policy
 */
public record BandRewards(Arms arms, List<Double> enabled) implements Serializable {

    public BandRewards {
        Objects.requireNonNull(arms, "arms");
        enabled = List.copyOf(enabled);
    }

    /** The users of both. */
    public BandRewards merge(BandRewards other) {
        return new BandRewards(
                arms.merge(other.arms),
                IntStream.range(0, enabled.size())
                        .mapToObj(policy -> enabled.get(policy) + other.enabled.get(policy))
                        .toList());
    }
}
