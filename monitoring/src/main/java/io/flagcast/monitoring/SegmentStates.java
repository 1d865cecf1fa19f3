package io.flagcast.monitoring;

import static io.flagcast.monitoring.SegmentMetrics.ALL;
import static io.flagcast.monitoring.SegmentMetrics.DAY;
import static io.flagcast.monitoring.SegmentMetrics.EVIDENCE;
import static io.flagcast.monitoring.SegmentMetrics.EVIDENCE_DAY;
import static io.flagcast.monitoring.SegmentMetrics.TOTAL;
import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.pmod;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.timestamp_micros;
import static org.apache.spark.sql.functions.transform;
import static org.apache.spark.sql.functions.unix_micros;
import static org.apache.spark.sql.functions.when;

import io.flagcast.monitoring.SegmentMetrics.Measurement;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.expressions.WindowSpec;
import org.apache.spark.sql.functions;

/** The exact sums that {@code segment_metrics} is made of: see {@link SegmentMetrics#states}. */
final class SegmentStates {

    /** Whether a row is the one with which its user counts in all users, in their evidence, in the segment, in its evidence. */
    private static final String[] COUNTS = {"is_first", "is_evidence", "is_first_in_segment", "is_evidence_in_segment"};

    private SegmentStates() {}

    /** States from first exposures alone. */
    static Dataset<Row> of(Instant asOf, Dataset<Row> firstExposures, List<MeasuredExperiment> experiments) {
        return Sums.merge(alike(asOf, counting(firstExposures, experiments))
                .withColumn("of", explode(groups()))
                .withColumn("user_segment", col("of.user_segment"))
                .withColumn("cell", col("of.cell"))
                .withColumn("window", col("of.window"))
                .select(Sums.columns()));
    }

    /** The rows with which a user counts somewhere, and where: the first of the user, of the segment, of their evidence. */
    private static Dataset<Row> counting(Dataset<Row> firstExposures, List<MeasuredExperiment> experiments) {
        Column order = struct("exposed_at", "enabled", "propensity", "segment", "parameters_version", "decided_by");
        // One shuffle serves both windows, and what is sorted for the first is nearly so for the second.
        WindowSpec user = Window.partitionBy("user_id", "experiment_id");
        WindowSpec segment = Window.partitionBy("user_id", "experiment_id", "segment");
        Column[] counts = Arrays.stream(COUNTS).map(functions::col).toArray(Column[]::new);
        return firstExposures
                .withColumn("order", order)
                .withColumn("is_first", col("order").equalTo(min("order").over(user)))
                .withColumn(
                        "is_evidence",
                        isFirst(isEvidence(MeasuredExperiment.evidenceVersion(experiments, lit(ALL))), user))
                .withColumn(
                        "is_first_in_segment", col("order").equalTo(min("order").over(segment)))
                .withColumn(
                        "is_evidence_in_segment",
                        isFirst(isEvidence(MeasuredExperiment.evidenceVersion(experiments, col("segment"))), segment))
                .where(Arrays.stream(counts).reduce(Column::or).orElseThrow());
    }

    /** Whether a row is of evidence that does not begin with the first exposure. */
    private static Column isEvidence(Column begins) {
        return begins.gt(0).and(col("parameters_version").geq(begins));
    }

    private static Column isFirst(Column among, WindowSpec of) {
        return coalesce(col("order").equalTo(min(when(among, col("order"))).over(of)), lit(false));
    }

    /**
     * The sums of users who count in the same groups, one row per metric and day on which its window has closed. Those of
     * whom the same was counted come together first: most did nothing.
     */
    private static Dataset<Row> alike(Instant asOf, Dataset<Row> counting) {
        Column closed = when(col("metric.closes_at").leq(lit(asOf)), day(col("metric.closes_at")));
        Column[] together = Stream.concat(
                        Stream.of("experiment_id", "segment", "cells", "population", "metric_name", "day"),
                        Arrays.stream(COUNTS))
                .map(functions::col)
                .toArray(Column[]::new);
        Column[] same = Stream.concat(
                        Arrays.stream(together),
                        Stream.of("enabled", "propensity", "y", "before").map(functions::col))
                .toArray(Column[]::new);
        Dataset<Row> counts = counting.withColumn("metric", explode(col("counted")))
                .withColumn("day", closed)
                .where(col("day").isNotNull())
                .withColumn("population", when(col("enabled"), "enabled").otherwise("control"))
                .withColumn("metric_name", col("metric.metric_name"))
                .withColumn("y", col("metric.y"))
                .withColumn("before", col("metric.before"))
                .groupBy(same)
                .agg(count(lit(1)).as("n"));
        return Sums.of(counts, together);
    }

