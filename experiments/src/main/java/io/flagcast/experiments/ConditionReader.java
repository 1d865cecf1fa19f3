package io.flagcast.experiments;

import io.flagcast.experiments.document.Mapping;
import io.flagcast.experiments.document.Numbers;
import io.flagcast.experiments.document.Reader;
import io.flagcast.experiments.document.Setting;
import io.flagcast.experiments.document.Times;
import io.flagcast.experiments.document.Words;
import io.flagcast.rules.Amount;
import io.flagcast.rules.Condition;
import io.flagcast.rules.Condition.Population;
import io.flagcast.rules.Condition.Quality;
import io.flagcast.rules.Condition.Side;
import io.flagcast.statistics.Metric;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;

/** Reads what rules and alerts look for: comparisons of metrics with a level, with control or with the past. */
final class ConditionReader {

    private final SegmentReader segments;
    private final MetricReader metrics;

    /** @param metrics has read all of them */
    ConditionReader(SegmentReader segments, MetricReader metrics) {
        this.segments = segments;
        this.metrics = metrics;
    }

    /**
     * What metrics are looked at for.
     *
     * @param segment the segment, or all
     */
    record When(String segment, Condition condition) {}

    Optional<When> when(Mapping when) {
        Setting<String> segment = when.required("segment", segments::watched);
        Optional<Supplier<Condition>> condition = condition(when);
        return when.build(
                () -> new When(segment.value(), condition.orElseThrow().get()));
    }

    private Optional<Condition> part(Mapping part) {
        Optional<Supplier<Condition>> condition = condition(part);
        return part.build(() -> condition.orElseThrow().get());
    }

    /** The keys of one comparison, or of several; absent where none is there. */
    private Optional<Supplier<Condition>> condition(Mapping when) {
        Optional<String> chosen = when.requireExactlyOne(
                "below", "above", "worse_than_control", "better_than_control", "drops", "rises", "all", "any");
        if (chosen.isEmpty()) {
            // What else is needed depends on the one that is missing or misspelt.
            when.optional("population", Optional::of);
            when.optional("metric", Optional::of);
        }
        return chosen.map(key -> switch (key) {
            case "all" -> several(when, key, Condition.All::new);
            case "any" -> several(when, key, Condition.Any::new);
            default -> comparison(when, key);
        });
    }

    private Supplier<Condition> several(Mapping when, String key, Function<List<Condition>, Condition> together) {
        for (String ofEach : List.of("population", "metric")) {
            when.optional(ofEach, value -> value.refuse("belongs in each condition of the list; move it there"));
        }
        Setting<List<Condition>> parts = when.required(key, Mapping.listOf(Mapping.of(this::part)));
        return () -> together.apply(parts.value());
    }

    /**
     * Whose metric is compared.
     *
     * @param kind absent where the metric is broken
     */
    private record Subject(Setting<Population> population, Setting<String> metric, Optional<Metric.Kind> kind) {}

    private Supplier<Condition> comparison(Mapping when, String key) {
        Setting<Population> population = when.or("population", Words.oneOf(Population.class), Population.ENABLED);
        Setting<String> metric = when.required("metric", metrics::name);
        Subject subject = new Subject(population, metric, metric.read().flatMap(metrics::kind));
        return switch (key) {
            case "below" -> level(when, key, Side.BELOW, subject);
            case "above" -> level(when, key, Side.ABOVE, subject);
            case "worse_than_control" -> versusControl(when, key, Quality.WORSE, subject);
            case "better_than_control" -> versusControl(when, key, Quality.BETTER, subject);
            case "drops" -> versusBaseline(when, key, Side.BELOW, subject);
            default -> versusBaseline(when, key, Side.ABOVE, subject);
        };
    }

    private static Supplier<Condition> level(Mapping when, String key, Side side, Subject subject) {
        Setting<Double> level = when.required(key, level(subject.kind(), side));
        return () -> new Condition.Level(
                subject.population().value(), subject.metric().value(), side, level.value());
    }

    private static Reader<Double> level(Optional<Metric.Kind> kind, Side side) {
        if (kind.isEmpty()) {
            // The metric itself is broken, which says enough.
            return value -> Optional.empty();
        }
        double never = side == Side.BELOW ? 0 : 1;
        return kind.get() == Metric.Kind.MEAN
                ? Numbers::numberOfMean
                : value -> Numbers.rate(value)
                        .flatMap(rate -> rate != never
                                ? Optional.of(rate)
                                : value.refuse("a proportion is never %s that; write a level that it can pass"
                                        .formatted(side.label())));
    }

    private static Supplier<Condition> versusControl(Mapping when, String key, Quality quality, Subject subject) {
        Setting<Amount> by = when.required(key, Mapping.of(margin -> margin(margin, subject.kind(), quality)));
        return () -> {
            if (subject.population().value() != Population.ENABLED) {
                throw new IllegalArgumentException(
                        "population: against control it is always the enabled who are compared; remove it");
            }
            return new Condition.VersusControl(subject.metric().value(), quality, by.value());
        };
    }

    private static Optional<Amount> margin(Mapping margin, Optional<Metric.Kind> kind, Quality quality) {
        Setting<Amount> by = margin.required(
                "by",
                value -> Numbers.margin(value)
                        .flatMap(amount -> quality == Quality.BETTER || amount.value() < 1
                                ? Optional.of(amount)
                                : value.refuse("nothing is worse by all of it; write less"))
                        .flatMap(amount ->
                                amount.unit() == Amount.Unit.POINTS && kind.equals(Optional.of(Metric.Kind.MEAN))
                                        ? value.refuse(
                                                "points are of a proportion, the metric is a mean; write percent, as in 10%")
                                        : Optional.of(amount)));
        return margin.build(by::value);
    }

    private static Supplier<Condition> versusBaseline(Mapping when, String key, Side side, Subject subject) {
        Setting<Baseline> baseline = when.required(key, Mapping.of(past -> baseline(past, side)));
        return () -> new Condition.VersusBaseline(
                subject.population().value(),
                subject.metric().value(),
                side,
                baseline.value().by(),
                baseline.value().versus());
    }

    private record Baseline(double by, Duration versus) {}

    private static Optional<Baseline> baseline(Mapping baseline, Side side) {
        Setting<Double> by = baseline.required(
                "by",
                value -> Numbers.percent(value)
                        .flatMap(rate -> side == Side.ABOVE || rate < 1
                                ? Optional.of(rate)
                                : value.refuse("nothing drops by all of it; write less than 100%")));
        Setting<Duration> versus = baseline.required("versus", Times::wholeDays);
        return baseline.build(() -> new Baseline(by.value(), versus.value()));
    }
}
