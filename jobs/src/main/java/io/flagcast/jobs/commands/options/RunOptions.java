package io.flagcast.jobs.commands.options;

import io.flagcast.jobs.pipeline.Pipeline;
import io.flagcast.jobs.printing.ResultLine;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashSet;
import java.util.Set;
import picocli.CommandLine.Option;

/** For which as-of a command runs. */
public final class RunOptions {

    @Option(
            names = "--as-of",
            paramLabel = "INSTANT",
            converter = PastConverter.class,
            description = "Look at nothing at or after this instant, as 2026-03-01, which means"
                    + " 2026-03-01T00:00:00Z. Default: the start of today, UTC.")
    private Instant asOf;

    @Option(names = "--restate", description = "Publish a new generation where the as-of is published already.")
    private boolean restate;

    @Option(
            names = "--reshuffle",
            paramLabel = "EXPERIMENT",
            description = "Accept that the salt of this active experiment has changed: every user is drawn anew."
                    + " May be given several times.")
    private Set<String> reshuffled = new HashSet<>();

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            defaultValue = "TEXT",
            description =
                    "json: the last line of standard output is one JSON object for a scheduler, with state, exit code and reason,"
                            + " run, publication, rows per table, seconds per stage, failed checks and firing alerts. Default: text, on standard"
                            + " error.")
    private ResultFormat format;

    private enum ResultFormat {
        TEXT,
        JSON
    }

    /** Asks for a result where the user does. */
    public void askFor(ResultLine result, String command) {
        if (format == ResultFormat.JSON) {
            result.ask(command);
        }
    }

    public Instant asOf(Clock clock) {
        return asOf == null ? clock.instant().truncatedTo(ChronoUnit.DAYS) : asOf;
    }

    public Pipeline.Repeat repeat() {
        return restate ? Pipeline.Repeat.RESTATE : Pipeline.Repeat.SKIP;
    }

    public Set<String> reshuffled() {
        return reshuffled;
    }
}
