package io.flagcast.jobs.run;

import java.io.PrintStream;
import java.util.Objects;

/**
 * Progress for people.
 *
 * @param terminal whether the last line can be written over
 */
record ProgressText(PrintStream out, boolean terminal) implements Progress {

    private static final String CLEAR_LINE = "\r\033[K";

    ProgressText {
        Objects.requireNonNull(out, "out");
    }

    @Override
    public void begin(Run run) {
        say("run " + run.id());
    }

    @Override
    public void begin(int place, int of, String stage) {
        if (terminal) {
            out.printf(
                    "  [%s%s] %d/%d %s …",
                    "=".repeat(2 * place - 1), " ".repeat(2 * (of - place) + 1), place, of, stage);
            out.flush();
        }
    }

    @Override
    public void done(int place, int of, String stage, StageResult result, double seconds) {
        out.printf(
                "%s  [%d/%d] %-9s %6.1f s  %s%n", terminal ? CLEAR_LINE : "", place, of, stage, seconds, result.said());
    }

    @Override
    public void end() {
        if (terminal) {
            out.print(CLEAR_LINE);
            out.flush();
        }
    }

    @Override
    public void say(String line) {
        out.println((terminal ? CLEAR_LINE : "") + line);
    }

    @Override
    public void notice(String line) {
        say("note: " + line);
    }

    @Override
    public void fail(String message) {
        out.println(message);
    }
}
