package io.flagcast.benchmarks;

import static org.apache.spark.sql.functions.expr;

import io.flagcast.statistics.Metric;
import io.flagcast.training.ResponseTraining;
import io.flagcast.training.ResponseTraining.Result;
import io.flagcast.training.ResponsivenessModel;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.storage.StorageLevel;

/** What training costs: cross-fitted learners on many users, predictors and features. */
final class TrainingScale {

    private static final int NUMBERS = 16;
    private static final int CATEGORIES = 4;

    private TrainingScale() {}

    static int run(SparkSession spark, long users, int features, List<String> learners) {
        try (PeakHeap heap = new PeakHeap()) {
            run(spark, users, features, learners, heap);
            return 0;
        }
    }

    private static void run(SparkSession spark, long users, int features, List<String> learners, PeakHeap heap) {
        List<String> predictors = new ArrayList<>();
        for (int i = 0; i < NUMBERS; i++) {
            predictors.add("x" + i);
        }
        for (int i = 0; i < CATEGORIES; i++) {
            predictors.add("c" + i);
        }
        ResponseTraining training =
                new ResponseTraining(predictors, Optional.empty(), 0.01, Benchmarks.settings(learners));
        Dataset<Row> people = users(spark, users).persist(StorageLevel.MEMORY_AND_DISK());
        people.count();
        long begin = System.nanoTime();
        for (int feature = 0; feature < features; feature++) {
            long nanos = System.nanoTime();
            Result result = training.uplift(met(people, feature), Metric.Kind.PROPORTION, Optional.empty());
            var model = (ResponsivenessModel.Uplift) ((Result.Trained) result).champion();
            System.out.printf(
                    "feature %d: %s, Qini %.4f, slope %.2f, %.1f s%n",
                    feature,
                    model.learner(),
                    model.metrics().get("qini"),
                    model.calibration().slope(),
                    (System.nanoTime() - nanos) / 1e9);
        }
        System.out.printf(
                "%,d users x %d predictors x %d features, %d learners %s: %.0f s, peak heap %.2f GiB of %.1f, %d cores%n",
                users,
                predictors.size(),
                features,
                learners.size(),
                learners,
                (System.nanoTime() - begin) / 1e9,
                heap.gibibytes(),
                Runtime.getRuntime().maxMemory() / 0x1p30,
                Runtime.getRuntime().availableProcessors());
    }

    private static Dataset<Row> users(SparkSession spark, long users) {
        Dataset<Row> people = spark.range(users).selectExpr("concat('u', id) AS user_id", "id");
        for (int i = 0; i < NUMBERS; i++) {
            people = people.withColumn(
                    "x" + i, expr(i % 4 == 0 ? "exp(randn(%d))".formatted(i) : "randn(%d)".formatted(i)));
        }
        for (int i = 0; i < CATEGORIES; i++) {
            people = people.withColumn(
                    "c" + i, expr("concat('level', CAST(floor(rand(%d) * %d) AS INT))".formatted(100 + i, 4 + 4 * i)));
        }
        return people;
    }

    /** A feature that helps by one predictor and harms by another. */
    private static Dataset<Row> met(Dataset<Row> people, int feature) {
        return people.withColumn("exposed_at", expr("TIMESTAMP '2026-03-01 12:00:00'"))
                .withColumn("enabled", expr("rand(%d) < 0.5".formatted(200 + feature)))
                .withColumn("propensity", expr("0.5D"))
                .withColumn(
                        "response",
                        expr(
                                ("CAST(rand(%d) < 1 / (1 + exp(2.5 - 0.5 * x%d - IF(enabled, 0.1 + 0.4 * x%d - 0.3 * x%d, 0)))"
                                                + " AS DOUBLE)")
                                        .formatted(300 + feature, feature + 1, feature + 5, feature + 6)))
                .withColumn("usage", expr("CAST(map() AS MAP<STRING, DOUBLE>)"));
    }
}
