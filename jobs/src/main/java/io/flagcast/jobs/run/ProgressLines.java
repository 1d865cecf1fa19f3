package io.flagcast.jobs.run;

import io.flagcast.lake.Json;
import java.io.PrintStream;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * Progress as one JSON object a line: {@code time}, {@code level} and {@code message}, what is known of {@code run_id}, {@code as_of}
 * and {@code stage}, and of a stage that is done its {@code seconds} and rows. What libraries log has its {@code logger} too.
 */
public final class ProgressLines implements Progress {

    private final PrintStream out;
    private final Clock clock;
    /** The run and stage that is at work, whichever thread says something. */
    private volatile Map<String, Object> place = Map.of();

    ProgressLines(PrintStream out, Clock clock) {
        this.out = Objects.requireNonNull(out, "out");
        this.clock = Objects.requireNonNull(clock, "clock");
    }

    @Override
    public void begin(Run run) {
        Map<String, Object> next = new LinkedHashMap<>();
        next.put("run_id", run.id().toString());
        next.put("as_of", run.asOf().toString());
        place = next;
        say("run " + run.id());
    }

    @Override
    public void begin(int number, int of, String stage) {
        Map<String, Object> next = new LinkedHashMap<>(place);
        next.put("stage", stage);
        place = next;
        say("%s begins, %d of %d".formatted(stage, number, of));
    }

    @Override
    public void done(int number, int of, String stage, StageResult result, double seconds) {
        write(
                "INFO",
                stage + ": " + result.said(),
                Map.of(
                        "seconds", seconds,
                        "rows_in", result.rowsIn(),
                        "rows_out", result.rowsOut(),
                        "rows_quarantined", result.rowsQuarantined()));
        end();
    }

    @Override
    public void end() {
        Map<String, Object> next = new LinkedHashMap<>(place);
        next.remove("stage");
        place = next;
    }

    @Override
    public void say(String line) {
        write("INFO", line.strip(), Map.of());
    }

    @Override
    public void notice(String line) {
        write("WARN", line, Map.of());
    }

    @Override
    public void fail(String message) {
        write("ERROR", message.strip(), Map.of());
    }

    /**
     * What a library logs.
     *
     * @param level as {@code WARN}
     * @param logger name of the class that logs
     */
    void log(String level, String logger, String message) {
        write(level, message, Map.of("logger", logger));
    }

    private void write(String level, String message, Map<String, ?> further) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("time", clock.instant().truncatedTo(ChronoUnit.MILLIS).toString());
        line.put("level", level);
        line.put("message", message);
        line.putAll(place);
        line.putAll(further);
        out.println(Json.write(line));
    }
}
