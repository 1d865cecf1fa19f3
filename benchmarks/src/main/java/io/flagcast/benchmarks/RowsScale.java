package io.flagcast.benchmarks;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;

import io.flagcast.benchmarks.Turns.Choice;
import io.flagcast.experiments.Experiment;
import io.flagcast.experiments.ExperimentFiles;
import io.flagcast.jobs.decision.DecideUsers;
import io.flagcast.jobs.run.Rollout;
import io.flagcast.lake.Lake;
import io.flagcast.lake.RunId;
import io.flagcast.settings.Settings;
import io.flagcast.statistics.Metric;
import io.flagcast.tables.Table;
import io.flagcast.tables.Tables;
import io.flagcast.training.ResponseTraining;
import io.flagcast.training.ResponseTraining.Result;
import io.flagcast.training.Scoring;
import io.flagcast.training.Scoring.Scorer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.ml.classification.GBTClassifier;
import org.apache.spark.ml.classification.LogisticRegression;
import org.apache.spark.ml.feature.Imputer;
import org.apache.spark.ml.feature.OneHotEncoder;
import org.apache.spark.ml.feature.StandardScaler;
import org.apache.spark.ml.feature.StringIndexer;
import org.apache.spark.ml.feature.VectorAssembler;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;

/**
 * What scores and decisions cost beside what cannot be saved: reading the same input and writing as many rows of the same shape; and
 * beside what one would write with MLlib, a transformation per feature and their union. See {@link Turns}.
 */
final class RowsScale {

    private static final String TRANSFORM = "transform and union";
    private static final int NUMBERS = 26;
    private static final int CATEGORIES = 4;
    private static final int DEPTH = 5;
    private static final int EXAMPLES = 10_000;
    private static final RunId RUN = RunId.parse("20260301T000000Z-g1");

    private final SparkSession spark;
    private final Lake lake;
    private final int features;

    private RowsScale(SparkSession spark, int features) throws IOException {
        this.spark = spark;
        this.lake = new Lake(spark, Files.createTempDirectory("flagcast-rows").toString());
        this.features = features;
    }

    /** @param learner as {@code t_linear}, {@code t_trees} */
    static int score(SparkSession spark, int users, int features, String learner, Choice choice) throws IOException {
        RowsScale scale = new RowsScale(spark, features);
        scale.writeProfiles(users);
        Dataset<Row> profiles = scale.slice(Tables.USER_PROFILES);
        List<Scorer> scorers = scale.scorers(learner);
        Map<String, Supplier<Dataset<Row>>> ways = new LinkedHashMap<>();
        ways.put("limit", () -> scale.constants(profiles));
        ways.put("flagcast", () -> Scoring.score(profiles, scorers));
        if (choice.ways().isEmpty() || choice.ways().contains(TRANSFORM)) {
            PipelineModel[] arms = scale.arms(learner);
            ways.put(TRANSFORM, () -> scale.naive(profiles, arms));
        }
        return scale.compare(
                "scores: %,d users x %d predictors x %d features, %s"
                        .formatted(users, NUMBERS + CATEGORIES, features, learner),
                choice,
                Tables.RESPONSIVENESS_SCORES,
                ways);
    }

    static int allocate(SparkSession spark, int users, int experiments, Choice choice) throws IOException {
        RowsScale scale = new RowsScale(spark, experiments);
        scale.writeProfiles(users);
        List<Scorer> scorers = scale.scorers("t_linear");
        scale.lake.replaceSlice(
                Tables.RESPONSIVENESS_SCORES, RUN, Scoring.score(scale.slice(Tables.USER_PROFILES), scorers));
        Dataset<Row> scores = scale.slice(Tables.RESPONSIVENESS_SCORES);
        Dataset<Row> nobody = scale.slice(Tables.ENROLMENTS);
        Dataset<Row> profiles = scale.slice(Tables.USER_PROFILES);
        List<Rollout> rollouts = Rollout.of(
                IntStream.range(0, experiments).mapToObj(RowsScale::experiment).toList(),
                Map.of(),
                new Settings.LakeSettings("unused", 0.05, "holdout", 2, Duration.ZERO, Duration.ofMinutes(1)),
                RUN.asOf());
        Map<String, Supplier<Dataset<Row>>> ways = new LinkedHashMap<>();
        ways.put("limit", () -> hashed(scores));
        ways.put(
                "flagcast in a run",
                () -> DecideUsers.decide(profiles, Scoring.ofProfile(scorers), nobody, rollouts, "holdout"));
        ways.put("flagcast from the table", () -> DecideUsers.decide(profiles, scores, nobody, rollouts, "holdout"));
        return scale.compare(
                "decisions: %,d users x %d experiments".formatted(users, experiments),
                choice,
                Tables.ALLOCATIONS,
                ways);
    }

