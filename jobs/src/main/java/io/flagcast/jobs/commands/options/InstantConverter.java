package io.flagcast.jobs.commands.options;

import io.flagcast.settings.Times;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads an instant or a day. */
public final class InstantConverter implements ITypeConverter<Instant> {

    @Override
    public Instant convert(String text) {
        try {
            Instant instant = Times.instant(text);
            if (!instant.equals(instant.truncatedTo(ChronoUnit.SECONDS))) {
                throw new TypeConversionException("'" + text + "' is no whole second");
            }
            return instant;
        } catch (DateTimeException e) {
            throw new TypeConversionException("'" + text + "' is no instant: write 2026-03-01 or 2026-03-01T00:00:00Z");
        }
    }
}
