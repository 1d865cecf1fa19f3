package io.flagcast.settings;

import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigValue;
import io.flagcast.experiments.document.Nearest;
import io.flagcast.settings.hocon.Layers;
import io.flagcast.tables.Table;
import io.flagcast.tables.Tables;
import java.util.ArrayList;
import java.util.List;

/** Every key is one of {@code reference.conf}, but where configuration names things of its own. */
final class KnownKeys {

    private static final List<String> OWN_NAMES = List.of("sources", "features", "alerts.receivers");

    private final Block root;

    private KnownKeys(Block root) {
        this.root = root;
    }

    /**
     * Notes the keys that are unknown.
     *
     * @param root the group of all settings
     * @param reference the same of {@code reference.conf}
     */
    static void check(Block root, ConfigObject reference) {
        KnownKeys known = new KnownKeys(root);
        ConfigObject actual = root.config().getObject(root.path());
        known.check("", actual, reference);
        known.sources(actual.toConfig().getObject("sources"));
        known.features(actual.toConfig().getObject("features"));
        known.receivers(actual.toConfig().getObject("alerts.receivers"));
    }

    private void check(String prefix, ConfigObject actual, ConfigObject reference) {
        List<String> known = new ArrayList<>(reference.keySet());
        if (prefix.isEmpty()) {
            known.add(Layers.CONF_DIR);
        }
        actual.forEach((key, value) -> {
            requireOneOf(prefix, key, value, known);
            if (!OWN_NAMES.contains(prefix + key)
                    && value instanceof ConfigObject object
                    && reference.get(key) instanceof ConfigObject inner) {
                check(prefix + key + ".", object, inner);
            }
        });
    }

    private void sources(ConfigObject sources) {
        List<String> tables =
                Tables.of(Table.Kind.INPUT).stream().map(Table::name).toList();
        sources.forEach((table, source) -> {
            requireOneOf("sources.", table, source, tables);
            if (source instanceof ConfigObject object) {
                object.forEach((key, value) -> requireOneOf("sources." + table + ".", key, value, SourcesReader.KEYS));
            }
        });
    }

    private void features(ConfigObject features) {
        features.forEach((feature, value) -> {
            if (value instanceof ConfigObject object) {
                object.forEach(
                        (key, inner) -> requireOneOf("features." + feature + ".", key, inner, FeaturesReader.KEYS));
            }
        });
    }

    private void receivers(ConfigObject receivers) {
        receivers.forEach((name, value) -> {
            if (value instanceof ConfigObject object && object.get("type") != null) {
                List<String> known = ReceiversReader.KEYS.getOrDefault(
                        String.valueOf(object.get("type").unwrapped()), List.copyOf(object.keySet()));
                object.forEach((key, inner) -> requireOneOf("alerts.receivers." + name + ".", key, inner, known));
            }
        });
    }

    private void requireOneOf(String prefix, String key, ConfigValue value, List<String> known) {
        if (!known.contains(key)) {
            String hint = Nearest.to(key, known)
                    .map(name -> "did you mean '" + name + "'?")
                    .orElse("known here: " + known);
            root.problems()
                    .add("%s: unknown key '%s.%s%s': %s".formatted(Block.place(value), root.path(), prefix, key, hint));
        }
    }
}
