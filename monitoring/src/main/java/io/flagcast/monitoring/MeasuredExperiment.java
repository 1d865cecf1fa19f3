package io.flagcast.monitoring;

import io.flagcast.statistics.Metric;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What is measured of an experiment.
 *
 * @param experimentId the experiment
 * @param metrics its metrics
 * @param evidenceVersions per segment the parameters version with which its evidence begins; 0 where absent
 */
public record MeasuredExperiment(String experimentId, List<Metric> metrics, Map<String, Long> evidenceVersions) {

    public MeasuredExperiment {
        Objects.requireNonNull(experimentId, "experimentId");
        metrics = List.copyOf(metrics);
        evidenceVersions = Map.copyOf(evidenceVersions);
    }
}
