package io.flagcast.settings;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Environment variables as configuration, by the rules of the HOCON library, but of variables that are given. */
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
     */
    static Config overrides(Map<String, String> environment) {
        Map<String, String> values = new HashMap<>();
        environment.forEach((name, value) -> {
            if (name.startsWith(OVERRIDE)) {
                values.put(key(name), value);
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
     * What {@code ${NAME}} may refer to: variables by their names, and lists {@code NAME_0}, {@code NAME_1}, … by
     * {@code NAME}.
     *
     * @param root where configuration stands: no variable adds to it by its name alone
     */
    static Config variables(Map<String, String> environment, String root) {
        Map<String, String> values = new HashMap<>(environment);
        values.keySet().removeIf(name -> name.equals(root) || name.startsWith(root + "."));
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
