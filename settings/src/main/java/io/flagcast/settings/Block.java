package io.flagcast.settings;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import io.flagcast.lake.LocalCopy;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * A group of settings, read by their types. A wrong value is noted as a problem that names its place and key, and reading
 * goes on with another in its stead; a value where a group belongs, the reverse, and null are a {@link ConfigException}.
 *
 * @param config the whole configuration, resolved
 * @param path of the group, as {@code flagcast.training}
 * @param problems what is wrong so far
 */
record Block(Config config, String path, Problems problems) {

    /** The group of that name below this one. */
    Block inner(String name) {
        return new Block(config, at(key(name)), problems);
    }

    /** A name as a key, quoted where it needs to be. */
    static String key(String name) {
        return ConfigUtil.joinPath(name);
    }

    /** Names that stand in this group, in alphabetical order. */
    Set<String> names() {
        return new TreeSet<>(config.getObject(path).keySet());
    }

    /** Whether a key is set, and not to null. */
    boolean has(String key) {
        return config.hasPath(at(key));
    }

    private String at(String key) {
        return path + "." + key;
    }

    private ConfigValue value(String key) {
        return config.getValue(at(key));
    }

    /** Where a value stands. */
    static String place(ConfigValue value) {
        return value.origin().description();
    }

    /** Notes what is wrong with this group as a whole. */
    void problem(String text) {
        problems.add(place(config.getValue(path)) + ": " + text);
    }

    /** Notes what is wrong with a value. */
    void problem(String key, String value, String expected) {
        problems.add("%s: %s is '%s': %s".formatted(place(value(key)), at(key), value, expected));
    }

    /** Notes what is wrong with a value, without showing it. */
    void problem(String key, String text) {
        problems.add("%s: %s: %s".formatted(place(value(key)), at(key), text));
    }

    /** What a record's own checks let pass. */
    <T> T checked(Supplier<T> value, T otherwise) {
        try {
            return value.get();
        } catch (IllegalArgumentException e) {
            problems.add(e.getMessage());
            return otherwise;
        }
    }

    private <T> T read(String key, T otherwise, String expected, Function<String, T> parse) {
        return readAsWritten(key, otherwise, expected, text -> parse.apply(text.strip()));
    }

    private <T> T readAsWritten(String key, T otherwise, String expected, Function<String, T> parse) {
        ConfigValue value = value(key);
        if (value.valueType() == ConfigValueType.OBJECT || value.valueType() == ConfigValueType.LIST) {
            problem(key, value.render(ConfigRenderOptions.concise()), expected);
            return otherwise;
        }
        String text = String.valueOf(value.unwrapped());
        try {
            return parse.apply(text);
        } catch (IllegalArgumentException | DateTimeException e) {
            problem(key, text, expected);
            return otherwise;
        }
    }

    String string(String key) {
        return read(key, "", "it must be one value", text -> text);
    }

    /** One value that says something. */
    String text(String key) {
        return read(key, "", "it must not be empty", Block::notEmpty);
    }

    /** The path of a local file or folder, or the address of a folder in a store. */
    String folder(String key) {
        return read(
                key,
                "",
                "it must be a path, or an address as s3a://bucket/folder",
                text -> LocalCopy.isInStore(text)
                        ? text
                        : Path.of(notEmpty(text)).toString());
    }

    private static String notEmpty(String text) {
        if (text.isEmpty()) {
            throw new IllegalArgumentException("empty");
        }
        return text;
    }

    /** A constant by its name in lower case; the first of them where it is none. */
    <T extends Enum<T>> T oneOf(String key, T[] values) {
        String text = string(key);
        List<String> known = Arrays.stream(values)
                .map(value -> value.name().toLowerCase(Locale.ROOT))
                .toList();
        if (!known.contains(text)) {
            problem(key, text, "it must be one of " + String.join(", ", known));
            return values[0];
        }
        return values[known.indexOf(text)];
    }

    int integer(String key) {
        return read(key, 0, "it must be a whole number", Integer::parseInt);
    }

    double number(String key) {
        return read(key, 0.0, "it must be a finite number", Numbers::finite);
    }

    /** A fraction in [0, 1]. */
    double rate(String key) {
        return read(key, 0.0, "it must be a rate from 0% to 100%, as 5% or 0.05", Numbers::rate);
    }

    Duration duration(String key) {
        return read(key, Duration.ofDays(1), "it must be a duration above 0, as 1d, 12h or 30m", Times::duration);
    }

    Duration durationOrZero(String key) {
        return value(key).unwrapped().equals(0) ? Duration.ZERO : duration(key);
    }

    Duration seconds(String key) {
        return read(key, Duration.ofSeconds(1), "it must be a number of seconds above 0, as 30s", Times::seconds);
    }

    Instant instant(String key) {
        return read(
                key,
                Instant.EPOCH,
                "it must be a day or instant, as 2026-03-01 or 2026-03-01T00:00:00Z",
                Times::instant);
    }

    List<String> strings(String key) {
        ConfigValue value = value(key);
        if (value.valueType() != ConfigValueType.LIST) {
            problem(key, value.render(ConfigRenderOptions.concise()), "it must be a list, as [age, plan]");
            return List.of();
        }
        return config.getStringList(at(key));
    }

    boolean isEmptyList(String key) {
        return value(key).unwrapped().equals(List.of());
    }

    /** One number or a list of them. */
    <T> List<T> numbers(String key, Function<String, T> parse) {
        ConfigValue value = value(key);
        List<?> elements = value.unwrapped() instanceof List<?> list ? list : List.of(value.unwrapped());
        try {
            return elements.stream().map(String::valueOf).map(parse).toList();
        } catch (NumberFormatException e) {
            problem(key, value.render(ConfigRenderOptions.concise()), "it must be a number or a list of numbers");
            return List.of();
        }
    }

    /** A value per name; empty where the key is not set. */
    Map<String, String> stringMap(String key) {
        Map<String, String> result = new LinkedHashMap<>();
        if (has(key)) {
            if (!(value(key) instanceof ConfigObject object)) {
                problem(key, value(key).render(), "it must be a group { key = value }");
                return result;
            }
            Block group = inner(key);
            // A blank or a tab may be all of a value.
            object.keySet()
                    .forEach(name ->
                            result.put(name, group.readAsWritten(key(name), "", "it must be one value", text -> text)));
        }
        return result;
    }
}
