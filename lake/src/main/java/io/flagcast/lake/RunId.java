package io.flagcast.lake;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One attempt at a run for one as-of, written {@code 20261123T000000Z-g1}, from the second attempt on {@code 20261123T000000Z-g1a2}. No
 * two attempts write one slice.
 *
 * @param asOf instant up to which the run looks; whole seconds
 * @param generation 1, and one more for every restatement
 * @param attempt 1, and one more for every start of which nothing was published
 */
public record RunId(Instant asOf, int generation, int attempt) {

    private static final DateTimeFormatter COMPACT =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

    private static final Pattern WRITTEN = Pattern.compile("([0-9]{8}T[0-9]{6}Z)-g([0-9]{1,9})(?:a([0-9]{1,9}))?");

    public RunId {
        Objects.requireNonNull(asOf, "asOf");
        if (!asOf.equals(asOf.truncatedTo(ChronoUnit.SECONDS))) {
            throw new IllegalArgumentException("as-of " + asOf + " is not a whole second");
        }
        if (generation < 1) {
            throw new IllegalArgumentException("generation " + generation + " is below 1");
        }
        if (attempt < 1) {
            throw new IllegalArgumentException("attempt " + attempt + " is below 1");
        }
    }

    /** The first attempt. */
    public RunId(Instant asOf, int generation) {
        this(asOf, generation, 1);
    }

    /**
     * Reads what {@link #toString} writes.
     *
     * @throws IllegalArgumentException where it is none
     */
    public static RunId parse(String text) {
        Matcher parts = WRITTEN.matcher(text);
        if (!parts.matches()) {
            throw new IllegalArgumentException("'" + text + "' is no run id, as 20261123T000000Z-g1");
        }
        return new RunId(
                COMPACT.parse(parts.group(1), Instant::from),
                Integer.parseInt(parts.group(2)),
                parts.group(3) == null ? 1 : Integer.parseInt(parts.group(3)));
    }

    @Override
    public String toString() {
        return COMPACT.format(asOf) + "-g" + generation + (attempt == 1 ? "" : "a" + attempt);
    }
}
