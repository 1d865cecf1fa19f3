package io.flagcast.experiments;

import io.flagcast.experiments.document.Mapping;
import io.flagcast.experiments.document.Numbers;
import io.flagcast.experiments.document.Setting;
import io.flagcast.experiments.document.Times;
import io.flagcast.experiments.document.Value;
import io.flagcast.experiments.document.Words;
import io.flagcast.statistics.Cap;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Metric.Denominator;
import io.flagcast.statistics.Metric.Denominator.Counted;
import io.flagcast.statistics.Metric.Direction;
import io.flagcast.statistics.Metric.HeavyTails;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads the metrics of an experiment, its own and those of the catalogue, and what names one of them. */
final class MetricReader {

    private final Optional<List<String>> names;
    private final Map<String, Metric.Kind> kinds = new HashMap<>();
    private final Map<String, Metric> declared = new HashMap<>();
    private final Optional<MetricCatalogue> catalogue;
    private final List<Metric> shared = new ArrayList<>();

    /**
     * @param names of those that the file declares, broken or not; absent where nobody can tell
     * @param catalogue beside the file
     */
    MetricReader(Optional<List<String>> names, Optional<MetricCatalogue> catalogue) {
        this.names = names;
        this.catalogue = catalogue;
    }

    /**
     * The metrics by name, in the order of the file: definitions by name, or a list whose items name metrics of the catalogue or
     * define one.
     */
    Optional<Map<String, Metric>> all(Value value) {
        return value.isList()
                ? Mapping.listOf(this::item).read(value).flatMap(items -> joined(items, value))
                : own(value);
    }

    private Optional<Map<String, Metric>> own(Value value) {
        return Mapping.ofNames(name -> Mapping.of(metric -> read(name, metric))).read(value);
    }

    private Optional<Map<String, Metric>> item(Value item) {
        return item.isMapping() ? own(item) : Words.name(item).flatMap(name -> named(name, item));
    }

    private Optional<Map<String, Metric>> named(String name, Value item) {
        if (catalogue.isEmpty()) {
            return item.refuse(
                    "there is no %s beside this file to name a metric of; add it, or define the metric here, as in - %s: {kind: ...}"
                            .formatted(MetricCatalogue.FILE, name));
        }
        return catalogue.get().metric(name, item).map(metric -> {
            kinds.put(name, metric.kind());
            declared.put(name, metric);
            shared.add(metric);
            return Map.of(name, metric);
        });
    }

    private static Optional<Map<String, Metric>> joined(List<Map<String, Metric>> items, Value value) {
        Map<String, Metric> joined = new LinkedHashMap<>();
        for (Map<String, Metric> item : items) {
            for (Map.Entry<String, Metric> metric : item.entrySet()) {
                if (joined.putIfAbsent(metric.getKey(), metric.getValue()) != null) {
                    return value.refuse("'%s' stands there twice; keep one".formatted(metric.getKey()));
                }
            }
        }
        return Optional.of(joined);
    }

    Optional<Metric> read(String name, Mapping metric) {
        Setting<Metric.Kind> kind = metric.required("kind", Words.oneOf(Metric.Kind.class));
        Setting<String> outcome = metric.required("outcome", Words::name);
        Setting<Optional<Denominator>> per = metric.optional("per", MetricReader::denominator);
        Setting<Duration> after = metric.or("after", Times::duration, Duration.ZERO);
        Setting<Duration> within = metric.required("within", Times::duration);
        Setting<Boolean> higherIsBetter = metric.or("higher_is_better", Words::flag, true);
        Setting<Optional<Cap>> cap = metric.optional("cap", MetricReader::cap);
        Setting<Optional<Duration>> settle = metric.optional("settle", Times::duration);
        Setting<HeavyTails> heavyTails =
                metric.or("heavy_tails", Words.oneOf(List.of(HeavyTails.ACCEPTED)), HeavyTails.NOT_ACCEPTED);
        kind.read().ifPresent(known -> kinds.put(name, known));
        Optional<Metric> read = metric.build(() -> new Metric(
                name,
                kind.value(),
                outcome.value(),
                per.value(),
                after.value(),
                within.value(),
                higherIsBetter.value() ? Direction.HIGHER_IS_BETTER : Direction.LOWER_IS_BETTER,
                cap.value(),
                heavyTails.value(),
                settle.value()));
        read.ifPresent(known -> declared.put(name, known));
        return read;
    }

    /** The outcome whose rows are counted, or {@code {sum: minutes_watched}}. */
    private static Optional<Denominator> denominator(Value value) {
        if (value.isMapping()) {
            return Mapping.of(per -> {
                        Setting<String> sum = per.required("sum", Words::name);
                        return per.build(() -> new Denominator(sum.value(), Counted.VALUES));
                    })
                    .read(value);
        }
        return Words.name(value).map(outcome -> new Denominator(outcome, Counted.ROWS));
    }

    /** A number in the unit of the metric, or {@code {quantile: 99.9%}}. */
    private static Optional<Cap> cap(Value value) {
        if (value.isMapping()) {
            return Mapping.of(cap -> {
                        Setting<Double> quantile = cap.required("quantile", MetricReader::quantile);
                        return cap.<Cap>build(() -> new Cap.Quantile(quantile.value()));
                    })
                    .read(value);
        }
        return Numbers.numberOfMean(value)
                .flatMap(most -> most > 0
                        ? Optional.<Cap>of(new Cap.At(most))
                        : value.refuse("not above 0; write the largest value of a user that shall count, as in 500,"
                                + " or {quantile: 99.9%}"));
    }

    private static Optional<Double> quantile(Value value) {
        return Numbers.rate(value)
                .flatMap(rate -> rate > 0.5 && rate < 1
                        ? Optional.of(rate)
                        : value.refuse("not above 50% and below 100%; write one that few users pass, as in 99.9%"));
    }

    /** The name of a declared metric, broken or not. */
    Optional<String> name(Value value) {
        return Words.nameIn("metrics", names).read(value);
    }

    /** The kind of a metric that was read before, absent where the kind itself is broken. */
    Optional<Metric.Kind> kind(String name) {
        return Optional.ofNullable(kinds.get(name));
    }

    /** The metrics of the catalogue that were named. */
    List<Metric> shared() {
        return Collections.unmodifiableList(shared);
    }

    /** The metrics that were read before, by name, without those that are broken. */
    Map<String, Metric> declared() {
        return Collections.unmodifiableMap(declared);
    }
}
