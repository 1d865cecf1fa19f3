package io.flagcast.experiments.document;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/**
 * A mapping of the file. Its keys are read one by one, and {@link #build} makes the record: keys that nobody has read
 * are unknown, and what the record's constructor refuses is a problem of the key that its message names first.
 */
public final class Mapping {

    private record Entry(Value name, Value value) {}

    private final Value self;
    private final Map<String, Entry> entries = new LinkedHashMap<>();
    private final Set<String> known = new LinkedHashSet<>();
    private final List<List<String>> missing = new ArrayList<>();
    private String what;
    private boolean broken;

    private Mapping(Value self, MappingNode node) {
        this.self = self;
        this.what = self.key();
        for (NodeTuple tuple : node.getValue()) {
            int line = Yaml.line(tuple.getKeyNode().getStartMark());
            if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
                report(line, "a key in %s is not a name; write name: value".formatted(what));
                continue;
            }
            Value name = new Value("key in " + what, line, key, self.problems());
            Value value = new Value(key.getValue(), line, tuple.getValueNode(), self.problems());
            Entry first = entries.putIfAbsent(key.getValue(), new Entry(name, value));
            if (first != null) {
                report(
                        line,
                        "duplicate key %s, first on line %d; keep one"
                                .formatted(
                                        Problems.quoted(key.getValue()),
                                        first.value().line()));
            }
        }
    }

    /** A reader of values that are mappings. */
    public static <T> Reader<T> of(Function<Mapping, Optional<T>> read) {
        return value -> value.node() instanceof MappingNode node
                ? read.apply(new Mapping(value, node))
                : value.refuse("a mapping belongs here: {key: value} or indented lines of key: value");
    }

    /** A reader of mappings from free names to values, in the order of the file. */
    public static <T> Reader<Map<String, T>> ofNames(Function<String, Reader<T>> read) {
        return ofNames(Words::name, read);
    }

    /** A reader of mappings from names that {@code names} takes to values, in the order of the file. */
    public static <T> Reader<Map<String, T>> ofNames(Reader<String> names, Function<String, Reader<T>> read) {
        return of(mapping -> mapping.byName(names, read));
    }

    /** A reader of values that are lists. */
    public static <T> Reader<List<T>> listOf(Reader<T> read) {
        return value -> {
            if (!(value.node() instanceof SequenceNode list)) {
                return value.refuse("a list belongs here: [a, b] or lines that begin with '- '");
            }
            List<Optional<T>> items =
                    list.getValue().stream().map(value::item).map(read::read).toList();
            return items.stream().allMatch(Optional::isPresent)
                    ? Optional.of(items.stream().map(Optional::orElseThrow).toList())
                    : Optional.empty();
        };
    }

    /** A reader of one value, or of a list of at least one. */
    public static <T> Reader<List<T>> oneOrListOf(Reader<T> read) {
        return value -> {
            if (!(value.node() instanceof SequenceNode list)) {
                return read.read(value).map(List::of);
            }
            return list.getValue().isEmpty()
                    ? value.refuse("an empty list; give at least one value")
                    : listOf(read).read(value);
        };
    }

    /**
     * A reader of lists of exactly two values.
     *
     * @param otherwise what to say of any other list
     */
    public static <A, B, T> Reader<T> pairOf(
            Reader<A> first, Reader<B> second, BiFunction<A, B, T> pair, String otherwise) {
        return value -> {
            if (!(value.node() instanceof SequenceNode list) || list.getValue().size() != 2) {
                return value.refuse(otherwise);
            }
            Optional<A> one = first.read(value.item(list.getValue().get(0)));
            Optional<B> two = second.read(value.item(list.getValue().get(1)));
            return one.flatMap(a -> two.map(b -> pair.apply(a, b)));
        };
    }

    /** Reads a key that must be there. */
    public <T> Setting<T> required(String key, Reader<T> read) {
        if (!has(key)) {
            known.add(key);
            missing.add(List.of(key));
            return new Setting<>(self.line(), Optional.empty());
        }
        return read(key, read);
    }

    /** Reads a key that may be absent. */
    public <T> Setting<Optional<T>> optional(String key, Reader<T> read) {
        if (!has(key)) {
            known.add(key);
            return new Setting<>(self.line(), Optional.of(Optional.empty()));
        }
        Setting<T> setting = read(key, read);
        return new Setting<>(
                setting.line(), setting.read().isPresent() ? Optional.of(setting.read()) : Optional.empty());
    }

    /** Reads a key that has a default. */
    public <T> Setting<T> or(String key, Reader<T> read, T otherwise) {
        if (!has(key)) {
            known.add(key);
            return new Setting<>(self.line(), Optional.of(otherwise));
        }
        return read(key, read);
    }

    private <T> Setting<T> read(String key, Reader<T> read) {
        known.add(key);
        Value value = entries.get(key).value();
        Setting<T> setting = new Setting<>(value.line(), read.read(value));
        broken |= setting.read().isEmpty();
        return setting;
    }

    /**
     * Reports it unless exactly one of the keys is there.
     *
     * @return the first that is
     */
    public Optional<String> requireExactlyOne(String... keys) {
        List<String> given = Stream.of(keys).filter(this::has).toList();
        known.addAll(List.of(keys));
        if (given.isEmpty()) {
            missing.add(List.of(keys));
        }
        if (given.size() > 1) {
            report(
                    entries.get(given.get(1)).value().line(),
                    "%s and %s are both given; keep exactly one".formatted(given.get(0), given.get(1)));
        }
        return given.stream().findFirst();
    }

    public boolean has(String key) {
        return entries.containsKey(key);
    }

    public int line() {
        return self.line();
    }

    /** Names declared under a key: none where it is absent, unknowable as those of its {@linkplain #names value}. */
    public Optional<List<String>> namesIn(String key) {
        return has(key) ? names(entries.get(key).value()) : Optional.of(List.of());
    }

    /** Keys of a mapping, or names and keys of a list of names and mappings; unknowable of anything else. */
    public static Optional<List<String>> names(Value value) {
        if (value.node() instanceof MappingNode node) {
            return Optional.of(List.copyOf(new Mapping(silenced(value), node).entries.keySet()));
        }
        if (value.node() instanceof SequenceNode list) {
            List<Optional<List<String>>> items = list.getValue().stream()
                    .map(item -> item instanceof ScalarNode name
                            ? Optional.of(List.of(name.getValue()))
                            : names(value.item(item)))
                    .toList();
            return items.stream().allMatch(Optional::isPresent)
                    ? Optional.of(items.stream()
                            .flatMap(Optional::stream)
                            .flatMap(List::stream)
                            .toList())
                    : Optional.empty();
        }
        return Optional.empty();
    }

    private static Value silenced(Value value) {
        return new Value(
                value.key(),
                value.line(),
                value.node(),
                new Problems(value.problems().file()));
    }

    /** Says in messages which kind of mapping this is, where one of its keys decides that. */
    public void qualify(String kind) {
        what = self.key() + " of " + kind;
    }

    /** Takes all keys as known, where a broken one leaves open which are valid. */
    public void acceptEveryKey() {
        known.addAll(entries.keySet());
    }

    /** Makes the record, absent where this mapping had a problem or its constructor reports one. */
    public <T> Optional<T> build(Supplier<T> constructor) {
        reportUnknownAndMissing();
        if (broken) {
            return Optional.empty();
        }
        try {
            return Optional.of(constructor.get());
        } catch (IllegalArgumentException e) {
            report(lineOfFirstKeyIn(e.getMessage()), e.getMessage());
            return Optional.empty();
        }
    }

    private <T> Optional<Map<String, T>> byName(Reader<String> names, Function<String, Reader<T>> read) {
        Map<String, T> result = new LinkedHashMap<>();
        entries.values().forEach(entry -> {
            Optional<String> name = names.read(entry.name());
            Optional<T> value = name.flatMap(text -> read.apply(text).read(entry.value()));
            broken |= value.isEmpty();
            value.ifPresent(present -> result.put(name.orElseThrow(), present));
        });
        acceptEveryKey();
        return build(() -> result);
    }

    private void reportUnknownAndMissing() {
        List<String> absent = known.stream().filter(key -> !has(key)).toList();
        Set<String> misspelt = new LinkedHashSet<>();
        entries.forEach((key, entry) -> {
            if (!known.contains(key)) {
                String written = beforeUnspacedColon(entry.value());
                Optional<String> nearest = Nearest.to(written, absent);
                nearest.ifPresent(misspelt::add);
                report(
                        entry.value().line(),
                        "unknown key %s%s"
                                .formatted(
                                        Problems.quoted(key),
                                        written.equals(key)
                                                ? suggestion(nearest)
                                                : "; a colon needs a space after it"));
            }
        });
        for (List<String> keys : missing) {
            if (keys.stream().noneMatch(misspelt::contains)) {
                report(
                        self.line(),
                        keys.size() == 1
                                ? "%s is missing in %s; add it".formatted(keys.get(0), what)
                                : "%s is missing in %s; give exactly one".formatted(String.join(" or ", keys), what));
            }
        }
        broken |= !missing.isEmpty();
    }

    /** The name in {@code {name:value}}, which YAML takes for one long name. */
    private static String beforeUnspacedColon(Value value) {
        int colon = value.key().indexOf(':');
        boolean isEmpty = value.node() instanceof ScalarNode scalar
                && scalar.isPlain()
                && scalar.getValue().isEmpty();
        return colon > 0 && isEmpty ? value.key().substring(0, colon) : value.key();
    }

    private String suggestion(Optional<String> nearest) {
        return nearest.map(key -> "; did you mean '" + key + "'?")
                .orElseGet(() -> "; valid in %s are %s".formatted(what, String.join(", ", known)));
    }

    /** Reports a problem of something in this mapping. */
    public void report(int line, String message) {
        self.problems().add(line, message);
        broken = true;
    }

    /** Constructors name the setting that they refuse: {@code min_users 0 is below 1}, {@code tier threshold 120 ...}. */
    private int lineOfFirstKeyIn(String message) {
        String words = message.replace('_', ' ');
        int first = Integer.MAX_VALUE;
        int line = self.line();
        for (Map.Entry<String, Entry> entry : entries.entrySet()) {
            String singular =
                    entry.getKey().replace('_', ' ').replaceAll("ies$", "y").replaceAll("s$", "");
            Matcher mention = Pattern.compile("\\b" + Pattern.quote(singular)).matcher(words);
            if (mention.find() && mention.start() < first) {
                first = mention.start();
                line = entry.getValue().value().line();
            }
        }
        return line;
    }
}
