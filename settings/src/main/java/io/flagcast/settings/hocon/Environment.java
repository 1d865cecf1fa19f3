package io.flagcast.settings.hocon;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigValueFactory;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Environment variables and Java system properties as configuration, by the rules of the HOCON library, but of those that are
 * given.
 */
final class Environment {

    private static final String OVERRIDE = "CONFIG_FORCE_";
    private static final Pattern UNDERSCORES = Pattern.compile("_+");
    private static final String FIRST_OF_LIST = "_0";

    private Environment() {}

    /**
     * What variables override: after {@code CONFIG_FORCE_} one underscore stands for a dot, two for a hyphen and three for
     * an underscore.
     *
     * @throws ConfigException where a name has more in a row
     * @throws Refusal where a name has more parts than a key may have
     */
    static Config overrides(Map<String, String> environment) {
        Map<String, String> values = new HashMap<>();
        environment.forEach((name, value) -> {
            if (name.startsWith(OVERRIDE)) {
                values.put(within("environment variable " + OVERRIDE, key(name)), value);
            }
        });
        return config(values, "env variables overrides");
    }

    private static String key(String name) {
        return UNDERSCORES
                .matcher(name.substring(OVERRIDE.length()))
                .replaceAll(underscores -> Matcher.quoteReplacement(meaning(name, underscores)));
    }

    private static String meaning(String name, MatchResult underscores) {
        return switch (underscores.end() - underscores.start()) {
            case 1 -> ".";
            case 2 -> "-";
            case 3 -> "_";
            default ->
                throw new ConfigException.BadPath(
                        name, "Environment variable contains an un-mapped number of underscores.");
        };
    }

    /**
     * What properties override: each is named by the key that it sets. Those of one part below the root that are no setting,
     * as {@code flagcast.home}, are the launcher's.
     *
     * @param reference all settings
     * @throws ConfigException where a name is no key
     * @throws Refusal where a name has more parts than a key may have
     */
    static Config properties(Map<String, String> properties, Config reference) {
        Config config = ConfigFactory.empty();
        for (Map.Entry<String, String> property : new TreeMap<>(properties).entrySet()) {
            String name = property.getKey();
            if (name.startsWith(Layers.ROOT + ".") && (parts(name) > 2 || reference.hasPath(name))) {
                config = config.withValue(
                        within("system property ", name),
                        ConfigValueFactory.fromAnyRef(property.getValue(), "system property " + name));
            }
        }
        return config;
    }

    private static String within(String what, String name) {
        if (parts(name) > Bounds.MOST_LEVELS) {
            throw new Refusal(
                    ExitCode.CONFIGURATION,
                    "%s%.80s…: its name has more than %d parts: a key of settings has six"
                            .formatted(what, name, Bounds.MOST_LEVELS));
        }
        return name;
    }

    private static int parts(String name) {
        return 1 + (int) name.chars().filter(c -> c == '.').count();
    }

    /**
     * What {@code ${NAME}} may refer to: variables by their names, and lists {@code NAME_0}, {@code NAME_1}, … by
     * {@code NAME}.
     *
     * @param root where configuration stands: no variable adds to it by its name alone
     */
    static Config variables(Map<String, String> environment, String root) {
        Map<String, String> values = new HashMap<>(environment);
        Predicate<String> isConfiguration = name -> name.equals(root) || name.startsWith(root + ".");
        values.keySet().removeIf(isConfiguration.or(name -> parts(name) > Bounds.MOST_LEVELS));
        return config(values, "env variables").withFallback(ConfigFactory.parseMap(lists(values), "env variables"));
    }

    private static Map<String, List<String>> lists(Map<String, String> environment) {
        Map<String, List<String>> lists = new HashMap<>();
        for (String name : environment.keySet()) {
            if (name.matches("\\w+" + FIRST_OF_LIST)) {
                String list = name.substring(0, name.length() - FIRST_OF_LIST.length());
                List<String> elements = new ArrayList<>();
                while (environment.containsKey(list + "_" + elements.size())) {
                    elements.add(environment.get(list + "_" + elements.size()));
                }
                lists.put(list, elements);
            }
        }
        return lists;
    }

    /** Names are paths by their dots and nothing else, as those of properties are. */
    private static Config config(Map<String, String> values, String origin) {
        Properties properties = new Properties();
        properties.putAll(values);
        return ConfigFactory.parseProperties(
                properties, ConfigParseOptions.defaults().setOriginDescription(origin));
    }
}
