package io.flagcast.monitoring;

import static io.flagcast.monitoring.SegmentMetrics.ALL;
import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.least;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.pmod;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.timestamp_micros;
import static org.apache.spark.sql.functions.transform;
import static org.apache.spark.sql.functions.unix_micros;
import static org.apache.spark.sql.functions.when;

import io.flagcast.monitoring.SegmentMetrics.Measurement;
import io.flagcast.tables.Tables;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.expressions.WindowSpec;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** The exact sums that {@code segment_metrics} is made of: see {@link SegmentMetrics#states}. */
final class SegmentStates {

    /**
     * Per way in which a row can count the days since the user was exposed before: in all users, in their evidence, in the
     * segment, in its evidence. Absent where the row does not count so, as one that is not the first of its day.
     */
    private static final String[] COUNTS = {"in_all", "in_evidence", "in_segment", "in_segment_evidence"};

    private static final long MICROS_PER_DAY = TimeUnit.DAYS.toMicros(1);
    private static final StructType SEGMENTS = new StructType()
            .add("experiment_id", DataTypes.StringType, false)
            .add("segment", DataTypes.StringType, false)
            .add("since_version", DataTypes.LongType, false);

    private SegmentStates() {}

    /** States from first exposures alone. */
    static Dataset<Row> of(Dataset<Row> firstExposures, List<MeasuredExperiment> experiments) {
        return Sums.merge(alike(counting(firstExposures, experiments))
                .withColumn("of", explode(places(experiments)))
                .withColumn("segment", col("of.segment"))
                .withColumn("cell", col("of.cell"))
                .withColumn("since_version", col("of.since_version"))
                .withColumn("returned_after", col("of.returned_after"))
                .select(Sums.columns()));
    }

    /** The rows with which a user counts somewhere, and as whom: the first of a day. */
    private static Dataset<Row> counting(Dataset<Row> firstExposures, List<MeasuredExperiment> experiments) {
        Column order = struct("exposed_at", "enabled", "propensity", "segment", "parameters_version", "decided_by");
        // One shuffle serves all, and what is sorted for the first is nearly so for the second.
        WindowSpec user = Window.partitionBy("user_id", "experiment_id").orderBy("order");
        WindowSpec segment =
                Window.partitionBy("user_id", "experiment_id", "segment").orderBy("order");
        Column[] counts = Arrays.stream(COUNTS).map(functions::col).toArray(Column[]::new);
        Column since = MeasuredExperiment.evidenceVersion(experiments);
        Column toldApart = MeasuredExperiment.toldApart(experiments);
        return FirstExposures.ofBaseline(firstExposures, MeasuredExperiment.withMovingScores(experiments))
                .withColumn("order", order)
                .withColumn("in_all", returnedAfter(lit(true), user, toldApart))
                .withColumn("in_evidence", returnedAfter(isEvidence(since), user, toldApart))
                .withColumn("in_segment", returnedAfter(lit(true), segment, toldApart))
                .withColumn(
                        "in_segment_evidence",
                        returnedAfter(
                                isEvidence(MeasuredExperiment.evidenceVersion(experiments, col("segment"))),
                                segment,
                                toldApart))
                .where(coalesce(counts).isNotNull());
    }

    /** Whether a row is of evidence that does not begin with the first exposure. */
    private static Column isEvidence(Column begins) {
        return begins.gt(0).and(col("parameters_version").geq(begins));
    }

    /**
     * Days since the row before it among those; 0 where there is none; absent for a row that is not among them, or not the
     * first of its day.
     */
    private static Column returnedAfter(Column among, WindowSpec of, Column toldApart) {
        Column before = max(when(among, col("exposed_on"))).over(of.rowsBetween(Window.unboundedPreceding(), -1));
        Column days = unix_micros(col("exposed_on"))
                .minus(unix_micros(before))
                .divide(MICROS_PER_DAY)
                .cast("int");
        return when(among, when(before.isNull(), 0).when(days.gt(0), least(days, toldApart)));
    }

    /**
     * The sums of users who count in the same places, one row per metric and day on which its window has closed. Those of
     * whom the same was counted come together first: most did nothing.
     */
    private static Dataset<Row> alike(Dataset<Row> counting) {
        Column[] together = Stream.concat(
                        Stream.of("experiment_id", "segment", "cells", "population", "metric", "day"),
                        Arrays.stream(COUNTS))
                .map(functions::col)
                .toArray(Column[]::new);
        Column[] same = Stream.concat(
                        Arrays.stream(together),
                        Stream.of("enabled", "propensity", "y", "before", "d", "d_before")
                                .map(functions::col))
                .toArray(Column[]::new);
        Column within = unix_micros(col("measured.closes_at")).minus(unix_micros(col("exposed_at")));
        Column wholeDays = within.minus(pmod(within, lit(MICROS_PER_DAY)));
        Dataset<Row> counts = counting.withColumn("measured", explode(col("counted")))
                .where(col("measured.settled"))
                .withColumn(
                        "day", timestamp_micros(unix_micros(col("exposed_on")).plus(wholeDays)))
                .withColumn("population", when(col("enabled"), "enabled").otherwise("control"))
                .withColumn("metric", col("measured.metric"))
                .withColumn("y", col("measured.y"))
                .withColumn("before", col("measured.before"))
                .withColumn("d", col("measured.d"))
                .withColumn("d_before", col("measured.d_before"))
                .groupBy(same)
                .agg(count(lit(1)).as("n"));
        return Sums.of(counts, together);
    }

    /** Segments, cells and evidence that a row counts in. */
    private static Column places(List<MeasuredExperiment> experiments) {
        Column dimensions = functions.filter(col("cells"), cell -> functions.not(SegmentMetrics.isLearned(cell)));
        Column all = MeasuredExperiment.evidenceVersion(experiments);
        Column own = MeasuredExperiment.evidenceVersion(experiments, col("segment"));
        return functions.concat(
                places(col("in_all"), lit(ALL), dimensions, lit(0L)),
                places(col("in_evidence"), lit(ALL), dimensions, all),
                places(col("in_segment"), col("segment"), col("cells"), lit(0L)),
                places(col("in_segment_evidence"), col("segment"), col("cells"), own));
    }

    private static Column places(Column returnedAfter, Column segment, Column cells, Column since) {
        Column whole = array(place(segment, lit(""), since, returnedAfter));
        Column parts = transform(cells, cell -> place(segment, cell, since, least(returnedAfter, lit(1))));
        Column in = functions.concat(whole, parts);
        return when(returnedAfter.isNotNull(), in).otherwise(functions.slice(in, 1, 0));
    }

    private static Column place(Column segment, Column cell, Column since, Column returnedAfter) {
        return struct(
                segment.as("segment"), cell.as("cell"), since.as("since_version"), returnedAfter.as("returned_after"));
    }

    /** States from those of before: see {@link SegmentMetrics#goOn}. */
    static Dataset<Row> goOn(
            Measurement before,
            Dataset<Row> firstExposures,
            Dataset<Row> counted,
            List<MeasuredExperiment> experiments) {
        Dataset<Row> begunAnew = begunAnew(before.states(), experiments);
        Dataset<Row> users = counted.select("experiment_id", "user_id")
                .union(FirstExposures.inEvidence(firstExposures, begunAnew, experiments));
        Dataset<Row> left = of(FirstExposures.ofUsers(before.firstExposures(), users), experiments);
        Dataset<Row> joined = of(FirstExposures.ofUsers(firstExposures, users), experiments);
        Column since = col("since_version");
        Dataset<Row> kept = before.states()
                .where(since.equalTo(0)
                        .or(since.equalTo(MeasuredExperiment.evidenceVersion(experiments, col("segment")))))
                .select(Sums.columns());
        return Sums.merge(
                kept.unionByName(Sums.negated(withoutEvidence(left, begunAnew))).unionByName(joined));
    }

    /** Segments whose evidence has no states yet: it begins with another version than it did. */
    private static Dataset<Row> begunAnew(Dataset<Row> states, List<MeasuredExperiment> experiments) {
        List<Row> segments = experiments.stream()
                .flatMap(experiment -> experiment.evidenceVersions().entrySet().stream()
                        .filter(segment -> segment.getValue() > 0)
                        .map(segment ->
                                RowFactory.create(experiment.experimentId(), segment.getKey(), segment.getValue())))
                .toList();
        Dataset<Row> begun = states.sparkSession().createDataFrame(segments, SEGMENTS);
        return begun.join(states, SEGMENTS.fieldNames(), "leftanti").select("experiment_id", "segment");
    }

    private static Dataset<Row> withoutEvidence(Dataset<Row> states, Dataset<Row> evidence) {
        return states.join(
                evidence,
                states.col("since_version")
                        .gt(0)
                        .and(states.col("experiment_id").equalTo(evidence.col("experiment_id")))
                        .and(states.col("segment").equalTo(evidence.col("segment"))),
                "leftanti");
    }

    /** The columns of {@code segment_days} without run and as-of. */
    static Dataset<Row> table(Dataset<Row> states, List<MeasuredExperiment> experiments) {
        return states.withColumn("cap", Caps.limit(experiments, col("experiment_id"), col("metric")))
                .withColumn("told_apart", MeasuredExperiment.toldApart(experiments))
                .select(Tables.SEGMENT_DAYS.columnNames().stream()
                        .filter(name -> !List.of("run_id", "as_of").contains(name))
                        .map(functions::col)
                        .toArray(Column[]::new));
    }
}
