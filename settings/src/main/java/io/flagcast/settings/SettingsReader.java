package io.flagcast.settings;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigResolveOptions;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import io.flagcast.settings.hocon.ConfFile;
import io.flagcast.settings.hocon.Configuration;
import io.flagcast.settings.hocon.Layers;
import io.flagcast.settings.hocon.Variables;
import io.flagcast.tables.ContentHash;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** Reads HOCON into {@link Settings}: {@code reference.conf} < file < environment < properties < {@code --set}. */
public final class SettingsReader {

    private static final String MAY_BE_EMPTY = "may-be-empty";
    private static final Pattern INPUT =
            Pattern.compile("users|events|exposures|outcomes|outcome .*\\S.*|exposure of .*\\S.*");

    private SettingsReader() {}

    /**
     * Reads and checks everything.
     *
     * @param file configuration file, where one is given
     * @param overrides {@code key=value} pairs
     * @param variables what {@code ${NAME}} stands for, overrides as CONFIG_FORCE_flagcast_lake_root, and properties
     * @throws Refusal with all problems at once, one a line
     */
    public static Settings read(Optional<ConfFile> file, List<String> overrides, Variables variables) {
        Configuration configuration = new Layers(file, overrides, variables).resolved();
        Problems problems = Problems.of(configuration);
        Block root = new Block(configuration.config(), Layers.ROOT, problems);
        try {
            KnownKeys.check(
                    root,
                    Layers.reference().resolve(ConfigResolveOptions.noSystem()).getObject(Layers.ROOT));
            Settings settings = settings(root, hash(configuration.shown()));
            problems.requireNone();
            return settings;
        } catch (ConfigException e) {
            throw misplaced(problems, e);
        }
    }

    /** The same with environment variables alone. */
    public static Settings read(Optional<Path> file, List<String> overrides, Map<String, String> environment) {
        return read(file.map(ConfFile::of), overrides, Variables.of(environment));
    }

    /** Reads only where the lake is with environment variables alone. */
    public static Settings.LakeSettings readLake(
            Optional<Path> file, List<String> overrides, Map<String, String> environment) {
        return readLake(file.map(ConfFile::of), overrides, Variables.of(environment));
    }

    /**
     * Reads only where the lake is, for commands that look at it: what the sources need, as an environment variable, may
     * be absent.
     */
    public static Settings.LakeSettings readLake(Optional<ConfFile> file, List<String> overrides, Variables variables) {
        Configuration configuration = new Layers(file, overrides, variables).resolvedAsFarAsPossible();
        Problems problems = Problems.of(configuration);
        Block lake = new Block(configuration.config(), Layers.ROOT, problems).inner("lake");
        try {
            Settings.LakeSettings settings = LakeReader.read(lake);
            problems.requireNone();
            return settings;
        } catch (ConfigException.NotResolved e) {
            throw new Refusal(
                    ExitCode.CONFIGURATION,
                    lake.path()
                            + " refers to something that is set nowhere: set it in the configuration or export it as an"
                            + " environment variable; flagcast validate names it",
                    e);
        } catch (ConfigException e) {
            throw misplaced(problems, e);
        }
    }

    /** A value where a group belongs, a group where a value belongs, or null. */
    private static Refusal misplaced(Problems problems, ConfigException e) {
        problems.add(e.getMessage() + ": see reference.conf");
        return problems.refusal(e);
    }

    private static Settings settings(Block root, String hash) {
        Block quality = root.inner("quality");
        return new Settings(
                LakeReader.read(root.inner("lake")),
                root.folder("experiments"),
                SourcesReader.read(root.inner("sources"), root.inner("users")),
                UsersReader.read(root.inner("users")),
                UsageReader.read(root.inner("usage"), root.inner("features")),
                FeaturesReader.read(root.inner("features")),
                FeaturesReader.families(root.inner("features")),
                TrainingReader.read(root.inner("training")),
                quality.oneOf("history", Settings.History.values()),
                quality.rate("max-quarantined"),
                quality.duration("stale-after"),
                quality.duration("publish-every"),
                mayBeEmpty(quality),
                AlertsReader.read(root.inner("alerts")),
                AlertsReader.lineage(root.inner("lineage")),
                SimulationReader.read(root.inner("simulation")),
                hash);
    }

    private static Set<String> mayBeEmpty(Block quality) {
        Set<String> names = new LinkedHashSet<>(quality.strings(MAY_BE_EMPTY));
        names.stream()
                .filter(name -> !INPUT.matcher(name).matches())
                .forEach(name -> quality.problem(
                        MAY_BE_EMPTY,
                        name,
                        "it must be users, events, exposures, outcomes, or a part, as \"outcome purchase\" or \"exposure of"
                                + " checkout\""));
        return names;
    }

    private static String hash(Config config) {
        // Where the lake is and who is told of alerts are no part of what a run computes; neither is a secret.
        String text = config.getConfig(Layers.ROOT)
                .withoutPath("lake.root")
                .withoutPath("alerts")
                .withoutPath("lineage")
                .withoutPath(Layers.CONF_DIR)
                .root()
                .render(ConfigRenderOptions.concise());
        return ContentHash.sha256(text);
    }
}
