package io.flagcast.rules;

import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Moments;
import java.util.Objects;

/**
 * What was measured of one segment, population and metric since its evidence began.
 *
 * @param segment the segment
 * @param population its users
 * @param metric the metric
 * @param kind what the values are: a bound of a proportion and of a mean differ
 * @param values per-user values
 */
public record Observation(String segment, Rule.Population population, String metric, Metric.Kind kind, Moments values) {

    public Observation {
        Objects.requireNonNull(segment, "segment");
        Objects.requireNonNull(population, "population");
        Objects.requireNonNull(metric, "metric");
        Objects.requireNonNull(kind, "kind");
        Objects.requireNonNull(values, "values");
    }
}
