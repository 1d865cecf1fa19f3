package io.flagcast.jobs.commands.options;

import io.flagcast.settings.Times;
import java.time.DateTimeException;
import java.time.Instant;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads an instant or a day. */
public final class InstantConverter implements ITypeConverter<Instant> {

    @Override
    public Instant convert(String text) {
        try {
            return Times.instant(text);
        } catch (DateTimeException e) {
            throw new TypeConversionException(
                    "'%s' is no whole second from 1970 to 9999: write 2026-03-01, which is its first second in UTC, or 2026-03-01T23:59:59Z"
                            .formatted(text));
        }
    }
}