    /** Each result as a slice of its own, so that nothing is replaced. */
    private int compare(String what, Choice choice, Table table, Map<String, Supplier<Dataset<Row>>> ways) {
        Map<String, Supplier<Long>> writing = new LinkedHashMap<>();
        AtomicInteger slices = new AtomicInteger(1);
        ways.forEach((name, rows) -> writing.put(
                name, () -> lake.replaceSlice(table, new RunId(RUN.asOf(), slices.incrementAndGet()), rows.get())));
        Turns.compare(spark, what, choice, writing);
        return 0;
    }

    private Dataset<Row> slice(Table table) {
        return lake.slice(table, RUN.toString());
    }

    private static List<String> numbers() {
        return IntStream.range(0, NUMBERS).mapToObj(i -> "x" + i).toList();
    }

    private static List<String> categories() {
        return IntStream.range(0, CATEGORIES).mapToObj(i -> "c" + i).toList();
    }

    private Dataset<Row> people(long users) {
        Dataset<Row> people = spark.range(users).selectExpr("concat('user-', id) AS user_id", "id");
        Map<String, Column> predictors = new LinkedHashMap<>();
        for (int i = 0; i < NUMBERS; i++) {
            predictors.put("x" + i, expr(i % 4 == 0 ? "exp(randn(%d))".formatted(i) : "randn(%d)".formatted(i)));
        }
        for (int i = 0; i < CATEGORIES; i++) {
            predictors.put(
                    "c" + i, expr("concat('level', CAST(floor(rand(%d) * %d) AS INT))".formatted(100 + i, 4 + 4 * i)));
        }
        predictors.put("usage", expr("CAST(map() AS MAP<STRING, DOUBLE>)"));
        return people.withColumns(predictors);
    }

    private void writeProfiles(int users) {
        lake.replaceSlice(Tables.USER_PROFILES, RUN, people(users).drop("id"));
        lake.replaceSlice(
                Tables.ENROLMENTS,
                RUN,
                lake.history(Tables.ENROLMENTS).drop("run_id", "as_of").limit(0));
    }

    private Dataset<Row> examples() {
        return people(EXAMPLES)
                .withColumn("exposed_at", expr("TIMESTAMP '2026-02-01 12:00:00'"))
                .withColumn("enabled", expr("rand(200) < 0.5"))
                .withColumn("propensity", expr("0.5D"))
                .withColumn(
                        "response",
                        expr(
                                "CAST(rand(300) < 1 / (1 + exp(1.5 - 0.5 * x1 - IF(enabled, 0.1 + x5 - 0.8 * x6, 0))) AS DOUBLE)"))
                .persist();
    }

    private List<Scorer> scorers(String learner) {
        List<String> predictors = new ArrayList<>(numbers());
        predictors.addAll(categories());
        Result result = new ResponseTraining(
                        predictors, Optional.empty(), 0.01, Benchmarks.settings(List.of(learner), DEPTH))
                .uplift(examples(), Metric.Kind.PROPORTION, Optional.empty());
        var model = ((Result.Trained) result).champion();
        System.out.println(model.metrics());
        return IntStream.range(0, features)
                .mapToObj(i -> new Scorer("feature_" + i, "m-0123456789a" + i, model))
                .toList();
    }

    /** As many rows as there will be scores, with what differs between users copied from the profile. */
    private Dataset<Row> constants(Dataset<Row> profiles) {
        Column[] names =
                IntStream.range(0, features).mapToObj(i -> lit("feature_" + i)).toArray(Column[]::new);
        Column number = expr("x1 + 0.25D");
        return profiles.select(col("user_id"), explode(array(names)).as("feature_id"), number.as("number"))
                .select(
                        col("user_id"),
                        col("feature_id"),
                        lit(null).cast("string").as("family"),
                        expr("round(50 + greatest(-40, least(40, number)), 2)").as("score"),
                        col("number").as("uplift"),
                        lit(0.1).as("uplift_bound"),
                        lit(0.2).as("uplift_shown"),
                        expr("number + 1").as("response_if_enabled"),
                        expr("number + 2").as("response_if_not"),
                        lit(null).cast("double").as("affinity"),
                        lit(false).as("no_benefit"),
                        lit("model").as("source"),
                        lit("m-0123456789ab").as("model_id"));
    }

