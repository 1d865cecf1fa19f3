package io.flagcast.jobs;

import java.io.PrintStream;
import java.util.Objects;

/** What a person sees on standard error while a command works. */
public final class Progress {

    private final PrintStream out;
    private final boolean quiet;

    private Progress(PrintStream out, boolean quiet) {
        this.out = Objects.requireNonNull(out, "out");
        this.quiet = quiet;
    }

    /** Progress on a stream. */
    public static Progress on(PrintStream out) {
        return new Progress(out, false);
    }

    /** No progress but notices. */
    public Progress quietly() {
        return new Progress(out, true);
    }

    /** A stage is done. */
    void stage(int place, int of, Stage stage, StageResult result, double seconds) {
        if (!quiet) {
            out.printf(
                    "  [%d/%d] %-9s %6.1f s  %s%n",
                    place, of, stage.label(), seconds, result.summary().isEmpty() ? "done" : result.summary());
        }
    }

    /** A line between stages. */
    public void say(String line) {
        if (!quiet) {
            out.println(line);
        }
    }

    /** Something a person should know, whatever the rest. */
    public void notice(String line) {
        out.println("note: " + line);
    }
}
