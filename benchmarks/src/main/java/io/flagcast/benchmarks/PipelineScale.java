package io.flagcast.benchmarks;

import static org.apache.spark.sql.functions.expr;

import io.flagcast.lake.Publication;
import io.flagcast.tables.Tables;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * Whole runs on users with thirty predictors, fourteen events each, of whom each meets every experiment with a chance of 15 % and
 * responds to some: a day on which models are trained, and the day after, by stage as the run says it.
 */
final class PipelineScale {

    private static final Instant FIRST = Instant.parse("2026-02-01T00:00:00Z");
    private static final int EVENTS_PER_USER = 14;
    private static final int NUMBERS = 26;
    private static final int CATEGORIES = 4;

    private final SparkSession spark;
    private final Path folder;
    private final long users;
    private final int features;
    private final int experiments;

    private PipelineScale(SparkSession spark, Path folder, long users, int features, int experiments) {
        this.spark = spark;
        this.folder = folder;
        this.users = users;
        this.features = features;
        this.experiments = experiments;
    }

    static int run(SparkSession spark, long users, int features, int experiments, List<String> overrides)
            throws IOException {
        PipelineScale scale =
                new PipelineScale(spark, Files.createTempDirectory("flagcast-pipeline"), users, features, experiments);
        scale.simulate();
        WholeRuns runs = scale.configured(overrides);
        Map<String, Instant> days = new LinkedHashMap<>();
        days.put("a day with training", FIRST);
        days.put("the day after", FIRST.plus(Duration.ofDays(1)));
        for (Map.Entry<String, Instant> day : days.entrySet()) {
            Turns.compare(
                    spark,
                    "%s: %,d users x %d predictors x %d features, %d experiments"
                            .formatted(day.getKey(), users, NUMBERS + CATEGORIES, features, experiments),
                    Turns.Choice.all(1),
                    Map.of("run", () -> scores(runs.published(day.getValue()))));
        }
        return 0;
    }

    private static long scores(Publication publication) {
        return publication.tables().get(Tables.RESPONSIVENESS_SCORES.name()).rows();
    }

    private WholeRuns configured(List<String> overrides) throws IOException {
        Files.createDirectories(folder.resolve("experiments"));
        for (int i = 0; i < experiments; i++) {
            Files.writeString(
                    folder.resolve("experiments/experiment_%d.yaml".formatted(i)), """
                    experiment_id: experiment_%1$d
                    feature_id: feature_%2$d
                    salt: pipeline-%1$d
                    segments: {low: [0, 30], mid: [30, 70], high: [70, 100]}
                    allocation: {type: tiered, tier_thresholds: [80, 50, 20], active_tier: 2, exploration: 5%%, unscored: 50%%}
                    metrics: {conversion: {kind: proportion, outcome: purchase_%2$d, within: 1d}}
                    """.formatted(i, i % features));
        }
        String declared = IntStream.range(0, features)
                .mapToObj("feature_%1$d { objective = uplift, outcome = purchase_%1$d, within = 1d }"::formatted)
                .collect(Collectors.joining("\n"));
        return WholeRuns.in(spark, folder, predictors().keySet(), declared, overrides);
    }

    private static Map<String, Column> predictors() {
        Map<String, Column> predictors = new LinkedHashMap<>();
        for (int i = 0; i < NUMBERS; i++) {
            predictors.put("x" + i, expr("randn(%d)".formatted(i)));
        }
        for (int i = 0; i < CATEGORIES; i++) {
            predictors.put("c" + i, expr("concat('level', CAST(floor(rand(%d) * 5) AS INT))".formatted(100 + i)));
        }
        return predictors;
    }

    private void simulate() {
        write(
                "users",
                spark.range(users).selectExpr("concat('user-', id) AS user_id").withColumns(predictors()));
        write(
                "events",
                spark.range(users * EVENTS_PER_USER)
                        .selectExpr(
                                "concat('user-', id DIV %d) AS user_id".formatted(EVENTS_PER_USER),
                                "concat('feature_', pmod(xxhash64(id, 2), %d)) AS feature_id".formatted(features),
                                "CAST(1 + pmod(xxhash64(id, 5), 9) AS DOUBLE) AS value",
                                happened("2026-01-04", 6, 27)));
        Dataset<Row> met = spark.range(users * experiments)
                .selectExpr(
                        "id",
                        "id DIV %d AS user".formatted(experiments),
                        "id %% %d AS experiment".formatted(experiments))
                .where("pmod(xxhash64(id, 8), 100) < 15")
                .selectExpr("*", happened("2026-01-24", 9, 7).replace("occurred_at", "exposed_at"))
                .selectExpr("*", "pmod(xxhash64(id, 10), 2) = 0 AS enabled");
        write(
                "exposures",
                met.selectExpr(
                        "concat('experiment_', experiment) AS experiment_id",
                        "concat('user-', user) AS user_id",
                        "enabled",
                        "exposed_at",
                        "0.5D AS propensity"));
        write(
                "outcomes",
                met.where("pmod(xxhash64(id, 11), 100) < IF(enabled AND pmod(user, 3) = 0, 20, 10)")
                        .selectExpr(
                                "concat('user-', user) AS user_id",
                                "concat('purchase_', experiment %% %d) AS outcome".formatted(features),
                                "1D AS value",
                                "exposed_at + INTERVAL 1 HOUR AS occurred_at"));
    }

    private static String happened(String first, int seed, int days) {
        return "TIMESTAMP '%s' + make_dt_interval(0, 0, 0, pmod(xxhash64(id, %d), %d * 86400)) AS occurred_at"
                .formatted(first, seed, days);
    }

    private void write(String name, Dataset<Row> rows) {
        rows.write().parquet(folder.resolve(name).toString());
    }
}
