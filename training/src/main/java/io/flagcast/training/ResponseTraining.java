package io.flagcast.training;

import static org.apache.spark.sql.functions.avg;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.pmod;
import static org.apache.spark.sql.functions.stddev_samp;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.xxhash64;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.storage.StorageLevel;

/**
 * Trains the model of a feature with experiments, from {@code training_examples} of that feature.
 *
 * @param predictors columns that the model reads
 * @param settings how
 */
public record ResponseTraining(List<String> predictors, TrainingSettings settings) {

    private static final double ONE_SIDED_95 = 1.64;
    private static final int DECILES = 10;

    public ResponseTraining {
        predictors = List.copyOf(predictors);
        Objects.requireNonNull(settings, "settings");
    }

    /** A model, or why there is none. */
    public sealed interface Result {
        /** A trained model. */
        record Trained(ResponsivenessModel model) implements Result {}

        /** Nothing can be learned yet; the reason is a sentence. */
        record TooLittle(String reason) implements Result {}
    }

    /** Counts of one arm. */
    private record Arm(long users, double responses) {

        private double rate() {
            return responses / users;
        }
    }

    /** Trains for the uplift: one response model per arm. */
    public Result uplift(Dataset<Row> examples) {
        Map<Boolean, Arm> arms = arms(examples);
        for (boolean enabled : new boolean[] {true, false}) {
            String reason = tooLittle(enabled ? "the enabled arm" : "the control arm", arms.get(enabled));
            if (!reason.isEmpty()) {
                return new Result.TooLittle(reason);
            }
        }
        PredictorEncoding encoding = PredictorEncoding.fit(examples, predictors);
        double enabledShare = arms.get(true).users()
                / (double) (arms.get(true).users() + arms.get(false).users());
        Dataset<Row> encoded = encoded(examples, encoding, enabledShare).persist(StorageLevel.MEMORY_AND_DISK());
        try {
            List<LogisticResponse> enabled = fitAll(encoded.where(col("enabled")));
            List<LogisticResponse> control = fitAll(encoded.where(col("enabled").equalTo(false)));
            Dataset<Row> outOfFold = encoded.withColumn("if_enabled", outOfFold(enabled))
                    .withColumn("if_not", outOfFold(control))
                    .withColumn("u", col("if_enabled").minus(col("if_not")))
                    .persist(StorageLevel.MEMORY_AND_DISK());
            try {
                Reference reference = reference(outOfFold);
                List<Row> deciles = deciles(outOfFold, reference);
                return new Result.Trained(new ResponsivenessModel.Uplift(
                        encoding,
                        enabled.get(settings.folds()),
                        control.get(settings.folds()),
                        reference,
                        benefitBounds(deciles),
                        upliftMetrics(arms, deciles)));
            } finally {
                outOfFold.unpersist();
            }
        } finally {
            encoded.unpersist();
        }
    }

    /** Trains for the response probability alone. */
    public Result propensity(Dataset<Row> examples) {
        Map<Boolean, Arm> arms = arms(examples);
        Arm all = arms.values().stream()
                .reduce(new Arm(0, 0), (a, b) -> new Arm(a.users + b.users, a.responses + b.responses));
        String reason = tooLittle("the examples", all);
        if (!reason.isEmpty()) {
            return new Result.TooLittle(reason);
        }
        PredictorEncoding encoding = PredictorEncoding.fit(examples, predictors);
        Dataset<Row> encoded = encoded(examples, encoding, 0.5).persist(StorageLevel.MEMORY_AND_DISK());
        try {
            List<LogisticResponse> models = fitAll(encoded);
            Reference reference = reference(encoded.withColumn("u", outOfFold(models)));
            return new Result.Trained(new ResponsivenessModel.Propensity(
                    encoding,
                    models.get(settings.folds()),
                    reference,
                    Map.of("examples", (double) all.users(), "response_rate", all.rate())));
        } finally {
            encoded.unpersist();
        }
    }

    private static Map<Boolean, Arm> arms(Dataset<Row> examples) {
        Map<Boolean, Arm> arms = new TreeMap<>(Map.of(true, new Arm(0, 0), false, new Arm(0, 0)));
        for (Row row :
                examples.groupBy("enabled").agg(count(lit(1)), sum("response")).collectAsList()) {
            arms.put(row.getBoolean(0), new Arm(row.getLong(1), row.getDouble(2)));
        }
        return arms;
    }

    private String tooLittle(String what, Arm arm) {
        if (arm.users() < settings.minUsersPerArm()) {
            return "%s: %,d users, needs flagcast.training.min-users-per-arm %,d"
                    .formatted(what, arm.users(), settings.minUsersPerArm());
        }
        if (arm.responses() == 0 || arm.responses() == arm.users()) {
            return "%s: %,.0f of %,d users responded, needs both kinds".formatted(what, arm.responses(), arm.users());
        }
        return "";
    }

