package io.flagcast.experiments.document;

import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/**
 * A value of the file, with what a problem of it has to name.
 *
 * @param key the key that it belongs to
 * @param line the line to name
 * @param node the value itself
 * @param problems of the file
 */
public record Value(String key, int line, Node node, Problems problems) {

    /**
     * Reads a single value.
     *
     * @param read throws an {@link IllegalArgumentException} whose message becomes the problem
     */
    <T> Optional<T> scalar(Function<ScalarNode, T> read) {
        if (!(node instanceof ScalarNode scalar)) {
            return refuse("a single value belongs here, not a " + kind());
        }
        if (scalar.isPlain() && scalar.getValue().isEmpty()) {
            return refuse("has no value; write one or remove the key");
        }
        return build(() -> read.apply(scalar));
    }

    /** Whether this value is a mapping of keys to values. */
    public boolean isMapping() {
        return node instanceof MappingNode;
    }

    /** Whether this value is written as a number, whatever is wrong with it: a name does not begin so. */
    public boolean isNumber() {
        return node instanceof ScalarNode scalar
                && scalar.isPlain()
                && scalar.getValue().matches("[-+.]?[0-9.].*");
    }

    /** Whether this value is a list. */
    public boolean isList() {
        return node instanceof SequenceNode;
    }

    /** An item of this value, which is a list. */
    Value item(Node item) {
        return new Value(key, Yaml.line(item.getStartMark()), item, problems);
    }

    /** Makes a record of this value, absent where its constructor reports a problem. */
    public <T> Optional<T> build(Supplier<T> constructor) {
        try {
            return Optional.of(constructor.get());
        } catch (IllegalArgumentException e) {
            return refuse(e.getMessage());
        }
    }

    /** Reports a problem of this value. */
    public <T> Optional<T> refuse(String message) {
        String what = node instanceof ScalarNode scalar && !scalar.getValue().isEmpty()
                ? key + " " + Problems.quoted(scalar.getValue())
                : key;
        problems.add(line, what + ": " + message);
        return Optional.empty();
    }

    /** Refuses a text in quotes, where a bare number or word belongs. */
    static void requirePlain(ScalarNode node) {
        if (!node.isPlain()) {
            throw new IllegalArgumentException("a text in quotes; write it without quotes");
        }
    }

    private String kind() {
        return node instanceof SequenceNode ? "list" : "mapping";
    }
}
