package io.flagcast.settings;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigResolveOptions;
import com.typesafe.config.ConfigSyntax;
import com.typesafe.config.ConfigUtil;
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

    private static final String QUOTED =
            "the value cannot be read: a text with : or // or the like stands in double quotes,"
                    + " and those in single ones for the shell, as --set 'flagcast.lake.root=\"s3a://bucket/lake\"'";

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
            return set(declared)
                    .withFallback(Environment.overrides(environment))
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

    private Config set(Config declared) {
        Config set = ConfigFactory.empty();
        for (String pair : overrides) {
            set = set(pair, declared).withFallback(set);
        }
        return set;
    }

    private static Config set(String pair, Config declared) {
        int equals = pair.indexOf('=');
        String key = equals < 0
                ? ""
                : pair.substring(0, equals).replaceFirst("\\+$", "").strip();
        String value = pair.substring(equals + 1).strip();
        if (key.isEmpty() || value.isEmpty()) {
            throw unset(pair, "write key=value, as flagcast.lake.root=/lake; an empty text is two double quotes");
        }
        Config one;
        try {
            String group = ConfigUtil.splitPath(key).get(0);
            if (!group.equals(ROOT) && !isNamed(group, declared)) {
                throw unset(pair, "every key begins with flagcast, as flagcast.lake.root");
            }
            one = ConfigFactory.parseString(
                    pair,
                    ConfigParseOptions.defaults().setSyntax(ConfigSyntax.CONF).setOriginDescription("--set " + pair));
        } catch (ConfigException.BadPath e) {
            throw unset(pair, "'" + key + "' is no key; write it as flagcast.lake.root");
        } catch (ConfigException e) {
            throw unset(pair, QUOTED);
        }
        // A comment ends a value, and a comma begins another key.
        boolean isCut = !value.contains("\"") && (value.contains("//") || value.contains("#"));
        if (isCut || one.root().size() > 1) {
            throw unset(pair, QUOTED);
        }
        return one;
    }

    /** Whether the file says it, for its own use, or asks for it. */
    private static boolean isNamed(String group, Config declared) {
        String text = declared.root().render(ConfigRenderOptions.concise());
        return declared.root().containsKey(group) || text.contains("${" + group) || text.contains("${?" + group);
    }

    private static Refusal unset(String pair, String remedy) {
        return new Refusal(ExitCode.USAGE, "--set " + pair + ": " + remedy);
    }
}
