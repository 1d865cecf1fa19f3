package io.flagcast.experiments.document;

import java.util.Optional;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.api.lowlevel.Parse;
import org.snakeyaml.engine.v2.events.AliasEvent;
import org.snakeyaml.engine.v2.events.CollectionEndEvent;
import org.snakeyaml.engine.v2.events.CollectionStartEvent;
import org.snakeyaml.engine.v2.events.DocumentStartEvent;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.events.NodeEvent;
import org.snakeyaml.engine.v2.events.ScalarEvent;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.ReaderException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.Node;

/** The part of YAML that an experiment file may use: one document of plain data. JSON lies within it. */
public final class Yaml {

    /** Mappings and lists within one another; the experiment file needs nine. */
    static final int MOST_LEVELS = 20;

    private static final LoadSettings SETTINGS =
            LoadSettings.builder().setAllowNonScalarKeys(true).build();

    private Yaml() {}

    /** The document, absent where a problem was reported instead. */
    public static Optional<Value> read(String text, Problems problems) {
        try {
            if (!isPlainData(text, problems)) {
                return Optional.empty();
            }
            Optional<Node> root = new Compose(SETTINGS).composeString(text);
            if (root.isEmpty()) {
                problems.add(0, "the file is empty; it needs experiment_id, feature_id, salt and allocation");
            }
            return root.map(node -> new Value("the file", line(node.getStartMark()), node, problems));
        } catch (MarkedYamlEngineException e) {
            problems.add(line(e.getProblemMark()), "not readable as YAML: " + onOneLine(e.getProblem()));
        } catch (ReaderException e) {
            int line = 1
                    + (int) text.codePoints()
                            .limit(e.getPosition())
                            .filter(c -> c == '\n')
                            .count();
            problems.add(line, "character U+%04X is not allowed; remove it".formatted(e.getCodePoint()));
        } catch (YamlEngineException e) {
            problems.add(0, "not readable as YAML: " + onOneLine(e.getMessage()));
        }
        return Optional.empty();
    }

    /** The parser shows the character that it met, which may be the end of a line. */
    private static String onOneLine(String message) {
        return message.replaceAll("\\p{Cntrl}+", " ");
    }

    /** Line from 1, 0 where it is unknown. */
    static int line(Optional<Mark> mark) {
        return mark.map(known -> known.getLine() + 1).orElse(0);
    }

    /** Walks the events, which are not nested: neither aliases nor depth can exhaust memory or stack. */
    private static boolean isPlainData(String text, Problems problems) {
        boolean plain = true;
        int documents = 0;
        int levels = 0;
        for (Event event : new Parse(SETTINGS).parseString(text)) {
            int line = line(event.getStartMark());
            if (event instanceof DocumentStartEvent && ++documents > 1) {
                problems.add(line, "a second document begins; write one experiment per file");
                return false;
            }
            if (event instanceof CollectionStartEvent && ++levels > MOST_LEVELS) {
                problems.add(line, "nested deeper than %d levels; an experiment needs nine".formatted(MOST_LEVELS));
                return false;
            }
            if (event instanceof CollectionEndEvent) {
                levels--;
            }
            if (event instanceof AliasEvent alias) {
                problems.add(line, "alias '*%s' is not allowed; write the value out".formatted(alias.getAlias()));
                plain = false;
            } else if (event instanceof NodeEvent node && node.getAnchor().isPresent()) {
                problems.add(
                        line,
                        "anchor '&%s' is not allowed; write the value out wherever it is needed"
                                .formatted(node.getAnchor().get()));
                plain = false;
            }
            Optional<String> tag = tag(event);
            if (tag.isPresent()) {
                problems.add(line, "tag '%s' is not allowed; the key decides the type".formatted(tag.get()));
                plain = false;
            }
        }
        return plain;
    }

    private static Optional<String> tag(Event event) {
        if (event instanceof ScalarEvent scalar) {
            return scalar.getTag();
        }
        return event instanceof CollectionStartEvent collection ? collection.getTag() : Optional.empty();
    }
}
