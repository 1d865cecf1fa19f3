package io.flagcast.rules;

import java.util.List;
import java.util.Map;

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

    /**
     * The same, of which nothing is concluded from some metrics.
     *
     * @param unusable per metric, why
     */
    Measurements without(Map<String, String> unusable) {
        return unusable.isEmpty()
                ? this
                : new Measurements(
                        evidence.stream().map(day -> day.unlessIn(unusable)).toList(),
                        history.stream().map(day -> day.unlessIn(unusable)).toList());
    }
}
