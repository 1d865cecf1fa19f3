package io.flagcast.settings;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigResolveOptions;
import com.typesafe.config.ConfigValue;
import io.flagcast.settings.hocon.ConfFile;
import io.flagcast.settings.hocon.Layers;
import io.flagcast.settings.hocon.Variables;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * A setting in force, as it may be shown: whatever it does, whether or not it is right.
 *
 * @param key whole, as {@code flagcast.lake.root}
 * @param value as HOCON has it; without secrets
 * @param origin who says it: {@value #DEFAULT}, file and line, the environment, a property of Java or {@code --set}
 * @param changed whether it is another value than the default, or has none
 */
public record EffectiveSetting(String key, String value, String origin, boolean changed) {

    private static final String DEFAULT = "default";
    private static final String REFERENCE = "reference.conf";
    private static final String MERGE = "merge of ";
    private static final String ENVIRONMENT = "env variables";

    /**
     * All of them, in the order of their keys.
     *
     * @param file configuration file, where one is given
     * @param overrides {@code key=value} pairs
     * @throws io.flagcast.lake.Refusal where a layer cannot be read, or names something that is nowhere said
     */
    public static List<EffectiveSetting> of(Optional<ConfFile> file, List<String> overrides, Variables variables) {
        Config defaults =
                Layers.reference().resolve(ConfigResolveOptions.noSystem().setAllowUnresolved(true));
        return new Layers(file, overrides, variables)
                .resolved().shown().withOnlyPath(Layers.ROOT).entrySet().stream()
                        .filter(entry -> !entry.getKey().equals(Layers.ROOT + "." + Layers.CONF_DIR))
                        .map(entry -> of(entry, defaults))
                        .sorted(Comparator.comparing(EffectiveSetting::key))
                        .toList();
    }

    private static EffectiveSetting of(Map.Entry<String, ConfigValue> entry, Config defaults) {
        ConfigValue value = entry.getValue();
        boolean isSame = defaults.hasPath(entry.getKey())
                && Objects.equals(
                        defaults.getValue(entry.getKey()).unwrapped().toString(),
                        value.unwrapped().toString());
        return new EffectiveSetting(
                entry.getKey(),
                value.render(ConfigRenderOptions.concise()),
                origin(value.origin().description()),
                !isSame);
    }

    /** In the words of who configures, of those of the library. */
    private static String origin(String description) {
        if (description.startsWith(REFERENCE)) {
            return DEFAULT;
        }
        if (description.startsWith("--set")) {
            return "--set";
        }
        if (description.startsWith("system property ")) {
            return "-D" + description.substring("system property ".length());
        }
        if (description.startsWith(ENVIRONMENT)) {
            return "environment";
        }
        return description
                .replace(MERGE + ENVIRONMENT + ",", "environment and ")
                .replace(MERGE + "hardcoded value,", "");
    }
}