    /** The day of an instant, UTC. By arithmetic: date_trunc asks the calendar, for every row. */
    private static Column day(Column instant) {
        Column micros = unix_micros(instant);
        return timestamp_micros(micros.minus(pmod(micros, lit(TimeUnit.DAYS.toMicros(1)))));
    }

    /** Segments, cells and windows that a row counts in. */
    private static Column groups() {
        Column dimensions = functions.filter(col("cells"), cell -> functions.not(SegmentMetrics.isLearned(cell)));
        return functions.concat(
                groups(col("is_first"), lit(ALL), dimensions, TOTAL),
                groups(col("is_evidence"), lit(ALL), dimensions, EVIDENCE),
                groups(col("is_first_in_segment"), col("segment"), col("cells"), TOTAL),
                groups(col("is_evidence_in_segment"), col("segment"), col("cells"), EVIDENCE));
    }

    private static Column groups(Column counts, Column segment, Column cells, String window) {
        Column every = functions.concat(array(lit("")), cells);
        Column in = transform(
                every,
                cell -> struct(
                        segment.as("user_segment"), cell.as("cell"), lit(window).as("window")));
        return when(counts, in).otherwise(functions.slice(in, 1, 0));
    }

    /** States from those of before: see {@link SegmentMetrics#goOn}. */
    static Dataset<Row> goOn(
            Measurement before,
            Instant asOf,
            Dataset<Row> firstExposures,
            Dataset<Row> counted,
            List<MeasuredExperiment> experiments) {
        Dataset<Row> begunAnew = before.metrics()
                .where(col("window").equalTo(EVIDENCE_DAY))
                .where(col("since_version")
                        .notEqual(MeasuredExperiment.evidenceVersion(experiments, col("user_segment"))))
                .select("experiment_id", "user_segment")
                .distinct();
        Dataset<Row> users = counted.select("experiment_id", "user_id")
                .union(FirstExposures.inEvidence(firstExposures, begunAnew, experiments));
        Dataset<Row> left = of(before.asOf(), FirstExposures.ofUsers(before.firstExposures(), users), experiments);
        Dataset<Row> joined = of(asOf, FirstExposures.ofUsers(firstExposures, users), experiments);
        return Sums.merge(statesOf(before.metrics(), experiments)
                .unionByName(Sums.negated(withoutEvidence(left, begunAnew)))
                .unionByName(joined));
    }

    /** The states that rows of {@code segment_metrics} were made from, but for evidence that began with another version. */
    private static Dataset<Row> statesOf(Dataset<Row> metrics, List<MeasuredExperiment> experiments) {
        Column isDay = col("window").equalTo(DAY);
        Column since = col("since_version");
        return metrics.where(col("population").notEqual("everyone"))
                .where(isDay.or(col("window")
                        .equalTo(EVIDENCE_DAY)
                        .and(since.gt(0))
                        .and(since.equalTo(MeasuredExperiment.evidenceVersion(experiments, col("user_segment"))))))
                .withColumn("window", when(isDay, TOTAL).otherwise(EVIDENCE))
                .withColumn("day", col("window_start"))
                .select(Sums.columns());
    }

    private static Dataset<Row> withoutEvidence(Dataset<Row> states, Dataset<Row> evidence) {
        return states.join(
                evidence,
                states.col("window")
                        .equalTo(EVIDENCE)
                        .and(states.col("experiment_id").equalTo(evidence.col("experiment_id")))
                        .and(states.col("user_segment").equalTo(evidence.col("user_segment"))),
                "leftanti");
    }
}
