package io.flagcast.settings.hocon;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import io.flagcast.settings.hocon.Outline.Entry;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * How long configuration is once every {@code ${…}} stands for its value, reckoned before it does: each of them can double
 * what it names, and to resolve a row of them takes stack for each.
 */
final class Expansion {

    /** Characters of all values together. */
    static final long MOST_CHARACTERS = 1_000_000;

    /** References that lead from one to the next. */
    static final int MOST_STEPS = 100;

    /** Values of one key upon one another, in as many files or {@code --set}, that refer to something. */
    static final int MOST_LAYERS = 20;

    /** References into groups that are references themselves; the parser follows each anew. */
    static final int MOST_WAYS = 1_000;

    /** Keys that lead back to themselves, where they might mean what they were before. */
    private static final int MOST_CIRCLES = 5;

    private static final String TOO_LONG =
            "stands for more than %,d characters once its ${…} are filled in: refer to less".formatted(MOST_CHARACTERS);
    private static final String TOO_MANY_STEPS =
            "takes more than %d ${…} in a row: name the value itself".formatted(MOST_STEPS);
    private static final String TOO_MANY_LAYERS =
            "has more than %d values with ${…} upon one another: write them as one".formatted(MOST_LAYERS);
    private static final String TOO_MANY_WAYS =
            "leads through more than %,d groups that are ${…} themselves: name the value itself".formatted(MOST_WAYS);

    private final Config config;
    private final NavigableMap<String, List<Entry>> entries = new TreeMap<>();
    private final Map<List<String>, Reach> known = new HashMap<>();
    private final Set<List<String>> asked = new HashSet<>();
    private int circles;
    private int ways;

    /**
     * What a value comes to.
     *
     * @param length its characters
     * @param steps references in a row until it is known
     */
    private record Reach(long length, int steps) {

        private static final Reach NOTHING = new Reach(0, 0);

        Reach plus(Reach other) {
            return new Reach(length + other.length, Math.max(steps, other.steps));
        }
    }

    private Expansion(Config config) {
        this.config = config;
        String rendered = config.root().render(ConfigRenderOptions.concise());
        Outline.of("configuration", rendered, Outline.Within.NOTHING, Bounds.none())
                .entries()
                .forEach(entry -> entries.computeIfAbsent(key(entry.path()), path -> new ArrayList<>())
                        .add(entry));
    }

    /**
     * Checks configuration that is not resolved yet.
     *
     * @param variables what {@code ${…}} may name beside it
     * @throws Refusal where it would become too long, takes too many steps or refers to itself
     */
    static void require(Config unresolved, Config variables) {
        Expansion expansion = new Expansion(unresolved.withFallback(variables));
        Reach all = Reach.NOTHING;
        for (String name : unresolved.root().keySet()) {
            List<String> path = List.of(name);
            all = all.plus(expansion.reach(path, 0));
            expansion.require(all.length() <= MOST_CHARACTERS, path, TOO_LONG);
        }
    }

    /** Where a key is said first: the value or the group that it is in. */
    static String place(Config config, List<String> path) {
        ConfigValue value = config.root();
        for (String name : path) {
            ConfigValue inner;
            try {
                inner = value instanceof ConfigObject group ? group.get(name) : null;
            } catch (ConfigException.NotResolved e) {
                inner = null;
            }
            if (inner == null) {
                break;
            }
            value = inner;
        }
        return Text.place(value);
    }

    private void require(boolean holds, List<String> path, String otherwise) {
        if (!holds) {
            throw new Refusal(
                    ExitCode.CONFIGURATION,
                    "%s: %s %s".formatted(place(config, path), ConfigUtil.joinPath(path), otherwise));
        }
    }

    /** At most what stands at a path and below. */
    private Reach reach(List<String> path, int steps) {
        Reach before = known.get(path);
        if (before != null) {
            require(steps + before.steps() <= MOST_STEPS, path, TOO_MANY_STEPS);
            return before;
        }
        if (!asked.add(path)) {
            // The parser names a circle, and tells it from a key that refers to what it was before.
            circles++;
            require(circles <= MOST_CIRCLES, path, "refers to itself in a circle: write one of the values itself");
            return Reach.NOTHING;
        }
        require(steps <= MOST_STEPS, path, TOO_MANY_STEPS);
        Reach reach = Reach.NOTHING;
        for (List<Entry> values : within(path)) {
            reach = reach.plus(of(values, steps));
            require(reach.length() <= MOST_CHARACTERS, values.get(0).path(), TOO_LONG);
            require(steps + reach.steps() <= MOST_STEPS, values.get(0).path(), TOO_MANY_STEPS);
        }
        for (int size = 1; size < path.size(); size++) {
            List<Entry> group = entries.getOrDefault(key(path.subList(0, size)), List.of());
            reach = reach.plus(elsewhere(path, size, group, steps));
        }
        asked.remove(path);
        known.put(path, reach);
        return reach;
    }

    /** Paths in an order in which those of a group follow it. */
    private static String key(List<String> path) {
        return path.stream().map(name -> name + "\0").collect(Collectors.joining());
    }

    private Collection<List<Entry>> within(List<String> path) {
        String key = key(path);
        return entries.subMap(key, key + "\uffff").values();
    }

    /** Each of a key's values stands upon those before it, which it may repeat. */
    private Reach of(List<Entry> values, int steps) {
        List<String> path = values.get(0).path();
        long layers =
                values.stream().filter(value -> !value.references().isEmpty()).count();
        require(layers <= MOST_LAYERS, path, TOO_MANY_LAYERS);
        Reach reach = Reach.NOTHING;
        for (Entry value : values) {
            Reach before = reach;
            reach = reach.plus(
                    new Reach(1 + value.words().length() + value.references().size(), 0));
            for (List<String> reference : value.references()) {
                reach = reach.plus(reference.equals(path) ? before : named(reference, steps + 1));
                require(reach.length() <= MOST_CHARACTERS, path, TOO_LONG);
            }
        }
        return reach;
    }

    /** What a path names where the group that it is in is another. */
    private Reach elsewhere(List<String> path, int group, List<Entry> values, int steps) {
        List<String> rest = path.subList(group, path.size());
        Reach reach = Reach.NOTHING;
        for (Entry value : values) {
            for (List<String> reference : value.references()) {
                List<String> there = new ArrayList<>(reference);
                there.addAll(rest);
                ways++;
                require(ways <= MOST_WAYS, path, TOO_MANY_WAYS);
                if (!there.equals(path) && there.size() <= Bounds.MOST_LEVELS) {
                    reach = reach.plus(named(there, steps + 1));
                }
            }
        }
        return reach;
    }

    /** In a file that is included in a group, a reference means a key of that group first, and then one of all. */
    private Reach named(List<String> path, int steps) {
        return IntStream.range(0, path.size())
                .mapToObj(from -> reach(path.subList(from, path.size()), steps))
                .filter(reach -> reach.length() > 0)
                .findFirst()
                .orElse(Reach.NOTHING);
    }
}
