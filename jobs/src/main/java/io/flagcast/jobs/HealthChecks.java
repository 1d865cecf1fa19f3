package io.flagcast.jobs;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.max;

import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.lake.Inputs;
import io.flagcast.jobs.lake.Lake;
import io.flagcast.monitoring.SegmentMetrics;
import io.flagcast.rules.Condition.Population;
import io.flagcast.rules.Health;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.WeightedMoments;
import io.flagcast.tables.Tables;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Whether the data of experiments can be trusted: are both arms as large as the logged propensities make them, and do
 * exposures and outcomes still arrive.
 *
 * @param exposures newest exposure by experiment
 * @param outcomes newest outcome by its name
 * @param staleAfter age from which the newest row is too old
 * @param asOf instant of the run
 */
record HealthChecks(Map<String, Instant> exposures, Map<String, Instant> outcomes, Duration staleAfter, Instant asOf) {

    static HealthChecks of(Inputs inputs, Duration staleAfter, Instant asOf) {
        return new HealthChecks(
                newest(inputs.valid(Tables.EXPOSURES), "experiment_id", "exposed_at"),
                newest(inputs.valid(Tables.OUTCOMES), "outcome", "occurred_at"),
                staleAfter,
                asOf);
    }

    private static Map<String, Instant> newest(Dataset<Row> rows, String by, String time) {
        Map<String, Instant> newest = new HashMap<>();
        rows.groupBy(by)
                .agg(max(col(time)).as("newest"))
                .collectAsList()
                .forEach(row -> newest.put(row.getString(0), Lake.instant(row, "newest")));
        return newest;
    }

    /** The failed checks of an experiment. */
    Health check(Experiment experiment, List<MeasuredSegment> metrics) {
        List<String> failures = new ArrayList<>(stale(experiment));
        failures.addAll(mismatches(metrics.stream()
                .filter(measured -> measured.experimentId().equals(experiment.experimentId()))
                .toList()));
        return new Health(failures);
    }

    private List<String> stale(Experiment experiment) {
        List<String> failures = new ArrayList<>();
        Instant oldest = asOf.minus(staleAfter);
        Instant exposure = exposures.get(experiment.experimentId());
        if (exposure != null && exposure.isBefore(oldest)) {
            failures.add(stale("exposure of " + experiment.experimentId(), exposure));
        }
        experiment.metrics().stream().map(Metric::outcome).distinct().forEach(outcome -> {
            Instant newest = outcomes.get(outcome);
            if (newest != null && newest.isBefore(oldest)) {
                failures.add(stale("outcome " + outcome, newest));
            }
        });
        return failures;
    }

    private String stale(String what, Instant newest) {
        return "stale data: the newest %s is of %s, flagcast.quality.stale-after is %d h"
                .formatted(what, newest, staleAfter.toHours());
    }

    /** Arms of one segment, as the metric that counts most users has them. */
    private record Arms(WeightedMoments enabled, WeightedMoments control) {
        Arms merge(Arms other) {
            return new Arms(enabled.merge(other.enabled), control.merge(other.control));
        }
    }

    private static List<String> mismatches(List<MeasuredSegment> metrics) {
        Map<String, Map<String, Arms>> bySegment = new TreeMap<>();
        for (MeasuredSegment measured : metrics) {
            boolean whole = measured.cell().isWhole() && measured.window().equals(SegmentMetrics.TOTAL);
            boolean enabled = measured.population().equals(Population.ENABLED.label());
            if (whole && (enabled || measured.population().equals(Population.CONTROL.label()))) {
                Arms arm = enabled
                        ? new Arms(measured.weighted(), WeightedMoments.EMPTY)
                        : new Arms(WeightedMoments.EMPTY, measured.weighted());
                bySegment
                        .computeIfAbsent(measured.cell().segment(), segment -> new TreeMap<>())
                        .merge(measured.metric(), arm, Arms::merge);
            }
        }
        List<String> failures = new ArrayList<>();
        bySegment.forEach((segment, byMetric) -> {});
        return failures;
    }
}
