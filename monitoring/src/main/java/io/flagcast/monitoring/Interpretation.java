package io.flagcast.monitoring;

import static io.flagcast.monitoring.SegmentMetrics.DAY;
import static io.flagcast.monitoring.SegmentMetrics.EVIDENCE;
import static io.flagcast.monitoring.SegmentMetrics.RECENT;
import static io.flagcast.monitoring.SegmentMetrics.TOTAL;
import static java.util.stream.Collectors.toMap;
import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;

import io.flagcast.statistics.CovariateSums;
import io.flagcast.statistics.Effect;
import io.flagcast.statistics.Interval;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Moments;
import io.flagcast.statistics.WeightedMoments;
import io.flagcast.tables.Tables;
import java.io.Serializable;
import java.math.BigDecimal;
import java.math.MathContext;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
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
 * What the sums of states mean: totals, evidence, days and the newest of them, for enabled, control and everyone, with value, interval and effect.
 */
final class Interpretation {

    private static final double CONFIDENCE = 0.95;
    private static final String[] GROUP = {
        "experiment_id", "segment", "cell", "population", "metric", "window", "since_version"
    };
    private static final StructType DERIVED = StructType.fromDDL(
            "metric_value DOUBLE, m2 DOUBLE, lower DOUBLE, upper DOUBLE,"
                    + " effect DOUBLE, effect_lower DOUBLE, effect_upper DOUBLE, effective_sample_size DOUBLE,"
                    + " adjusted_effect DOUBLE, adjusted_lower DOUBLE, adjusted_upper DOUBLE, place INT, better STRING");

    /**
     * A metric of an experiment.
     *
     * @param place in the experiment's file, from 1
     */
    private record Placed(Metric metric, int place) implements Serializable {

        static Map<String, Placed> of(List<Metric> metrics) {
            return IntStream.range(0, metrics.size())
                    .boxed()
                    .collect(toMap(i -> metrics.get(i).name(), i -> new Placed(metrics.get(i), i + 1)));
        }
    }

    private Interpretation() {}

    static Dataset<Row> of(Instant asOf, Dataset<Row> states, List<MeasuredExperiment> experiments) {
        Column begins = MeasuredExperiment.evidenceVersion(experiments, col("segment"));
        // Evidence that begins with the first exposure is what the total is.
        Column windows = when(
                        col("window").equalTo(TOTAL).and(functions.not(begins.gt(0))), array(lit(TOTAL), lit(EVIDENCE)))
                .otherwise(array(col("window")));
        return derived(windows(asOf, states), experiments)
                .withColumn("window", explode(windows))
                .withColumn("cap", Caps.limit(experiments, col("experiment_id"), col("metric")))
                .select(Tables.SEGMENT_METRICS.columnNames().stream()
                        .filter(name -> !List.of("run_id", "as_of").contains(name))
                        .map(functions::col)
                        .toArray(Column[]::new));
    }

    /** Totals, evidence, days and the newest of them; enabled, control and everyone: all sums of states. */
    private static Dataset<Row> windows(Instant asOf, Dataset<Row> states) {
        Column isTotal = col("since_version").equalTo(0);
        Column isFirst = col("returned_after").equalTo(0);
        Column whole = struct(
                when(isTotal, TOTAL).otherwise(EVIDENCE).as("name"), lit(asOf).as("end"));
        Column day = struct(
                lit(DAY).as("name"), col("day").plus(expr("INTERVAL 1 DAY")).as("end"));
        Column none = functions.slice(array(whole), 1, 0);
        Column newest = max("day").over(Window.partitionBy("experiment_id", "metric"));
        Column begin = col("newest").minus(expr("INTERVAL 6 DAYS"));
        // Of cells no more is told than whether a user came before.
        Column isRecent = isTotal.and(col("cell").equalTo(""))
                .and(col("day").geq(begin))
                .and(isFirst.or(col("day")
                        .minus(functions.make_dt_interval(col("returned_after")))
                        .lt(begin)));
        Column recent = struct(
                lit(RECENT).as("name"),
                col("newest").plus(expr("INTERVAL 1 DAY")).as("end"));
        Column[] keys = Stream.concat(Arrays.stream(GROUP), Stream.of("window_end"))
                .map(name -> col(name))
                .toArray(Column[]::new);
        return states.withColumn("newest", newest)
                .withColumn("population", explode(array(col("population"), lit("everyone"))))
                .withColumn(
                        "span",
                        explode(functions.concat(
                                when(isFirst, array(whole)).otherwise(none),
                                when(isTotal, array(day)).otherwise(none),
                                when(isRecent, array(recent)).otherwise(none))))
                .withColumn("window", col("span.name"))
                .withColumn("window_end", col("span.end"))
                .groupBy(keys)
                .agg(min("day").as("window_start"), Sums.merged());
    }

