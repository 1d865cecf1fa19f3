package io.flagcast.jobs.run;

import io.flagcast.allocation.AllocationParameters;
import io.flagcast.allocation.Allocator;
import io.flagcast.experiments.Experiment;
import io.flagcast.settings.Settings;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * An experiment as a run decides it: with what rules, bandit and people have set.
 *
 * @param experiment the experiment
 * @param parameters what is in force
 * @param allocator both as one function
 */
public record Rollout(Experiment experiment, AllocationParameters parameters, Allocator allocator) {

    /**
     * Every experiment as a run with this as-of decides it.
     *
     * @param parameters by experiment; initial where absent
     */
    public static List<Rollout> of(
            List<Experiment> experiments,
            Map<String, AllocationParameters> parameters,
            Settings.LakeSettings lake,
            Instant asOf) {
        return experiments.stream()
                .map(experiment -> {
                    AllocationParameters own =
                            parameters.getOrDefault(experiment.experimentId(), AllocationParameters.INITIAL);
                    return new Rollout(experiment, own, experiment.allocator(lake.holdout(), own, asOf));
                })
                .toList();
    }

    public String experimentId() {
        return experiment.experimentId();
    }
}
