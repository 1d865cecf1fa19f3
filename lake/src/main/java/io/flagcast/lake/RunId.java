package io.flagcast.lake;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.Objects;

/**
 * One execution for one as-of, written {@code 20261123T000000Z-g1}.
 *
 * @param asOf instant up to which the run looks; whole seconds
 * @param generation 1, and one more for every restatement
 */
public record RunId(Instant asOf, int generation) {

    private static final DateTimeFormatter COMPACT =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

    public RunId {
        Objects.requireNonNull(asOf, "asOf");
        if (!asOf.equals(asOf.truncatedTo(ChronoUnit.SECONDS))) {
            throw new IllegalArgumentException("as-of " + asOf + " is not a whole second");
        }
        if (generation < 1) {
            throw new IllegalArgumentException("generation " + generation + " is below 1");
        }
    }

    /**
     * Reads what {@link #toString} writes.
     *
     * @throws IllegalArgumentException where it is none
     */
    public static RunId parse(String text) {
        int dash = text.indexOf("-g");
        if (dash < 0) {
            throw new IllegalArgumentException("'" + text + "' is no run id, as 20261123T000000Z-g1");
        }
        return new RunId(
                COMPACT.parse(text.substring(0, dash), Instant::from), Integer.parseInt(text.substring(dash + 2)));
    }

    @Override
    public String toString() {
        return COMPACT.format(asOf) + "-g" + generation;
    }
}
