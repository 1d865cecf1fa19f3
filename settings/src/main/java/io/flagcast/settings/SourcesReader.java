package io.flagcast.settings;

import io.flagcast.lake.inputs.SourceSettings;
import io.flagcast.lake.inputs.SourceSettings.Duplicates;
import io.flagcast.lake.inputs.SourceSettings.Lacking;
import io.flagcast.tables.Table;
import io.flagcast.tables.Tables;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads {@code flagcast.sources}. */
final class SourcesReader {

    /** What may be said of a source. */
    static final List<String> KEYS =
            List.of("format", "path", "options", "schema", "columns", "each", "where", "duplicates", "lacking");

    private SourcesReader() {}

    static Map<Table, SourceSettings> read(Block sources) {
        Map<Table, SourceSettings> read = new LinkedHashMap<>();
        for (Table table : Tables.of(Table.Kind.INPUT)) {
            if (!sources.has(table.name())) {
                continue;
            }
            Block source = sources.inner(table.name());
            if (!source.has("format")) {
                source.problem(source.path() + " needs a format, as csv, parquet or delta");
                continue;
            }
            settings(source).ifPresent(settings -> read.put(table, settings));
        }
        if (!read.containsKey(Tables.USERS) && !read.containsKey(Tables.EVENTS)) {
            sources.problems()
                    .add(sources.path() + " names neither users nor events: one of them says who the users are");
        }
        return read;
    }

    private static Optional<String> expression(Block source, String key) {
        if (!source.has(key)) {
            return Optional.empty();
        }
        String text = source.text(key);
        Eligibility.problem(text).ifPresent(why -> source.problem(key, text, "it " + why));
        return Optional.of(text);
    }

    private static Optional<SourceSettings> settings(Block source) {
        try {
            return Optional.of(new SourceSettings(
                    source.text("format"),
                    source.has("path") ? source.string("path") : "",
                    source.stringMap("options"),
                    source.has("schema") ? source.string("schema") : "",
                    source.stringMap("columns"),
                    expression(source, "each"),
                    expression(source, "where"),
                    source.has("duplicates") ? source.oneOf("duplicates", Duplicates.values()) : Duplicates.ONCE,
                    source.has("lacking") ? source.oneOf("lacking", Lacking.values()) : Lacking.QUARANTINE));
        } catch (IllegalArgumentException e) {
            source.problem("%s.path: %s".formatted(source.path(), e.getMessage()));
            return Optional.empty();
        }
    }
}
