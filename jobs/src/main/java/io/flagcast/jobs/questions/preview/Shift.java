package io.flagcast.jobs.questions.preview;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.count_if;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.not;

import io.flagcast.monitoring.SegmentMetrics;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * How many users of a segment are given another answer.
 *
 * @param segment a segment, {@link SegmentMetrics#UNSCORED} or {@link SegmentMetrics#ALL}
 * @param enabledBefore users who are enabled as it is published
 * @param enabledAfter users who would be enabled
 * @param gain users who would be enabled and are not
 * @param lose users who are enabled and would not be
 * @param isAnother whether the decision about some user changes, be it only its probability or segment
 * @param isReshuffled whether some user is drawn anew
 */
public record Shift(
        String experimentId,
        String segment,
        long users,
        long enabledBefore,
        long enabledAfter,
        long gain,
        long lose,
        boolean isAnother,
        boolean isReshuffled) {

    public Shift {
        Objects.requireNonNull(experimentId, "experimentId");
        Objects.requireNonNull(segment, "segment");
    }

    /** Users whose answer stays. */
    public long stay() {
        return users - gain - lose;
    }

    /**
     * Compares decisions.
     *
     * @param before rows of {@code allocations}
     * @param after rows of {@link io.flagcast.jobs.decision.DecideUsers}
     * @return by experiment: all users, then each segment
     */
    static Map<String, List<Shift>> between(Dataset<Row> before, Dataset<Row> after) {
        Map<String, List<Shift>> shifts = new TreeMap<>();
        bySegment(before, after).stream()
                .map(Shift::of)
                .forEach(shift -> shifts.computeIfAbsent(shift.experimentId(), id -> new ArrayList<>())
                        .add(shift));
        shifts.forEach((experimentId, own) -> own.add(0, all(experimentId, own)));
        return shifts;
    }

    private static List<Row> bySegment(Dataset<Row> before, Dataset<Row> after) {
        Dataset<Row> published = before.select(
                col("experiment_id"),
                col("user_id"),
                col("enabled").as("was_enabled"),
                col("segment").as("was_segment"),
                col("propensity").as("was_propensity"),
                col("bucket").as("was_bucket"));
        Column was = coalesce(col("was_enabled"), lit(false));
        Column is = coalesce(col("enabled"), lit(false));
        Column another = not(col("propensity").eqNullSafe(col("was_propensity")))
                .or(not(is.equalTo(was)))
                .or(not(col("segment").eqNullSafe(col("was_segment"))));
        return after.join(published, new String[] {"experiment_id", "user_id"}, "full")
                .groupBy(
                        col("experiment_id"),
                        coalesce(col("segment"), col("was_segment"), lit(SegmentMetrics.UNSCORED))
                                .as("of"))
                .agg(
                        count(lit(1)),
                        count_if(was),
                        count_if(is),
                        count_if(not(was).and(is)),
                        count_if(was.and(not(is))),
                        count_if(another),
                        count_if(col("bucket").notEqual(col("was_bucket"))))
                .orderBy("experiment_id", "of")
                .collectAsList();
    }

    private static Shift of(Row row) {
        return new Shift(
                row.getString(0),
                row.getString(1),
                row.getLong(2),
                row.getLong(3),
                row.getLong(4),
                row.getLong(5),
                row.getLong(6),
                row.getLong(7) > 0,
                row.getLong(8) > 0);
    }

    /** All users of an experiment from those of its segments. */
    static Shift all(String experimentId, List<Shift> segments) {
        Shift nobody = new Shift(experimentId, SegmentMetrics.ALL, 0, 0, 0, 0, 0, false, false);
        return segments.stream().reduce(nobody, Shift::plus);
    }

    private Shift plus(Shift other) {
        return new Shift(
                experimentId,
                SegmentMetrics.ALL,
                users + other.users,
                enabledBefore + other.enabledBefore,
                enabledAfter + other.enabledAfter,
                gain + other.gain,
                lose + other.lose,
                isAnother || other.isAnother,
                isReshuffled || other.isReshuffled);
    }
}
