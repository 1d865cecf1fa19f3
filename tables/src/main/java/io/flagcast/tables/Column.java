package io.flagcast.tables;

import java.util.List;
import java.util.Objects;

/**
 * One column of a table.
 *
 * @param name snake_case name
 * @param type Spark SQL type, as {@code DOUBLE} or {@code MAP<STRING, STRING>}
 * @param presence whether every row has a value
 * @param doc what the value is, with unit and range
 * @param codes all texts that may stand there; none where any may
 */
public record Column(String name, String type, Presence presence, String doc, List<String> codes) {

    /** Whether a column may hold NULL. */
    public enum Presence {
        REQUIRED,
        OPTIONAL
    }

    public Column {
        if (!name.matches("[a-z][a-z0-9_]*")) {
            throw new IllegalArgumentException("column name '" + name + "' is not snake_case");
        }
        Objects.requireNonNull(type, "type");
        Objects.requireNonNull(presence, "presence");
        Objects.requireNonNull(doc, "doc");
        codes = List.copyOf(codes);
    }

    static Column required(String name, String type, String doc) {
        return new Column(name, type, Presence.REQUIRED, doc, List.of());
    }

    static Column optional(String name, String type, String doc) {
        return new Column(name, type, Presence.OPTIONAL, doc, List.of());
    }

    /** The same column, in which only these texts may stand. */
    Column oneOf(String... texts) {
        return new Column(name, type, presence, doc, List.of(texts));
    }

    public boolean isRequired() {
        return presence == Presence.REQUIRED;
    }

    /** What the value is and which texts may stand there, as in "who: rule, bandit or person". */
    public String comment() {
        if (codes.isEmpty()) {
            return doc;
        }
        int last = codes.size() - 1;
        String all = last == 0 ? codes.get(0) : String.join(", ", codes.subList(0, last)) + " or " + codes.get(last);
        return doc + ": " + all;
    }

    String ddl() {
        return name + " " + type + (isRequired() ? " NOT NULL" : "") + " COMMENT '"
                + comment().replace("'", "\\'") + "'";
    }
}
