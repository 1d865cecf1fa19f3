package io.flagcast.jobs.commands.options;

import io.flagcast.jobs.pipeline.Pipeline;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import picocli.CommandLine.Option;

/** Of which run a command speaks. */
public final class AsOfOptions {

    @Option(
            names = "--as-of",
            paramLabel = "INSTANT",
            converter = PastConverter.class,
            description = "Look at nothing at or after this instant, as 2026-03-01, which means"
                    + " 2026-03-01T00:00:00Z. Default: the start of today, UTC.")
    private Instant asOf;

    @Option(names = "--restate", description = "Publish a new generation where the as-of is published already.")
    private boolean restate;

    public Instant asOf(Clock clock) {
        return asOf == null ? clock.instant().truncatedTo(ChronoUnit.DAYS) : asOf;
    }

    public Pipeline.Repeat repeat() {
        return restate ? Pipeline.Repeat.RESTATE : Pipeline.Repeat.SKIP;
    }
}
