package io.flagcast.jobs;

import io.flagcast.experiments.Experiment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** What every command is configured by. */
final class ConfigurationOptions {

    @Option(names = "--conf", paramLabel = "FILE", description = "HOCON file; see reference.conf for every setting.")
    private Path file;

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "Overrides one setting, as --set flagcast.lake.root=/lake.")
    private List<String> overrides = new ArrayList<>();

    Settings settings() {
        return SettingsReader.read(Optional.ofNullable(file), overrides);
    }

    /** Only where the lake is, for commands that look at it. */
    Settings.LakeSettings lake() {
        return SettingsReader.readLake(Optional.ofNullable(file), overrides);
    }

    /**
     * The experiment that an option names.
     *
     * @throws Refusal where it is not configured
     */
    static Experiment named(List<Experiment> experiments, String option, String experimentId) {
        return experiments.stream()
                .filter(experiment -> experiment.experimentId().equals(experimentId))
                .findFirst()
                .orElseThrow(() -> new Refusal(
                        ExitCode.USAGE,
                        "%s %s: no such experiment; there are %s"
                                .formatted(
                                        option,
                                        experimentId,
                                        experiments.stream()
                                                .map(Experiment::experimentId)
                                                .toList())));
    }

    /** Experiments are part of the configuration. */
    List<Experiment> experiments(Settings settings) {
        return Pipeline.experiments(settings);
    }
}
