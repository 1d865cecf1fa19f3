package io.flagcast.rules;

import io.flagcast.rules.Condition.Comparison;
import io.flagcast.rules.Condition.Level;
import io.flagcast.rules.Condition.Population;
import io.flagcast.rules.Condition.Quality;
import io.flagcast.rules.Condition.Side;
import io.flagcast.rules.Condition.VersusBaseline;
import io.flagcast.rules.Condition.VersusControl;
import io.flagcast.rules.Rule.Evidence;
import io.flagcast.statistics.ConfidenceSequence;
import io.flagcast.statistics.Interval;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Metric.Direction;
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
     * What the evidence says of a comparison.
     *
     * @param alpha probability to be wrong that its bound may spend, over all windows
     */
    Reading read(Comparison comparison, double alpha) {
        List<Observation> evidence = of(measurements.evidence(), comparison).stream()
                .filter(observation -> observation.day().isBefore(asOf))
                .toList();
        Optional<Instant> start = evidence.stream().map(Observation::day).min(Comparator.naturalOrder());
        Optional<Duration> length = rule.evidence().window();
        int window = length.isEmpty() || start.isEmpty()
                ? 1
                : 1 + (int) Duration.between(start.get(), lastDay()).dividedBy(length.get());
        Optional<Instant> windowStart = start.map(
                first -> length.isEmpty() ? first : first.plus(length.get().multipliedBy(window - 1L)));
        Look look = new Look(
                comparison,
                metrics.get(comparison.metric()),
                evidence.stream()
                        .filter(observation -> !observation.day().isBefore(windowStart.orElseThrow()))
                        .toList(),
                length.isEmpty() ? alpha : alpha * 6 / (Math.PI * Math.PI * window * window),
                window,
                start,
                windowStart);
        Optional<String> problem = look.observations().stream()
                .flatMap(observation -> observation.problem().stream())
                .findFirst();
        if (problem.isPresent()) {
            return look.unusable(problem.get());
        }
        if (comparison instanceof Level level) {
            return level(look, level);
        }
        return comparison instanceof VersusControl versus
                ? versusControl(look, versus)
                : versusBaseline(look, (VersusBaseline) comparison);
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
                ? Optional.of(look.unusable("a proportion of %s is outside [0, 1]".formatted(Texts.number(values.mean()))))
                : Optional.empty();
    }

    private Look.Bounds bounds(Moments values, Metric metric, double alpha) {
        if (rule.evidence().method() == Evidence.Method.POINT) {
            return Look.Bounds.point(values.mean());
        }
        ConfidenceSequence sequence =
                new ConfidenceSequence(alpha, rule.evidence().tunedAt());
        return Look.Bounds.sequence(() -> sequence.lowerBound(values, metric), () -> sequence.upperBound(values, metric));
    }

    private Reading versusControl(Look look, VersusControl versus) {
        WeightedMoments enabled = look.weighted(Population.ENABLED);
        WeightedMoments control = look.weighted(Population.CONTROL);
        long least = rule.evidence().minUsers();
        if (enabled.n() < least || control.n() < least) {
            return look.inconclusive("%,d enabled and %,d control users, each needs min_users %,d"
                    .formatted(enabled.n(), control.n(), least));
        }
        Optional<String> misfit = look.metric().misfit(enabled).or(() -> look.metric().misfit(control));
        if (misfit.isPresent()) {
            return look.unusable(misfit.get());
        }
        boolean lower =
                (versus.quality() == Quality.WORSE) == (look.metric().direction() == Direction.HIGHER_IS_BETTER);
        Side side = lower ? Side.BELOW : Side.ABOVE;
        int sign = lower ? -1 : +1;
        boolean relative = versus.by().unit() == Amount.Unit.RELATIVE;
        double factor = relative ? 1 + sign * versus.by().value() : 1;
        double limit = relative ? 0 : sign * versus.by().value();
        double controlMean = control.mean().orElseThrow();
        if (factor != 1 && controlMean <= 0) {
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

    /** Half the error for the recent users, whom every run looks at, half for the baseline, which stands still. */
    private Reading versusBaseline(Look look, VersusBaseline versus) {
        Moments recent = look.values();
        Optional<Reading> unusable = unusable(look, recent);
        if (unusable.isPresent()) {
            return unusable.get();
        }
        Instant until = look.windowStart().orElseThrow();
        Moments baseline = of(measurements.history(), versus).stream()
                .filter(observation -> observation.day().isBefore(until)
                        && !observation.day().isBefore(until.minus(versus.versus()))
                        && observation.problem().isEmpty())
                .map(Observation::values)
                .reduce(Moments.EMPTY, Moments::merge);
        if (baseline.n() < rule.evidence().minUsers() || baseline.mean() <= 0) {
            return look.inconclusive("the baseline, the %s before %s, has %,d users%s; needs min_users %,d"
                    .formatted(
                            Texts.duration(versus.versus()),
                            until,
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
