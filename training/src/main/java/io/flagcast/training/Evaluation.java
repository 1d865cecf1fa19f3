package io.flagcast.training;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.floor;
import static org.apache.spark.sql.functions.greatest;
import static org.apache.spark.sql.functions.least;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.log;
import static org.apache.spark.sql.functions.pow;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.when;

import io.flagcast.statistics.Interval;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.heterogeneity.BestLinearPrediction;
import io.flagcast.statistics.heterogeneity.BestLinearPrediction.Power;
import io.flagcast.statistics.heterogeneity.BestLinearPrediction.Sums;
import io.flagcast.statistics.ranking.OrderEvidence;
import io.flagcast.statistics.ranking.TargetingCurve;
import io.flagcast.statistics.ranking.UpliftCurve;
import io.flagcast.statistics.ranking.UpliftCurve.Bin;
import io.flagcast.statistics.ranking.UpliftCurve.Cell;
import io.flagcast.training.learners.PredictedArms;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * How well estimates of the uplift tell users apart, on users that they were not fitted to. Parts merge: every component
 * is a sum over users or over cells of users with one score.
 *
 * @param kind whether responses are 0 or 1, or any value
 * @param bins users by score, to a tenth of a point
 * @param users how many
 * @param logLoss sum of −ln of the probability predicted for what happened; 0 where responses are values
 * @param squaredError sum of the squared difference of response and prediction
 * @param sums of predicted uplift and doubly robust pseudo-outcome
 * @param deciles users by decile of the score, lowest first
 * @param effects doubly robust pseudo-outcomes by score, to a tenth of a point
 */
