package io.flagcast.jobs.printing;

import io.flagcast.lake.Json;
import java.io.PrintStream;
import java.util.Iterator;

/** An object a line, of every sheet. */
record JsonPrinter(PrintStream out) implements Printer {

    @Override
    public <T> void print(Sheet<T> sheet, Iterator<? extends T> rows) {
        rows.forEachRemaining(row -> out.println(Json.write(sheet.object(row))));
    }

    @Override
    public void say(String line) {}
}
