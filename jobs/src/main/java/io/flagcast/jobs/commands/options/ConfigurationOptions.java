package io.flagcast.jobs.commands.options;

import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.settings.ConfiguredExperiments;
import io.flagcast.jobs.settings.Settings;
import io.flagcast.jobs.settings.SettingsReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** What every command is configured by. */
public final class ConfigurationOptions {

    @Option(names = "--conf", paramLabel = "FILE", description = "HOCON file; see reference.conf for every setting.")
    private Path file;

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "Overrides one setting, as --set flagcast.lake.root=/lake.")
    private List<String> overrides = new ArrayList<>();

    public Settings settings() {
        return SettingsReader.read(Optional.ofNullable(file), overrides);
    }

    /** Only where the lake is, for commands that look at it. */
    public Settings.LakeSettings lake() {
        return SettingsReader.readLake(Optional.ofNullable(file), overrides);
    }

    /** Experiments are part of the configuration. */
    public List<Experiment> experiments(Settings settings) {
        return ConfiguredExperiments.read(settings);
    }
}
