package io.flagcast.monitoring;

import static org.apache.spark.sql.functions.col;

import io.flagcast.statistics.Interval;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * What an experiment comes to, in words: by the effect on its first metric, of the newest seven days first and then of all users.
 * The intervals are the page's, of 95 % for one look; rules, which look at every run, ask for more.
 *
 * @param experimentId the experiment
 * @param metric its first metric
 * @param recent of the users of the newest seven days
 * @param total of all users
 */
public record EffectVerdict(String experimentId, String metric, Part recent, Part total) {

    /** What to do where a log does not say with what probability its users were enabled. */
    public static final String MAP_PROPENSITY =
            "map flagcast.sources.exposures.columns.propensity, as \"0.5\" where a fair coin decided";

    private static final DateTimeFormatter DAY =
            DateTimeFormatter.ofPattern("d MMM", Locale.ENGLISH).withZone(ZoneOffset.UTC);

    /** What an effect says. */
    public enum Answer {
        WORKING("working"),
        HARMFUL("harmful"),
        NOT_SHOWN("no difference shown yet"),
        UNKNOWN("cannot tell");

        private final String words;

        Answer(String words) {
            this.words = words;
        }

        /** As people say it. */
        public String words() {
            return words;
        }
    }

    /**
     * The effect in one window.
     *
     * @param answer what it says
     * @param effect in words, with interval and users; or why there is none
     * @param days when their outcome windows closed, in words; empty without an effect
     */
    public record Part(Answer answer, String effect, String days) {

        public Part {
            Objects.requireNonNull(answer, "answer");
            Objects.requireNonNull(effect, "effect");
            Objects.requireNonNull(days, "days");
        }

        static Part unknown(String why) {
            return new Part(Answer.UNKNOWN, why, "");
        }

        String inWords() {
            return effect + days;
        }
    }

    public EffectVerdict {
        Objects.requireNonNull(experimentId, "experimentId");
        Objects.requireNonNull(metric, "metric");
        Objects.requireNonNull(recent, "recent");
        Objects.requireNonNull(total, "total");
    }

    /** Of the newest days, unless they cannot tell and all together can. */
    public Answer answer() {
        return recent.answer() == Answer.UNKNOWN ? total.answer() : recent.answer();
    }

    /** The verdict, and what it rests on; once, where the experiment is no older than the newest days. */
    public String sentence() {
        if (recent.effect().equals(total.effect())) {
            return "%s; %s since the beginning: %s".formatted(answer().words(), metric, total.inWords());
        }
        boolean isOld = recent.answer() == Answer.UNKNOWN && total.answer() != Answer.UNKNOWN;
        String newest = "%s in the newest 7 days: %s".formatted(metric, recent.inWords());
        String all = "since the beginning: " + total.inWords();
        return answer().words() + (isOld ? ", by all days; " : "; ") + newest + "; " + all;
    }

    /** What a person does next. */
    public String nextStep() {
        return switch (answer()) {
            case WORKING -> "let it grow: raise the tier or the share, or let a rule with advance_tier do it";
            case HARMFUL ->
                total.answer() == Answer.WORKING
                        ? "look at what changed in these days; until it is mended, pause it or cut its share"
                        : "pause it, or cut its share: status: paused in its file";
            case NOT_SHOWN -> "go on; flagcast design says when an effect would be seen";
            case UNKNOWN ->
                "see that both arms are met, exploration keeps some of each; where their propensity is not logged, "
                        + MAP_PROPENSITY;
        };
    }

    /** Of every experiment of which there are metrics, by name. */
    public static List<EffectVerdict> read(Dataset<Row> segmentMetrics) {
        return of(segmentMetrics
                .where(col("window").isin(SegmentMetrics.RECENT, SegmentMetrics.TOTAL))
                .where(col("segment")
                        .equalTo(SegmentMetrics.ALL)
                        .and(col("cell").equalTo("")))
                .where(col("place").equalTo(1))
                .collectAsList());
    }

