package io.flagcast.rules;

import io.flagcast.rules.Condition.Comparison;
import io.flagcast.rules.Condition.Level;
import io.flagcast.rules.Condition.Population;
import io.flagcast.rules.Condition.Side;
import io.flagcast.rules.Condition.VersusBaseline;
import io.flagcast.rules.Condition.VersusControl;
import io.flagcast.rules.Reading.State;
import io.flagcast.rules.Rule.Evidence;
import io.flagcast.statistics.ConfidenceSequence;
import io.flagcast.statistics.Interval;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Metric.Kind;
import io.flagcast.statistics.Moments;
import io.flagcast.statistics.WeightedMoments;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Reads the measurements for one rule: which days count for a comparison, and what they say of a level, of the difference
 * from control or of the change from a baseline.
 *
 * @param rule whose segment and evidence count
 * @param metrics by name
 * @param measurements of the experiment
 * @param asOf days from it on are not looked at
 */
record Assessor(Rule rule, Map<String, Metric> metrics, Measurements measurements, Instant asOf) {

    /**
     * What the evidence says of a comparison: where windows are declared, what the window says that began last of those
     * that tell either way, as the longest tells it that says the same.
     *
     * @param alpha probability to be wrong that its bounds may spend, over all windows
     */
    Reading read(Comparison comparison, double alpha) {
        List<Reading> readings =
                looks(comparison, alpha).stream().map(this::read).toList();
        State state = readings.stream()
                .map(Reading::state)
                .filter(each -> each == State.HOLDS || each == State.OPPOSITE)
                .reduce((earlier, later) -> later)
                .orElse(State.OPEN);
        return readings.stream()
                .filter(reading -> reading.state() == state)
                .findFirst()
                .orElse(readings.get(0));
    }

    /**
     * The windows that a comparison looks at, the longest first; without a declared length the one since the evidence began.
     *
     * <p>A window begins every day and lasts its length; a user counts in it once, with the arm of the first exposure in it.
     * Those that begin in the k-th length since the evidence began may spend α · 6 / (π² k²), the first of them one half of it
     * and the others the other: as 1/k² adds up to π²/6, all windows together spend α, and no bound needs the windows of one
     * user to be independent.
     */
    private List<Look> looks(Comparison comparison, double alpha) {
        List<Observation> evidence = of(measurements.evidence(), comparison).stream()
                .filter(observation -> observation.day().isBefore(asOf))
                .toList();
        Metric metric = metrics.get(comparison.metric());
        Optional<Instant> start = evidence.stream().map(Observation::day).min(Comparator.naturalOrder());
        if (rule.evidence().window().isEmpty() || start.isEmpty()) {
            return List.of(new Look(
                    comparison,
                    metric,
                    evidence.stream()
                            .filter(observation -> observation.returnedAfter() == 0)
                            .toList(),
                    alpha,
                    1,
                    start,
                    start));
        }
        int length = Math.toIntExact(rule.evidence().window().get().toDays());
        Instant last = evidence.stream()
                .map(Observation::day)
                .max(Comparator.naturalOrder())
                .orElseThrow();
        Instant oldest = lastDay().minus(length, ChronoUnit.DAYS);
        return IntStream.range(0, length)
                .mapToObj(day -> last.minus(length - 1L - day, ChronoUnit.DAYS))
                .filter(begin -> !begin.isBefore(start.get()))
                .map(begin -> {
                    long days = ChronoUnit.DAYS.between(start.get(), begin);
                    int window = 1 + Math.toIntExact(days / length);
                    return new Look(
                            comparison,
                            metric,
                            evidence.stream()
                                    // What has not gone on for a whole length is no recent evidence.
                                    .filter(observation -> last.isAfter(oldest) && observation.isFirstSince(begin))
                                    .toList(),
                            spent(alpha, length, days),
                            window,
                            start,
                            Optional.of(begin));
                })
                .toList();
    }

    /**
     * What a window may spend of the error.
     *
     * @param length of a window in days
     * @param days from the beginning of the evidence to that of the window
     */
    static double spent(double alpha, int length, long days) {
        long window = 1 + days / length;
        double part = length == 1 ? 1 : days % length == 0 ? 0.5 : 0.5 / (length - 1);
        return part * alpha * 6 / (Math.PI * Math.PI * window * window);
    }

