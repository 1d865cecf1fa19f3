package io.flagcast.training.usage;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.log1p;
import static org.apache.spark.sql.functions.map_keys;
import static org.apache.spark.sql.functions.udf;

import io.flagcast.training.learners.TrainingSettings;
import io.flagcast.training.learners.TrainingSettings.Collaborative.Choice;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.ml.recommendation.ALS;
import org.apache.spark.ml.recommendation.ALSModel;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.storage.StorageLevel;

/**
 * Factors of items, from usage, by alternating least squares: see {@link ItemFactors}.
 *
 * @param items users per item, by name
 * @param settings how
 */
public record Factorisation(NavigableMap<String, Long> items, TrainingSettings settings) {

    private static final StructType INDEX =
            new StructType().add("key", "string").add("id", "int");

    /** Of all items that are used. */
    public static Factorisation of(Dataset<Row> users, TrainingSettings settings) {
        return of(users, Integer.MAX_VALUE, settings);
    }

    /** Of the most used items. */
    public static Factorisation of(Dataset<Row> users, int most, TrainingSettings settings) {
        NavigableMap<String, Long> items = new TreeMap<>();
        users.select(explode(map_keys(col("usage"))).as("item"))
                .groupBy("item")
                .agg(count(lit(1)).as("users"))
                .orderBy(col("users").desc(), col("item"))
                .limit(most)
                .collectAsList()
                .forEach(row -> items.put(row.getString(0), row.getLong(1)));
        return new Factorisation(items, settings);
    }

    /** Factors by implicit ALS. */
    public ItemFactors fit(Dataset<Row> users, Choice choice) {
        ALSModel als = als(users, choice, true);
        return new ItemFactors(
                List.copyOf(items.keySet()), itemFactors(als, choice.rank()), choice.alpha(), choice.regularisation());
    }

    /** ALS that takes usage for ratings, with the same parameters: {@link #fit} is compared with it. */
    public ALSModel explicit(Dataset<Row> users, Choice choice) {
        return als(users, choice, false);
    }

    private ALSModel als(Dataset<Row> users, Choice choice, boolean implicit) {
        Map<String, Integer> places = new HashMap<>();
        items.keySet().forEach(item -> places.put(item, places.size()));
        UDF1<String, Integer> place = places::get;
        Dataset<Row> indexed = index(users);
        Dataset<Row> ratings = users.join(indexed, users.col("user_id").equalTo(indexed.col("key")))
                .select(col("id").as("user"), explode(col("usage")).as(new String[] {"key", "amount"}))
                .withColumn("item", udf(place, DataTypes.IntegerType).apply(col("key")))
                .where(col("item").isNotNull())
                .select(
                        col("user"),
                        col("item"),
                        log1p(col("amount")).cast("float").as("rating"))
                .persist(StorageLevel.MEMORY_AND_DISK());
        var how = settings.collaborative();
        ALSModel model = new ALS()
                .setImplicitPrefs(implicit)
                .setRank(choice.rank())
                .setAlpha(choice.alpha())
                .setRegParam(choice.regularisation())
                .setMaxIter(how.iterations())
                .setNumBlocks(how.blocks())
                .setSeed(settings.seed())
                .setUserCol("user")
                .setItemCol("item")
                .setRatingCol("rating")
                .fit(ratings);
        ratings.unpersist();
        return model;
    }

    /** The factors of the items, in their order. */
    public double[][] itemFactors(ALSModel als, int rank) {
        double[][] factors = new double[items.size()][rank];
        for (Row row : als.itemFactors().collectAsList()) {
            factors[row.getInt(0)] = doubles(row.getList(1));
        }
        return factors;
    }

    private static double[] doubles(List<Float> values) {
        return values.stream().mapToDouble(Float::doubleValue).toArray();
    }

    /** Dense integers in the order of the users: the same on every machine. */
    private static Dataset<Row> index(Dataset<Row> users) {
        JavaRDD<Row> indexed = users.select("user_id")
                .orderBy("user_id")
                .javaRDD()
                .zipWithIndex()
                .map(pair -> RowFactory.create(pair._1().getString(0), (int) (long) pair._2()));
        return users.sparkSession().createDataFrame(indexed, INDEX);
    }

    /**
     * Adds the {@code factors} of users by a model.
     *
     * @param some of the users
     * @param als the model
     * @param users those that it was fitted to
     */
    public static Dataset<Row> withFactors(Dataset<Row> some, ALSModel als, Dataset<Row> users) {
        Dataset<Row> indexed = index(users);
        return some.join(indexed, some.col("user_id").equalTo(indexed.col("key")))
                .join(als.userFactors(), "id")
                .withColumn("factors", col("features").cast("array<double>"));
    }
}
