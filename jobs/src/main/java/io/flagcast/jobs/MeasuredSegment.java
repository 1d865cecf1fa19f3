package io.flagcast.jobs;

import io.flagcast.allocation.Cell;
import io.flagcast.jobs.lake.Lake;
import io.flagcast.monitoring.SegmentMetrics;
import io.flagcast.statistics.Moments;
import io.flagcast.statistics.WeightedMoments;
import java.time.Instant;
import org.apache.spark.sql.Row;

/** A row of {@code segment_metrics} as rules and bandits read it. */
record MeasuredSegment(
        String experimentId,
        Cell cell,
        String population,
        String metric,
        String window,
        Instant windowStart,
        Instant windowEnd,
        Moments values,
        WeightedMoments weighted) {

    static MeasuredSegment of(Row row) {
        return new MeasuredSegment(
                row.getAs("experiment_id"),
                new Cell(row.getAs("user_segment"), row.getAs("cell")),
                row.getAs("population"),
                row.getAs("metric_name"),
                row.getAs("window"),
                Lake.instant(row, "window_start"),
                Lake.instant(row, "window_end"),
                Moments.ofSums(row.<Long>getAs("n"), row.<Double>getAs("sum"), row.<Double>getAs("sum_squares")),
                SegmentMetrics.weighted(row.getAs("weighted")));
    }
}
