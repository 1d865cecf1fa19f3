package io.flagcast.monitoring;

import io.flagcast.statistics.Metric;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * What is measured of an experiment.
 *
 * @param experimentId the experiment
 * @param metrics its metrics
 * @param prePeriod how long before the exposure the same outcomes count as a covariate; absent for none
 * @param evidenceVersions per segment the parameters version with which its evidence begins; 0 where absent
 */
public record MeasuredExperiment(
        String experimentId, List<Metric> metrics, Optional<Duration> prePeriod, Map<String, Long> evidenceVersions) {

    public MeasuredExperiment {
        Objects.requireNonNull(experimentId, "experimentId");
        metrics = List.copyOf(metrics);
        Objects.requireNonNull(prePeriod, "prePeriod");
        evidenceVersions = Map.copyOf(evidenceVersions);
    }

    /** Without a covariate. */
    public MeasuredExperiment(String experimentId, List<Metric> metrics, Map<String, Long> evidenceVersions) {
        this(experimentId, metrics, Optional.empty(), evidenceVersions);
    }

    /** The version with which the evidence of a segment begins. */
    long evidenceVersion(String segment) {
        return evidenceVersions.getOrDefault(segment, 0L);
    }
}
