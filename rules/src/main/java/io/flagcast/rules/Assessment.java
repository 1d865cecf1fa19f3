package io.flagcast.rules;

import io.flagcast.rules.Condition.Comparison;
import io.flagcast.rules.Condition.Level;
import io.flagcast.rules.Condition.Population;
import io.flagcast.rules.Condition.Quality;
import io.flagcast.rules.Condition.Side;
import io.flagcast.rules.Condition.VersusBaseline;
import io.flagcast.rules.Condition.VersusControl;
import io.flagcast.rules.Reading.State;
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
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * What the measurements say of a rule's condition.
 *
 * @param state of the condition as a whole
 * @param readings one for each of its comparisons
 * @param deciding the one that made the state what it is
 */
record Assessment(State state, List<Reading> readings, Reading deciding) {

    Assessment {
        readings = List.copyOf(readings);
    }

    /**
     * Assesses the condition of a rule.
     *
     * @param alpha probability to be wrong that the rule may spend
     * @param metrics by name
     * @param asOf days from it on are not looked at
     */
    static Assessment of(
            Rule rule, double alpha, Map<String, Metric> metrics, Measurements measurements, Instant asOf) {
        return new Assessor(rule, metrics, measurements, asOf).assess(rule.when(), alpha);
    }

    private static Assessment all(List<Assessment> parts) {
        State state = every(parts, State.HOLDS)
                ? State.HOLDS
                : every(parts, State.OPPOSITE)
                        ? State.OPPOSITE
                        : any(parts, State.OPEN) || any(parts, State.OPPOSITE) ? State.OPEN : State.INCONCLUSIVE;
        return joined(state, parts, part -> part.state != State.HOLDS);
    }

    private static Assessment any(List<Assessment> parts) {
        State state = any(parts, State.HOLDS)
                ? State.HOLDS
                : every(parts, State.OPPOSITE)
                        ? State.OPPOSITE
                        : any(parts, State.INCONCLUSIVE) ? State.INCONCLUSIVE : State.OPEN;
        return joined(state, parts, part -> part.state == State.HOLDS);
    }

    private static boolean every(List<Assessment> parts, State state) {
        return parts.stream().allMatch(part -> part.state == state);
    }

    private static boolean any(List<Assessment> parts, State state) {
        return parts.stream().anyMatch(part -> part.state == state);
    }

    private static Assessment joined(State state, List<Assessment> parts, Predicate<Assessment> decides) {
        return new Assessment(
                state,
                parts.stream().flatMap(part -> part.readings.stream()).toList(),
                parts.stream().filter(decides).findFirst().orElse(parts.get(0)).deciding);
    }

    /** Looks at one set of measurements. */
    private record Assessor(Rule rule, Map<String, Metric> metrics, Measurements measurements, Instant asOf) {

        Assessment assess(Condition condition, double alpha) {
            if (condition instanceof Condition.All all) {
                return all(all.conditions().stream()
                        .map(part -> assess(part, alpha))
                        .toList());
            }
            if (condition instanceof Condition.Any any) {
                return any(any.conditions().stream()
                        .map(part -> assess(part, alpha / any.conditions().size()))
                        .toList());
            }
            Reading reading = read((Comparison) condition, alpha);
            return new Assessment(reading.state(), List.of(reading), reading);
        }

        private Reading read(Comparison comparison, double alpha) {
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
                return look.inconclusive("%s cannot be used: %s".formatted(comparison.metric(), problem.get()));
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
            Bounds bounds = bounds(values, look.metric().kind(), look.alpha());
            return look.compared(
                    level.side(),
                    values.mean(),
                    bounds,
                    new Limits(level.level(), level.level()),
                    OptionalLong.empty());
        }

        private Optional<Reading> unusable(Look look, Moments values) {
            if (values.n() < rule.evidence().minUsers()) {
                return Optional.of(look.inconclusive("%,d users, needs min_users %,d"
                        .formatted(values.n(), rule.evidence().minUsers())));
            }
            return look.metric().kind() == Kind.PROPORTION && !(values.mean() >= 0 && values.mean() <= 1)
                    ? Optional.of(look.inconclusive("%s cannot be used: a proportion of %s is outside [0, 1]"
                            .formatted(look.metric().name(), Texts.number(values.mean()))))
                    : Optional.empty();
        }

        private Bounds bounds(Moments values, Kind kind, double alpha) {
            if (rule.evidence().method() == Evidence.Method.POINT) {
                return Bounds.point(values.mean());
            }
            ConfidenceSequence sequence =
                    new ConfidenceSequence(alpha, rule.evidence().tunedAt());
            return Bounds.sequence(() -> sequence.lowerBound(values, kind), () -> sequence.upperBound(values, kind));
        }

