package io.flagcast.jobs;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.flagcast.lake.Interruption;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;

/**
 * A command as its user sees it, run in this JVM.
 *
 * @param code exit code
 * @param out standard output
 * @param err standard error
 */
record Invocation(int code, String out, String err) {

    private static final ObjectMapper JSON = new ObjectMapper();

    /** Runs a command on a day after every as-of of the tests. */
    static Invocation of(String... arguments) {
        return at(Instant.parse("2026-06-01T06:00:00Z"), arguments);
    }

    /** Runs a command at an instant. */
    static Invocation at(Instant now, String... arguments) {
        return at(now, new Interruption(), arguments);
    }

    /** Runs a command at an instant, which somebody may ask to end. */
    static Invocation at(Instant now, Interruption interruption, String... arguments) {
        PrintStream out = System.out;
        PrintStream err = System.err;
        ByteArrayOutputStream seen = new ByteArrayOutputStream();
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        try {
            System.setOut(new PrintStream(seen, true, StandardCharsets.UTF_8));
            System.setErr(new PrintStream(said, true, StandardCharsets.UTF_8));
            Clock clock = Clock.fixed(now, ZoneOffset.UTC);
            int code = Main.execute(clock, interruption, arguments);
            return new Invocation(code, seen.toString(StandardCharsets.UTF_8), said.toString(StandardCharsets.UTF_8));
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
    }

    /** The rows that a query finds in a lake, as its user would see them. */
    static List<JsonNode> rows(Path conf, String query) {
        Invocation sql = of("sql", query, "--format", "json", "--conf", conf.toString());
        if (sql.code != 0) {
            throw new AssertionError(sql.err);
        }
        return sql.out.lines().map(Invocation::parse).toList();
    }

    private static JsonNode parse(String line) {
        try {
            return JSON.readTree(line);
        } catch (IOException e) {
            throw new UncheckedIOException(line, e);
        }
    }
}
