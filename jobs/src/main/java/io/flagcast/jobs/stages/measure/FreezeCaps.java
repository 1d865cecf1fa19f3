package io.flagcast.jobs.stages.measure;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.min;

import io.flagcast.jobs.records.MeasuredDay;
import io.flagcast.monitoring.Caps;
import io.flagcast.monitoring.MeasuredExperiment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Caps that are quantiles become values: at the first measurement that has enough users, of all segments and arms together.
 * The value stands in {@code segment_days}, and every later measurement takes it from there for as long as the experiment
 * is measured in the same way.
 */
final class FreezeCaps {

    /** What rounding may take from 1/(1 − quantile) users. */
    private static final double ROUNDING = 1e-9;

    private FreezeCaps() {}

    /**
     * The experiments with the caps that an earlier measurement has used.
     *
     * @param states its rows of {@code segment_days}
     */
    static List<MeasuredExperiment> carried(List<MeasuredExperiment> experiments, Dataset<Row> states) {
        if (experiments.stream().allMatch(experiment -> experiment.openCaps().isEmpty())) {
            return experiments;
        }
        Map<String, Map<String, Double>> caps = MeasuredDay.caps(states);
        return experiments.stream()
                .map(experiment -> experiment.withCaps(caps.getOrDefault(experiment.experimentId(), Map.of())))
                .toList();
    }

    /** The experiments with the caps that can be looked up now. */
    static List<MeasuredExperiment> frozen(Dataset<Row> firstExposures, List<MeasuredExperiment> experiments) {
        return experiments.stream()
                .map(experiment -> {
                    Map<String, Double> caps = new HashMap<>();
                    experiment
                            .openCaps()
                            .forEach((metric, quantile) -> cap(
                                            Caps.values(firstExposures, experiment.experimentId(), metric), quantile)
                                    .ifPresent(cap -> caps.put(metric, cap)));
                    return experiment.withCaps(caps);
                })
                .toList();
    }

    /**
     * The largest value but for the fraction 1 − quantile above it. An order statistic, so that it is the same however the rows
     * lie; absent where no user is expected above it, and where it is not above 0.
     */
    private static Optional<Double> cap(Dataset<Row> values, double quantile) {
        double above = values.count() * (1 - quantile) + ROUNDING;
        if (above < 1) {
            return Optional.empty();
        }
        Row cap = values.orderBy(col("y").desc())
                .limit((int) above + 1)
                .agg(min("y"))
                .head();
        return cap.isNullAt(0) || !(cap.getDouble(0) > 0) ? Optional.empty() : Optional.of(cap.getDouble(0));
    }
}
