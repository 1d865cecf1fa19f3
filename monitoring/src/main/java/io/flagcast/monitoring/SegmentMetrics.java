package io.flagcast.monitoring;

import io.flagcast.statistics.WeightedMoments;
import java.time.Instant;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Metrics per experiment, segment, population and window.
 *
 * <p>A user counts once per segment (once per bandit cell, and once in {@link #ALL}): with the arm of the first exposure, on the day on which
 * its outcome window closes. Sums are states that merge by addition: a total is the sum of its days, everyone the sum of
 * enabled and control.
 */
public final class SegmentMetrics {

    /** All users, whatever their segment. */
    public static final String ALL = "all";
    /** Users who had no score when they were exposed. */
    public static final String UNSCORED = "unscored";

    /** From the first exposure on. */
    public static final String TOTAL = "total";
    /** From the change on that last set the segment's share. */
    public static final String EVIDENCE = "evidence";
    /** One day of {@link #TOTAL}. */
    public static final String DAY = "day";
    /** One day of {@link #EVIDENCE}. */
    public static final String EVIDENCE_DAY = "evidence_day";

    private SegmentMetrics() {}

    /** Whether a cell is a bandit's: a JSON object. The value of a dimension reads {@code country=DE}. */
    public static Column isLearned(Column cell) {
        return cell.startsWith("{");
    }

    /** Whether a cell is one value of a dimension. */
    public static boolean isDimension(String cell) {
        return !cell.isEmpty() && !cell.startsWith("{");
    }

    /**
     * Measures every experiment.
     *
     * @param asOf only outcome windows that closed at or before it count
     * @param firstExposures rows of {@code first_exposures}
     * @param experiments what is measured
     * @return the columns of {@code segment_metrics} without run and as-of
     */
    public static Dataset<Row> measure(
            Instant asOf, Dataset<Row> firstExposures, List<MeasuredExperiment> experiments) {
        return interpret(asOf, states(asOf, firstExposures, experiments), experiments);
    }

    /**
     * The exact sums per day, segment and arm that everything else is made of: one row per experiment, segment, cell, arm,
     * metric, day and window {@link #TOTAL} or {@link #EVIDENCE}. Evidence that begins with the first exposure is what the
     * total is, and has no rows of its own.
     *
     * <p>A user counts in a segment with the first exposure there, and in {@link #ALL} with the first of all; in the cells
     * of those exposures, too, of which all users together have those that are a dimension's.
     */
    public static Dataset<Row> states(Instant asOf, Dataset<Row> firstExposures, List<MeasuredExperiment> experiments) {
        return SegmentStates.of(asOf, firstExposures, experiments);
    }

    /**
     * What an earlier run has measured.
     *
     * @param asOf instant up to which it looked
     * @param firstExposures its slice of {@code first_exposures}
     * @param metrics its slice of {@code segment_metrics}
     */
    public record Measurement(Instant asOf, Dataset<Row> firstExposures, Dataset<Row> metrics) {}

    /**
     * The states of {@link #states}, from those of before: less what they had of the users who were counted anew, and with
     * what these are now. Evidence that begins later than it did is summed up anew.
     *
     * @param firstExposures all rows, as they are now
     * @param counted those that were counted anew
     */
    public static Dataset<Row> goOn(
            Measurement before,
            Instant asOf,
            Dataset<Row> firstExposures,
            Dataset<Row> counted,
            List<MeasuredExperiment> experiments) {
        return SegmentStates.goOn(before, asOf, firstExposures, counted, experiments);
    }

    /** Totals, evidence and days from the states, with value, interval and effect. */
    public static Dataset<Row> interpret(Instant asOf, Dataset<Row> states, List<MeasuredExperiment> experiments) {
        return Interpretation.of(asOf, states, experiments);
    }

    /**
     * What each metric counts of each user of an experiment: one row per experiment, user and metric, with the decision of
     * the user's first exposure that had a score, or of the first at all where none had.
     *
     * @param asOf only outcome windows that closed at or before it count
     * @param exposures valid exposures before the as-of, with their decision where it is known
     * @param outcomes valid outcomes before the as-of
     * @param experiments what is counted
     * @return {@code experiment_id}, {@code user_id}, {@code metric_name}, {@code exposed_at}, {@code enabled}, {@code
     *     propensity}, {@code score}, {@code reason}, {@code run_id} and {@code reward}
     */
    public static Dataset<Row> rewards(
            Instant asOf, Dataset<Row> exposures, Dataset<Row> outcomes, List<MeasuredExperiment> experiments) {
        return Rewards.of(asOf, exposures, outcomes, experiments);
    }

    /**
     * The sums of the column {@code weighted}.
     *
     * @throws IllegalArgumentException where one is absent
     */
    public static WeightedMoments weighted(Row row) {
        return Interpretation.weighted(row);
    }
}
