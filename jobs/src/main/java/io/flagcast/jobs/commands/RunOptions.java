package io.flagcast.jobs.commands;

import io.flagcast.jobs.pipeline.Pipeline;
import io.flagcast.jobs.settings.Times;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashSet;
import java.util.Set;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** For which as-of a command runs. */
final class RunOptions {

    @Option(
            names = "--as-of",
            paramLabel = "INSTANT",
            converter = InstantConverter.class,
            description = "Look at nothing at or after this instant, as 2026-03-01 or 2026-03-01T00:00:00Z."
                    + " Default: the start of today, UTC.")
    private Instant asOf;

    @Option(names = "--restate", description = "Publish a new generation where the as-of is published already.")
    private boolean restate;

    @Option(
            names = "--reshuffle",
            paramLabel = "EXPERIMENT",
            description = "Accept that the salt of this active experiment has changed: every user is drawn anew."
                    + " May be given several times.")
    private Set<String> reshuffled = new HashSet<>();

    Instant asOf(Clock clock) {
        return asOf == null ? clock.instant().truncatedTo(ChronoUnit.DAYS) : asOf;
    }

    Pipeline.Repeat repeat() {
        return restate ? Pipeline.Repeat.RESTATE : Pipeline.Repeat.SKIP;
    }

    Set<String> reshuffled() {
        return reshuffled;
    }

    /** Reads an instant or a day. */
    static final class InstantConverter implements ITypeConverter<Instant> {
        @Override
        public Instant convert(String text) {
            try {
                Instant instant = Times.instant(text);
                if (!instant.equals(instant.truncatedTo(ChronoUnit.SECONDS))) {
                    throw new TypeConversionException("'" + text + "' is no whole second");
                }
                return instant;
            } catch (DateTimeException e) {
                throw new TypeConversionException(
                        "'" + text + "' is no instant: write 2026-03-01 or 2026-03-01T00:00:00Z");
            }
        }
    }
}
