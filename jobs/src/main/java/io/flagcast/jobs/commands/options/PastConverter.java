package io.flagcast.jobs.commands.options;

import java.time.Clock;
import java.time.Instant;
import java.util.Objects;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Reads an instant or a day that has begun.
 *
 * @param clock the time
 */
public record PastConverter(Clock clock) implements ITypeConverter<Instant> {

    public PastConverter {
        Objects.requireNonNull(clock, "clock");
    }

    @Override
    public Instant convert(String text) {
        Instant instant = new InstantConverter().convert(text);
        if (instant.isAfter(clock.instant())) {
            throw new TypeConversionException("'%s' is in the future: it is %s now".formatted(text, clock.instant()));
        }
        return instant;
    }
}
