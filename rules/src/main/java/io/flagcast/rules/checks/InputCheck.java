package io.flagcast.rules.checks;

import io.flagcast.rules.Texts;
import io.flagcast.rules.checks.Finding.Part;
import io.flagcast.rules.checks.Finding.State;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import org.apache.commons.math3.special.Erf;

/**
 * Whether the rows of an input still arrive, and as many as usual: {@link Check#FRESHNESS} and {@link Check#VOLUME}.
 */
public final class InputCheck {

    private static final int LEAST_DAYS_BEFORE = 4;
    private static final double FEW = 0.5;
    private static final double MANY = 2;

    private InputCheck() {}

    /**
     * Whether the newest row is not too old.
     *
     * @param experimentId whose input it is; empty for an input of all
     * @param input what it is of, as "exposure of checkout" or "outcome purchase"
     * @param newest its time; absent where no row has ever come
     * @param staleAfter age from which it is too old
     */
    public static Finding freshness(
            String experimentId, String input, Optional<Instant> newest, Instant asOf, Duration staleAfter) {
        if (newest.isEmpty()) {
            return Finding.of(
                    Check.FRESHNESS,
                    experimentId,
                    Finding.ALL,
                    input,
                    State.UNKNOWN,
                    0,
                    "there is no " + input + " yet");
        }
        boolean stale = newest.get().isBefore(asOf.minus(staleAfter));
        return Finding.of(
                        Check.FRESHNESS,
                        experimentId,
                        Finding.ALL,
                        input,
                        State.failedWhere(stale),
                        1,
                        (stale ? "stale data: " : "") + "the newest " + input + " is of " + newest.get()
                                + ", flagcast.quality.stale-after is " + staleAfter.toHours() + " h")
                .measured(hours(Duration.between(newest.get(), asOf)), hours(staleAfter));
    }

    /**
     * Whether the rows of a day are not far fewer or more than usual: below half or above double the median of the days
     * before, and beyond what counts of that size vary by chance. That is judged by √(k + 3/8), whose variance is ¼ for
     * any Poisson count k (F. J. Anscombe, "The Transformation of Poisson, Binomial and Negative-Binomial Data",
     * Biometrika 35 (1948)); the median of d days adds π/2d of a day's variance.
     *
     * @param dailyRows oldest first, the last being the day judged; the days before it at least 4, or the verdict is
     *     unknown
     * @throws IllegalArgumentException for a negative count
     */
    public static Finding volume(String input, List<Long> dailyRows) {
        if (dailyRows.stream().anyMatch(rows -> rows < 0)) {
            throw new IllegalArgumentException(
                    "InputCheck: the daily rows of " + input + " are " + dailyRows + ", none can be negative");
        }
        int before = dailyRows.size() - 1;
        if (before < LEAST_DAYS_BEFORE) {
            return Finding.of(
                    Check.VOLUME,
                    "",
                    Finding.ALL,
                    input,
                    State.UNKNOWN,
                    dailyRows.stream().mapToLong(Long::longValue).sum(),
                    input + " has " + Math.max(0, before) + " days to compare the last with, it takes "
                            + LEAST_DAYS_BEFORE);
        }
        long rows = dailyRows.get(before);
        double usual = median(dailyRows.subList(0, before));
        double z = 2 * (Math.sqrt(rows + 0.375) - Math.sqrt(usual + 0.375)) / Math.sqrt(1 + Math.PI / (2 * before));
        double pValue = Erf.erfc(Math.abs(z) / Math.sqrt(2));
        boolean unusual = (rows < FEW * usual || rows > MANY * usual) && pValue < Chance.ALPHA;
        return Finding.of(
                        Check.VOLUME,
                        "",
                        Finding.ALL,
                        input,
                        State.failedWhere(unusual),
                        rows,
                        input + " has " + Texts.count(rows) + " rows on the last day, the median of the " + before
                                + " days before is " + Texts.number(usual)
                                + (unusual ? rows < usual ? ": less than half" : ": more than double" : ""))
                .measured((double) rows, (rows < usual ? FEW : MANY) * usual)
                .withPValue(pValue)
                .withDetail(IntStream.rangeClosed(0, before)
                        .mapToObj(day -> new Part(
                                String.valueOf(day - before),
                                dailyRows.get(day),
                                OptionalDouble.of(usual),
                                OptionalDouble.of(dailyRows.get(day)),
                                Optional.empty()))
                        .toList());
    }

    private static double median(List<Long> counts) {
        List<Long> sorted = counts.stream().sorted().toList();
        int middle = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2.0;
    }

    private static double hours(Duration duration) {
        return duration.toMillis() / 3_600_000.0;
    }
}
