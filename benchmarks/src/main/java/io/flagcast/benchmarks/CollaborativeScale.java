package io.flagcast.benchmarks;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;

import io.flagcast.benchmarks.Turns.Choice;
import io.flagcast.training.CollaborativeModel;
import io.flagcast.training.CollaborativeTraining;
import io.flagcast.training.ResponseTraining.Result;
import io.flagcast.training.Scoring;
import io.flagcast.training.Scoring.Scorer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.apache.spark.ml.recommendation.ALS;
import org.apache.spark.ml.recommendation.ALSModel;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * Scores from usage, every user with every feature, beside MLlib's recommendations of all items for all users, taken apart; both from
 * models of the same rank that are there already, written as rows of the same columns.
 */
final class CollaborativeScale {

    /** Features that a user has used. */
    private static final int USED = 10;
    /** That of {@link Benchmarks#settings}. */
    private static final int RANK = 8;
    /** Users that the model learns from. */
    private static final int LEARNT = 10_000;

    private final SparkSession spark;
    private final Path folder;
    private final int features;

    private CollaborativeScale(SparkSession spark, Path folder, int features) {
        this.spark = spark;
        this.folder = folder;
        this.features = features;
    }

    static int run(SparkSession spark, int users, int features, Choice choice) throws IOException {
        CollaborativeScale scale =
                new CollaborativeScale(spark, Files.createTempDirectory("flagcast-collaborative"), features);
        scale.simulate(users);
        List<Scorer> scorers = scale.scorers();
        ALSModel recommender = scale.recommender();
        long rows = (long) users * features;
        Map<String, Supplier<Long>> ways = new LinkedHashMap<>();
        ways.put("flagcast", () -> scale.write(Scoring.score(scale.read("profiles"), scorers), rows));
        ways.put("recommendForAllUsers", () -> scale.write(scale.recommended(recommender), rows));
        Turns.compare(spark, "scores from usage: %,d users x %d features".formatted(users, features), choice, ways);
        return 0;
    }

    /** Users with the features they have used, some of them more popular, as amounts by feature and as rows. */
    private void simulate(int users) {
        spark.range(users)
                .withColumn(
                        "items",
                        expr(
                                "array_distinct(transform(sequence(1, %d), i -> CAST(%d * pow(pmod(xxhash64(id, i), 1000) / 1000D, 2) AS INT)))"
                                        .formatted(USED, features)))
                .selectExpr(
                        "id AS user",
                        "concat('user-', id) AS user_id",
                        "items",
                        "map_from_arrays(transform(items, i -> concat('feature_', i)), transform(items, i -> 1D + pmod(xxhash64(id, i, 2), 5))) AS usage")
                .write()
                .parquet(folder.resolve("profiles").toString());
        read("profiles")
                .select(
                        col("user").cast("int"),
                        explode(col("items")).as("item"),
                        lit(1.0f).as("rating"))
                .write()
                .parquet(folder.resolve("ratings").toString());
    }

    private Dataset<Row> read(String name) {
        return spark.read().parquet(folder.resolve(name).toString());
    }

    private long write(Dataset<Row> rows, long expected) {
        rows.write().mode("overwrite").parquet(folder.resolve("scores").toString());
        return expected;
    }

    private List<Scorer> scorers() {
        List<String> names =
                IntStream.range(0, features).mapToObj(i -> "feature_" + i).toList();
        Result result = new CollaborativeTraining(Benchmarks.settings(List.of("t_linear"), 1))
                .train(read("profiles").limit(LEARNT), names, List.of());
        CollaborativeModel model = (CollaborativeModel) ((Result.Trained) result).champion();
        return names.stream()
                .map(name -> model.references().containsKey(name)
                        ? new Scorer(name, "m-0123456789ab", model.of(name))
                        : Scorer.prior(name))
                .toList();
    }

    private ALSModel recommender() {
        return new ALS()
                .setImplicitPrefs(true)
                .setRank(RANK)
                .setMaxIter(1)
                .setUserCol("user")
                .setItemCol("item")
                .setRatingCol("rating")
                .fit(read("ratings"));
    }

    /** As one would write it: every item for every user, one row each. */
    private Dataset<Row> recommended(ALSModel model) {
        return model.recommendForAllUsers(features)
                .select(col("user"), explode(col("recommendations")).as("recommended"))
                .select(
                        concat(lit("user-"), col("user")).as("user_id"),
                        concat(lit("feature_"), col("recommended.item")).as("feature_id"),
                        lit(null).cast("string").as("family"),
                        expr("round(100 * greatest(0, least(1, recommended.rating)), 2)")
                                .as("score"),
                        lit(null).cast("double").as("uplift"),
                        lit(null).cast("double").as("uplift_bound"),
                        lit(null).cast("double").as("uplift_shown"),
                        lit(null).cast("double").as("response_if_enabled"),
                        lit(null).cast("double").as("response_if_not"),
                        col("recommended.rating").cast("double").as("affinity"),
                        lit(false).as("no_benefit"),
                        lit("model").as("source"),
                        lit("m-0123456789ab").as("model_id"));
    }
}