    private PipelineModel[] arms(String learner) {
        List<PipelineStage> stages = new ArrayList<>();
        String[] numbers = numbers().toArray(String[]::new);
        String[] filled = numbers().stream().map(name -> name + "_filled").toArray(String[]::new);
        stages.add(new Imputer().setInputCols(numbers).setOutputCols(filled));
        stages.add(new VectorAssembler().setInputCols(filled).setOutputCol("numbers"));
        stages.add(new StandardScaler()
                .setInputCol("numbers")
                .setOutputCol("scaled")
                .setWithMean(true));
        List<String> vectors = new ArrayList<>(List.of("scaled"));
        for (String category : categories()) {
            stages.add(new StringIndexer()
                    .setInputCol(category)
                    .setOutputCol(category + "_index")
                    .setHandleInvalid("keep"));
            stages.add(new OneHotEncoder().setInputCol(category + "_index").setOutputCol(category + "_vector"));
            vectors.add(category + "_vector");
        }
        stages.add(new VectorAssembler()
                .setInputCols(vectors.toArray(String[]::new))
                .setOutputCol("features"));
        stages.add(
                learner.equals("t_trees")
                        ? new GBTClassifier()
                                .setLabelCol("response")
                                .setMaxIter(20)
                                .setMaxDepth(DEPTH)
                        : new LogisticRegression().setLabelCol("response").setRegParam(0.001));
        Pipeline pipeline = new Pipeline().setStages(stages.toArray(PipelineStage[]::new));
        Dataset<Row> examples = examples();
        return new PipelineModel[] {
            stored(pipeline.fit(examples.where("enabled"))), stored(pipeline.fit(examples.where("NOT enabled")))
        };
    }

    /** As a job that only scores has it: without the summary of its training, which cannot be sent to executors. */
    private static PipelineModel stored(PipelineModel model) {
        try {
            String path = Files.createTempDirectory("flagcast-mllib").toString();
            model.write().overwrite().save(path);
            return PipelineModel.load(path);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A feature after the other by MLlib, as one would write it. */
    private Dataset<Row> naive(Dataset<Row> profiles, PipelineModel[] arms) {
        UDF1<Vector, Double> second = vector -> vector.apply(1);
        Dataset<Row> all = null;
        for (int i = 0; i < features; i++) {
            Dataset<Row> enabled = arms[0].transform(profiles)
                    .withColumn("if", udf(second, DataTypes.DoubleType).apply(col("probability")))
                    .select(with(profiles, "if"));
            Dataset<Row> scored = arms[1].transform(enabled)
                    .withColumn("if_not", udf(second, DataTypes.DoubleType).apply(col("probability")))
                    .select(
                            col("user_id"),
                            lit("feature_" + i).as("feature_id"),
                            lit(null).cast("string").as("family"),
                            expr("round(100 * greatest(0, least(1, 0.5 + if - if_not)), 2)")
                                    .as("score"),
                            expr("if - if_not").as("uplift"),
                            lit(0.1).as("uplift_bound"),
                            lit(0.2).as("uplift_shown"),
                            col("if").as("response_if_enabled"),
                            col("if_not").as("response_if_not"),
                            lit(null).cast("double").as("affinity"),
                            when(col("if").lt(col("if_not")), true)
                                    .otherwise(false)
                                    .as("no_benefit"),
                            lit("model").as("source"),
                            lit("m-0123456789ab").as("model_id"));
            all = all == null ? scored : all.union(scored);
        }
        return all;
    }

    private static Column[] with(Dataset<Row> rows, String further) {
        return Stream.concat(Arrays.stream(rows.columns()), Stream.of(further))
                .map(functions::col)
                .toArray(Column[]::new);
    }

    private static Experiment experiment(int i) {
        return ExperimentFiles.parse("e%d.yaml".formatted(i), """
                experiment_id: experiment_%1$d
                feature_id: feature_%1$d
                salt: salt-%1$d
                segments: {low: [0, 30], mid: [30, 70], high: [70, 100]}
                metrics: {m: {kind: proportion, outcome: o, within: 1d}}
                allocation: {type: tiered, tier_thresholds: [80, 50, 20], active_tier: 2, exploration: 5%%, unscored: 50%%}
                """.formatted(i));
    }

    /** The scores, read, the user hashed anew for each, and as many rows of decisions written. */
    private static Dataset<Row> hashed(Dataset<Row> scores) {
        Column bucket = expr("shiftrightunsigned(xxhash64(feature_id, user_id), 11) / 9007199254740992");
        return scores.select(
                expr("replace(feature_id, 'feature', 'experiment')").as("experiment_id"),
                col("user_id"),
                bucket.lt(col("score").divide(100)).as("enabled"),
                col("score"),
                when(col("score").leq(30), "low")
                        .when(col("score").leq(70), "mid")
                        .otherwise("high")
                        .as("segment"),
                lit(1).as("tier"),
                bucket.as("bucket"),
                col("score").divide(100).as("base_probability"),
                lit(1.0).as("share"),
                col("score").divide(100).as("propensity"),
                lit("policy").as("reason"),
                lit(1L).as("parameters_version"),
                col("model_id"));
    }
}
