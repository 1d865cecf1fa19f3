package io.flagcast.experiments;

import io.flagcast.experiments.document.Mapping;
import io.flagcast.experiments.document.Numbers;
import io.flagcast.experiments.document.Setting;
import io.flagcast.experiments.document.Times;
import io.flagcast.experiments.document.Value;
import io.flagcast.experiments.document.Words;
import io.flagcast.statistics.Cap;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Metric.Direction;
import io.flagcast.statistics.Metric.HeavyTails;
import java.time.Duration;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads the metrics of an experiment, and what names one of them. */
final class MetricReader {

    private final Optional<List<String>> names;
    private final Map<String, Metric.Kind> kinds = new HashMap<>();
    private final Map<String, Metric> declared = new HashMap<>();

    /** @param names of those that the file declares, broken or not; absent where nobody can tell */
    MetricReader(Optional<List<String>> names) {
        this.names = names;
    }

    Optional<Metric> read(String name, Mapping metric) {
        Setting<Metric.Kind> kind = metric.required("kind", Words.oneOf(Metric.Kind.class));
        Setting<String> outcome = metric.required("outcome", Words::name);
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
                within.value(),
                higherIsBetter.value() ? Direction.HIGHER_IS_BETTER : Direction.LOWER_IS_BETTER,
                cap.value(),
                heavyTails.value(),
                settle.value()));
        read.ifPresent(known -> declared.put(name, known));
        return read;
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

    /** The metrics that were read before, by name, without those that are broken. */
    Map<String, Metric> declared() {
        return Collections.unmodifiableMap(declared);
    }
}
