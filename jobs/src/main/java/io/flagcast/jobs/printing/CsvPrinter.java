package io.flagcast.jobs.printing;

import io.flagcast.lake.Json;
import java.io.PrintStream;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * One table as RFC 4180 has it (<a href="https://www.rfc-editor.org/rfc/rfc4180#section-2">section 2</a>, rules 3 and 5 to
 * 7): a header, and quotes around a value with a comma, a quote or a line break. Lines end as everywhere on standard output,
 * with a line feed alone. Lists and objects inside a row stand there as JSON.
 */
final class CsvPrinter implements Printer {

    private final PrintStream out;
    private Optional<Sheet<?>> first = Optional.empty();

    CsvPrinter(PrintStream out) {
        this.out = out;
    }

    @Override
    public <T> void print(Sheet<T> sheet, Iterator<? extends T> rows) {
        if (first.isEmpty()) {
            first = Optional.of(sheet);
            out.println(line(sheet.keys()));
        } else if (!first.get().name().equals(sheet.name())) {
            return;
        } else if (!first.get().keys().equals(sheet.keys())) {
            throw new IllegalArgumentException(
                    "CSV of %s goes on with %s".formatted(first.get().keys(), sheet.keys()));
        }
        rows.forEachRemaining(row -> out.println(line(sheet.values(row))));
    }

    @Override
    public void say(String line) {}

    private static String line(List<?> values) {
        return values.stream().map(CsvPrinter::cell).collect(Collectors.joining(","));
    }

    private static String cell(Object value) {
        String text = value instanceof Map || value instanceof Collection ? Json.write(value) : Values.text(value);
        return text.matches("(?s).*[\",\r\n].*") ? '"' + text.replace("\"", "\"\"") + '"' : text;
    }
}
