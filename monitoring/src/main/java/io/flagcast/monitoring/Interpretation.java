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

import io.flagcast.statistics.Covariate;
import io.flagcast.statistics.CovariateSums;
import io.flagcast.statistics.Effect;
import io.flagcast.statistics.Interval;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Moments;
import io.flagcast.statistics.RatioCovariate;
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
import org.apache.spark.sql.api.java.UDF4;
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
        return derived(windows(asOf, states, Sums.of(experiments)), experiments)
                .withColumn("window", explode(windows))
                .withColumn("cap", Caps.limit(experiments, col("experiment_id"), col("metric")))
                .select(Tables.SEGMENT_METRICS.columnNames().stream()
                        .filter(name -> !List.of("run_id", "as_of").contains(name))
                        .map(functions::col)
                        .toArray(Column[]::new));
    }

    /** Totals, evidence, days and the newest of them; enabled, control and everyone: all sums of states. */
    private static Dataset<Row> windows(Instant asOf, Dataset<Row> states, Sums sums) {
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
        Dataset<Row> spans = sums.apart(states, newest.as("newest"))
                .withColumn("population", explode(array(col("population"), lit("everyone"))))
                .withColumn(
                        "span",
                        explode(functions.concat(
                                when(isFirst, array(whole)).otherwise(none),
                                when(isTotal, array(day)).otherwise(none),
                                when(isRecent, array(recent)).otherwise(none))))
                .withColumn("window", col("span.name"))
                .withColumn("window_end", col("span.end"));
        return sums.merge(spans, keys, min("day").as("window_start"));
    }

    /** Adds value, interval and effect, which only interpret the sums. */
    private static Dataset<Row> derived(Dataset<Row> states, List<MeasuredExperiment> experiments) {
        WindowSpec arms = Window.partitionBy("experiment_id", "segment", "cell", "metric", "window", "window_end");
        Column sums = struct("n", "sum", "sum_squares", "weighted", "covariate", "denominator", "ratio_covariate");
        Column control = max(when(col("population").equalTo("control"), sums)).over(arms);
        Map<String, Map<String, Placed>> metrics = experiments.stream()
                .collect(toMap(MeasuredExperiment::experimentId, experiment -> Placed.of(experiment.metrics())));
        UDF4<String, String, Row, Row, Row> derived = (experiment, metric, own, against) ->
                derived(metrics.get(experiment).get(metric), own, Optional.ofNullable(against));
        return states.withColumn("control", when(col("population").equalTo("enabled"), control))
                .withColumn(
                        "derived",
                        udf(derived, DERIVED).apply(col("experiment_id"), col("metric"), sums, col("control")))
                .select(col("*"), col("derived.*"));
    }

    private static Row derived(Placed placed, Row own, Optional<Row> against) {
        Metric metric = placed.metric();
        Optional<Moments> moments = hasValues(own) ? Optional.of(values(own)) : Optional.empty();
        Optional<Interval> interval = moments.flatMap(known -> interval(metric, known, own.getAs("sum")));
        Optional<Row> control = against.filter(other -> hasMean(own) && hasMean(other));
        Optional<Effect> effect = control.flatMap(other -> Effect.difference(arm(own), arm(other), metric.kind()));
        Optional<Interval> ofEffect =
                effect.flatMap(known -> control.flatMap(other -> interval(metric, known, arm(own), arm(other))));
        // The same for both arms: only differences in x count.
        BigDecimal originOfX = hasCovariate(own) && hasMean(own)
                ? mean(own.getStruct(own.fieldIndex("weighted")), own.getStruct(own.fieldIndex("covariate")), 0)
                : BigDecimal.ZERO;
        Optional<Effect> adjusted = effect.isEmpty()
                ? Optional.empty()
                : control.flatMap(other -> covariate(own, originOfX)
                        .flatMap(ofOwn -> covariate(other, originOfX)
                                .flatMap(ofOther ->
                                        Effect.adjusted(arm(own), ofOwn, arm(other), ofOther, metric.kind()))));
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

    /** Whether the sums of values are all there; of a ratio with any denominator. */
    static boolean hasValues(Row row) {
        Row denominator = row.getAs("denominator");
        return row.getAs("sum") != null
                && row.getAs("sum_squares") != null
                && (denominator == null || (!denominator.anyNull() && isPositive(denominator.getDecimal(0))));
    }

    /** Whether the weighted sums are all there; of a ratio with any denominator, where there are users. */
    private static boolean hasMean(Row row) {
        Row weighted = row.getAs("weighted");
        return !weighted.anyNull()
                && (row.getAs("denominator") == null || weighted.getLong(0) == 0 || isPositive(weighted.getDecimal(1)));
    }

    private static boolean isPositive(BigDecimal sum) {
        return sum.signum() > 0;
    }

    private static WeightedMoments arm(Row row) {
        return weighted(row.<Row>getAs("weighted"));
    }

    static Moments values(Row row) {
        BigDecimal sum = row.getAs("sum");
        BigDecimal squares = row.getAs("sum_squares");
        Optional<WeightedMoments> ratio = ratio(row);
        if (sum == null || squares == null) {
            throw new IllegalArgumentException("the sum of squares has more than 23 digits before the point");
        }
        return ratio.map(WeightedMoments::linearised).orElseGet(() -> moments(row.<Long>getAs("n"), sum, squares));
    }

    /** The users of a ratio, who weigh their denominators; absent for other metrics. All together may weigh nothing. */
    static Optional<WeightedMoments> ratio(Row row) {
        Row denominator = row.getAs("denominator");
        if (denominator == null) {
            return Optional.empty();
        }
        return Optional.of(weighted(RowFactory.create(
                row.<Long>getAs("n"),
                number(denominator, 0),
                number(denominator, 1),
                row.<BigDecimal>getAs("sum"),
                number(denominator, 3),
                number(denominator, 2),
                row.<BigDecimal>getAs("sum_squares"))));
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

    private static boolean hasCovariate(Row row) {
        Row covariate = row.getAs("covariate");
        return covariate != null && !covariate.anyNull();
    }

    private static Optional<Covariate> covariate(Row row, BigDecimal originOfX) {
        if (hasCovariate(row)) {
            return Optional.of(covariate(row.<Row>getAs("weighted"), row.<Row>getAs("covariate"), originOfX));
        }
        Row ratio = row.getAs("ratio_covariate");
        return ratio == null || ratio.anyNull()
                ? Optional.empty()
                : Optional.of(new RatioCovariate(
                        ratio.getDecimal(0).doubleValue(),
                        ratio.getDecimal(1).doubleValue(),
                        ratio.getDecimal(2).doubleValue(),
                        ratio.getDecimal(3).doubleValue(),
                        ratio.getDecimal(4).doubleValue(),
                        ratio.getDecimal(5).doubleValue(),
                        ratio.getDecimal(6).doubleValue(),
                        ratio.getDecimal(7).doubleValue(),
                        ratio.getDecimal(8).doubleValue()));
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
