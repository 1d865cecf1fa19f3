package io.flagcast.tables;

import java.util.Objects;

/**
 * One column of a table.
 *
 * @param name snake_case name
 * @param type Spark SQL type, as {@code DOUBLE} or {@code MAP<STRING, STRING>}
 * @param presence whether every row has a value
 * @param doc what the value is, with unit and range
 */
public record Column(String name, String type, Presence presence, String doc) {

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
    }

    static Column required(String name, String type, String doc) {
        return new Column(name, type, Presence.REQUIRED, doc);
    }

    static Column optional(String name, String type, String doc) {
        return new Column(name, type, Presence.OPTIONAL, doc);
    }

    public boolean isRequired() {
        return presence == Presence.REQUIRED;
    }

    String ddl() {
        return name + " " + type + (isRequired() ? " NOT NULL" : "") + " COMMENT '" + doc.replace("'", "\\'") + "'";
    }
}
