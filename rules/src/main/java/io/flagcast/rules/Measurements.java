package io.flagcast.rules;

import java.util.List;

/**
 * What the rules of one experiment look at.
 *
 * @param evidence users of each day since the share of their segment last changed
 * @param history users of each day, for baselines
 */
public record Measurements(List<Observation> evidence, List<Observation> history) {

    public Measurements {
        evidence = List.copyOf(evidence);
        history = List.copyOf(history);
    }
}
