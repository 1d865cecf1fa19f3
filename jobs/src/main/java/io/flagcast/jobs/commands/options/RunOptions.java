package io.flagcast.jobs.commands.options;

import io.flagcast.jobs.pipeline.Pipeline;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashSet;
import java.util.Set;
import picocli.CommandLine.Mixin;
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

    @Mixin
    private ChangeOptions changes;

    public Instant asOf(Clock clock) {
        return asOf == null ? clock.instant().truncatedTo(ChronoUnit.DAYS) : asOf;
    }

    public Pipeline.Repeat repeat() {
        return restate ? Pipeline.Repeat.RESTATE : Pipeline.Repeat.SKIP;
    }

    public ChangeOptions changes() {
        return changes;
    }

    public Set<String> reshuffled() {
        return reshuffled;
    }
}
