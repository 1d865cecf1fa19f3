package io.flagcast.jobs.commands.options;

import io.flagcast.experiments.Experiment;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Session;
import io.flagcast.settings.ConfiguredExperiments;
import io.flagcast.settings.EffectiveSetting;
import io.flagcast.settings.Settings;
import io.flagcast.settings.SettingsReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import picocli.CommandLine.Option;

/** What every command is configured by. */
public final class ConfigurationOptions {

    @Option(
            names = {"--conf", "--config"},
            paramLabel = "FILE",
            description =
                    "HOCON file; see reference.conf for every setting. Below spark-submit it stands behind the jar:"
                            + " before it --conf is Spark's own.")
    private Path file;

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "Overrides one setting, as --set flagcast.lake.root=/lake.")
    private List<String> overrides = new ArrayList<>();

    private final Surroundings surroundings;

    public ConfigurationOptions(Surroundings surroundings) {
        this.surroundings = Objects.requireNonNull(surroundings, "surroundings");
    }

    public Settings settings() {
        return SettingsReader.read(Optional.ofNullable(file), overrides, surroundings.variables());
    }

    /** Everything that is configured, right or wrong, as it may be shown. */
    public List<EffectiveSetting> effective() {
        return EffectiveSetting.of(Optional.ofNullable(file), overrides, surroundings.variables());
    }

    /** Only where the lake is, for commands that look at it. */
    public Settings.LakeSettings lake() {
        return SettingsReader.readLake(Optional.ofNullable(file), overrides, surroundings.variables());
    }

    /** Does something in the configured lake, in a Spark session of its own. */
    public int onLake(Function<Lake, ExitCode> work) {
        String root = lake().root();
        try (Session session = surroundings.session()) {
            return work.apply(new Lake(session.spark(), root)).code();
        }
    }

    /** Experiments are part of the configuration. */
    public List<Experiment> experiments(Settings settings) {
        return ConfiguredExperiments.read(settings);
    }
}
