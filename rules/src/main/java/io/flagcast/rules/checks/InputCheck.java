package io.flagcast.rules.checks;

import io.flagcast.rules.Texts;
import io.flagcast.rules.checks.Finding.Part;
import io.flagcast.rules.checks.Finding.State;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import org.apache.commons.math3.special.Erf;

/**
 * Whether the rows of an input still arrive, and as many as usual: {@link Check#FRESHNESS} and {@link Check#VOLUME}.
 */
public final class InputCheck {

    private static final int LEAST_RUNS_BEFORE = 4;
    private static final int WEEK = 7;
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
            return none(experimentId, input, State.UNKNOWN, "there is no " + input + " yet");
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

    /** The newest row of an input that is declared to be over: it may be of any age. */
    public static Finding closed(String experimentId, String input, Instant newest, Instant asOf) {
        return Finding.of(
                        Check.FRESHNESS,
                        experimentId,
                        Finding.ALL,
                        input,
                        State.PASSED,
                        1,
                        "the newest %s is of %s, and no more is to come: flagcast.quality.history is closed"
                                .formatted(input, newest))
                .measured(hours(Duration.between(newest, asOf)));
    }

    /**
     * An outcome of which no row has ever come, although the experiment that counts it is met.
     *
     * @param since time of the experiment's oldest exposure
     */
    public static Finding neverCome(String experimentId, String input, Instant since) {
        return none(
                experimentId,
                input,
                State.FAILED,
                ("not one %1$s has ever come, and %2$s is met since %3$s: correct its name in the metrics of %2$s or its feed, or"
                                + " declare that none can have happened with flagcast.quality.may-be-empty = [\"%1$s\"]")
                        .formatted(input, experimentId, since));
    }

    /** An input without a row, which is declared to be right. */
    public static Finding declaredEmpty(String experimentId, String input) {
        return none(
                experimentId,
                input,
                State.PASSED,
                "there is no " + input + ", as flagcast.quality.may-be-empty declares");
    }

    private static Finding none(String experimentId, String input, State state, String reason) {
        return Finding.of(Check.FRESHNESS, experimentId, Finding.ALL, input, state, 0, reason);
    }

    /**
     * An input that had rows and has none. The past cannot lose any: they were lost by whoever keeps them.
     *
     * @param newest time of the newest row that was known
     */
    public static Finding emptied(
            String experimentId, String input, Instant newest, Instant asOf, Duration staleAfter) {
        return none(
                        experimentId,
                        input,
                        State.FAILED,
                        ("emptied: the newest %1$s that was known before is of %2$s, and now there is none at all: bring the rows"
                                        + " back, or declare that they may be gone with flagcast.quality.may-be-empty = [\"%1$s\"]")
                                .formatted(input, newest))
                .measured(hours(Duration.between(newest, asOf)), hours(staleAfter));
    }

    /**
     * Whether the rows of a day are not far fewer or more than those of the same weekday before: below half or above
     * double their median, and beyond what counts of that size vary by chance. No other day is compared, as a weekend may
     * have any part of a working day's rows: until a week is known nothing is said. One same weekday alone may have been
     * the odd one; then the day must be as far from the median of the last seven days, too. Of an even number both
     * middle ones count.
     *
     * <p>Chance is judged by √(k + 3/8), whose variance is ¼ for any Poisson count k (F. J. Anscombe, "The
     * Transformation of Poisson, Binomial and Negative-Binomial Data", Biometrika 35 (1948)); the median of d days adds
     * π/2d of a day's variance. More than two days count as two: few rows are skewed, and with three days the exact
     * probability to fail by chance was 0.0013 at a mean of 5 rows; so it is 0.0006 at most at means from 0.2 to 20.
     *
     * @param experimentId whose input it is; empty for an input of all
     * @param input what it is of, as "exposures" or "outcome purchase"
     * @param dailyRows oldest first, the last being the day judged; the days before it at least 7, or the verdict is
     *     unknown
     * @throws IllegalArgumentException for a negative count
     */
    public static Finding volume(String experimentId, String input, List<Long> dailyRows) {
        requireCounts(input, dailyRows);
        int last = dailyRows.size() - 1;
        List<Long> alike = sameWeekdays(dailyRows, last);
        if (alike.isEmpty()) {
            return unknown(
                    experimentId,
                    input,
                    dailyRows,
                    input + " has " + Math.max(0, last) + " days to compare the last with, it takes " + WEEK
                            + ": only the same weekday tells what is usual");
        }
        List<Long> week = dailyRows.subList(last - WEEK, last);
        Usual usual = alike.size() == 1 ? Usual.of(alike).widenedBy(Usual.of(week)) : Usual.of(alike);
        return judged(
                experimentId,
                input,
                dailyRows,
                usual,
                " rows on the last day, "
                        + (alike.size() == 1
                                ? "the same weekday before or the median of the week has "
                                : "the median of the " + alike.size() + " same weekdays before is "),
                day -> day == last ? usual.nearest(dailyRows.get(last)) : usualOn(day, dailyRows));
    }

