package io.flagcast.experiments.document;

import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import org.snakeyaml.engine.v2.nodes.ScalarNode;

/**
 * Readers of single words and texts, and of those that must be one of a few. The text decides, never YAML's guess of a
 * type.
 */
public final class Words {

    /** Longest name. */
    private static final int MOST_CHARACTERS = 200;

    /** Plain texts that one YAML reader or another takes for a boolean, null, a number or a date. */
    private static final Pattern NOT_A_TEXT_TO_EVERYBODY = Pattern.compile("(?i)yes|no|on|off|true|false|null|~"
            + "|[-+]?\\.(?:inf|nan)"
            + "|[-+]?[0-9][0-9_,]*(?:\\.[0-9_]*)?(?:e[-+]?[0-9]+)?|[-+]?\\.[0-9_]+(?:e[-+]?[0-9]+)?"
            + "|[-+]?0x[0-9a-f_]+|[-+]?0o[0-7_]+|[-+]?0b[01_]+"
            + "|[-+]?[0-9]+(?::[0-9]+)+(?:\\.[0-9]*)?"
            + "|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[t\\h].*)?");

    private Words() {}

    /** A name on one line. */
    public static Optional<String> name(Value value) {
        return value.scalar(node -> {
            String text = text(node);
            if (!text.equals(text.strip()) || text.codePoints().anyMatch(Character::isISOControl)) {
                throw new IllegalArgumentException("has spaces around it or a control character; remove them");
            }
            if (text.length() > MOST_CHARACTERS) {
                throw new IllegalArgumentException("longer than %d characters; shorten it".formatted(MOST_CHARACTERS));
            }
            return text;
        });
    }

    /** A text, perhaps on several lines. */
    public static Optional<String> text(Value value) {
        return value.scalar(node -> text(node).strip());
    }

    private static String text(ScalarNode node) {
        String text = node.getValue();
        if (text.isBlank()) {
            throw new IllegalArgumentException("is blank; write a text");
        }
        // The length first: the pattern would exhaust the stack on an endless 1:1:1.
        if (node.isPlain()
                && text.length() <= MOST_CHARACTERS
                && NOT_A_TEXT_TO_EVERYBODY.matcher(text).matches()) {
            throw new IllegalArgumentException(
                    "may be read as a boolean, null, a number or a date; write \"%s\" in quotes".formatted(text));
        }
        return text;
    }

    /** A parameter for the caller: whatever is written, as a text. */
    public static Optional<String> verbatim(Value value) {
        return value.scalar(node -> {
            if (node.isPlain() && List.of("~", "null").contains(node.getValue().toLowerCase(Locale.ROOT))) {
                throw new IllegalArgumentException(
                        "is no value; remove the key or write \"%s\" in quotes".formatted(node.getValue()));
            }
            return node.getValue();
        });
    }

    /** One of the names that are declared elsewhere in the file; every name where those are unreadable. */
    public static Reader<String> nameIn(String where, Optional<? extends Collection<String>> declared) {
        return value -> name(value)
                .flatMap(name -> declared.isEmpty() || declared.get().contains(name)
                        ? Optional.of(name)
                        : value.refuse("not declared in %s (%s)%s"
                                .formatted(
                                        where,
                                        declared.get().isEmpty() ? "there are none" : String.join(", ", declared.get()),
                                        Nearest.suggestion(name, declared.get()))));
    }

    /** A constant by its name in lower case. */
    public static <E extends Enum<E>> Reader<E> oneOf(Class<E> type) {
        return oneOf(List.of(type.getEnumConstants()));
    }

    /** One of some constants by its name in lower case. */
    public static <E extends Enum<E>> Reader<E> oneOf(List<E> constants) {
        List<String> names = constants.stream().map(Words::label).toList();
        return value -> value.scalar(node -> {
            int index = names.indexOf(node.getValue());
            if (index < 0) {
                throw new IllegalArgumentException("not one of %s%s"
                        .formatted(String.join(", ", names), Nearest.suggestion(node.getValue(), names)));
            }
            return constants.get(index);
        });
    }

    public static String label(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    /** {@code true} or {@code false}. */
    public static Optional<Boolean> flag(Value value) {
        return value.scalar(node -> {
            Value.requirePlain(node);
            return switch (node.getValue()) {
                case "true" -> true;
                case "false" -> false;
                default -> throw new IllegalArgumentException("neither true nor false");
            };
        });
    }

    /** {@code true}, the only value of a key that is there or not. */
    public static Optional<Boolean> yes(Value value) {
        return flag(value).flatMap(flag -> flag ? Optional.of(true) : value.refuse("write true or remove the key"));
    }
}
