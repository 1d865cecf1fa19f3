package io.flagcast.experiments.document;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Readers of single lengths of time and points in time, all in UTC. */
public final class Times {

    private static final Pattern DURATION = Pattern.compile("(0|[1-9][0-9]{0,5})([dhm])");

    private static final Pattern DAY_OR_INSTANT =
            Pattern.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z)?");

    private Times() {}

    /** Days, hours or minutes: {@code 7d}, {@code 12h}, {@code 30m}. */
    public static Optional<Duration> duration(Value value) {
        return value.scalar(node -> {
            Matcher duration = DURATION.matcher(node.getValue());
            if (!duration.matches()) {
                throw new IllegalArgumentException(
                        "not a duration; write whole days, hours or minutes, as in 7d, 12h or 30m");
            }
            long length = Long.parseLong(duration.group(1));
            return switch (duration.group(2)) {
                case "d" -> Duration.ofDays(length);
                case "h" -> Duration.ofHours(length);
                default -> Duration.ofMinutes(length);
            };
        });
    }

    /** A length that is counted by day: {@code 7d}. */
    public static Optional<Duration> wholeDays(Value value) {
        return duration(value)
                .flatMap(length -> !length.isZero() && length.equals(Duration.ofDays(length.toDays()))
                        ? Optional.of(length)
                        : value.refuse("no whole number of days: metrics are counted by day; write 7d"));
    }

    /** A day, which means its start, or an instant, both in UTC: {@code 2026-12-01}, {@code 2026-12-08T06:00:00Z}. */
    public static Optional<Instant> instant(Value value) {
        return value.scalar(node -> {
            String text = node.getValue();
            if (!DAY_OR_INSTANT.matcher(text).matches()) {
                throw new IllegalArgumentException(
                        "neither a day nor an instant in UTC; write 2026-12-01 or 2026-12-08T06:00:00Z");
            }
            try {
                return text.endsWith("Z")
                        ? Instant.parse(text)
                        : LocalDate.parse(text).atStartOfDay(ZoneOffset.UTC).toInstant();
            } catch (DateTimeParseException e) {
                throw new IllegalArgumentException("the calendar has no such day; correct it", e);
            }
        });
    }
}
