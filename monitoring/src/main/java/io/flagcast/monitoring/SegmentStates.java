package io.flagcast.monitoring;

import static io.flagcast.monitoring.SegmentMetrics.ALL;
import static java.util.stream.Collectors.toMap;
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
import static org.apache.spark.sql.functions.unix_micros;
import static org.apache.spark.sql.functions.when;

import io.flagcast.features.RowFunction;
import io.flagcast.monitoring.SegmentMetrics.Measurement;
import io.flagcast.tables.Tables;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.catalyst.util.ArrayData;
import org.apache.spark.sql.catalyst.util.GenericArrayData;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.expressions.WindowSpec;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.unsafe.types.UTF8String;

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

    /** A place in which a user counts. */
    private static final StructType PLACE = new StructType()
            .add("segment", DataTypes.StringType, false)
            .add("cell", DataTypes.StringType, false)
            .add("since_version", DataTypes.LongType, false)
            .add("returned_after", DataTypes.IntegerType, false);

    private static final Map<String, Column> PLACE_COLUMNS =
            Arrays.stream(PLACE.fieldNames()).collect(toMap(name -> name, name -> col("of." + name)));

    /** What places are made of: the counts in the order of {@link #COUNTS}. */
    private static final StructType PLACED = StructType.fromDDL(
            "in_all INT, in_evidence INT, in_segment INT, in_segment_evidence INT, segment STRING, cells ARRAY<STRING>,"
                    + " evidence BIGINT, segment_evidence BIGINT");

    private static final int SEGMENT = PLACED.fieldIndex("segment");
    private static final int CELLS = PLACED.fieldIndex("cells");
    private static final int EVIDENCE = PLACED.fieldIndex("evidence");

    private static final UTF8String EVERYBODY = UTF8String.fromString(ALL);
    private static final UTF8String LEARNED = UTF8String.fromString(SegmentMetrics.LEARNED);

    private SegmentStates() {}

    /** States from first exposures alone. */
    static Dataset<Row> of(Dataset<Row> firstExposures, List<MeasuredExperiment> experiments) {
        Sums sums = Sums.of(experiments);
        return sums.merge(parts(sums, firstExposures, experiments));
    }

    /** What states are added up from: their sums are taken apart. */
    private static Dataset<Row> parts(Sums sums, Dataset<Row> firstExposures, List<MeasuredExperiment> experiments) {
        return sums.of(alike(counting(firstExposures, experiments)))
                .withColumn("of", explode(places(experiments)))
                .withColumns(PLACE_COLUMNS)
                .select(sums.columns());
    }

    /** The rows with which a user counts somewhere, and as whom: the first of a day. */
    private static Dataset<Row> counting(Dataset<Row> firstExposures, List<MeasuredExperiment> experiments) {
        Column order = struct("exposed_at", "enabled", "propensity", "segment", "parameters_version", "decided_by");
        // One shuffle serves all, and what is sorted for the first is nearly so for the second.
        WindowSpec user = Window.partitionBy("user_id", "experiment_id").orderBy("order");
        WindowSpec segment =
                Window.partitionBy("user_id", "experiment_id", "segment").orderBy("order");
        Column[] counts = columns(Arrays.stream(COUNTS));
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
     * Users who count in the same places and of whom the same was counted, one row per metric and day on which its window has closed:
     * most did nothing.
     */
    private static Dataset<Row> alike(Dataset<Row> counting) {
        Column within = unix_micros(col("measured.closes_at")).minus(unix_micros(col("exposed_at")));
        Column wholeDays = within.minus(pmod(within, lit(MICROS_PER_DAY)));
        Dataset<Row> measured = counting.withColumn("measured", explode(col("counted")))
                .where(col("measured.settled"))
                .withColumn(
                        "day", timestamp_micros(unix_micros(col("exposed_on")).plus(wholeDays)))
                .withColumn("population", when(col("enabled"), "enabled").otherwise("control"))
                .withColumn("metric", col("measured.metric"))
                .withColumn("y", col("measured.y"))
                .withColumn("before", col("measured.before"))
                .withColumn("d", col("measured.d"))
                .withColumn("d_before", col("measured.d_before"));
        return measured.groupBy(columns(Stream.of(
                                "experiment_id segment cells population metric day".split(" "),
                                COUNTS,
                                "enabled propensity y before d d_before".split(" "))
                        .flatMap(Arrays::stream)))
                .agg(count(lit(1)).as("n"));
    }

    private static Column[] columns(Stream<String> names) {
        return names.map(functions::col).toArray(Column[]::new);
    }

    /** Segments, cells and evidence that a row counts in. */
    private static Column places(List<MeasuredExperiment> experiments) {
        return RowFunction.of(
                PLACED,
                DataTypes.createArrayType(PLACE, false),
                SegmentStates::places,
                col("in_all"),
                col("in_evidence"),
                col("in_segment"),
                col("in_segment_evidence"),
                col("segment"),
                col("cells"),
                MeasuredExperiment.evidenceVersion(experiments),
                MeasuredExperiment.evidenceVersion(experiments, col("segment")));
    }

    private static ArrayData places(InternalRow row) {
        UTF8String segment = row.getUTF8String(SEGMENT);
        ArrayData cells = row.getArray(CELLS);
        List<Object> places = new ArrayList<>();
        for (int in = 0; in < COUNTS.length; in++) {
            if (row.isNullAt(in)) {
                continue;
            }
            // Of each two counts, those of all users first, the second is the evidence.
            boolean inAll = in < 2;
            long since = in % 2 == 0 ? 0 : row.getLong(EVIDENCE + in / 2);
            int returnedAfter = row.getInt(in);
            UTF8String of = inAll ? EVERYBODY : segment;
            places.add(new GenericInternalRow(new Object[] {of, UTF8String.EMPTY_UTF8, since, returnedAfter}));
            for (int i = 0; i < cells.numElements(); i++) {
                UTF8String cell = cells.getUTF8String(i);
                if (!inAll || !cell.startsWith(LEARNED)) {
                    places.add(new GenericInternalRow(new Object[] {of, cell, since, Math.min(returnedAfter, 1)}));
                }
            }
        }
        return new GenericArrayData(places.toArray());
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
        Sums sums = Sums.of(experiments);
        Dataset<Row> left = parts(sums, FirstExposures.ofUsers(before.firstExposures(), users), experiments);
        Dataset<Row> joined = parts(sums, FirstExposures.ofUsers(firstExposures, users), experiments);
        Column since = col("since_version");
        Dataset<Row> kept = before.states()
                .where(since.equalTo(0)
                        .or(since.equalTo(MeasuredExperiment.evidenceVersion(experiments, col("segment")))));
        return sums.merge(sums.apart(kept)
                .unionByName(sums.negated(withoutEvidence(left, begunAnew)))
                .unionByName(joined));
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
