package io.flagcast.training;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.log1p;
import static org.apache.spark.sql.functions.udf;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.ml.recommendation.ALS;
import org.apache.spark.ml.recommendation.ALSModel;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.storage.StorageLevel;

/**
 * Trains implicit ALS on usage.
 *
 * @param featureIds features that will be scored
 * @param settings how
 */
public record CollaborativeTraining(List<String> featureIds, TrainingSettings settings) {

    private static final StructType INDEX =
            new StructType().add("key", "string").add("id", "int");

    public CollaborativeTraining {
        featureIds = List.copyOf(featureIds);
        Objects.requireNonNull(settings, "settings");
    }

    /**
     * Trains.
     *
     * @param usage {@code user_id}, {@code feature_id}, {@code amount} above 0, one row per pair
     */
    public ResponseTraining.Result train(Dataset<Row> usage) {
        Dataset<Row> items = index(usage, "feature_id");
        Dataset<Row> known = items.where(col("key").isin(featureIds.toArray()));
        List<String> missing = new ArrayList<>(featureIds);
        missing.removeAll(known.select("key").collectAsList().stream()
                .map(row -> row.getString(0))
                .toList());
        if (!missing.isEmpty()) {
            return new ResponseTraining.Result.TooLittle("no usage events of " + String.join(", ", missing));
        }
        Dataset<Row> ratings = usage.join(
                        index(usage, "user_id"), usage.col("user_id").equalTo(col("key")))
                .withColumnRenamed("id", "user")
                .drop("key")
                .join(items, usage.col("feature_id").equalTo(col("key")))
                .select(
                        col("user"),
                        col("id").as("item"),
                        log1p(col("amount")).cast("float").as("rating"))
                .persist(StorageLevel.MEMORY_AND_DISK());
        TrainingSettings.Collaborative how = settings.collaborative();
        ALSModel als = new ALS()
                .setImplicitPrefs(true)
                .setRank(how.rank())
                .setAlpha(how.alpha())
                .setRegParam(how.regularisation())
                .setMaxIter(how.iterations())
                .setNumBlocks(how.blocks())
                .setSeed(settings.seed())
                .setUserCol("user")
                .setItemCol("item")
                .setRatingCol("rating")
                .fit(ratings);
        ratings.unpersist();
        List<String> names = new ArrayList<>();
        List<double[]> factors = new ArrayList<>();
        for (Row row : als.itemFactors()
                .join(items, "id")
                .select("key", "features")
                .orderBy("key")
                .collectAsList()) {
            names.add(row.getString(0));
            factors.add(row.<Float>getList(1).stream()
                    .mapToDouble(Float::doubleValue)
                    .toArray());
        }
        CollaborativeModel unscaled = new CollaborativeModel(
                names, factors.toArray(double[][]::new), how.alpha(), how.regularisation(), Map.of(), Map.of());
        Map<String, Reference> references = new HashMap<>();
        Dataset<Row> users = Scoring.usageMaps(usage).persist(StorageLevel.MEMORY_AND_DISK());
        for (String featureId : featureIds) {
            references.put(featureId, ResponseTraining.reference(users.withColumn("u", affinity(unscaled, featureId))));
        }
        Map<String, Double> metrics = new TreeMap<>();
        metrics.put("users", (double) users.count());
        metrics.put("items", (double) names.size());
        users.unpersist();
        return new ResponseTraining.Result.Trained(new CollaborativeModel(
                names, unscaled.factors(), how.alpha(), how.regularisation(), references, metrics));
    }

    private static Column affinity(CollaborativeModel model, String featureId) {
        FoldIn foldIn = new FoldIn(model);
        UDF1<scala.collection.Map<String, Double>, Double> affinity =
                usage -> foldIn.affinity(foldIn.user(scala.jdk.javaapi.CollectionConverters.asJava(usage)), featureId);
        return udf(affinity, DataTypes.DoubleType).apply(col("usage"));
    }

    /** Dense integers in the order of the keys: the same on every machine. */
    private static Dataset<Row> index(Dataset<Row> usage, String column) {
        SparkSession spark = usage.sparkSession();
        JavaRDD<Row> indexed = usage.select(column)
                .distinct()
                .orderBy(column)
                .javaRDD()
                .zipWithIndex()
                .map(pair -> RowFactory.create(pair._1().getString(0), (int) (long) pair._2()));
        return spark.createDataFrame(indexed, INDEX);
    }
}
