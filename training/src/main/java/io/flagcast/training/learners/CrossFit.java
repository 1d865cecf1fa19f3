package io.flagcast.training.learners;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.pmod;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.xxhash64;

import io.flagcast.statistics.Metric;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.types.StructType;

/**
 * One feature's examples, to fit models on all but some folds. A response model that several learners need is fitted
 * once.
 */
public final class CrossFit {

    public static final StructType PREDICTION = StructType.fromDDL("uplift DOUBLE, response DOUBLE");

    private final Dataset<Row> examples;
    private final Metric.Kind kind;
    private final double share;
    private final TrainingSettings settings;
    private final Map<Arm, ResponseModel> fitted = new ConcurrentHashMap<>();

    private record Arm(Method method, boolean enabled, Set<Integer> without) {}

    /**
     * Examples of one feature.
     *
     * @param examples {@code vector}, {@code fold} from 0, {@code enabled}, {@code propensity} in (0, 1), {@code response}
     * @param kind whether a response is 0 or 1, or any value
     * @param share mean propensity
     * @param settings how
     */
    public CrossFit(Dataset<Row> examples, Metric.Kind kind, double share, TrainingSettings settings) {
        this.examples = examples;
        this.kind = kind;
        this.share = share;
        this.settings = settings;
    }

    /** The fold of a user, from 0: the same in every run with this seed. */
    public static Column fold(TrainingSettings settings) {
        return fold(settings.seed(), settings.folds());
    }

    static Column fold(long seed, int folds) {
        return pmod(xxhash64(lit(seed), col("user_id")), lit(folds)).cast("int");
    }

    public Metric.Kind kind() {
        return kind;
    }

    public double share() {
        return share;
    }

    public PredictedArms arms() {
        return new PredictedArms(share);
    }

    public TrainingSettings settings() {
        return settings;
    }

    public Dataset<Row> examples(Set<Integer> without) {
        return without.isEmpty() ? examples : examples.where(not(col("fold").isin(without.toArray())));
    }

    /** The response model of an arm, from all folds but those. */
    private ResponseModel arm(Method method, boolean enabled, Set<Integer> without) {
        return fitted.computeIfAbsent(new Arm(method, enabled, Set.copyOf(without)), arm -> {
            Dataset<Row> rows =
                    labelled(examples(without).where(col("enabled").equalTo(enabled)), col("response"), lit(1.0));
            return response(method, rows);
        });
    }

    /** A model of the response. */
    ResponseModel response(Method method, Dataset<Row> rows) {
        return kind == Metric.Kind.PROPORTION ? method.probability(rows, settings) : method.value(rows, settings);
    }

    /** What the response models of both arms say, from all folds but those. */
    Estimate ofArms(Method method, Set<Integer> without) {
        return Estimate.ofArms(arm(method, true, without), arm(method, false, without), share);
    }

    /** The examples of all folds but those, each with what arms that were fitted without its own fold say of it. */
    Dataset<Row> withNuisances(Method method, Set<Integer> without) {
        Map<Integer, Estimate> byFold = IntStream.range(0, settings.folds())
                .boxed()
                .filter(fold -> !without.contains(fold))
                .collect(Collectors.toMap(fold -> fold, fold -> {
                    Set<Integer> excluded = new HashSet<>(without);
                    excluded.add(fold);
                    return ofArms(method, excluded);
                }));
        return examples(without).withColumn("predicted", predicted(byFold));
    }

    /** {@code uplift} and {@code response} of a row by the estimate of its fold. */
    public static Column predicted(Map<Integer, Estimate> byFold) {
        Map<Integer, Estimate> estimates = new HashMap<>(byFold);
        UDF2<Vector, Integer, Row> predict = (vector, fold) -> {
            Estimate.Prediction prediction = estimates.get(fold).predict(vector.toArray());
            return RowFactory.create(prediction.uplift(), prediction.response());
        };
        return udf(predict, PREDICTION).apply(col("vector"), col("fold"));
    }

    /** {@code predicted} by one estimate. */
    public static Column predicted(Estimate estimate, Column vectors) {
        UDF1<Vector, Row> predict = vector -> {
            Estimate.Prediction prediction = estimate.predict(vector.toArray());
            return RowFactory.create(prediction.uplift(), prediction.response());
        };
        return udf(predict, PREDICTION).apply(vectors);
    }

    /** Rows as {@link Method} reads them. */
    public static Dataset<Row> labelled(Dataset<Row> rows, Column label, Column weight) {
        return rows.select(col("vector"), label.as("label"), weight.as("weight"));
    }
}
