package io.flagcast.monitoring;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.array_sort;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_list;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.date_trunc;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.map;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;

import io.flagcast.statistics.Effect;
import io.flagcast.statistics.Interval;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Moments;
import io.flagcast.statistics.WeightedMoments;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.api.java.UDF4;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.types.StructType;

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

    private static final double CONFIDENCE = 0.95;
    private static final String[] GROUP = {
        "experiment_id", "user_segment", "cell", "population", "metric_name", "window"
    };
    private static final List<String> SUMS =
            List.of("n", "sum", "sum_squares", "wn", "w", "w2", "wy", "wy2", "w2y", "w2y2");
    private static final StructType INTERVAL = StructType.fromDDL("lower DOUBLE, upper DOUBLE");
    private static final StructType EFFECT =
            StructType.fromDDL("effect DOUBLE, effect_lower DOUBLE, effect_upper DOUBLE, effective_sample_size DOUBLE");

    private SegmentMetrics() {}

    /**
     * Measures every experiment.
     *
     * @param asOf only outcome windows that closed at or before it count
     * @param exposures valid exposures before the as-of, with their decision where it is known, and {@code context}: the
     *     user's values of the experiment's context columns as JSON, empty where it has none
     * @param outcomes valid outcomes before the as-of
     * @param experiments what is measured
     * @return the columns of {@code segment_metrics} without run and as-of
     */
    public static Dataset<Row> measure(
            Instant asOf, Dataset<Row> exposures, Dataset<Row> outcomes, List<MeasuredExperiment> experiments) {
        return interpret(asOf, states(asOf, exposures, outcomes, experiments));
    }

    /**
     * The sums per day, segment and arm that everything else is made of: one row per experiment, segment, arm, metric,
     * day and window {@link #TOTAL} or {@link #EVIDENCE}.
     */
    public static Dataset<Row> states(
            Instant asOf, Dataset<Row> exposures, Dataset<Row> outcomes, List<MeasuredExperiment> experiments) {
        Dataset<Row> values = values(firstExposures(exposures, experiments), outcomes, experiments);
        return byDay(values.where(col("closes_at").leq(lit(asOf))));
    }

    /** Totals, evidence and days from the states, with value, interval and effect. */
    public static Dataset<Row> interpret(Instant asOf, Dataset<Row> states) {
        return derived(windows(asOf, states));
    }

    /** The first exposure of each user per segment, for {@link #TOTAL} and for {@link #EVIDENCE}. */
    private static Dataset<Row> firstExposures(Dataset<Row> exposures, List<MeasuredExperiment> experiments) {
        Column version = lit(0L);
        for (MeasuredExperiment experiment : experiments) {
            for (var entry : experiment.evidenceVersions().entrySet()) {
                version = when(
                                col("experiment_id")
                                        .equalTo(experiment.experimentId())
                                        .and(col("user_segment").equalTo(entry.getKey())),
                                lit(entry.getValue()))
                        .otherwise(version);
            }
        }
        Column isEvidence = coalesce(col("parameters_version"), lit(0L)).geq(version);
        Column exposure = struct("exposed_at", "enabled", "propensity");
        Column all = group(lit(ALL), lit(""));
        Column segment = group(coalesce(col("segment"), lit(UNSCORED)), lit(""));
        Column groups = when(
                        col("segment").isNotNull().and(col("context").notEqual("")),
                        array(all, segment, group(col("segment"), col("context"))))
                .otherwise(array(all, segment));
        return of(exposures, experiments)
                .withColumn("of", explode(groups))
                .withColumn("user_segment", col("of.user_segment"))
                .withColumn("cell", col("of.cell"))
                .groupBy("experiment_id", "user_segment", "cell", "user_id")
                .agg(min(exposure).as("total"), min(when(isEvidence, exposure)).as("evidence"))
                .withColumn(
                        "in_window",
                        explode(array(
                                struct(lit(TOTAL).as("window"), col("total").as("first")),
                                struct(
                                        lit(EVIDENCE).as("window"),
                                        col("evidence").as("first")))))
                .where(col("in_window.first").isNotNull())
                .select("experiment_id", "user_segment", "cell", "in_window.window", "user_id", "in_window.first.*");
    }

    private static Column group(Column segment, Column cell) {
        return struct(segment.as("user_segment"), cell.as("cell"));
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
        Dataset<Row> first = of(exposures, experiments)
                .groupBy("experiment_id", "user_id")
                .agg(min(struct(
                                col("score").isNull().as("unscored"),
                                col("exposed_at"),
                                col("enabled"),
                                col("propensity"),
                                col("score"),
                                col("reason"),
                                col("run_id")))
                        .as("first"))
                .select("experiment_id", "user_id", "first.*");
        return counted(first, outcomes, experiments)
                .where(col("closes_at").leq(lit(asOf)))
                .select(
                        col("experiment_id"),
                        col("user_id"),
                        col("metric.metric_name"),
                        col("exposed_at"),
                        col("enabled"),
                        col("propensity"),
                        col("score"),
                        col("reason"),
                        col("run_id"),
                        col("y").as("reward"));
    }

    private static Dataset<Row> of(Dataset<Row> exposures, List<MeasuredExperiment> experiments) {
        return exposures.where(col("experiment_id")
                .isin(experiments.stream().map(MeasuredExperiment::experimentId).toArray()));
    }

    /** What each metric counts for each first exposure, whether its outcome window has closed or not. */
    private static Dataset<Row> values(
            Dataset<Row> first, Dataset<Row> outcomes, List<MeasuredExperiment> experiments) {
        return counted(first, outcomes, experiments)
                .select(
                        col("experiment_id"),
                        col("user_segment"),
                        col("cell"),
                        col("window"),
                        col("metric.metric_name"),
                        col("metric.kind"),
                        col("enabled"),
                        col("propensity"),
                        col("closes_at"),
                        col("y"));
    }

    /** Exposures with each {@code metric} of their experiment, when its window {@code closes_at}, and what it counts, {@code y}. */
    private static Dataset<Row> counted(
            Dataset<Row> first, Dataset<Row> outcomes, List<MeasuredExperiment> experiments) {
        Dataset<Row> happened = outcomes.groupBy("user_id")
                .agg(array_sort(collect_list(struct(
                                col("occurred_at"),
                                col("outcome"),
                                coalesce(col("value"), lit(1.0)).as("amount"))))
                        .as("happened"));
        String within = "filter(coalesce(happened, array()), o -> o.outcome = metric.outcome"
                + " AND o.occurred_at >= exposed_at AND o.occurred_at < closes_at)";
        Column any = expr("CASE WHEN size(counted) > 0 THEN 1D ELSE 0D END");
        Column amount = expr("aggregate(counted, 0D, (sum, o) -> sum + o.amount)");
        return first.join(happened, new String[] {"user_id"}, "left")
                .withColumn("metric", explode(metrics(experiments).getItem(col("experiment_id"))))
                .withColumn("closes_at", expr("exposed_at + make_dt_interval(0, 0, 0, metric.within_seconds)"))
                .withColumn("counted", expr(within))
                .withColumn(
                        "y",
                        when(col("metric.kind").equalTo(Metric.Kind.PROPORTION.name()), any)
                                .otherwise(amount));
    }

    /** The metrics of each experiment, as a map from its id. */
    private static Column metrics(List<MeasuredExperiment> experiments) {
        return map(experiments.stream()
                        .flatMap(experiment -> Stream.of(
                                lit(experiment.experimentId()),
                                array(experiment.metrics().stream()
                                        .map(metric -> struct(
                                                lit(metric.name()).as("metric_name"),
                                                lit(metric.kind().name()).as("kind"),
                                                lit(metric.outcome()).as("outcome"),
                                                lit(metric.within().toSeconds()).as("within_seconds")))
                                        .toArray(Column[]::new))))
                        .toArray(Column[]::new))
                .cast(
                        "map<string, array<struct<metric_name: string, kind: string, outcome: string, within_seconds: bigint>>>");
    }

    /** Sums per day on which the outcome windows closed, population enabled or control. */
    private static Dataset<Row> byDay(Dataset<Row> units) {
        Column p = col("propensity");
        Column w = when(
                p.gt(0).and(p.lt(1)),
                when(col("enabled"), lit(1.0).divide(p)).otherwise(lit(1.0).divide(lit(1.0).minus(p))));
        Column y = col("y");
        return units.withColumn("population", when(col("enabled"), "enabled").otherwise("control"))
                .withColumn("day", date_trunc("day", col("closes_at")))
                .withColumn("w_", w)
                .groupBy(Stream.concat(Arrays.stream(GROUP), Stream.of("day", "kind"))
                        .map(name -> col(name))
                        .toArray(Column[]::new))
                .agg(
                        count(lit(1)).as("n"),
                        sum(y).as("sum"),
                        sum(y.multiply(y)).as("sum_squares"),
                        count("w_").as("wn"),
                        orZero(sum("w_")).as("w"),
                        orZero(sum(col("w_").multiply(col("w_")))).as("w2"),
                        orZero(sum(col("w_").multiply(y))).as("wy"),
                        orZero(sum(col("w_").multiply(y).multiply(y))).as("wy2"),
                        orZero(sum(col("w_").multiply(col("w_")).multiply(y))).as("w2y"),
                        orZero(sum(col("w_").multiply(col("w_")).multiply(y).multiply(y)))
                                .as("w2y2"));
    }

    private static Column orZero(Column sum) {
        return coalesce(sum, lit(0.0));
    }

    /** Days, totals and evidence; enabled, control and everyone: all sums of the days. */
    private static Dataset<Row> windows(Instant asOf, Dataset<Row> days) {
        Column nextDay = col("day").plus(expr("INTERVAL 1 DAY"));
        Column whole = struct(col("window").as("name"), lit(asOf).as("end"));
        Column day = when(col("window").equalTo(TOTAL), DAY).otherwise(EVIDENCE_DAY);
        Column own = struct(day.as("name"), nextDay.as("end"));
        Column[] keys = Stream.concat(Arrays.stream(GROUP), Stream.of("kind", "window_end"))
                .map(name -> col(name))
                .toArray(Column[]::new);
        Column[] sums = SUMS.stream().map(name -> sum(name).as(name)).toArray(Column[]::new);
        return days.withColumn("population", explode(array(col("population"), lit("everyone"))))
                .withColumn("span", explode(array(whole, own)))
                .withColumn("window", col("span.name"))
                .withColumn("window_end", col("span.end"))
                .groupBy(keys)
                .agg(min("day").as("window_start"), sums);
    }

    /** Adds value, interval and effect, which only interpret the sums. */
    private static Dataset<Row> derived(Dataset<Row> states) {
        Column weighted =
                struct(col("wn").as("n"), col("w"), col("w2"), col("wy"), col("wy2"), col("w2y"), col("w2y2"));
        UDF4<String, Long, Double, Double, Row> interval = (kind, n, sum, squares) -> interval(kind, n, sum, squares);
        UDF2<Row, Row, Row> effect = (enabled, control) -> effect(enabled, control);
        Column control = max(when(col("population").equalTo("control"), col("weighted")))
                .over(Window.partitionBy(
                        "experiment_id", "user_segment", "cell", "metric_name", "window", "window_end"));
        return states.withColumn("weighted", weighted)
                .withColumn("control_weighted", when(col("population").equalTo("enabled"), control))
                .withColumn(
                        "interval",
                        udf(interval, INTERVAL).apply(col("kind"), col("n"), col("sum"), col("sum_squares")))
                .withColumn(
                        "effects",
                        when(
                                col("control_weighted").isNotNull(),
                                udf(effect, EFFECT).apply(col("weighted"), col("control_weighted"))))
                .select(
                        col("experiment_id"),
                        col("user_segment"),
                        col("cell"),
                        col("population"),
                        col("metric_name"),
                        col("window"),
                        col("window_start"),
                        col("window_end"),
                        col("n"),
                        col("sum"),
                        col("sum_squares"),
                        col("sum").divide(col("n")).as("metric_value"),
                        col("interval.lower"),
                        col("interval.upper"),
                        col("weighted"),
                        col("effects.effect"),
                        col("effects.effect_lower"),
                        col("effects.effect_upper"),
                        col("effects.effective_sample_size"));
    }

    private static Row interval(String kind, long n, double sum, double squares) {
        if (kind.equals(Metric.Kind.PROPORTION.name())) {
            return row(Interval.wilson(Math.round(sum), n, CONFIDENCE));
        }
        // Values of 1e200 have squares without end: then there is a sum, but no interval.
        if (n < 2 || !Double.isFinite(squares)) {
            return null;
        }
        Moments moments = Moments.ofSums(n, sum, squares);
        return row(Interval.normal(moments.mean(), moments.standardError(), CONFIDENCE));
    }

    private static Row row(Interval interval) {
        return RowFactory.create(interval.lower(), interval.upper());
    }

    private static Row effect(Row enabled, Row control) {
        if (!isFinite(enabled) || !isFinite(control)) {
            return null;
        }
        Optional<Effect> effect = Effect.difference(weighted(enabled), weighted(control));
        if (effect.isEmpty()) {
            return null;
        }
        Interval interval = effect.get().interval(CONFIDENCE);
        return RowFactory.create(
                effect.get().estimate(),
                interval.lower(),
                interval.upper(),
                effect.get().effectiveSampleSize());
    }

    private static boolean isFinite(Row sums) {
        return IntStream.range(1, sums.length()).allMatch(i -> Double.isFinite(sums.getDouble(i)));
    }

    /**
     * The sums of the column {@code weighted}.
     *
     * @throws IllegalArgumentException where one is not finite
     */
    public static WeightedMoments weighted(Row row) {
        return new WeightedMoments(
                row.getLong(0),
                row.getDouble(1),
                row.getDouble(2),
                row.getDouble(3),
                row.getDouble(4),
                row.getDouble(5),
                row.getDouble(6));
    }
}
