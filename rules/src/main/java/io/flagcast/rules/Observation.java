package io.flagcast.rules;

import io.flagcast.rules.Condition.Population;
import io.flagcast.statistics.Moments;
import io.flagcast.statistics.WeightedMoments;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;

/**
 * What was measured of one segment, arm and metric over the users whose outcome windows closed on one day.
 *
 * @param segment the segment, or all
 * @param population its users: enabled or control, as everyone is both
 * @param metric the metric
 * @param day start of the day, UTC
 * @param values per-user values
 * @param weighted the same weighted by the inverse of the propensity, over users with a propensity between 0 and 1
 * @param problem why the values are unusable, as an infinite sum; nothing is concluded from them
 */
public record Observation(
        String segment,
        Population population,
        String metric,
        Instant day,
        Moments values,
        WeightedMoments weighted,
        Optional<String> problem) {

    public Observation {
        Objects.requireNonNull(segment, "segment");
        Objects.requireNonNull(metric, "metric");
        Objects.requireNonNull(day, "day");
        Objects.requireNonNull(values, "values");
        Objects.requireNonNull(weighted, "weighted");
        Objects.requireNonNull(problem, "problem");
        if (population == Population.EVERYONE) {
            throw new IllegalArgumentException("everyone is not measured on its own: enabled and control add up to it");
        }
    }
}
