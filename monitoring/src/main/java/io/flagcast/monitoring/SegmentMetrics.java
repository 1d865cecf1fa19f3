package io.flagcast.monitoring;

import static java.util.stream.Collectors.toMap;
import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.pmod;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.timestamp_micros;
import static org.apache.spark.sql.functions.transform;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.unix_micros;
import static org.apache.spark.sql.functions.when;

import io.flagcast.statistics.CovariateSums;
import io.flagcast.statistics.Effect;
import io.flagcast.statistics.Interval;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Moments;
import io.flagcast.statistics.WeightedMoments;
import io.flagcast.tables.Tables;
import java.math.BigDecimal;
import java.math.MathContext;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.api.java.UDF8;
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
    /** Whether a row is the one with which its user counts in all users, in their evidence, in the segment, in its evidence. */
    private static final String[] COUNTS = {"is_first", "is_evidence", "is_first_in_segment", "is_evidence_in_segment"};

    private static final StructType DERIVED =
            StructType.fromDDL("metric_value DOUBLE, m2 DOUBLE, lower DOUBLE, upper DOUBLE,"
                    + " effect DOUBLE, effect_lower DOUBLE, effect_upper DOUBLE, effective_sample_size DOUBLE,"
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
     * metric, day and window {@link #TOTAL} or {@link #EVIDENCE}. Evidence that begins with the first exposure is what the
     * total is, and has no rows of its own.
     *
     * <p>A user counts in a segment with the first exposure there, and in {@link #ALL} with the first of all; in the cells
     * of those exposures, too, of which all users together have those that are a dimension's.
     */
    public static Dataset<Row> states(Instant asOf, Dataset<Row> firstExposures, List<MeasuredExperiment> experiments) {
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
                .withColumn("is_evidence", isFirst(isEvidence(evidenceVersion(experiments, lit(ALL))), user))
                .withColumn(
                        "is_first_in_segment", col("order").equalTo(min("order").over(segment)))
                .withColumn(
                        "is_evidence_in_segment",
                        isFirst(isEvidence(evidenceVersion(experiments, col("segment"))), segment))
                .where(Arrays.stream(counts).reduce(Column::or).orElseThrow());
    }

    /** Whether a row is of evidence that does not begin with the first exposure. */
    private static Column isEvidence(Column begins) {
        return begins.gt(0).and(col("parameters_version").geq(begins));
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
        Column since = col("since_version");
        return metrics.where(col("population").notEqual("everyone"))
                .where(isDay.or(col("window")
                        .equalTo(EVIDENCE_DAY)
                        .and(since.gt(0))
                        .and(since.equalTo(evidenceVersion(experiments, col("user_segment"))))))
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
        Dataset<Row> derived = derived(windows(asOf, states), experiments);
        Column begins = evidenceVersion(experiments, col("user_segment"));
        Column isTotal = col("window").isin(TOTAL, DAY);
        Column evidence = when(col("window").equalTo(TOTAL), EVIDENCE).otherwise(EVIDENCE_DAY);
        Column windows = when(isTotal.and(functions.not(begins.gt(0))), array(col("window"), evidence))
                .otherwise(array(col("window")));
        return derived.withColumn("since_version", when(isTotal, 0L).otherwise(begins))
                .withColumn("window", explode(windows))
                .select(Tables.SEGMENT_METRICS.columnNames().stream()
                        .filter(name -> !List.of("run_id", "as_of").contains(name))
                        .map(functions::col)
                        .toArray(Column[]::new));
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
                .withColumn("closes_at", timestamp_micros(FirstExposures.closes(col("metric"))))
                .withColumn(
                        "y",
                        FirstExposures.amount(
                                col("metric"), unix_micros(col("exposed_at")), FirstExposures.closes(col("metric"))));
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
        WindowSpec arms =
                Window.partitionBy("experiment_id", "user_segment", "cell", "metric_name", "window", "window_end");
        Column control = max(when(col("population").equalTo("control"), struct("weighted", "covariate")))
                .over(arms);
        Map<String, Map<String, Metric.Kind>> kinds = experiments.stream()
                .collect(toMap(
                        MeasuredExperiment::experimentId,
                        experiment -> experiment.metrics().stream().collect(toMap(Metric::name, Metric::kind))));
        UDF8<String, String, Long, BigDecimal, BigDecimal, Row, Row, Row, Row> derived =
                (experiment, metric, n, sum, squares, weighted, covariate, against) -> derived(
                        kinds.get(experiment).get(metric),
                        n,
                        sum,
                        squares,
                        weighted,
                        covariate,
                        Optional.ofNullable(against));
        return states.withColumn("control", when(col("population").equalTo("enabled"), control))
                .withColumn(
                        "derived",
                        udf(derived, DERIVED)
                                .apply(
                                        col("experiment_id"),
                                        col("metric_name"),
                                        col("n"),
                                        col("sum"),
                                        col("sum_squares"),
                                        col("weighted"),
                                        col("covariate"),
                                        col("control")))
                .select(col("*"), col("derived.*"));
    }

    private static Row derived(
            Metric.Kind kind,
            long n,
            BigDecimal sum,
            BigDecimal squares,
            Row weighted,
            Row covariate,
            Optional<Row> control) {
        Optional<Moments> moments =
                sum == null || squares == null ? Optional.empty() : Optional.of(moments(n, sum, squares));
        Optional<Interval> interval = moments.flatMap(known -> interval(kind, known, sum));
        Optional<Effect> effect = control.filter(
                        arm -> !weighted.anyNull() && !arm.getStruct(0).anyNull())
                .flatMap(arm -> Effect.difference(weighted(weighted), weighted(arm.getStruct(0)), kind));
        Optional<Effect> adjusted = effect.isEmpty() || isAbsent(covariate)
                ? Optional.empty()
                : control.filter(arm -> !isAbsent(arm.getStruct(1)))
                        .flatMap(arm -> Effect.adjusted(
                                weighted(weighted),
                                covariate(covariate),
                                weighted(arm.getStruct(0)),
                                covariate(arm.getStruct(1)),
                                kind));
        return RowFactory.create(
                orNull(moments, Moments::mean),
                orNull(moments, Moments::m2),
                orNull(interval, Interval::lower),
                orNull(interval, Interval::upper),
                orNull(effect, Effect::estimate),
                orNull(effect, known -> known.interval(CONFIDENCE).lower()),
                orNull(effect, known -> known.interval(CONFIDENCE).upper()),
                orNull(effect, Effect::effectiveSampleSize),
                orNull(adjusted, Effect::estimate),
                orNull(adjusted, known -> known.interval(CONFIDENCE).lower()),
                orNull(adjusted, known -> known.interval(CONFIDENCE).upper()));
    }

    private static <T> Double orNull(Optional<T> known, ToDoubleFunction<T> value) {
        return known.map(value::applyAsDouble).orElse(null);
    }

    /** From exact sums: digits that the square takes are not lost. */
    private static Moments moments(long n, BigDecimal sum, BigDecimal squares) {
        BigDecimal mean = sum.divide(BigDecimal.valueOf(n), MathContext.DECIMAL128);
        double m2 = squares.subtract(sum.multiply(mean)).doubleValue();
        return new Moments(n, mean.doubleValue(), Math.max(0, m2));
    }

    private static Optional<Interval> interval(Metric.Kind kind, Moments moments, BigDecimal sum) {
        if (kind == Metric.Kind.PROPORTION) {
            return Optional.of(Interval.wilson(sum.longValue(), moments.n(), CONFIDENCE));
        }
        return moments.n() < 2
                ? Optional.empty()
                : Optional.of(Interval.normal(moments.mean(), moments.standardError(), CONFIDENCE));
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
