package io.flagcast.monitoring;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.date_trunc;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.transform;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;

import io.flagcast.statistics.CovariateSums;
import io.flagcast.statistics.Effect;
import io.flagcast.statistics.Interval;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Moments;
import io.flagcast.statistics.WeightedMoments;
import java.math.BigDecimal;
import java.math.MathContext;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.api.java.UDF3;
import org.apache.spark.sql.api.java.UDF4;
import org.apache.spark.sql.api.java.UDF5;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.expressions.WindowSpec;
import org.apache.spark.sql.functions;
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
    private static final StructType INTERVAL = StructType.fromDDL("lower DOUBLE, upper DOUBLE");
    private static final StructType SPREAD = StructType.fromDDL("metric_value DOUBLE, m2 DOUBLE");
    private static final StructType EFFECT =
            StructType.fromDDL("effect DOUBLE, effect_lower DOUBLE, effect_upper DOUBLE, effective_sample_size DOUBLE,"
                    + " adjusted_effect DOUBLE, adjusted_lower DOUBLE, adjusted_upper DOUBLE");

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
     * metric, day and window {@link #TOTAL} or {@link #EVIDENCE}.
     *
     * <p>A user counts in a segment with the first exposure there, and in {@link #ALL} with the first of all; in the cells
     * of those exposures, too, of which all users together have those that are a dimension's.
     */
    public static Dataset<Row> states(Instant asOf, Dataset<Row> firstExposures, List<MeasuredExperiment> experiments) {
        return Sums.of(alike(asOf, counting(firstExposures, experiments))
                .withColumn("of", explode(groups()))
                .select(
                        col("experiment_id"),
                        col("of.user_segment"),
                        col("of.cell"),
                        when(col("enabled"), "enabled").otherwise("control").as("population"),
                        col("metric_name"),
                        col("of.window"),
                        col("day"),
                        col("n"),
                        col("terms")));
    }

    /** The rows with which a user counts somewhere, and where: the first of the user, of the segment, of their evidence. */
    private static Dataset<Row> counting(Dataset<Row> firstExposures, List<MeasuredExperiment> experiments) {
        Column order = struct("exposed_at", "enabled", "propensity", "segment", "parameters_version", "decided_by");
        WindowSpec user = Window.partitionBy("experiment_id", "user_id");
        WindowSpec segment = Window.partitionBy("experiment_id", "user_id", "segment");
        Column inEvidence = col("parameters_version").geq(evidenceVersionOfAll(experiments));
        Column inSegmentsEvidence = col("parameters_version").geq(evidenceVersion(experiments, col("segment")));
        return firstExposures
                .withColumn("order", order)
                .withColumn("is_first", col("order").equalTo(min("order").over(user)))
                .withColumn("is_evidence", isFirst(inEvidence, user))
                .withColumn(
                        "is_first_in_segment", col("order").equalTo(min("order").over(segment)))
                .withColumn("is_evidence_in_segment", isFirst(inSegmentsEvidence, segment))
                .where(col("is_first")
                        .or(col("is_evidence"))
                        .or(col("is_first_in_segment"))
                        .or(col("is_evidence_in_segment")));
    }

    private static Column isFirst(Column among, WindowSpec of) {
        return coalesce(col("order").equalTo(min(when(among, col("order"))).over(of)), lit(false));
    }

    /** The version with which the evidence of a segment begins. */
    static Column evidenceVersion(List<MeasuredExperiment> experiments, Column segment) {
        Column version = lit(0L);
        for (MeasuredExperiment experiment : experiments) {
            for (var entry : experiment.evidenceVersions().entrySet()) {
                if (entry.getValue() > 0) {
                    Column here = col("experiment_id").equalTo(experiment.experimentId());
                    version = when(here.and(segment.equalTo(entry.getKey())), lit(entry.getValue()))
                            .otherwise(version);
                }
            }
        }
        return version;
    }

    /** The version with which the evidence of all users together begins. */
    private static Column evidenceVersionOfAll(List<MeasuredExperiment> experiments) {
        Column version = lit(0L);
        for (MeasuredExperiment experiment : experiments) {
            version = when(
                            col("experiment_id").equalTo(experiment.experimentId()),
                            lit(experiment.evidenceVersion(ALL)))
                    .otherwise(version);
        }
        return version;
    }

    /** Users of whom the same was counted, together: most did nothing. One row per metric whose window has closed. */
    private static Dataset<Row> alike(Instant asOf, Dataset<Row> counting) {
        Column closed = when(col("metric.closes_at").leq(lit(asOf)), date_trunc("day", col("metric.closes_at")));
        return counting.withColumn("metric", explode(col("counted")))
                .withColumn("day", closed)
                .where(col("day").isNotNull())
                .groupBy(
                        col("experiment_id"),
                        col("segment"),
                        col("cells"),
                        col("enabled"),
                        col("propensity"),
                        col("is_first"),
                        col("is_evidence"),
                        col("is_first_in_segment"),
                        col("is_evidence_in_segment"),
                        col("metric.metric_name"),
                        col("day"),
                        col("metric.y"),
                        col("metric.before"))
                .agg(count(lit(1)).as("n"))
                .withColumn("terms", Sums.terms(col("n"), col("propensity"), col("enabled"), col("y"), col("before")));
    }

    /** Segments, cells and windows that a row counts in. */
    private static Column groups() {
        Column dimensions = functions.filter(col("cells"), cell -> functions.not(isLearned(cell)));
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
        Dataset<Row> begunAnew = before.metrics()
                .where(col("window").equalTo(EVIDENCE_DAY))
                .where(col("since_version").notEqual(evidenceVersion(experiments, col("user_segment"))))
                .select("experiment_id", "user_segment")
                .distinct();
        Dataset<Row> users = counted.select("experiment_id", "user_id")
                .union(FirstExposures.inEvidence(firstExposures, begunAnew, experiments));
        Dataset<Row> left = states(before.asOf(), FirstExposures.ofUsers(before.firstExposures(), users), experiments);
        Dataset<Row> joined = states(asOf, FirstExposures.ofUsers(firstExposures, users), experiments);
        return Sums.merge(statesOf(before.metrics(), experiments)
                .unionByName(Sums.negated(withoutEvidence(left, begunAnew)))
                .unionByName(joined));
    }

    /** The states that rows of {@code segment_metrics} were made from, but for evidence that began with another version. */
    private static Dataset<Row> statesOf(Dataset<Row> metrics, List<MeasuredExperiment> experiments) {
        Column isDay = col("window").equalTo(DAY);
        return metrics.where(col("population").notEqual("everyone"))
                .where(isDay.or(col("window")
                        .equalTo(EVIDENCE_DAY)
                        .and(col("since_version").equalTo(evidenceVersion(experiments, col("user_segment"))))))
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

    /** Totals, evidence and days from the states, with value, interval and effect. */
    public static Dataset<Row> interpret(Instant asOf, Dataset<Row> states, List<MeasuredExperiment> experiments) {
        return derived(windows(asOf, states), experiments);
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
        Dataset<Row> first = FirstExposures.ofMeasured(exposures, experiments)
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

    /** Exposures with each {@code metric} of their experiment, when its window {@code closes_at}, and what it counts, {@code y}. */
    private static Dataset<Row> counted(
            Dataset<Row> first, Dataset<Row> outcomes, List<MeasuredExperiment> experiments) {
        return first.join(FirstExposures.happened(outcomes), new String[] {"user_id"}, "left")
                .withColumn(
                        "metric", explode(FirstExposures.metrics(experiments).getItem(col("experiment_id"))))
                .withColumn("closes_at", FirstExposures.closesAt(col("metric")))
                .withColumn("y", FirstExposures.amount(col("metric"), col("exposed_at"), col("closes_at")));
    }

    /** Days, totals and evidence; enabled, control and everyone: all sums of the days. */
    private static Dataset<Row> windows(Instant asOf, Dataset<Row> days) {
        Column nextDay = col("day").plus(expr("INTERVAL 1 DAY"));
        Column whole = struct(col("window").as("name"), lit(asOf).as("end"));
        Column day = when(col("window").equalTo(TOTAL), DAY).otherwise(EVIDENCE_DAY);
        Column own = struct(day.as("name"), nextDay.as("end"));
        Column[] keys = Stream.concat(Arrays.stream(GROUP), Stream.of("window_end"))
                .map(name -> col(name))
                .toArray(Column[]::new);
        return days.withColumn("population", explode(array(col("population"), lit("everyone"))))
                .withColumn("span", explode(array(whole, own)))
                .withColumn("window", col("span.name"))
                .withColumn("window_end", col("span.end"))
                .groupBy(keys)
                .agg(min("day").as("window_start"), Sums.merged());
    }

    /** Adds value, interval and effect, which only interpret the sums. */
    private static Dataset<Row> derived(Dataset<Row> states, List<MeasuredExperiment> experiments) {
        UDF3<Long, BigDecimal, BigDecimal, Row> spread = SegmentMetrics::spread;
        UDF4<String, Long, BigDecimal, BigDecimal, Row> interval = SegmentMetrics::interval;
        UDF5<String, Row, Row, Row, Row, Row> effect = SegmentMetrics::effect;
        WindowSpec arms =
                Window.partitionBy("experiment_id", "user_segment", "cell", "metric_name", "window", "window_end");
        Column isEnabled = col("population").equalTo("enabled");
        Column isControl = col("population").equalTo("control");
        Column isEvidence = col("window").isin(EVIDENCE, EVIDENCE_DAY);
        return states.withColumn(
                        "control_weighted",
                        max(when(isControl, col("weighted"))).over(arms))
                .withColumn(
                        "control_covariate",
                        max(when(isControl, col("covariate"))).over(arms))
                .withColumn("spread", udf(spread, SPREAD).apply(col("n"), col("sum"), col("sum_squares")))
                .withColumn(
                        "interval",
                        udf(interval, INTERVAL).apply(kind(experiments), col("n"), col("sum"), col("sum_squares")))
                .withColumn(
                        "effects",
                        when(
                                isEnabled.and(col("control_weighted").isNotNull()),
                                udf(effect, EFFECT)
                                        .apply(
                                                kind(experiments),
                                                col("weighted"),
                                                col("covariate"),
                                                col("control_weighted"),
                                                col("control_covariate"))))
                .select(
                        col("experiment_id"),
                        col("user_segment"),
                        col("cell"),
                        col("population"),
                        col("metric_name"),
                        col("window"),
                        col("window_start"),
                        col("window_end"),
                        when(isEvidence, evidenceVersion(experiments, col("user_segment")))
                                .otherwise(0L)
                                .as("since_version"),
                        col("n"),
                        col("sum"),
                        col("sum_squares"),
                        col("spread.metric_value"),
                        col("spread.m2"),
                        col("interval.lower"),
                        col("interval.upper"),
                        col("weighted"),
                        col("covariate"),
                        col("effects.effect"),
                        col("effects.effect_lower"),
                        col("effects.effect_upper"),
                        col("effects.effective_sample_size"),
                        col("effects.adjusted_effect"),
                        col("effects.adjusted_lower"),
                        col("effects.adjusted_upper"));
    }

    private static Column kind(List<MeasuredExperiment> experiments) {
        Column metrics = FirstExposures.metrics(experiments).getItem(col("experiment_id"));
        Column own = functions.filter(
                metrics, metric -> metric.getField("metric_name").equalTo(col("metric_name")));
        return functions.element_at(own, lit(1)).getField("kind");
    }

    /** Mean and sum of squared deviations, from exact sums: digits that the square takes are not lost. */
    private static Row spread(long n, BigDecimal sum, BigDecimal squares) {
        if (sum == null || squares == null) {
            return null;
        }
        BigDecimal mean = sum.divide(BigDecimal.valueOf(n), MathContext.DECIMAL128);
        double m2 = squares.subtract(sum.multiply(mean)).doubleValue();
        return RowFactory.create(mean.doubleValue(), Math.max(0, m2));
    }

    private static Row interval(String kind, long n, BigDecimal sum, BigDecimal squares) {
        Row spread = spread(n, sum, squares);
        if (spread == null) {
            return null;
        }
        if (kind.equals(Metric.Kind.PROPORTION.name())) {
            return row(Interval.wilson(sum.longValue(), n, CONFIDENCE));
        }
        if (n < 2) {
            return null;
        }
        Moments moments = new Moments(n, spread.getDouble(0), spread.getDouble(1));
        return row(Interval.normal(moments.mean(), moments.standardError(), CONFIDENCE));
    }

    private static Row row(Interval interval) {
        return RowFactory.create(interval.lower(), interval.upper());
    }

    private static Row effect(String kindName, Row enabled, Row enabledCovariate, Row control, Row controlCovariate) {
        if (enabled.anyNull() || control.anyNull()) {
            return null;
        }
        Metric.Kind kind = Metric.Kind.valueOf(kindName);
        Optional<Effect> effect = Effect.difference(weighted(enabled), weighted(control), kind);
        if (effect.isEmpty()) {
            return null;
        }
        Interval interval = effect.get().interval(CONFIDENCE);
        Optional<Effect> adjusted = isAbsent(enabledCovariate) || isAbsent(controlCovariate)
                ? Optional.empty()
                : Effect.adjusted(
                        weighted(enabled),
                        covariate(enabledCovariate),
                        weighted(control),
                        covariate(controlCovariate),
                        kind);
        Optional<Interval> adjustedInterval = adjusted.map(known -> known.interval(CONFIDENCE));
        return RowFactory.create(
                effect.get().estimate(),
                interval.lower(),
                interval.upper(),
                effect.get().effectiveSampleSize(),
                adjusted.map(Effect::estimate).orElse(null),
                adjustedInterval.map(Interval::lower).orElse(null),
                adjustedInterval.map(Interval::upper).orElse(null));
    }

    private static boolean isAbsent(Row covariate) {
        return covariate == null || covariate.anyNull();
    }

    /**
     * The sums of the column {@code weighted}.
     *
     * @throws IllegalArgumentException where one is absent
     */
    public static WeightedMoments weighted(Row row) {
        return new WeightedMoments(
                row.getLong(0),
                number(row, 1),
                number(row, 2),
                number(row, 3),
                number(row, 4),
                number(row, 5),
                number(row, 6));
    }

    private static CovariateSums covariate(Row row) {
        return new CovariateSums(
                number(row, 0), number(row, 1), number(row, 2), number(row, 3), number(row, 4), number(row, 5));
    }

    private static double number(Row row, int index) {
        if (row.isNullAt(index)) {
            throw new IllegalArgumentException("a weighted sum has more than 23 digits before the point");
        }
        return row.getDecimal(index).doubleValue();
    }
}
