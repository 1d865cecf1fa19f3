package io.flagcast.settings.hocon;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigResolveOptions;
import com.typesafe.config.ConfigUtil;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import io.flagcast.lake.Secrets;
import io.flagcast.settings.hocon.ConfigurationFile.Read;
import io.flagcast.settings.hocon.Outline.Within;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Where configuration is said: {@code reference.conf} < file < environment < Java properties < {@code --set}.
 *
 * @param file configuration file, where one is given
 * @param overrides {@code key=value} pairs
 * @param variables of the process
 */
public record Layers(Optional<ConfFile> file, List<String> overrides, Variables variables) {

    /** The group of all settings. */
    public static final String ROOT = "flagcast";

    private static final String QUOTED =
            "the value cannot be read: a text with : or // or the like stands in double quotes,"
                    + " and those in single ones for the shell, as --set 'flagcast.lake.root=\"s3a://bucket/lake\"'";

    /** Characters of an option that is shown with its value. */
    private static final int LONGEST = 120;

    /** Key for the folder of the configuration file, below {@link #ROOT}. */
    public static final String CONF_DIR = "conf-dir";

    /** The defaults. */
    public static Config reference() {
        return ConfigFactory.parseResources(Layers.class.getClassLoader(), "reference.conf");
    }

    /**
     * The configuration as one.
     *
     * @throws Refusal where a layer cannot be read, is out of bounds, or names something that is nowhere said
     */
    public Configuration resolved() {
        try {
            Said said = said();
            Config whole = said.whole(variables).resolve(ConfigResolveOptions.noSystem());
            return SecretSettings.filled(whole, written(said));
        } catch (ConfigException.UnresolvedSubstitution e) {
            String remedy = e.getMessage().contains("cycle")
                    ? ": write one of the values itself"
                    : ": set it in the configuration or export it as an environment variable";
            throw new Refusal(ExitCode.CONFIGURATION, e.getMessage() + remedy, e);
        } catch (ConfigException e) {
            throw Text.refusal(e);
        }
    }

    /** The same where what refers to something that is nowhere said stays open, and secret files are not read. */
    public Configuration resolvedAsFarAsPossible() {
        try {
            Said said = said();
            return SecretSettings.known(asFarAsPossible(said.whole(variables)), written(said));
        } catch (ConfigException e) {
            throw Text.refusal(e);
        }
    }

    private static Config asFarAsPossible(Config config) {
        return config.resolve(ConfigResolveOptions.noSystem().setAllowUnresolved(true));
    }

    /**
     * What people write.
     *
     * @param set on the command line
     * @param declared in the file and what it includes
     * @param folder of the file
     * @param texts all of that
     */
    private record Said(Config set, Config declared, Config folder, List<Text> texts) {

        /** Together with what is there anyway. */
        Config whole(Variables variables) {
            Config named = Environment.variables(variables.environment(), ROOT);
            Config whole = set.withFallback(Environment.properties(variables.properties(), reference()))
                    .withFallback(Environment.overrides(variables.environment()))
                    .withFallback(declared)
                    .withFallback(folder)
                    .withFallback(reference());
            Expansion.require(whole, named);
            return whole.withFallback(named);
        }
    }

    private Said said() {
        Read read = new Read(Bounds.strict(), new ArrayList<>());
        Config declared = file.map(conf -> ConfigurationFile.read(conf, read)).orElse(ConfigFactory.empty());
        return new Said(
                set(read, declared),
                declared,
                ConfigFactory.parseMap(Map.of(ROOT + "." + CONF_DIR, folder())),
                read.texts());
    }

    /** Problems with secrets in what people write, be it overridden or be it named from elsewhere. */
    private List<String> written(Said said) {
        Variables empty = variables.emptied();
        Config written = said.set().withFallback(said.declared());
        Config alone = asFarAsPossible(written.withFallback(said.folder())
                .withFallback(Environment.properties(empty.properties(), reference()))
                .withFallback(Environment.overrides(empty.environment()))
                .withFallback(reference())
                .withFallback(Environment.variables(empty.environment(), ROOT)));
        return Stream.concat(
                        SecretSettings.written(said.texts()).stream(), SecretSettings.written(alone, written).stream())
                .distinct()
                .toList();
    }

    private String folder() {
        return file.map(ConfFile::folder).orElse("conf");
    }

    private Config set(Read read, Config declared) {
        Config set = ConfigFactory.empty();
        if (!overrides.isEmpty()) {
            String named = declared.root().render(ConfigRenderOptions.concise());
            for (String pair : overrides) {
                set = set(pair, read, group -> isNamed(group, declared, named)).withFallback(set);
            }
        }
        return set;
    }

    private static Config set(String pair, Read read, Predicate<String> isNamed) {
        int equals = pair.indexOf('=');
        String key = equals < 0
                ? ""
                : pair.substring(0, equals).replaceFirst("\\+$", "").strip();
        String value = pair.substring(equals + 1).strip();
        if (key.isEmpty() || value.isEmpty()) {
            throw unset(pair, "write key=value, as flagcast.lake.root=/lake; an empty text is two double quotes");
        }
        Text text = Text.of(option(pair), pair.getBytes(StandardCharsets.UTF_8), Within.NOTHING, read.bounds());
        read.texts().add(text);
        if (!text.outline().includes().isEmpty()) {
            throw unset(pair, "only a configuration file includes others");
        }
        Config one;
        try {
            String group = ConfigUtil.splitPath(key).get(0);
            if (!group.equals(ROOT) && !isNamed.test(group)) {
                throw unset(pair, "every key begins with flagcast, as flagcast.lake.root");
            }
            one = text.parsed(ConfigParseOptions.defaults());
        } catch (ConfigException.BadPath e) {
            String shown = Secrets.isMentioned(key) ? Secrets.HIDDEN : key;
            throw unset(pair, "'%.80s' is no key; write it as flagcast.lake.root".formatted(shown));
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
    private static boolean isNamed(String group, Config declared, String text) {
        return declared.root().containsKey(group) || text.contains("${" + group) || text.contains("${?" + group);
    }

    private static Refusal unset(String pair, String remedy) {
        return new Refusal(ExitCode.USAGE, option(pair) + ": " + remedy);
    }

    /** The option without a value that is a secret, or long. */
    private static String option(String pair) {
        return pair.length() <= LONGEST && !Secrets.isMentioned(pair)
                ? "--set " + pair
                : "--set %.80s…".formatted(pair.split("[=:{+]", 2)[0].strip());
    }
}
