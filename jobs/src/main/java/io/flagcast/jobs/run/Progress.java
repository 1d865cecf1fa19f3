package io.flagcast.jobs.run;

import java.io.PrintStream;
import java.time.Clock;

/** What a person or a program sees on standard error while a command works. */
public sealed interface Progress permits ProgressText, ProgressLines {

    /** Progress on a stream that keeps every line, as a file. */
    static Progress on(PrintStream out) {
        return new ProgressText(out, false);
    }

    /** Progress on a stream whose last line can be written over. */
    static Progress onTerminal(PrintStream out) {
        return new ProgressText(out, true);
    }

    /** Progress as one JSON object a line, for a program that collects logs. */
    static ProgressLines inLines(PrintStream out, Clock clock) {
        return new ProgressLines(out, clock);
    }

    /** A run begins: what follows is of it. */
    void begin(Run run);

    /**
     * A stage begins; until it is done a terminal shows how far the run is.
     *
     * @param place of the stage in the run, 1 the first
     * @param of how many stages a run has
     */
    void begin(int place, int of, String stage);

    /** A stage is done. */
    void done(int place, int of, String stage, StageResult result, double seconds);

    /** A stage does not come to its end: the line that shows it goes. */
    void end();

    /** A line between stages. */
    void say(String line);

    /** Something a person should know, whatever the rest. */
    void notice(String line);

    /** Why a command ends before it has done what it was asked for; of a bug with its stack trace. */
    void fail(String message);
}
