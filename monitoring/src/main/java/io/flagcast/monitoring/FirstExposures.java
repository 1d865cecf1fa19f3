package io.flagcast.monitoring;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.exists;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.map;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.pmod;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.timestamp_micros;
import static org.apache.spark.sql.functions.unix_micros;
import static org.apache.spark.sql.functions.when;

import io.flagcast.statistics.Arrivals;
import io.flagcast.tables.Tables;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.expressions.WindowSpec;
import org.apache.spark.sql.functions;

/**
 * The first exposure of every user under every decision on every day, and what its metrics have counted: all that metrics
 * and health checks need of exposures, however many there were. Rows of more exposures are merged into it.
 */
public final class FirstExposures {

    /** A decision on a day: what a user was served by, and as what. */
    private static final List<String> KEY = Tables.FIRST_EXPOSURES.key();

    private static final long MICROS_PER_DAY = TimeUnit.DAYS.toMicros(1);
    private static final String[] EXPOSURE = {"exposed_at", "enabled", "propensity", "score", "reason"};
    private static final String[] USER = {"experiment_id", "user_id"};

    private FirstExposures() {}

    /**
     * The first exposure under each decision on each day.
     *
     * @param exposures valid exposures, with their decision where it is known
     * @param experiments what is measured; exposures of others are left out
     * @return the columns of {@code first_exposures} up to {@code contradictory}
     */
    public static Dataset<Row> of(Dataset<Row> exposures, List<MeasuredExperiment> experiments) {
        return ofMeasured(exposures, experiments)
                .select(
                        col("experiment_id"),
                        col("user_id"),
                        coalesce(col("segment"), lit(SegmentMetrics.UNSCORED)).as("segment"),
                        coalesce(col("parameters_version"), lit(0L)).as("parameters_version"),
                        coalesce(col("run_id"), lit("")).as("decided_by"),
                        day(col("exposed_at")).as("exposed_on"),
                        struct(columns(EXPOSURE)).as("exposure"))
                // Outcomes are joined by user: one shuffle for both, and one sort, by the key.
                .repartition(col("user_id"))
                .groupBy(columns(KEY))
                .agg(
                        min("exposure").as("first"),
                        min("exposure.enabled")
                                .notEqual(max("exposure.enabled"))
                                .as("contradictory"))
                .select(concat(columns(KEY), col("first.*"), col("contradictory")));
    }

    /** The day of an instant, UTC. By arithmetic: date_trunc asks the calendar, for every row. */
    private static Column day(Column instant) {
        Column micros = unix_micros(instant);
        return timestamp_micros(micros.minus(pmod(micros, lit(MICROS_PER_DAY))));
    }

    static Dataset<Row> ofMeasured(Dataset<Row> exposures, List<MeasuredExperiment> experiments) {
        return exposures.where(col("experiment_id")
                .isin(experiments.stream().map(MeasuredExperiment::experimentId).toArray()));
    }

    /**
     * Earlier rows with those of further exposures. An exposure that both have read changes nothing.
     *
     * @param earlier rows of {@code first_exposures}
     * @param further rows as {@link #of} gives them, with {@code cells} and the predicted responses
     * @return the columns of {@code first_exposures}; {@code counted} is absent where another exposure is now the first
     */
    public static Dataset<Row> merge(Dataset<Row> earlier, Dataset<Row> further) {
        Dataset<Row> before = sides(earlier, "b").withColumn("b_counted", col("counted"));
        Dataset<Row> after = sides(further, "f");
        Column kept = col("b_first")
                .isNotNull()
                .and(col("f_first").isNull().or(col("b_first").leq(col("f_first"))));
        Column disagree = coalesce(col("b_first.enabled").notEqual(col("f_first.enabled")), lit(false));
        return before.select(concat(columns(KEY), sideColumns("b"), col("b_counted")))
                .join(after.select(concat(columns(KEY), sideColumns("f"))), KEY.toArray(String[]::new), "full")
                .withColumn("first", when(kept, col("b_first")).otherwise(col("f_first")))
                .select(concat(
                        columns(KEY),
                        col("first.*"),
                        coalesce(col("b_contradictory"), lit(false))
                                .or(coalesce(col("f_contradictory"), lit(false)))
                                .or(disagree)
                                .as("contradictory"),
                        coalesce(col("b_described"), col("f_described"))
                                .getField("response_if_enabled")
                                .as("response_if_enabled"),
                        coalesce(col("b_described"), col("f_described"))
                                .getField("response_if_not")
                                .as("response_if_not"),
                        coalesce(col("b_described"), col("f_described"))
                                .getField("cells")
                                .as("cells"),
                        when(kept, col("b_counted")).as("counted")));
    }

    private static Dataset<Row> sides(Dataset<Row> rows, String side) {
        return rows.withColumn(side + "_first", struct(columns(EXPOSURE)))
                .withColumn(side + "_contradictory", col("contradictory"))
                // What the user was when first measured stays.
                .withColumn(side + "_described", struct(columns("response_if_enabled", "response_if_not", "cells")));
    }

    private static Column[] sideColumns(String side) {
        return columns(side + "_first", side + "_contradictory", side + "_described");
    }

