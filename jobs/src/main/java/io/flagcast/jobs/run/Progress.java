package io.flagcast.jobs.run;

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

    /** Progress on a stream that keeps every line, as a file. */
    public static Progress on(PrintStream out) {
        return new Progress(out, false);
    }

    /** Progress on a stream whose last line can be written over. */
    public static Progress onTerminal(PrintStream out) {
        return new Progress(out, true);
    }

    /**
     * A stage begins; until it is done a terminal shows how far the run is.
     *
     * @param place of the stage in the run, 1 the first
     * @param of how many stages a run has
     */
    public void begin(int place, int of, String stage) {
        if (terminal) {
            out.printf(
                    "  [%s%s] %d/%d %s …",
                    "=".repeat(2 * place - 1), " ".repeat(2 * (of - place) + 1), place, of, stage);
            out.flush();
        }
    }

    /** A stage is done. */
    public void done(int place, int of, String stage, StageResult result, double seconds) {
        out.printf(
                "%s  [%d/%d] %-9s %6.1f s  %s%n",
                terminal ? CLEAR_LINE : "",
                place,
                of,
                stage,
                seconds,
                result.summary().isEmpty() ? "done" : result.summary());
    }

    /** A stage does not come to its end: the line that shows it goes. */
    public void end() {
        if (terminal) {
            out.print(CLEAR_LINE);
            out.flush();
        }
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