    /** The median of all days before the last that have the weekday of one. */
    private static double usualOn(int day, List<Long> dailyRows) {
        int last = dailyRows.size() - 1;
        int back = (last - day) % WEEK;
        return Usual.of(sameWeekdays(dailyRows, back == 0 ? last : last - back + WEEK))
                .median();
    }

    /**
     * Whether a snapshot, as of all users, has not far fewer or more rows than those of the runs before: below half or
     * above double their median, and beyond chance as in {@link #volume}. A snapshot has no weekdays.
     *
     * @param rows of each run, oldest first, the last being judged; the runs before it at least 4, or the verdict is
     *     unknown
     * @throws IllegalArgumentException for a negative count
     */
    public static Finding snapshot(String input, List<Long> rows) {
        requireCounts(input, rows);
        int before = rows.size() - 1;
        if (before < LEAST_RUNS_BEFORE) {
            return unknown(
                    "",
                    input,
                    rows,
                    input + " has " + Math.max(0, before) + " runs to compare the last with, it takes "
                            + LEAST_RUNS_BEFORE);
        }
        Usual usual = Usual.of(rows.subList(0, before));
        return judged(
                "",
                input,
                rows,
                usual,
                " rows in the last run, the median of the " + before + " runs before is ",
                run -> run == before ? usual.nearest(rows.get(run)) : usual.median());
    }

    /**
     * What counts to compare with say is usual.
     *
     * @param least of the middle ones
     * @param most of the middle ones
     * @param counts how many there are
     */
    private record Usual(long least, long most, int counts) {

        static Usual of(List<Long> counts) {
            List<Long> sorted = counts.stream().sorted().toList();
            int size = sorted.size();
            return new Usual(sorted.get((size - 1) / 2), sorted.get(size / 2), size);
        }

        Usual widenedBy(Usual other) {
            return new Usual(Math.min(least, other.least), Math.max(most, other.most), counts);
        }

        /** What a count is compared with. */
        long nearest(long count) {
            return Math.max(least, Math.min(most, count));
        }

        double median() {
            return (least + most) / 2.0;
        }

        /** Of a count's own size by chance, where it is not usual: both tails. */
        double pValue(long count) {
            double z = 2
                    * (Math.sqrt(count + 0.375) - Math.sqrt(nearest(count) + 0.375))
                    / Math.sqrt(1 + Math.PI / (2 * Math.min(counts, 2)));
            return Erf.erfc(Math.abs(z) / Math.sqrt(2));
        }
    }

    /** The counts 7, 14, 21, … places before one. */
    private static List<Long> sameWeekdays(List<Long> dailyRows, int day) {
        return IntStream.iterate(day - WEEK, before -> before >= 0, before -> before - WEEK)
                .mapToObj(dailyRows::get)
                .toList();
    }

    private static void requireCounts(String input, List<Long> counts) {
        if (counts.stream().anyMatch(rows -> rows < 0)) {
            throw new IllegalArgumentException(
                    "InputCheck: the rows of " + input + " are " + counts + ", none can be negative");
        }
    }

    private static Finding unknown(String experimentId, String input, List<Long> counts, String reason) {
        return Finding.of(
                Check.VOLUME,
                experimentId,
                Finding.ALL,
                input,
                State.UNKNOWN,
                counts.stream().mapToLong(Long::longValue).sum(),
                reason);
    }

    private static Finding judged(
            String experimentId,
            String input,
            List<Long> counts,
            Usual usual,
            String comparison,
            IntToDoubleFunction shownAsUsual) {
        int last = counts.size() - 1;
        long rows = counts.get(last);
        long compared = usual.nearest(rows);
        double pValue = usual.pValue(rows);
        boolean unusual = (rows < FEW * compared || rows > MANY * compared) && pValue < Chance.ALPHA;
        return Finding.of(
                        Check.VOLUME,
                        experimentId,
                        Finding.ALL,
                        input,
                        State.failedWhere(unusual),
                        rows,
                        input + " has " + Texts.count(rows) + comparison + Texts.count(compared)
                                + (unusual ? rows < compared ? ": less than half" : ": more than double" : ""))
                .measured((double) rows, (rows < compared ? FEW : MANY) * compared)
                .withPValue(pValue)
                .withDetail(IntStream.rangeClosed(0, last)
                        .mapToObj(day -> new Part(
                                String.valueOf(day - last),
                                counts.get(day),
                                OptionalDouble.of(shownAsUsual.applyAsDouble(day)),
                                OptionalDouble.of(counts.get(day)),
                                Optional.empty()))
                        .toList());
    }

    /** How many rows are usual, by a volume that failed as there are fewer. */
    public static double usual(Finding volume) {
        return volume.threshold().orElseThrow() / FEW;
    }

    /**
     * Whether some rows would still be too few.
     *
     * @param volume a volume that failed as there are fewer
     */
    public static boolean isFew(Finding volume, double rows) {
        return rows < volume.threshold().orElseThrow();
    }

    private static double hours(Duration duration) {
        return duration.toMillis() / 3_600_000.0;
    }
}
