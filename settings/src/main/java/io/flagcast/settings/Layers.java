package io.flagcast.settings;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigResolveOptions;
import com.typesafe.config.ConfigSyntax;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Where configuration is said: {@code reference.conf} < file < environment < {@code --set}.
 *
 * @param file configuration file, where one is given
 * @param overrides {@code key=value} pairs
 * @param environment variables by name
 */
record Layers(Optional<Path> file, List<String> overrides, Map<String, String> environment) {

    /** The group of all settings. */
    static final String ROOT = "flagcast";

    /** Key for the folder of the configuration file, below {@link #ROOT}. */
    static final String CONF_DIR = "conf-dir";

    /** The defaults. */
    static Config reference() {
        return ConfigFactory.parseResources(Layers.class.getClassLoader(), "reference.conf");
    }

    /**
     * The configuration as one.
     *
     * @throws Refusal where a layer cannot be read, or names something that is nowhere said
     */
    Config resolved() {
        return resolved(ConfigResolveOptions.noSystem());
    }

    /** The same where what refers to something that is nowhere said stays open. */
    Config resolvedAsFarAsPossible() {
        return resolved(ConfigResolveOptions.noSystem().setAllowUnresolved(true));
    }

    private Config resolved(ConfigResolveOptions how) {
        try {
            Config declared = declared();
            return set().withFallback(Environment.overrides(environment))
                    .withFallback(declared)
                    .withFallback(ConfigFactory.parseMap(Map.of(ROOT + "." + CONF_DIR, folder().toString())))
                    .withFallback(reference())
                    .withFallback(Environment.variables(environment, ROOT))
                    .resolve(how);
        } catch (ConfigException.UnresolvedSubstitution e) {
            throw new Refusal(
                    ExitCode.CONFIGURATION,
                    e.getMessage() + ": set it in the configuration or export it as an environment variable",
                    e);
        } catch (ConfigException e) {
            throw new Refusal(ExitCode.CONFIGURATION, e.getMessage(), e);
        }
    }

    private Config declared() {
        if (file.isEmpty()) {
            return ConfigFactory.empty();
        }
        if (!Files.isRegularFile(file.get())) {
            throw new Refusal(ExitCode.CONFIGURATION, "--conf " + file.get() + ": there is no such file");
        }
        Config declared = ConfigFactory.parseFile(file.get().toFile());
        RepeatedKeys.refuse(file.get(), declared);
        return declared;
    }

    private Path folder() {
        return file.map(Path::toAbsolutePath).map(Path::getParent).orElse(Path.of("conf"));
    }

    private Config set() {
        Config set = ConfigFactory.empty();
        for (String pair : overrides) {
            if (!pair.contains("=")) {
                throw new Refusal(ExitCode.USAGE, "--set " + pair + ": write key=value");
            }
            set = ConfigFactory.parseString(
                            pair,
                            ConfigParseOptions.defaults()
                                    .setSyntax(ConfigSyntax.CONF)
                                    .setOriginDescription("--set " + pair))
                    .withFallback(set);
        }
        return set;
    }
}
