package io.flagcast.monitoring;

import io.flagcast.statistics.Arrivals;
import io.flagcast.statistics.Moments;
import io.flagcast.statistics.WeightedMoments;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Metrics per experiment, segment, population and window.
 *
 * <p>A user counts once per segment, cell and {@link #ALL} in a window, with the arm of the first exposure in it, on the day
 * from which on that day's outcome windows close. Sums are states that merge by addition ({@code segment_days}): users of a
 * day by how long they had not come. A window that begins later counts whoever had last come before it began; everyone is the
 * sum of enabled and control.
 */
public final class SegmentMetrics {

    /** All users, whatever their segment. */
    public static final String ALL = "all";
    /** Users who had no score when they were exposed. */
    public static final String UNSCORED = "unscored";

    /** By the first exposure. */
    public static final String TOTAL = "total";
    /** By the first exposure since the segment's share was last set. */
    public static final String EVIDENCE = "evidence";
    /** One day, by the first exposure of the day. */
    public static final String DAY = "day";
    /** The newest seven days of a metric, by the first exposure in them. */
    public static final String RECENT = "recent";

    /** What a cell of a bandit begins with, and no other does. */
    static final String LEARNED = "{";

    private SegmentMetrics() {}

    /** Whether a cell is a bandit's: a JSON object. The value of a dimension reads {@code country=DE}. */
    public static Column isLearned(Column cell) {
        return cell.startsWith(LEARNED);
    }

    /** Whether a cell is one value of a dimension. */
    public static boolean isDimension(String cell) {
        return !cell.isEmpty() && !cell.startsWith(LEARNED);
    }

    /**
     * Measures every experiment.
     *
     * @param asOf instant up to which {@code first_exposures} was counted
     * @param firstExposures rows of {@code first_exposures}
     * @param experiments what is measured
     * @return the columns of {@code segment_metrics} without run and as-of
     */
    public static Dataset<Row> measure(
            Instant asOf, Dataset<Row> firstExposures, List<MeasuredExperiment> experiments) {
        return interpret(asOf, states(firstExposures, experiments), experiments);
    }

    /**
     * The exact sums that everything else is made of: the columns of {@code segment_days} without run and as-of. Evidence that
     * begins with the first exposure is what all exposures are, and has no rows of its own.
     *
     * <p>A user counts on each day of a segment with the first exposure there on it, and in {@link #ALL} with the first of
     * all; in the cells of those exposures, too, of which all users together have those that are a dimension's.
     */
    public static Dataset<Row> states(Dataset<Row> firstExposures, List<MeasuredExperiment> experiments) {
        return SegmentStates.table(SegmentStates.of(firstExposures, experiments), experiments);
    }

    /**
     * What an earlier run has measured.
     *
     * @param firstExposures its slice of {@code first_exposures}
     * @param states its slice of {@code segment_days}
     */
    public record Measurement(Dataset<Row> firstExposures, Dataset<Row> states) {}

    /**
     * The states of {@link #states}, from those of before: less what they had of the users who were counted anew, and with
     * what these are now. Evidence that begins later than it did is summed up anew.
     *
     * @param firstExposures all rows, as they are now
     * @param counted those that were counted anew
     */
    public static Dataset<Row> goOn(
            Measurement before,
            Dataset<Row> firstExposures,
            Dataset<Row> counted,
            List<MeasuredExperiment> experiments) {
        return SegmentStates.table(SegmentStates.goOn(before, firstExposures, counted, experiments), experiments);
    }

    /** Totals, evidence and days from the states, with value, interval and effect. */
    public static Dataset<Row> interpret(Instant asOf, Dataset<Row> states, List<MeasuredExperiment> experiments) {
        return Interpretation.of(asOf, states, experiments);
    }

    /**
     * What each metric counts of each user of an experiment: one row per experiment, user and metric, with the decision of
     * the user's first exposure that had a score, or of the first at all where none had.
     *
     * @param arrivals only outcome windows whose outcomes are in count
     * @param exposures valid exposures before the as-of, with their decision where it is known
     * @param outcomes valid outcomes before the as-of
     * @param experiments what is counted
     * @return {@code experiment_id}, {@code user_id}, {@code metric}, {@code exposed_at}, {@code enabled}, {@code
     *     propensity}, {@code score}, {@code reason}, {@code run_id} and {@code reward}; of a ratio what the user adds to it,
     *     linearised at the ratio of all
     */
    public static Dataset<Row> rewards(
            Arrivals arrivals, Dataset<Row> exposures, Dataset<Row> outcomes, List<MeasuredExperiment> experiments) {
        return Rewards.of(arrivals, exposures, outcomes, experiments);
    }

    /**
     * The values that a row of {@code segment_days} has summed up.
     *
     * @throws IllegalArgumentException where a sum is absent
     */
    public static Moments values(Row row) {
        return Interpretation.values(row);
    }

    /**
     * The users of a ratio, who weigh their denominators, of a row of {@code segment_days}; absent for other metrics.
     *
     * @throws IllegalArgumentException where a sum is absent
     */
    public static Optional<WeightedMoments> ratio(Row row) {
        return Interpretation.ratio(row);
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
