package io.flagcast.jobs;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.flagcast.jobs.commands.Commands;
import io.flagcast.jobs.commands.options.Surroundings;
import io.flagcast.jobs.commands.options.TestSurroundings;
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
import java.util.Map;
import java.util.function.IntSupplier;
import picocli.CommandLine.Command;

/**
 * A command as its user sees it, run in this JVM.
 *
 * @param code exit code
 * @param out standard output
 * @param err standard error
 */
record Invocation(int code, String out, String err) {

    private static final ObjectMapper JSON = new ObjectMapper();

    /** A day after every as-of of the tests. */
    private static final Instant LATER = Instant.parse("2026-06-01T06:00:00Z");

    @Command(name = "flagcast")
    private static final class Root {}

    /** Runs a command on a day after every as-of of the tests. */
    static Invocation of(String... arguments) {
        return at(LATER, arguments);
    }

    /** Runs a command at an instant. */
    static Invocation at(Instant now, String... arguments) {
        return at(now, new Interruption(), arguments);
    }

    /** Runs a command at an instant, which somebody may ask to end. */
    static Invocation at(Instant now, Interruption interruption, String... arguments) {
        return captured(() -> Main.execute(Clock.fixed(now, ZoneOffset.UTC), interruption, arguments));
    }

    /** Runs a command on that day with an environment. */
    static Invocation with(Map<String, String> environment, String... arguments) {
        return captured(() -> {
            Interruption interruption = new Interruption();
            Surroundings surroundings = TestSurroundings.at(
                    Clock.fixed(LATER, ZoneOffset.UTC),
                    Path.of(System.getProperty("flagcast.home")),
                    Path.of(System.getProperty("java.io.tmpdir")),
                    environment,
                    interruption);
            return Main.execute(
                    Commands.of(new Root(), surroundings),
                    surroundings.progress(),
                    interruption,
                    surroundings.result(),
                    arguments);
        });
    }

    private static Invocation captured(IntSupplier command) {
        PrintStream out = System.out;
        PrintStream err = System.err;
        ByteArrayOutputStream seen = new ByteArrayOutputStream();
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        try {
            System.setOut(new PrintStream(seen, true, StandardCharsets.UTF_8));
            System.setErr(new PrintStream(said, true, StandardCharsets.UTF_8));
            int code = command.getAsInt();
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

    /** A row of JSON. */
    static JsonNode parse(String line) {
        try {
            return JSON.readTree(line);
        } catch (IOException e) {
            throw new UncheckedIOException(line, e);
        }
    }
}
