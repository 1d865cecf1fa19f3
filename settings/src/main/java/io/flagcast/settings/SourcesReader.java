package io.flagcast.settings;

import io.flagcast.lake.inputs.SourceSettings;
import io.flagcast.lake.inputs.SourceSettings.Duplicates;
import io.flagcast.lake.inputs.SourceSettings.Lacking;
import io.flagcast.tables.Pseudonym;
import io.flagcast.tables.Table;
import io.flagcast.tables.Tables;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Reads {@code flagcast.sources}. */
final class SourcesReader {

    /** What may be said of a source. */
    static final List<String> KEYS =
            List.of("format", "path", "options", "schema", "columns", "each", "where", "duplicates", "lacking");

    /** Options, in lower case, by which Spark drops rows without a word, or hands out something other than rows. */
    private static final Map<String, String> REFUSED = Map.of(
            "mode", "rows that cannot be read are quarantined: take it away",
            "columnnameofcorruptrecord", "rows that cannot be read are quarantined with their text: take it away",
            "ignorecorruptfiles", "it drops rows without a count: mend the file, or take it away from the path",
            "ignoremissingfiles", "it drops rows without a count: take it away",
            "readchangefeed", "its rows are changes: read the table",
            "readchangedata", "its rows are changes: read the table");

    private static final String PSEUDONYM_KEY = "pseudonym-key";

    private SourcesReader() {}

    /**
     * Reads the sources.
     *
     * @param users {@code flagcast.users}, whose ids may be read as pseudonyms
     */
    static Map<Table, SourceSettings> read(Block sources, Block users) {
        Optional<String> pseudonymKey = pseudonymKey(users);
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
            requireHonestOptions(source);
            requireWhatTheFormatHas(source);
            requireSameEveryDay(source);
            settings(source, pseudonymKey).ifPresent(settings -> read.put(table, settings));
        }
        if (!read.containsKey(Tables.USERS) && !read.containsKey(Tables.EVENTS)) {
            sources.problems()
                    .add(sources.path() + " names neither users nor events: one of them says who the users are");
        }
        return read;
    }

    private static Optional<String> pseudonymKey(Block users) {
        String key = users.string(PSEUDONYM_KEY);
        if (!key.isEmpty() && key.length() < Pseudonym.SHORTEST_KEY) {
            users.problem(
                    PSEUDONYM_KEY,
                    "it has %d characters and can be tried out: make one of %d or more, as by openssl rand -hex 32"
                            .formatted(key.length(), Pseudonym.SHORTEST_KEY));
        }
        return Optional.of(key).filter(text -> text.length() >= Pseudonym.SHORTEST_KEY);
    }

    private static void requireHonestOptions(Block source) {
        Map<String, String> options = source.stringMap("options");
        boolean isDelta = source.string("format").equalsIgnoreCase("delta");
        options.forEach((name, value) -> {
            String lower = name.toLowerCase(Locale.ROOT);
            Optional.ofNullable(REFUSED.get(lower))
                    .ifPresent(why -> source.inner("options").problem(Block.key(name), value, why));
            if (!isDelta && (lower.equals("versionasof") || lower.equals("timestampasof"))) {
                source.inner("options").problem(Block.key(name), value, "only format delta has versions");
            }
        });
    }

    /** What cannot be read so, and what would have no effect. */
    private static void requireWhatTheFormatHas(Block source) {
        String format = source.string("format").toLowerCase(Locale.ROOT);
        if (SourceSettings.isDatabase(format)) {
            DatabaseOptions.check(source.inner("options"), source.stringMap("options"));
        }
        if (List.of("delta", "parquet", "orc").contains(format)
                && source.has("schema")
                && !source.string("schema").isBlank()) {
            source.problem(
                    "schema",
                    source.string("schema"),
                    format + " has types: convert a column by columns { age = \"try_cast(age AS DOUBLE)\" }");
        }
    }

    /** A user who is called otherwise in every run, or a time that is now, is nobody's and never was. */
    private static void requireSameEveryDay(Block source) {
        source.stringMap("columns")
                .forEach((name, text) -> Eligibility.problem(text)
                        .map(why -> text.contains("input_file") ? why + "; the file of a row is its column _file" : why)
                        .ifPresent(why -> source.inner("columns").problem(Block.key(name), text, "it " + why)));
    }

    private static Optional<String> expression(Block source, String key) {
        if (!source.has(key)) {
            return Optional.empty();
        }
        String text = source.text(key);
        Eligibility.problem(text).ifPresent(why -> source.problem(key, text, "it " + why));
        return Optional.of(text);
    }

    private static Optional<SourceSettings> settings(Block source, Optional<String> pseudonymKey) {
        try {
            return Optional.of(new SourceSettings(
                    source.text("format"),
                    // A file that came first may have said where files are.
                    source.has("path") && !SourceSettings.isDatabase(source.text("format"))
                            ? source.string("path")
                            : "",
                    source.stringMap("options"),
                    source.has("schema") ? source.string("schema") : "",
                    source.stringMap("columns"),
                    expression(source, "each"),
                    expression(source, "where"),
                    source.has("duplicates") ? source.oneOf("duplicates", Duplicates.values()) : Duplicates.ONCE,
                    source.has("lacking") ? source.oneOf("lacking", Lacking.values()) : Lacking.QUARANTINE,
                    pseudonymKey));
        } catch (IllegalArgumentException e) {
            source.problem("%s.path: %s".formatted(source.path(), e.getMessage()));
            return Optional.empty();
        }
    }
}
