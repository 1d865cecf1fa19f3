package io.flagcast.jobs;

import java.io.PrintStream;
import java.util.Objects;

/** What a person sees on standard error while a command works. */
public final class Progress {

    private static final String CLEAR_LINE = "\r\033[K";

    private final PrintStream out;
    private final boolean terminal;

    private Progress(PrintStream out, boolean terminal) {
        this.out = Objects.requireNonNull(out, "out");
        this.terminal = terminal;
    }

    /** Progress on a stream; lines that change in place where the launcher found a terminal. */
    public static Progress on(PrintStream out) {
        return new Progress(out, Boolean.getBoolean("flagcast.terminal"));
    }

    /** A stage begins; until it is done a terminal shows how far the run is. */
    void begin(int place, int of, Stage stage) {
        if (terminal) {
            out.printf(
                    "  [%s%s] %d/%d %s …",
                    "=".repeat(2 * place - 1), " ".repeat(2 * (of - place) + 1), place, of, stage.label());
            out.flush();
        }
    }

    /** A stage is done. */
    void stage(int place, int of, Stage stage, StageResult result, double seconds) {
        out.printf(
                "%s  [%d/%d] %-9s %6.1f s  %s%n",
                terminal ? CLEAR_LINE : "",
                place,
                of,
                stage.label(),
                seconds,
                result.summary().isEmpty() ? "done" : result.summary());
    }

    /** A line between stages. */
    public void say(String line) {
        out.println((terminal ? CLEAR_LINE : "") + line);
    }

    /** Something a person should know, whatever the rest. */
    public void notice(String line) {
        say("note: " + line);
    }
}
