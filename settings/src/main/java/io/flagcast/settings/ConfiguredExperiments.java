package io.flagcast.settings;

import io.flagcast.experiments.Experiment;
import io.flagcast.experiments.ExperimentFiles;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import io.flagcast.tables.Ids;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The experiment files, read and checked against the other settings. */
public final class ConfiguredExperiments {

    private ConfiguredExperiments() {}

    /**
     * Reads the experiment files and checks them against the configured features, and their eligibility.
     *
     * @throws Refusal with all problems at once
     */
    public static List<Experiment> read(Settings settings) {
        return read(settings, List.of());
    }

    /** The same with edited files in place of those with their experiment_id. */
    public static List<Experiment> read(Settings settings, List<Path> edited) {
        List<Experiment> experiments = ExperimentFiles.read(Path.of(settings.experiments()), edited);
        Stream<String> features = experiments.stream()
                .filter(experiment ->
                        settings.declaration(experiment.featureId()).isEmpty())
                .map(experiment -> undeclared(experiment, settings));
        List<String> problems = Stream.concat(
                        features, experiments.stream().flatMap(experiment -> Eligibility.problem(experiment).stream()))
                .toList();
        if (!problems.isEmpty()) {
            throw new Refusal(ExitCode.CONFIGURATION, String.join("\n", problems));
        }
        return experiments;
    }

    private static String undeclared(Experiment experiment, Settings settings) {
        String featureId = experiment.featureId();
        return settings.families().containsKey(featureId)
                ? "%s: feature_id '%s' is a family of features: name one of them"
                        .formatted(experiment.file(), featureId)
                : "%s: feature_id '%s' is not configured: add flagcast.features.%s, or name one of %s"
                        .formatted(experiment.file(), featureId, featureId, Ids.few(settings.declarations()));
    }

    /**
     * The experiment that an option names.
     *
     * @throws Refusal where it is not configured
     */
    public static Experiment named(List<Experiment> experiments, String option, String experimentId) {
        return experiments.stream()
                .filter(experiment -> experiment.experimentId().equals(experimentId))
                .findFirst()
                .orElseThrow(() -> new Refusal(
                        ExitCode.USAGE,
                        "%s %s: no such experiment; there are %s"
                                .formatted(
                                        option,
                                        experimentId,
                                        Ids.few(experiments.stream()
                                                .map(Experiment::experimentId)
                                                .toList()))));
    }

    /** Propensities are clipped at a hundredth, or at a quarter of the exploration slice where that is smaller. */
    public static double leastPropensity(List<Experiment> experiments, String featureId) {
        return experiments.stream()
                .filter(experiment -> experiment.featureId().equals(featureId))
                .mapToDouble(experiment -> experiment.exploration() / 4)
                .filter(part -> part > 0)
                .reduce(0.01, Math::min);
    }
}
