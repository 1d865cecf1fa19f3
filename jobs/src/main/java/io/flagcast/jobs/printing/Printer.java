package io.flagcast.jobs.printing;

import java.io.PrintStream;
import java.util.Iterator;

/** Prints the rows of a command in the format that its user asks for. */
public sealed interface Printer permits TablePrinter, CsvPrinter, JsonPrinter {

    /** A printer of a format. */
    static Printer of(Format format, PrintStream out) {
        return switch (format) {
            case TABLE -> new TablePrinter(out);
            case CSV -> new CsvPrinter(out);
            case JSON -> new JsonPrinter(out);
        };
    }

    /**
     * Prints rows. CSV and JSON take one after the other and hold none; a table is as wide as its widest row and needs all.
     * A CSV file is one table: that of the sheet which is printed first. More rows of that sheet go on with it, without
     * another header; rows of sheets with another name are left out.
     */
    <T> void print(Sheet<T> sheet, Iterator<? extends T> rows);

    /** Prints rows. */
    default <T> void print(Sheet<T> sheet, Iterable<? extends T> rows) {
        print(sheet, rows.iterator());
    }

    /** A line around tables for people, as a title; an empty one parts two. Programs are not told. */
    void say(String line);

    /** Whether people read it: what only they need may be left out otherwise. */
    default boolean isForPeople() {
        return this instanceof TablePrinter;
    }
}
