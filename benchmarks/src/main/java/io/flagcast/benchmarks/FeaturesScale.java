package io.flagcast.benchmarks;

import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.sum;

import io.flagcast.benchmarks.Turns.Choice;
import io.flagcast.features.Predictors;
import io.flagcast.features.Profiles;
import io.flagcast.features.ResponseDefinition;
import io.flagcast.features.TrainingExamples;
import io.flagcast.features.Usage;
import io.flagcast.statistics.Arrivals;
import io.flagcast.statistics.Metric;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.storage.StorageLevel;

/** What profiles and training examples cost beside one group-by of the events, and where nine of ten events and outcomes are of one user or feature. */
final class FeaturesScale {

    private static final Instant AS_OF = Instant.parse("2026-02-01T00:00:00Z");
    private static final int FEATURES = 10;

    private enum Skew {
        UNIFORM("pmod(xxhash64(id, 1), %d)", "pmod(xxhash64(id, 2), 10)"),
        USER("IF(id %% 10 > 0, 0, pmod(xxhash64(id, 1), %d))", "pmod(xxhash64(id, 2), 10)"),
        FEATURE("pmod(xxhash64(id, 1), %d)", "IF(id % 10 > 0, 0, pmod(xxhash64(id, 2), 10))");

        private final String user;
        private final String feature;

        Skew(String user, String feature) {
            this.user = user;
            this.feature = feature;
        }
    }

    private final SparkSession spark;
    private final Path folder;
    private final long events;
    private final long users;

    private FeaturesScale(SparkSession spark, Path folder, long events) {
        this.spark = spark;
        this.folder = folder;
        this.events = events;
        this.users = events / 20;
    }

    static int run(SparkSession spark, long events, Choice choice) throws IOException {
        FeaturesScale scale = new FeaturesScale(spark, Files.createTempDirectory("flagcast-features"), events);
        scale.simulate();
        Map<String, Supplier<Long>> ways = new LinkedHashMap<>();
        ways.put("one group-by", scale::groupBy);
        ways.put("uniform", () -> scale.features(Skew.UNIFORM));
        ways.put("90 % of one user", () -> scale.features(Skew.USER));
        ways.put("90 % of one feature", () -> scale.features(Skew.FEATURE));
        Turns.compare(
                spark,
                "profiles and training examples: %,d events of %,d users and %d features"
                        .formatted(events, scale.users, FEATURES),
                choice,
                ways);
        return 0;
    }

    private void simulate() {
        write(
                spark.range(users)
                        .selectExpr(
                                "concat('user-', id) AS user_id", "CAST(pmod(xxhash64(id, 5), 50) AS DOUBLE) AS age"),
                "users");
        write(
                spark.range(users)
                        .selectExpr(
                                "concat('x', id) AS exposure_id",
                                "'e' AS experiment_id",
                                "concat('user-', id) AS user_id",
                                "id % 2 = 0 AS enabled",
                                "TIMESTAMP '2026-01-20' AS exposed_at",
                                "0.5D AS propensity",
                                "'policy' AS reason",
                                "1L AS parameters_version",
                                "'run' AS run_id"),
                "exposures");
        for (Skew skew : Skew.values()) {
            Dataset<Row> rows = spark.range(events)
                    .selectExpr(
                            "concat('user-', " + skew.user.formatted(users) + ") AS user_id",
                            "concat('f', " + skew.feature + ") AS feature_id",
                            "CAST(pmod(xxhash64(id, 3), 100) AS DOUBLE) AS value",
                            "TIMESTAMP '2026-01-01' + make_dt_interval(0, 0, 0, pmod(xxhash64(id, 4), 31 * 86400)) AS occurred_at");
            write(rows, "events-" + skew);
            write(
                    rows.where("pmod(xxhash64(user_id, occurred_at), 10) = 0")
                            .withColumnRenamed("feature_id", "outcome"),
                    "outcomes-" + skew);
        }
    }

    /** What nobody does without who counts events: by user and feature, once. */
    private long groupBy() {
        write(
                read("events-" + Skew.UNIFORM)
                        .groupBy("user_id", "feature_id")
                        .agg(
                                count(lit(1)).as("n"),
                                sum("value").as("value"),
                                max("occurred_at").as("last")),
                "grouped");
        return events;
    }

    private long features(Skew skew) {
        Usage usage = new Usage(List.of("f0", "f1"), Duration.ofDays(28), Duration.ofDays(14));
        Predictors predictors = new Predictors(List.of("age"), List.of());
        Dataset<Row> happened = Usage.histories(read("events-" + skew)).persist(StorageLevel.MEMORY_AND_DISK());
        write(Profiles.at(AS_OF, read("users"), happened, predictors, usage), "profiles");
        TrainingExamples learning = new TrainingExamples(
                List.of(new ResponseDefinition("f0", Metric.Kind.PROPORTION, "f1", Duration.ofDays(7))),
                Map.of("e", "f0"),
                predictors,
                usage);
        write(
                learning.before(
                        Arrivals.complete(AS_OF), read("users"), happened, read("exposures"), read("outcomes-" + skew)),
                "examples");
        happened.unpersist();
        return events;
    }

    private Dataset<Row> read(String name) {
        return spark.read().parquet(folder.resolve(name).toString());
    }

    private void write(Dataset<Row> rows, String name) {
        rows.write().mode("overwrite").parquet(folder.resolve(name).toString());
    }
}