    /** What the evidence of one look says. */
    Reading read(Look look) {
        Optional<String> problem = look.observations().stream()
                .flatMap(observation -> observation.problem().stream())
                .findFirst();
        if (problem.isPresent()) {
            return look.unusable(problem.get());
        }
        if (look.comparison() instanceof Level level) {
            return level(look, level);
        }
        return look.comparison() instanceof VersusControl versus
                ? versusControl(look, versus)
                : versusBaseline(look, (VersusBaseline) look.comparison());
    }

    private Instant lastDay() {
        return asOf.minusNanos(1).truncatedTo(ChronoUnit.DAYS);
    }

    private List<Observation> of(List<Observation> observations, Comparison comparison) {
        return observations.stream()
                .filter(observation -> observation.segment().equals(rule.segment())
                        && observation.metric().equals(comparison.metric())
                        && (comparison instanceof VersusControl
                                || comparison.population() == Population.EVERYONE
                                || comparison.population() == observation.population()))
                .toList();
    }

    private Reading level(Look look, Level level) {
        Moments values = look.values();
        Optional<Reading> unusable = unusable(look, values);
        if (unusable.isPresent()) {
            return unusable.get();
        }
        Look.Bounds bounds = bounds(values, look.metric(), look.alpha());
        return look.compared(
                level.side(),
                values.mean(),
                bounds,
                new Look.Limits(level.level(), level.level()),
                OptionalLong.empty());
    }

    private Optional<Reading> unusable(Look look, Moments values) {
        if (values.n() < rule.evidence().minUsers()) {
            return Optional.of(look.inconclusive("%,d users, needs min_users %,d"
                    .formatted(values.n(), rule.evidence().minUsers())));
        }
        Optional<String> misfit = look.metric().misfit(values);
        if (misfit.isPresent()) {
            return misfit.map(look::unusable);
        }
        return look.metric().kind() == Kind.PROPORTION && !(values.mean() >= 0 && values.mean() <= 1)
                ? Optional.of(
                        look.unusable("a proportion of %s is outside [0, 1]".formatted(Texts.number(values.mean()))))
                : Optional.empty();
    }

    private Look.Bounds bounds(Moments values, Metric metric, double alpha) {
        if (rule.evidence().method() == Evidence.Method.POINT) {
            return Look.Bounds.point(values.mean());
        }
        ConfidenceSequence sequence =
                new ConfidenceSequence(alpha, rule.evidence().tunedAt());
        return Look.Bounds.sequence(
                () -> sequence.lowerBound(values, metric), () -> sequence.upperBound(values, metric));
    }

    private Reading versusControl(Look look, VersusControl versus) {
        WeightedMoments enabled = look.weighted(Population.ENABLED);
        WeightedMoments control = look.weighted(Population.CONTROL);
        long least = rule.evidence().minUsers();
        if (enabled.effectiveSampleSize() < least || control.effectiveSampleSize() < least) {
            return look.inconclusive("%s enabled and %s control users, each needs to be worth min_users %,d"
                    .formatted(worth(enabled), worth(control), least));
        }
        Optional<String> misfit =
                look.metric().misfit(enabled).or(() -> look.metric().misfit(control));
        if (misfit.isPresent()) {
            return look.unusable(misfit.get());
        }
        Side side = versus.side(look.metric());
        double factor = versus.factor(look.metric());
        double limit = versus.limit(look.metric());
        double controlMean = control.mean().orElseThrow();
        // Of nothing, any share is nothing: the contrast is the mean of the enabled.
        if (factor != 1 && controlMean < 0) {
            return look.inconclusive("the mean of control is %s: %s of it has no meaning"
                    .formatted(Texts.number(controlMean), versus.by()));
        }
        double contrast = enabled.mean().orElseThrow() - factor * controlMean;
        ConfidenceSequence sequence =
                new ConfidenceSequence(look.alpha(), rule.evidence().tunedAt());
        Look.Bounds bounds = rule.evidence().method() == Evidence.Method.POINT
                ? Look.Bounds.point(contrast)
                : Look.Bounds.sequence(
                        () -> sequence.lowerBound(enabled, control, factor, look.metric()),
                        () -> sequence.upperBound(enabled, control, factor, look.metric()));
        return look.compared(side, contrast, bounds, new Look.Limits(limit, limit), OptionalLong.of(control.n()));
    }

