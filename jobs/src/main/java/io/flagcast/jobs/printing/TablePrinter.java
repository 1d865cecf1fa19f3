package io.flagcast.jobs.printing;

import java.io.PrintStream;
import java.util.Iterator;

/** Tables for people. */
record TablePrinter(PrintStream out) implements Printer {

    @Override
    public <T> void print(Sheet<T> sheet, Iterator<? extends T> rows) {
        TextTable table = new TextTable(sheet.headings());
        rows.forEachRemaining(row -> table.add(sheet.cells(row)));
        out.print(table);
    }

    @Override
    public void say(String line) {
        out.println(line);
    }
}
