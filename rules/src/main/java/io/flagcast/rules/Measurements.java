package io.flagcast.rules;

import java.util.List;

/**
 * What the rules of one experiment look at.
 *
 * @param evidence users by their first exposure since the share of their segment last changed
 * @param history users by their first exposure ever, for baselines
 */
public record Measurements(List<Observation> evidence, List<Observation> history) {

    public Measurements {
        evidence = List.copyOf(evidence);
        history = List.copyOf(history);
    }
}