    /** {@code vector}, {@code fold}, {@code enabled}, {@code propensity} and {@code response} of every example. */
    private Dataset<Row> encoded(Dataset<Row> examples, PredictorEncoding encoding, double enabledShare) {
        UDF1<Row, Vector> encode = row -> encoding.encode(row, 0);
        Column fold = pmod(xxhash64(lit(settings.seed()), col("user_id")), lit(settings.folds()));
        return examples.select(
                udf(encode, SQLDataTypes.VectorType())
                        .apply(struct(encoding.columns()))
                        .as("vector"),
                fold.cast("int").as("fold"),
                col("enabled"),
                org.apache
                        .spark
                        .sql
                        .functions
                        .coalesce(col("propensity"), lit(enabledShare))
                        .as("propensity"),
                col("response"));
    }

    /** One model without each fold, then one on all rows. */
    private List<LogisticResponse> fitAll(Dataset<Row> rows) {
        return IntStream.rangeClosed(0, settings.folds())
                .parallel()
                .mapToObj(
                        fold -> LogisticResponse.fit(rows.where(col("fold").notEqual(fold)), settings.regularisation()))
                .toList();
    }

    private static Column outOfFold(List<LogisticResponse> models) {
        List<LogisticResponse> byFold = new ArrayList<>(models);
        UDF2<Vector, Integer, Double> predict =
                (vector, fold) -> byFold.get(fold).probability(vector);
        return udf(predict, DataTypes.DoubleType).apply(col("vector"), col("fold"));
    }

    static Reference reference(Dataset<Row> predictions) {
        double[] probabilities = IntStream.range(0, Reference.QUANTILES)
                .mapToDouble(i -> (i + 0.5) / Reference.QUANTILES)
                .toArray();
        return Reference.of(predictions.stat().approxQuantile("u", probabilities, 0.5 / Reference.QUANTILES));
    }

    /**
     * Mean and standard error of the doubly robust pseudo-outcomes per decile of the out-of-fold score: Kennedy, Towards
     * optimal doubly robust estimation of heterogeneous causal effects, 2023, equation 1.
     */
    private static List<Row> deciles(Dataset<Row> outOfFold, Reference reference) {
        UDF1<Double, Integer> decile = u -> decile(reference.score(u));
        Column e = col("propensity");
        Column t = col("enabled").cast("double");
        Column y = col("response");
        Column pseudo = col("u").plus(t.multiply(y.minus(col("if_enabled"))).divide(e))
                .minus(lit(1.0).minus(t).multiply(y.minus(col("if_not"))).divide(lit(1.0).minus(e)));
        return outOfFold
                .where(e.gt(0).and(e.lt(1)))
                .select(udf(decile, DataTypes.IntegerType).apply(col("u")).as("decile"), pseudo.as("pseudo"))
                .groupBy("decile")
                .agg(count(lit(1)), avg("pseudo"), stddev_samp("pseudo"))
                .orderBy("decile")
                .collectAsList();
    }

    /** The decile of a score, 0 the lowest. */
    static int decile(double score) {
        return Math.min(DECILES - 1, (int) (score / DECILES));
    }

    private static List<Double> benefitBounds(List<Row> deciles) {
        Double[] bounds = new Double[DECILES];
        // A decile that nobody fell into has shown no harm.
        Arrays.fill(bounds, Double.MAX_VALUE);
        for (Row row : deciles) {
            if (row.getLong(1) > 1) {
                bounds[row.getInt(0)] =
                        row.getDouble(2) + ONE_SIDED_95 * row.getDouble(3) / Math.sqrt((double) row.getLong(1));
            }
        }
        return List.of(bounds);
    }

    private static Map<String, Double> upliftMetrics(Map<Boolean, Arm> arms, List<Row> deciles) {
        Map<String, Double> metrics = new TreeMap<>();
        metrics.put(
                "examples", (double) (arms.get(true).users() + arms.get(false).users()));
        metrics.put("response_rate_enabled", arms.get(true).rate());
        metrics.put("response_rate_control", arms.get(false).rate());
        putMean(metrics, "effect_top_30", deciles, decile -> decile >= 7);
        putMean(metrics, "effect_bottom_30", deciles, decile -> decile < 3);
        return metrics;
    }

    private static void putMean(
            Map<String, Double> metrics, String name, List<Row> deciles, Predicate<Integer> wanted) {
        double sum = 0;
        long n = 0;
        for (Row row : deciles) {
            if (wanted.test(row.getInt(0))) {
                sum += (double) row.getLong(1) * row.getDouble(2);
                n += row.getLong(1);
            }
        }
        if (n > 0) {
            metrics.put(name, sum / n);
        }
    }
}