    private static String worth(WeightedMoments arm) {
        long effective = Math.round(Math.floor(arm.effectiveSampleSize()));
        return effective == arm.n() ? Texts.count(arm.n()) : "%,d (worth %,d)".formatted(arm.n(), effective);
    }

    /** Half the error for the recent users, whom every run looks at, half for the baseline, which stands still. */
    private Reading versusBaseline(Look look, VersusBaseline versus) {
        Moments recent = look.values();
        Optional<Reading> unusable = unusable(look, recent);
        if (unusable.isPresent()) {
            return unusable.get();
        }
        Moments baseline = baseline(look, versus);
        if (baseline.n() < rule.evidence().minUsers() || !isBaseline(baseline.mean(), versus.side(), look.metric())) {
            return look.inconclusive("the baseline, the %s before %s, has %,d users%s; needs min_users %,d"
                    .formatted(
                            Texts.duration(versus.versus()),
                            look.windowStart().orElseThrow(),
                            baseline.n(),
                            baseline.n() > 0 ? " with a mean of " + Texts.number(baseline.mean()) : "",
                            rule.evidence().minUsers()));
        }
        Optional<String> misfit = look.metric().misfit(baseline);
        if (misfit.isPresent()) {
            return look.unusable("the baseline: " + misfit.get());
        }
        Look.Bounds bounds = bounds(recent, look.metric(), look.alpha() / 2);
        Look.Limits limits = limits(versus, baseline, look.metric(), look.alpha());
        return look.compared(versus.side(), recent.mean(), bounds, limits, OptionalLong.of(baseline.n()));
    }

    /** Nothing drops below nothing; what rises from it is told by an interval that knows how much zeros in a row leave open. */
    private static boolean isBaseline(double mean, Side side, Metric metric) {
        boolean zerosLeaveOpen =
                metric.kind() == Kind.PROPORTION || metric.limit().isPresent();
        return mean > 0 || (mean == 0 && side == Side.ABOVE && zerosLeaveOpen);
    }

    /**
     * The users of the same days of the weeks before, counted as those of the window are: by their first exposure since such a
     * window would have begun, up to the same age of it.
     */
    private Moments baseline(Look look, VersusBaseline versus) {
        Instant begin = look.windowStart().orElseThrow();
        List<Observation> history = of(measurements.history(), versus);
        Optional<Instant> first = history.stream().map(Observation::day).min(Comparator.naturalOrder());
        Duration age = Duration.between(
                begin,
                look.observations().stream()
                        .map(Observation::day)
                        .max(Comparator.naturalOrder())
                        .orElse(begin));
        Duration step = versus.step(rule.evidence().window().orElseThrow());
        return Observation.values(Stream.iterate(begin.minus(step), earlier -> earlier.minus(step))
                .takeWhile(earlier -> first.isPresent()
                        && !earlier.isBefore(first.get())
                        && !earlier.isBefore(begin.minus(versus.versus())))
                .flatMap(earlier -> history.stream()
                        .filter(observation -> observation.isFirstSince(earlier)
                                && !observation.day().isAfter(earlier.plus(age))
                                && observation.problem().isEmpty()))
                .toList());
    }

    private Look.Limits limits(VersusBaseline versus, Moments baseline, Metric metric, double alpha) {
        if (rule.evidence().method() == Evidence.Method.POINT) {
            double limit = versus.factor() * baseline.mean();
            return new Look.Limits(limit, limit);
        }
        // Two-sided at 1 - alpha: each end may be wrong with half of it.
        Interval interval = metric.limit().isPresent()
                ? capped(baseline, metric, alpha / 2)
                : metric.kind() == Kind.PROPORTION
                        ? Interval.wilson(Math.round(baseline.sum()), baseline.n(), 1 - alpha)
                        : Interval.normal(baseline.mean(), baseline.standardError(), 1 - alpha);
        double low = versus.factor() * interval.lower();
        double high = versus.factor() * interval.upper();
        return versus.side() == Side.BELOW ? new Look.Limits(low, high) : new Look.Limits(high, low);
    }

    /** Exact, if wider than an interval for one look need be. */
    private Interval capped(Moments values, Metric metric, double alpha) {
        ConfidenceSequence sequence =
                new ConfidenceSequence(alpha, rule.evidence().tunedAt());
        return new Interval(
                sequence.lowerBound(values, metric).orElseThrow(),
                sequence.upperBound(values, metric).orElseThrow());
    }
}