public record Evaluation(
        Metric.Kind kind,
        List<Bin> bins,
        long users,
        double logLoss,
        double squaredError,
        Sums sums,
        List<Decile> deciles,
        List<TargetingCurve.Cell> effects) {

    private static final int DECILES = 10;
    private static final int RESAMPLES = 500;
    private static final double CONFIDENCE = 0.95;
    private static final double LEAST_PROBABILITY = 1e-6;

    /**
     * Users of a decile of the score.
     *
     * @param users how many
     * @param uplift sum of the predicted uplift
     * @param effect sum of the doubly robust pseudo-outcomes
     * @param squares sum of their squares
     */
    public record Decile(long users, double uplift, double effect, double squares) {

        static final Decile NOBODY = new Decile(0, 0, 0, 0);

        Decile plus(Decile other) {
            return new Decile(
                    users + other.users, uplift + other.uplift, effect + other.effect, squares + other.squares);
        }

        double meanEffect() {
            return effect / users;
        }

        /** Standard error of the mean effect; at least two users. */
        double error() {
            double variance = Math.max(0, squares - effect * effect / users) / (users - 1);
            return Math.sqrt(variance / users);
        }
    }

    /**
     * What is worth drawing.
     *
     * @param qini by share of users taken by falling score: gained responses per user
     * @param deciles predicted and observed effect by decile of the score, lowest first
     */
    public record Curves(List<UpliftCurve.Point> qini, List<Calibration> deciles) implements Serializable {

        public Curves {
            qini = List.copyOf(qini);
            deciles = List.copyOf(deciles);
        }
    }

    /**
     * A decile's point of the calibration plot.
     *
     * @param decile 1 (lowest scores) to 10
     * @param users how many
     * @param predicted mean predicted uplift
     * @param observed doubly robust mean effect
     * @param error standard error of the observed one
     */
    public record Calibration(int decile, long users, double predicted, double observed, double error)
            implements Serializable {}

    public Evaluation {
        bins = List.copyOf(bins);
        deciles = List.copyOf(deciles);
        effects = List.copyOf(effects);
    }

    /** One evaluation of the users of all. */
    static Evaluation merged(Metric.Kind kind, Collection<Evaluation> parts) {
        List<Bin> bins = new ArrayList<>();
        List<TargetingCurve.Cell> effects = new ArrayList<>();
        Decile[] deciles = new Decile[DECILES];
        Arrays.fill(deciles, Decile.NOBODY);
        long users = 0;
        double logLoss = 0;
        double squaredError = 0;
        Sums sums = Sums.EMPTY;
        for (Evaluation part : parts) {
            bins.addAll(part.bins);
            effects.addAll(part.effects);
            users += part.users;
            logLoss += part.logLoss;
            squaredError += part.squaredError;
            sums = sums.plus(part.sums);
            for (int i = 0; i < DECILES; i++) {
                deciles[i] = deciles[i].plus(part.deciles.get(i));
            }
        }
        return new Evaluation(kind, bins, users, logLoss, squaredError, sums, List.of(deciles), effects);
    }

    /** The decile of a score, 0 the lowest. */
    static int decile(double score) {
        return Math.min(DECILES - 1, (int) (score / DECILES));
    }

    /**
     * Evaluates by group in one pass.
     *
     * @param rows {@code score}, and the columns of {@link PredictedArms}
     * @param keys columns of the groups
     * @return per group, by its keys
     */
    static Map<List<Object>, Evaluation> of(
            Dataset<Row> rows, List<String> keys, PredictedArms arms, Metric.Kind kind) {
        Column p = greatest(least(arms.factual(), lit(1 - LEAST_PROBABILITY)), lit(LEAST_PROBABILITY));
        Column loss = kind == Metric.Kind.PROPORTION
                ? when(col("response").equalTo(1), log(p))
                        .otherwise(log(lit(1.0).minus(p)))
                        .unary_$minus()
                : lit(0.0);
        List<Column> groups = new ArrayList<>();
        keys.forEach(key -> groups.add(col(key)));
        groups.add(floor(col("score").multiply(10)).as("bin"));
        groups.add(col("enabled"));
        groups.add(col("response").notEqual(0).as("positive"));
        List<Column> sums = new ArrayList<>(List.of(
                sum("weight"),
                sum(col("weight").multiply(col("response"))),
                sum(loss),
                sum(pow(col("response").minus(arms.factual()), lit(2.0)))));
        for (Power power : Sums.EXPONENTS) {
            sums.add(sum(power(col("predicted.uplift"), power.prediction())
                    .multiply(power(col("effect"), power.outcome()))));
        }
        Map<List<Object>, List<Evaluation>> cells = new HashMap<>();
        rows
                .withColumn("weight", arms.weight())
                .withColumn("effect", arms.pseudoOutcome())
                .groupBy(groups.toArray(Column[]::new))
                .agg(count(lit(1)), sums.toArray(Column[]::new))
                .collectAsList()
                .stream()
                // In one order, whichever cell arrives first.
                .map(row -> Map.entry(row.mkString("/"), row))
                .sorted(Map.Entry.comparingByKey())
                .map(Map.Entry::getValue)
                .forEach(row -> cells.computeIfAbsent(
                                IntStream.range(0, keys.size())
                                        .mapToObj(row::get)
                                        .toList(),
                                key -> new ArrayList<>())
                        .add(cell(row, keys.size(), kind)));
        Map<List<Object>, Evaluation> evaluations = new HashMap<>();
        cells.forEach((key, parts) -> evaluations.put(key, merged(kind, parts)));
        return evaluations;
    }

    private static Column power(Column base, int exponent) {
        return exponent == 0 ? lit(1.0) : pow(base, lit((double) exponent));
    }

    private static Evaluation cell(Row row, int offset, Metric.Kind kind) {
        double score = row.getLong(offset) / 10.0;
        boolean enabled = row.getBoolean(offset + 1);
        boolean positive = row.getBoolean(offset + 2);
        long users = row.getLong(offset + 3);
        Cell cell = new Cell(users, row.getDouble(offset + 4), row.getDouble(offset + 5));
        Cell none = new Cell(0, 0, 0);
        Bin bin = new Bin(
                score,
                enabled && positive ? cell : none,
                enabled && !positive ? cell : none,
                !enabled && positive ? cell : none,
                !enabled && !positive ? cell : none);
        double[] powers = IntStream.range(0, Sums.EXPONENTS.size())
                .mapToDouble(i -> row.getDouble(offset + 8 + i))
                .toArray();
        Decile own = new Decile(users, powers[at(1, 0)], powers[at(0, 1)], powers[at(0, 2)]);
        List<Decile> deciles = IntStream.range(0, DECILES)
                .mapToObj(i -> i == decile(score) ? own : Decile.NOBODY)
                .toList();
        return new Evaluation(
                kind,
                List.of(bin),
                users,
                row.getDouble(offset + 6),
                row.getDouble(offset + 7),
                Sums.of(powers),
                deciles,
                List.of(new TargetingCurve.Cell(score, users, powers[at(0, 1)], powers[at(0, 2)])));
    }

    private static int at(int prediction, int outcome) {
        return Sums.EXPONENTS.indexOf(new Power(prediction, outcome));
    }

    private UpliftCurve curve() {
        return new UpliftCurve(bins);
    }

    private double qini(UpliftCurve curve) {
        return kind == Metric.Kind.PROPORTION ? curve.qini() : curve.qiniGain();
    }

    /** Normalised Qini of proportions, gain per user of values; absent where an arm or every response is missing. */
    public OptionalDouble qini() {
        return measure(this::qini);
    }

    private OptionalDouble measure(ToDoubleFunction<UpliftCurve> measure) {
        try {
            return OptionalDouble.of(measure.applyAsDouble(curve()));
        } catch (IllegalArgumentException e) {
            return OptionalDouble.empty();
        }
    }

    /** Mean log-loss of proportions, mean squared error of values. */
    public double loss() {
        return (kind == Metric.Kind.PROPORTION ? logLoss : squaredError) / users;
    }

    /** The best linear prediction of the effect by the predicted uplift; absent where predictions do not differ. */
    public Optional<BestLinearPrediction> calibration() {
        return sums.interpret();
    }

    /** What enabling the highest scores first is worth, by doubly robust pseudo-outcomes; at least one user. */
    TargetingCurve targeting() {
        return new TargetingCurve(effects);
    }

    /** What an order is worth by name: both forms with their 95 % intervals and p-values, and the p-value of both. */
    static Map<String, Double> metrics(OrderEvidence order) {
        Map<String, Double> metrics = new TreeMap<>(Map.of("order_p", order.p()));
        Map.of("autoc", order.autoc(), "rate_qini", order.qini()).forEach((name, effect) -> {
            Interval interval = effect.interval(CONFIDENCE);
            metrics.put(name, effect.estimate());
            metrics.put(name + "_lower", interval.lower());
            metrics.put(name + "_upper", interval.upper());
            metrics.put(name + "_p", effect.p());
        });
        return metrics;
    }

    /** All measures by name, with 95 % intervals of the ranking ones, for users that the estimates know nothing of. */
    public Map<String, Double> metrics(long seed) {
        Map<String, Double> metrics = new TreeMap<>();
        boolean proportion = kind == Metric.Kind.PROPORTION;
        put(metrics, proportion ? "qini" : "qini_gain", this::qini, seed);
        if (proportion) {
            put(metrics, "uplift_auc", UpliftCurve::upliftAuc, seed);
            metrics.put("log_loss", logLoss / users);
        }
        for (int percent : new int[] {10, 20, 30}) {
            put(metrics, "uplift_at_" + percent, curve -> curve.upliftAt(percent / 100.0), seed);
        }
        metrics.put(proportion ? "brier" : "squared_error", squaredError / users);
        metrics.putAll(metrics(OrderEvidence.of(targeting())));
        calibration().ifPresent(blp -> {
            metrics.put("effect", blp.effect());
            metrics.put("effect_error", blp.effectError());
            metrics.put("calibration_slope", blp.slope());
            metrics.put("calibration_slope_error", blp.slopeError());
            metrics.put("calibration_intercept", blp.intercept());
            metrics.put("heterogeneity_p", blp.p());
        });
        return metrics;
    }

    private void put(Map<String, Double> metrics, String name, ToDoubleFunction<UpliftCurve> measure, long seed) {
        measure(measure).ifPresent(value -> {
            metrics.put(name, value);
            try {
                Interval interval = curve().interval(measure, CONFIDENCE, RESAMPLES, seed);
                metrics.put(name + "_lower", interval.lower());
                metrics.put(name + "_upper", interval.upper());
            } catch (IllegalArgumentException e) {
                // Too few users for an interval: the value stands alone.
                return;
            }
        });
    }

    /** Curves for plots. */
    public Curves curves() {
        List<Calibration> calibrations = new ArrayList<>();
        for (int i = 0; i < DECILES; i++) {
            Decile decile = deciles.get(i);
            if (decile.users() > 1) {
                calibrations.add(new Calibration(
                        i + 1, decile.users(), decile.uplift() / decile.users(), decile.meanEffect(), decile.error()));
            }
        }
        return new Curves(curve().qiniPoints(100), calibrations);
    }
}
