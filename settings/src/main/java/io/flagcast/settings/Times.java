package io.flagcast.settings;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;

/** How durations and instants are written, in configuration and on the command line. */
public final class Times {

    /** Years have four digits, in paths, in run ids and in Spark SQL. */
    private static final Instant END = Instant.parse("+10000-01-01T00:00:00Z");

    private Times() {}

    /**
     * Days, hours or minutes, as 1d, 12h or 30m.
     *
     * @throws IllegalArgumentException where it is none, or not above 0
     */
    public static Duration duration(String text) {
        if (!text.matches("[1-9][0-9]{0,5}[dhm]")) {
            throw new IllegalArgumentException(text);
        }
        long amount = Long.parseLong(text.substring(0, text.length() - 1));
        return switch (text.charAt(text.length() - 1)) {
            case 'd' -> Duration.ofDays(amount);
            case 'h' -> Duration.ofHours(amount);
            default -> Duration.ofMinutes(amount);
        };
    }

    /**
     * Seconds, as 30s.
     *
     * @throws IllegalArgumentException where it is none, or not above 0
     */
    static Duration seconds(String text) {
        if (!text.matches("[1-9][0-9]{0,3}s")) {
            throw new IllegalArgumentException(text);
        }
        return Duration.ofSeconds(Long.parseLong(text.substring(0, text.length() - 1)));
    }

    /**
     * A day (its first instant, UTC) or an instant, from 1970 to 9999: whole seconds that a clock shows, neither 24:00:00 nor 23:59:60.
     *
     * @throws DateTimeException where it is neither
     */
    public static Instant instant(String text) {
        OffsetDateTime time = text.length() == 10
                ? LocalDate.parse(text).atStartOfDay().atOffset(ZoneOffset.UTC)
                : OffsetDateTime.parse(text);
        Instant instant = time.toInstant();
        if (instant.isBefore(Instant.EPOCH) || !instant.isBefore(END) || time.getNano() != 0) {
            throw new DateTimeException(text);
        }
        return instant;
    }
}