        private Reading versusControl(Look look, VersusControl versus) {
            WeightedMoments enabled = look.weighted(Population.ENABLED);
            WeightedMoments control = look.weighted(Population.CONTROL);
            long least = rule.evidence().minUsers();
            if (enabled.n() < least || control.n() < least) {
                return look.inconclusive("%,d enabled and %,d control users, each needs min_users %,d"
                        .formatted(enabled.n(), control.n(), least));
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
            Kind kind = look.metric().kind();
            ConfidenceSequence sequence =
                    new ConfidenceSequence(look.alpha(), rule.evidence().tunedAt());
            Bounds bounds = rule.evidence().method() == Evidence.Method.POINT
                    ? Bounds.point(contrast)
                    : Bounds.sequence(
                            () -> sequence.lowerBound(enabled, control, factor, kind),
                            () -> sequence.upperBound(enabled, control, factor, kind));
            return look.compared(side, contrast, bounds, new Limits(limit, limit), OptionalLong.of(control.n()));
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
            Kind kind = look.metric().kind();
            Bounds bounds = bounds(recent, kind, look.alpha() / 2);
            Limits limits = limits(versus, baseline, kind, look.alpha());
            return look.compared(versus.side(), recent.mean(), bounds, limits, OptionalLong.of(baseline.n()));
        }

        private Limits limits(VersusBaseline versus, Moments baseline, Kind kind, double alpha) {
            if (rule.evidence().method() == Evidence.Method.POINT) {
                double limit = versus.factor() * baseline.mean();
                return new Limits(limit, limit);
            }
            // Two-sided at 1 - alpha: each end may be wrong with half of it.
            Interval interval = kind == Kind.PROPORTION
                    ? Interval.wilson(Math.round(baseline.sum()), baseline.n(), 1 - alpha)
                    : Interval.normal(baseline.mean(), baseline.standardError(), 1 - alpha);
            double low = versus.factor() * interval.lower();
            double high = versus.factor() * interval.upper();
            return versus.side() == Side.BELOW ? new Limits(low, high) : new Limits(high, low);
        }
    }

    /** Bounds that are computed where they are asked for: they cost more than all the rest. */
    private record Bounds(Evidence.Method method, Supplier<OptionalDouble> lower, Supplier<OptionalDouble> upper) {

        static Bounds point(double estimate) {
            Supplier<OptionalDouble> itself = () -> OptionalDouble.of(estimate);
            return new Bounds(Evidence.Method.POINT, itself, itself);
        }

        static Bounds sequence(Supplier<OptionalDouble> lower, Supplier<OptionalDouble> upper) {
            return new Bounds(Evidence.Method.CONFIDENCE_SEQUENCE, lower, upper);
        }

        OptionalDouble on(Side side) {
            return (side == Side.BELOW ? upper : lower).get();
        }
    }

    /**
     * What a bound is compared with.
     *
     * @param holds beyond it the comparison holds
     * @param opposite on its other side the opposite holds
     */
    private record Limits(double holds, double opposite) {}

    /** One comparison with the evidence of its window. */
    private record Look(
            Comparison comparison,
            Metric metric,
            List<Observation> observations,
            double alpha,
            int window,
            Optional<Instant> start,
            Optional<Instant> windowStart) {

        Moments values() {
            return observations.stream().map(Observation::values).reduce(Moments.EMPTY, Moments::merge);
        }

        WeightedMoments weighted(Population arm) {
            return observations.stream()
                    .filter(observation -> observation.population() == arm)
                    .map(Observation::weighted)
                    .reduce(WeightedMoments.EMPTY, WeightedMoments::merge);
        }

        Reading inconclusive(String reason) {
            Moments values = values();
            boolean isMean = !(comparison instanceof VersusControl) && values.n() > 0;
            return new Reading(
                    comparison,
                    State.INCONCLUSIVE,
                    isMean ? OptionalDouble.of(values.mean()) : OptionalDouble.empty(),
                    OptionalDouble.empty(),
                    OptionalDouble.empty(),
                    values.n(),
                    OptionalLong.empty(),
                    alpha,
                    window,
                    start,
                    windowStart,
                    reason);
        }

        Reading compared(Side side, double observed, Bounds bounds, Limits limits, OptionalLong compared) {
            OptionalDouble bound = bounds.on(side);
            if (bound.isEmpty()) {
                return inconclusive(
                        "%,d users without spread in their values: no confidence bound".formatted(values().n()));
            }
            boolean holds = beyond(side, bound.getAsDouble(), limits.holds());
            // A bound lies on its own side of the estimate, so only then can it be beyond the limit.
            OptionalDouble other = beyond(side.opposite(), observed, limits.opposite())
                    ? bounds.on(side.opposite())
                    : OptionalDouble.empty();
            boolean opposite = other.isPresent() && beyond(side.opposite(), other.getAsDouble(), limits.opposite());
            long n = comparison instanceof VersusControl
                    ? weighted(Population.ENABLED).n()
                            + weighted(Population.CONTROL).n()
                    : values().n();
            boolean isPoint = bounds.method() == Evidence.Method.POINT;
            String reason = "%s: %s %s is %s%s %s (observed %s, n = %,d%s)"
                    .formatted(
                            comparison.describe(),
                            isPoint
                                    ? "estimate, without statistics,"
                                    : (side == Side.BELOW ? "upper" : "lower") + " bound",
                            Texts.number(bound.getAsDouble()),
                            holds ? "" : "not ",
                            side.label(),
                            Texts.number(limits.holds()),
                            Texts.number(observed),
                            n,
                            window > 1 ? ", window " + window : "");
            return new Reading(
                    comparison,
                    holds ? State.HOLDS : opposite ? State.OPPOSITE : State.OPEN,
                    OptionalDouble.of(observed),
                    bound,
                    OptionalDouble.of(limits.holds()),
                    n,
                    compared,
                    isPoint ? 0 : alpha,
                    window,
                    start,
                    windowStart,
                    reason);
        }

        private static boolean beyond(Side side, double bound, double limit) {
            return side == Side.BELOW ? bound < limit : bound > limit;
        }
    }
}