    /**
     * The rows whose counts may have changed: those without any, those whose windows were not settled, and those in whose
     * windows or pre-period something further happened.
     *
     * @param rows as {@link #merge} gives them
     * @param further outcomes that were not there when they were counted
     */
    public static Dataset<Row> touched(Dataset<Row> rows, Dataset<Row> further, List<MeasuredExperiment> experiments) {
        Column open = coalesce(exists(col("counted"), metric -> functions.not(metric.getField("settled"))), lit(true));
        Dataset<Row> reached = rows.where(functions.not(open));
        Column from = timestamp_micros(unix_micros(col("exposed_at")).minus(prePeriods(experiments)));
        Column to = expr("array_max(transform(counted, metric -> metric.closes_at))");
        Dataset<Row> happened =
                further.select(col("user_id").as("_user_id"), col("occurred_at").as("_occurred_at"));
        return rows.where(open)
                .unionByName(reached.join(
                        happened,
                        col("user_id")
                                .equalTo(col("_user_id"))
                                .and(col("_occurred_at").geq(from))
                                .and(col("_occurred_at").lt(to)),
                        "leftsemi"));
    }

    /**
     * The rows with what their metrics count.
     *
     * @param rows with or without {@code counted}, which is made anew
     * @param outcomes all valid outcomes before the as-of that may lie in a window or a pre-period of the rows
     * @param arrivals up to when outcomes are in
     * @return the columns of {@code first_exposures}
     */
    public static Dataset<Row> counted(
            Dataset<Row> rows, Dataset<Row> outcomes, Arrivals arrivals, List<MeasuredExperiment> experiments) {
        return Counting.counted(rows, outcomes, arrivals, experiments)
                .select(Tables.FIRST_EXPOSURES.columnNames().stream()
                        .filter(name -> !List.of("run_id", "as_of").contains(name))
                        .map(functions::col)
                        .toArray(Column[]::new));
    }

    /** Microseconds of the pre-period of the row's experiment; 0 for none. */
    private static Column prePeriods(List<MeasuredExperiment> experiments) {
        return coalesce(
                map(experiments.stream()
                                .flatMap(experiment ->
                                        Stream.of(lit(experiment.experimentId()), lit(Counting.prePeriod(experiment))))
                                .toArray(Column[]::new))
                        .cast("map<string, bigint>")
                        .getItem(col("experiment_id")),
                lit(0L));
    }

    /** The rows, of which some were counted anew. */
    public static Dataset<Row> with(Dataset<Row> rows, Dataset<Row> counted) {
        return rows.join(counted.select(columns(KEY)), KEY.toArray(String[]::new), "leftanti")
                .select(columns(counted.columns()))
                .unionByName(counted);
    }

    /**
     * Users who count in the evidence of some segments.
     *
     * @param evidence {@code experiment_id} and {@code segment}, which may be {@link SegmentMetrics#ALL}
     * @return {@code experiment_id} and {@code user_id}
     */
    public static Dataset<Row> inEvidence(
            Dataset<Row> rows, Dataset<Row> evidence, List<MeasuredExperiment> experiments) {
        Column of = evidence.col("segment");
        Dataset<Row> begins = evidence.withColumn("begins", MeasuredExperiment.evidenceVersion(experiments, of));
        return rows.join(
                        begins,
                        rows.col("experiment_id")
                                .equalTo(begins.col("experiment_id"))
                                .and(begins.col("segment")
                                        .isin(SegmentMetrics.ALL)
                                        .or(begins.col("segment").equalTo(rows.col("segment"))))
                                .and(rows.col("parameters_version").geq(begins.col("begins"))),
                        "leftsemi")
                .select(columns(USER));
    }

    /**
     * The rows with the segments that their users count in. Where scores move after the exposure that is the segment of the
     * user's first exposure with a score: later ones may have come about by what the user was served.
     *
     * @param moving experiments whose users' scores move
     */
    public static Dataset<Row> ofBaseline(Dataset<Row> rows, Set<String> moving) {
        if (moving.isEmpty()) {
            return rows;
        }
        Column scored = when(col("segment").notEqual(SegmentMetrics.UNSCORED), struct("exposed_at", "segment"));
        WindowSpec soFar = Window.partitionBy("user_id", "experiment_id")
                .orderBy("exposed_at")
                .rangeBetween(Window.unboundedPreceding(), Window.currentRow());
        return rows.withColumn("_first", min(scored).over(soFar))
                .withColumn(
                        "segment",
                        when(
                                        col("experiment_id").isin(moving.toArray()),
                                        coalesce(col("_first.segment"), col("segment")))
                                .otherwise(col("segment")))
                .drop("_first");
    }

    /** The rows of the users of some experiments. */
    public static Dataset<Row> ofUsers(Dataset<Row> rows, Dataset<Row> users) {
        return rows.join(users.select(columns(USER)).distinct(), USER, "leftsemi");
    }

    private static Column[] columns(String... names) {
        return Arrays.stream(names).map(functions::col).toArray(Column[]::new);
    }

    private static Column[] columns(List<String> names) {
        return columns(names.toArray(String[]::new));
    }

    private static Column[] concat(Column[] first, Column... further) {
        return Stream.concat(Arrays.stream(first), Arrays.stream(further)).toArray(Column[]::new);
    }

    private static Column[] concat(Column[] first, Column[] second, Column... further) {
        return concat(concat(first, second), further);
    }
}
