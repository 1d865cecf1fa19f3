package io.flagcast.jobs.records;

import io.flagcast.allocation.Cell;
import io.flagcast.experiments.Experiment;
import io.flagcast.lake.Lake;
import io.flagcast.monitoring.SegmentMetrics;
import io.flagcast.rules.Condition.Population;
import io.flagcast.rules.Observation;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Moments;
import io.flagcast.statistics.WeightedMoments;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * A row of {@code segment_metrics} as rules and bandits read it.
 *
 * @param values per-user values; of no users where there is a problem
 * @param weighted the same weighted by the inverse of the propensity; of no users where there is a problem
 * @param problem why the sums of the row are unusable, as one that has too many digits
 * @param cap where the value of a user stops to count; absent without a cap
 */
public record MeasuredSegment(
        String experimentId,
        Cell cell,
        String population,
        String metric,
        String window,
        Instant windowStart,
        Instant windowEnd,
        Moments values,
        WeightedMoments weighted,
        Optional<String> problem,
        OptionalDouble cap) {

    /** The rows of a slice, or of a part of it. */
    public static List<MeasuredSegment> read(Dataset<Row> slice) {
        return slice.collectAsList().stream().map(MeasuredSegment::of).toList();
    }

    /**
     * What the rules of an experiment look at: its days, by whole segments and arms.
     *
     * @param window {@link SegmentMetrics#DAY} or {@link SegmentMetrics#EVIDENCE_DAY}
     */
    public static List<Observation> observations(Experiment experiment, List<MeasuredSegment> metrics, String window) {
        Set<String> names = experiment.metrics().stream().map(Metric::name).collect(Collectors.toSet());
        return metrics.stream()
                .filter(measured -> measured.experimentId.equals(experiment.experimentId())
                        && measured.window.equals(window)
                        && measured.cell.isWhole()
                        && names.contains(measured.metric)
                        && !measured.population.equals(Population.EVERYONE.label()))
                .map(measured -> new Observation(
                        measured.cell.segment(),
                        Population.valueOf(measured.population.toUpperCase(Locale.ROOT)),
                        measured.metric,
                        measured.windowStart,
                        measured.values,
                        measured.weighted,
                        measured.problem))
                .toList();
    }

    /** Of the metrics of an experiment that have one, where the value of a user stops to count. */
    public static Map<String, Double> caps(Experiment experiment, List<MeasuredSegment> metrics) {
        return metrics.stream()
                .filter(measured -> measured.experimentId.equals(experiment.experimentId())
                        && measured.cap.isPresent())
                .collect(Collectors.toMap(
                        MeasuredSegment::metric, measured -> measured.cap.getAsDouble(), (one, same) -> one));
    }

    private static MeasuredSegment of(Row row) {
        long n = row.<Long>getAs("n");
        Double mean = row.getAs("metric_value");
        Double m2 = row.getAs("m2");
        try {
            if (mean == null || m2 == null) {
                throw new IllegalArgumentException("the sum of squares has more than 23 digits before the point");
            }
            return of(row, new Moments(n, mean, m2), SegmentMetrics.weighted(row.getAs("weighted")), Optional.empty());
        } catch (IllegalArgumentException e) {
            return of(row, Moments.EMPTY, WeightedMoments.EMPTY, Optional.of(e.getMessage()));
        }
    }

    private static MeasuredSegment of(Row row, Moments values, WeightedMoments weighted, Optional<String> problem) {
        return new MeasuredSegment(
                row.getAs("experiment_id"),
                new Cell(row.getAs("user_segment"), row.getAs("cell")),
                row.getAs("population"),
                row.getAs("metric_name"),
                row.getAs("window"),
                Lake.instant(row, "window_start"),
                Lake.instant(row, "window_end"),
                values,
                weighted,
                problem,
                row.getAs("cap") == null ? OptionalDouble.empty() : OptionalDouble.of(row.<Double>getAs("cap")));
    }
}
