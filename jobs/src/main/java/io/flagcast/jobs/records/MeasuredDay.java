package io.flagcast.jobs.records;

import static org.apache.spark.sql.functions.col;

import io.flagcast.allocation.AllocationParameters;
import io.flagcast.allocation.Cell;
import io.flagcast.experiments.Experiment;
import io.flagcast.lake.Lake;
import io.flagcast.monitoring.SegmentMetrics;
import io.flagcast.rules.Condition.Population;
import io.flagcast.rules.Measurements;
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
 * A row of {@code segment_days} as rules, bandits and checks read it.
 *
 * @param sinceVersion parameters version that the evidence begins with; 0 for all exposures
 * @param day from which on outcome windows of its exposures close
 * @param returnedAfter days since its users were exposed before; 0 for the first time
 * @param toldApart longest absence that is told apart, in days: a longer one counts as this
 * @param values per-user values; of no users where there is a problem
 * @param ratio of a ratio its users, who weigh their denominators; absent for other metrics
 * @param weighted the values weighted by the inverse of the propensity; of no users where there is a problem
 * @param problem why the sums of the row are unusable, as one that has too many digits
 * @param cap where the value of a user stops to count; absent without a cap
 */
public record MeasuredDay(
        String experimentId,
        Cell cell,
        Population population,
        String metric,
        long sinceVersion,
        Instant day,
        int returnedAfter,
        int toldApart,
        Moments values,
        Optional<WeightedMoments> ratio,
        WeightedMoments weighted,
        Optional<String> problem,
        OptionalDouble cap) {

    /** The rows of a slice, or of a part of it. */
    public static List<MeasuredDay> read(Dataset<Row> slice) {
        return slice.collectAsList().stream().map(MeasuredDay::of).toList();
    }

    /**
     * What the rules of an experiment look at: its days, by whole segments and arms.
     *
     * @param parameters in force: with which version the evidence of a segment begins
     */
    public static Measurements measurements(
            Experiment experiment, List<MeasuredDay> days, AllocationParameters parameters) {
        Set<String> names = experiment.metrics().stream().map(Metric::name).collect(Collectors.toSet());
        List<MeasuredDay> own = days.stream()
                .filter(day -> day.experimentId.equals(experiment.experimentId())
                        && day.cell.isWhole()
                        && names.contains(day.metric))
                .toList();
        return new Measurements(
                own.stream()
                        .filter(day -> day.sinceVersion
                                == parameters.evidenceOf(day.cell.segment()).shareVersion())
                        .map(MeasuredDay::observation)
                        .toList(),
                history(own));
    }

    /** Of the metrics of an experiment that have one, where the value of a user stops to count. */
    public static Map<String, Double> caps(Experiment experiment, List<MeasuredDay> days) {
        return days.stream()
                .filter(day -> day.experimentId.equals(experiment.experimentId()) && day.cap.isPresent())
                .collect(Collectors.toMap(MeasuredDay::metric, day -> day.cap.getAsDouble(), (one, same) -> one));
    }

    /**
     * The same of all experiments of a slice, without reading its sums.
     *
     * @param slice rows of {@code segment_days}
     */
    public static Map<String, Map<String, Double>> caps(Dataset<Row> slice) {
        return slice
                .where(col("cap").isNotNull())
                .select("experiment_id", "metric", "cap")
                .distinct()
                .collectAsList()
                .stream()
                .collect(Collectors.groupingBy(
                        row -> row.getString(0),
                        Collectors.toMap(row -> row.getString(1), row -> row.getDouble(2), (one, same) -> one)));
    }

    /** Everything that was measured, whenever the evidence begins. */
    public static List<Observation> history(List<MeasuredDay> days) {
        return days.stream()
                .filter(day -> day.sinceVersion == 0 && day.cell.isWhole())
                .map(MeasuredDay::observation)
                .toList();
    }

    /** As rules look at it. */
    public Observation observation() {
        return new Observation(
                cell.segment(), population, metric, day, returnedAfter, values, ratio, weighted, problem);
    }

    private static MeasuredDay of(Row row) {
        try {
            return of(
                    row,
                    SegmentMetrics.values(row),
                    SegmentMetrics.ratio(row),
                    SegmentMetrics.weighted(row.getAs("weighted")),
                    Optional.empty());
        } catch (IllegalArgumentException e) {
            return of(row, Moments.EMPTY, Optional.empty(), WeightedMoments.EMPTY, Optional.of(e.getMessage()));
        }
    }

    private static MeasuredDay of(
            Row row,
            Moments values,
            Optional<WeightedMoments> ratio,
            WeightedMoments weighted,
            Optional<String> problem) {
        return new MeasuredDay(
                row.getAs("experiment_id"),
                new Cell(row.getAs("segment"), row.getAs("cell")),
                Population.valueOf(row.<String>getAs("population").toUpperCase(Locale.ROOT)),
                row.getAs("metric"),
                row.<Long>getAs("since_version"),
                Lake.instant(row, "day"),
                row.<Integer>getAs("returned_after"),
                row.<Integer>getAs("told_apart"),
                values,
                ratio,
                weighted,
                problem,
                row.getAs("cap") == null ? OptionalDouble.empty() : OptionalDouble.of(row.<Double>getAs("cap")));
    }
}
