package io.flagcast.jobs.commands.options;

import io.flagcast.experiments.Experiment;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Lake.Writing;
import io.flagcast.lake.LocalCopy;
import io.flagcast.lake.Session;
import io.flagcast.settings.ConfiguredExperiments;
import io.flagcast.settings.EffectiveSetting;
import io.flagcast.settings.Settings;
import io.flagcast.settings.SettingsReader;
import io.flagcast.settings.hocon.ConfFile;
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
                    "HOCON file: a path, an address as s3a://bucket/flagcast.conf, or the name of one of spark-submit's --files; see"
                            + " reference.conf for every setting. Below spark-submit it stands behind the jar: before it --conf"
                            + " is Spark's own.")
    private String file;

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "Overrides one setting, as --set flagcast.lake.root=/lake.")
    private List<String> overrides = new ArrayList<>();

    private final Surroundings surroundings;
    private Optional<ConfFile> read = Optional.empty();

    public ConfigurationOptions(Surroundings surroundings) {
        this.surroundings = Objects.requireNonNull(surroundings, "surroundings");
    }

    /** One in a store is copied once for all that is read of it. */
    private Optional<ConfFile> file() {
        if (read.isEmpty() && file != null) {
            if (LocalCopy.isInStore(file)) {
                surroundings.log().configure();
            }
            read = Optional.of(ConfFile.named(file, surroundings.variables()));
        }
        return read;
    }

    public Settings settings() {
        return SettingsReader.read(file(), overrides, surroundings.variables());
    }

    /** Everything that is configured, right or wrong, as it may be shown. */
    public List<EffectiveSetting> effective() {
        return EffectiveSetting.of(file(), overrides, surroundings.variables());
    }

    /** Only where the lake is, for commands that look at it. */
    public Settings.LakeSettings lake() {
        return SettingsReader.readLake(file(), overrides, surroundings.variables());
    }

    /** Does something in the configured lake, in a Spark session of its own. */
    public int onLake(Function<Lake, ExitCode> work) {
        return onLake(Writing.DONE, work);
    }

    /** The same where it changes something, or would. */
    public int onLake(ChangeOptions changes, Function<Lake, ExitCode> work) {
        int code = onLake(changes.writing(), work);
        changes.close();
        return code;
    }

    private int onLake(Writing writing, Function<Lake, ExitCode> work) {
        String root = lake().root();
        try (Session session = surroundings.session()) {
            return work.apply(new Lake(session.spark(), root, writing)).code();
        }
    }

    /** Experiments are part of the configuration. */
    public List<Experiment> experiments(Settings settings) {
        // Spark reads their expressions.
        surroundings.log().configure();
        return ConfiguredExperiments.read(settings);
    }
}