    /** Adds value, interval and effect, which only interpret the sums. */
    private static Dataset<Row> derived(Dataset<Row> states, List<MeasuredExperiment> experiments) {
        WindowSpec arms = Window.partitionBy("experiment_id", "segment", "cell", "metric", "window", "window_end");
        Column control = max(when(col("population").equalTo("control"), struct("weighted", "covariate")))
                .over(arms);
        Map<String, Map<String, Placed>> metrics = experiments.stream()
                .collect(toMap(MeasuredExperiment::experimentId, experiment -> Placed.of(experiment.metrics())));
        UDF8<String, String, Long, BigDecimal, BigDecimal, Row, Row, Row, Row> derived =
                (experiment, metric, n, sum, squares, weighted, covariate, against) -> derived(
                        metrics.get(experiment).get(metric),
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
                                        col("metric"),
                                        col("n"),
                                        col("sum"),
                                        col("sum_squares"),
                                        col("weighted"),
                                        col("covariate"),
                                        col("control")))
                .select(col("*"), col("derived.*"));
    }

    private static Row derived(
            Placed placed,
            long n,
            BigDecimal sum,
            BigDecimal squares,
            Row weighted,
            Row covariate,
            Optional<Row> control) {
        Metric metric = placed.metric();
        Optional<Moments> moments =
                sum == null || squares == null ? Optional.empty() : Optional.of(moments(n, sum, squares));
        Optional<Interval> interval = moments.flatMap(known -> interval(metric, known, sum));
        Optional<Effect> effect = control.filter(
                        arm -> !weighted.anyNull() && !arm.getStruct(0).anyNull())
                .flatMap(arm -> Effect.difference(weighted(weighted), weighted(arm.getStruct(0)), metric.kind()));
        Optional<Interval> ofEffect = effect.flatMap(known ->
                control.flatMap(arm -> interval(metric, known, weighted(weighted), weighted(arm.getStruct(0)))));
        // The same for both arms: only differences in x count.
        BigDecimal originOfX =
                isAbsent(covariate) || weighted.anyNull() ? BigDecimal.ZERO : mean(weighted, covariate, 0);
        Optional<Effect> adjusted = effect.isEmpty() || isAbsent(covariate)
                ? Optional.empty()
                : control.filter(arm -> !isAbsent(arm.getStruct(1)))
                        .flatMap(arm -> Effect.adjusted(
                                weighted(weighted),
                                covariate(weighted, covariate, originOfX),
                                weighted(arm.getStruct(0)),
                                covariate(arm.getStruct(0), arm.getStruct(1), originOfX),
                                metric.kind()));
        return RowFactory.create(
                orNull(moments, Moments::mean),
                orNull(moments, Moments::m2),
                orNull(interval, Interval::lower),
                orNull(interval, Interval::upper),
                orNull(effect, Effect::estimate),
                orNull(ofEffect, Interval::lower),
                orNull(ofEffect, Interval::upper),
                orNull(effect, Effect::effectiveSampleSize),
                orNull(adjusted, Effect::estimate),
                orNull(adjusted, known -> known.interval(CONFIDENCE).lower()),
                orNull(adjusted, known -> known.interval(CONFIDENCE).upper()),
                placed.place(),
                better(metric));
    }

    /** Which values are better. */
    static String better(Metric metric) {
        return metric.direction() == Metric.Direction.HIGHER_IS_BETTER ? "higher" : "lower";
    }

    private static <T> Double orNull(Optional<T> known, ToDoubleFunction<T> value) {
        return known.map(value::applyAsDouble).orElse(null);
    }

    static Moments values(Row row) {
        BigDecimal sum = row.getAs("sum");
        BigDecimal squares = row.getAs("sum_squares");
        if (sum == null || squares == null) {
            throw new IllegalArgumentException("the sum of squares has more than 23 digits before the point");
        }
        return moments(row.<Long>getAs("n"), sum, squares);
    }

    /** From exact sums: digits that the square takes are not lost. */
    private static Moments moments(long n, BigDecimal sum, BigDecimal squares) {
        BigDecimal mean = sum.divide(BigDecimal.valueOf(n), MathContext.DECIMAL128);
        double m2 = squares.subtract(sum.multiply(mean)).doubleValue();
        return new Moments(n, mean.doubleValue(), Math.max(0, m2));
    }

    /** Of the mean, for one look. */
    static Optional<Interval> interval(Metric metric, Moments moments, BigDecimal sum) {
        if (metric.kind() == Metric.Kind.PROPORTION) {
            return Optional.of(Interval.wilson(sum.longValue(), moments.n(), CONFIDENCE));
        }
        if (metric.limit().isPresent() && metric.misfit(moments).isEmpty()) {
            return Optional.of(Interval.limited(moments, metric, CONFIDENCE));
        }
        return moments.n() < 2
                ? Optional.empty()
                : Optional.of(Interval.normal(moments.mean(), moments.standardError(), CONFIDENCE));
    }

    /** Of an effect; one of capped values leans with their skew. */
    private static Optional<Interval> interval(
            Metric metric, Effect effect, WeightedMoments enabled, WeightedMoments control) {
        boolean limited = metric.limit().isPresent()
                && metric.misfit(enabled).isEmpty()
                && metric.misfit(control).isEmpty();
        return limited
                ? Interval.limitedDifference(enabled, control, metric, CONFIDENCE)
                : Optional.of(effect.interval(CONFIDENCE));
    }

    private static boolean isAbsent(Row covariate) {
        return covariate == null || covariate.anyNull();
    }

    /** Measured from the mean, while the sums are exact. */
    static WeightedMoments weighted(Row row) {
        if (row.getLong(0) == 0) {
            return WeightedMoments.EMPTY;
        }
        BigDecimal origin = mean(row, row, 3);
        return new WeightedMoments(
                row.getLong(0),
                number(row, 1).doubleValue(),
                number(row, 2).doubleValue(),
                origin.doubleValue(),
                first(number(row, 3), number(row, 1), origin),
                second(number(row, 4), number(row, 3), number(row, 1), origin),
                first(number(row, 5), number(row, 2), origin),
                second(number(row, 6), number(row, 5), number(row, 2), origin));
    }

    static CovariateSums covariate(Row arm, Row row, BigDecimal originOfX) {
        BigDecimal origin = mean(arm, arm, 3);
        return new CovariateSums(
                origin.doubleValue(),
                first(number(row, 0), number(arm, 1), originOfX),
                second(number(row, 1), number(row, 0), number(arm, 1), originOfX),
                product(number(row, 2), number(row, 0), originOfX, number(arm, 3), number(arm, 1), origin),
                first(number(row, 3), number(arm, 2), originOfX),
                second(number(row, 4), number(row, 3), number(arm, 2), originOfX),
                product(number(row, 5), number(row, 3), originOfX, number(arm, 5), number(arm, 2), origin));
    }

    /** The weighted mean of a sum in {@code row}, as the number that stands for it; 0 without weights. */
    static BigDecimal mean(Row weighted, Row row, int sum) {
        BigDecimal weights = number(weighted, 1);
        return weights.signum() == 0
                ? BigDecimal.ZERO
                : new BigDecimal(
                        number(row, sum).divide(weights, MathContext.DECIMAL128).doubleValue());
    }

    /** Σ w (y − origin) from Σ wy and Σ w. */
    private static double first(BigDecimal wy, BigDecimal w, BigDecimal origin) {
        return wy.subtract(origin.multiply(w)).doubleValue();
    }

    /** Σ w (y − origin)² from Σ wy², Σ wy and Σ w; each of their terms is rounded to 15 decimals. */
    private static double second(BigDecimal wy2, BigDecimal wy, BigDecimal w, BigDecimal origin) {
        return Math.max(0, product(wy2, wy, origin, wy, w, origin));
    }

    /** Σ w (x − originOfX)(y − origin) from Σ wxy, Σ wx, Σ wy and Σ w. */
    private static double product(
            BigDecimal wxy, BigDecimal wx, BigDecimal originOfX, BigDecimal wy, BigDecimal w, BigDecimal origin) {
        return wxy.subtract(origin.multiply(wx))
                .subtract(originOfX.multiply(wy))
                .add(originOfX.multiply(origin).multiply(w))
                .doubleValue();
    }

    private static BigDecimal number(Row row, int index) {
        if (row.isNullAt(index)) {
            throw new IllegalArgumentException("a weighted sum has more than 23 digits before the point");
        }
        return row.getDecimal(index);
    }
}
