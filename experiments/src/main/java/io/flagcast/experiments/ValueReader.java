package io.flagcast.experiments;

import io.flagcast.experiments.NetValue.Cost;
import io.flagcast.experiments.document.Mapping;
import io.flagcast.experiments.document.Numbers;
import io.flagcast.experiments.document.Setting;
import io.flagcast.experiments.document.Value;
import io.flagcast.experiments.document.Words;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Metric.Direction;
import java.util.Optional;

/** Reads what a metric is worth and what enabling costs. */
final class ValueReader {

    private static final Cost NOTHING = new Cost.Constant(0);

    private final MetricReader metrics;

    /** @param metrics has read all of them */
    ValueReader(MetricReader metrics) {
        this.metrics = metrics;
    }

    Optional<NetValue> read(Mapping value) {
        Setting<Metric> metric = value.required("metric", this::metric);
        Setting<Double> per = value.required("per", Numbers::number);
        Setting<Cost> cost = value.or("cost", ValueReader::cost, NOTHING);
        return value.build(() -> new NetValue(metric.value(), per.value(), cost.value()));
    }

    private Optional<Metric> metric(Value value) {
        // A name that is declared but broken has its problem already.
        return metrics.name(value)
                .flatMap(name -> Optional.ofNullable(metrics.declared().get(name)))
                .flatMap(metric -> metric.direction() == Direction.HIGHER_IS_BETTER
                        ? Optional.of(metric)
                        : value.refuse("lower is better; name a metric of which more is worth more"));
    }

    /** A number in the unit of the value, or the name of a column. */
    private static Optional<Cost> cost(Value value) {
        return value.isNumber()
                ? Numbers.number(value)
                        .flatMap(perUser -> perUser >= 0
                                ? Optional.<Cost>of(new Cost.Constant(perUser))
                                : value.refuse("below 0; write what enabling a user costs, 0 or more"))
                : Words.name(value).map(Cost.Column::new);
    }
}