    /**
     * The same of rows that have been read.
     *
     * @param metrics rows of {@code segment_metrics}, of any experiment, segment and window
     */
    public static List<EffectVerdict> of(List<Row> metrics) {
        return metrics.stream()
                .filter(row -> row.getAs("segment").equals(SegmentMetrics.ALL)
                        && row.getAs("cell").equals("")
                        && Integer.valueOf(1).equals(row.getAs("place")))
                .collect(Collectors.groupingBy(
                        row -> row.<String>getAs("experiment_id"), TreeMap::new, Collectors.toList()))
                .values()
                .stream()
                .map(EffectVerdict::ofOne)
                .toList();
    }

    private static EffectVerdict ofOne(List<Row> rows) {
        Row any = rows.get(0);
        return new EffectVerdict(
                any.getAs("experiment_id"),
                any.getAs("metric"),
                part(rows, SegmentMetrics.RECENT),
                part(rows, SegmentMetrics.TOTAL));
    }

    private static Part part(List<Row> rows, String window) {
        List<Row> own = rows.stream()
                .filter(row -> row.getAs("window").equals(window))
                .sorted(Comparator.comparing(row -> row.<String>getAs("population")))
                .toList();
        Optional<Row> enabled = arm(own, "enabled");
        Optional<Row> control = arm(own, "control");
        if (own.isEmpty()) {
            return Part.unknown("nobody's outcome window has closed");
        }
        if (enabled.isEmpty() || control.isEmpty()) {
            return Part.unknown("nobody to compare with: all %,d users were %s"
                    .formatted(n(own.get(0)), enabled.isEmpty() ? "in control" : "enabled"));
        }
        Optional<Interval> adjusted = interval(enabled.get(), "adjusted_lower", "adjusted_upper");
        Optional<Interval> interval = adjusted.or(() -> interval(enabled.get(), "effect_lower", "effect_upper"));
        Double effect = enabled.get().getAs(adjusted.isPresent() ? "adjusted_effect" : "effect");
        if (effect == null || interval.isEmpty()) {
            return Part.unknown(
                    effect == null
                            ? "no propensity between 0 and 1 is logged with the users of an arm: map flagcast.sources.exposures.columns.propensity"
                            : "an effect without an interval, of too few users");
        }
        boolean isShare = isShare(enabled.get()) && isShare(control.get());
        return new Part(
                answer(interval.get(), enabled.get().getAs("better").equals("higher")),
                "%s (%s to %s) of %,d users"
                        .formatted(
                                number(effect, isShare) + (isShare ? " pp" : ""),
                                number(interval.get().lower(), isShare),
                                number(interval.get().upper(), isShare),
                                n(enabled.get()) + n(control.get())),
                ", %s to %s"
                        .formatted(
                                DAY.format(HoldoutWorth.instant(enabled.get(), "window_start")),
                                DAY.format(HoldoutWorth.instant(enabled.get(), "window_end")
                                        .minusNanos(1))));
    }

    private static Answer answer(Interval effect, boolean higherIsBetter) {
        if (effect.lower() > 0) {
            return higherIsBetter ? Answer.WORKING : Answer.HARMFUL;
        }
        if (effect.upper() < 0) {
            return higherIsBetter ? Answer.HARMFUL : Answer.WORKING;
        }
        return Answer.NOT_SHOWN;
    }

    private static Optional<Row> arm(List<Row> rows, String population) {
        return rows.stream()
                .filter(row -> row.getAs("population").equals(population))
                .findFirst();
    }

    private static long n(Row row) {
        return row.<Long>getAs("n");
    }

    /** Whether every value is 0 or 1. */
    private static boolean isShare(Row row) {
        return row.getAs("sum") != null && row.getAs("sum").equals(row.getAs("sum_squares"));
    }

    private static Optional<Interval> interval(Row row, String lower, String upper) {
        Double from = row.getAs(lower);
        Double to = row.getAs(upper);
        return from == null || to == null || from.isNaN() || to.isNaN()
                ? Optional.empty()
                : Optional.of(new Interval(from, to));
    }

    private static String number(double value, boolean isShare) {
        return isShare ? "%+.2f".formatted(100 * value) : "%+.4g".formatted(value);
    }
}
