package io.flagcast.benchmarks;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.lit;

import io.flagcast.benchmarks.Turns.Choice;
import io.flagcast.monitoring.FirstExposures;
import io.flagcast.monitoring.MeasuredExperiment;
import io.flagcast.monitoring.SegmentMetrics;
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
import java.util.stream.IntStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * What measuring costs: all exposures at once, and one more day on top of them, each beside a hand-written query of the same
 * sums, in turns in one run. Both read Parquet and write Parquet.
 */
final class MeasureScale {

    private static final int EXPERIMENTS = 20;
    private static final Instant AS_OF = Instant.parse("2026-02-01T00:00:00Z");
    private static final Instant DAY_BEFORE = Instant.parse("2026-01-31T00:00:00Z");
    private static final List<Metric> METRICS = List.of(
            metric("conversion", Metric.Kind.PROPORTION, "purchase", 1),
            metric("revenue", Metric.Kind.MEAN, "purchase", 7),
            metric("visit", Metric.Kind.PROPORTION, "visit", 1),
            metric("visits", Metric.Kind.MEAN, "visit", 7));

    private final SparkSession spark;
    private final Path folder;
    private final List<MeasuredExperiment> experiments = IntStream.range(0, EXPERIMENTS)
            .mapToObj(i -> new MeasuredExperiment("e" + i, METRICS, Map.of()))
            .toList();

    private MeasureScale(SparkSession spark, Path folder) {
        this.spark = spark;
        this.folder = folder;
    }

    private static Metric metric(String name, Metric.Kind kind, String outcome, int days) {
        return new Metric(name, kind, outcome, Duration.ofDays(days), Metric.Direction.HIGHER_IS_BETTER);
    }

    static int run(SparkSession spark, long exposures, Choice choice) throws IOException {
        MeasureScale scale = new MeasureScale(spark, Files.createTempDirectory("flagcast-measure"));
        scale.simulate(exposures);
        Map<String, Supplier<Long>> ways = new LinkedHashMap<>();
        ways.put("query by hand", scale.of(exposures, scale::query));
        ways.put("everything", scale.of(exposures, scale::everything));
        ways.put("one more day", scale.of(exposures, scale::oneMoreDay));
        Turns.compare(
                spark,
                "metrics: %,d exposures, %d experiments x 5 segments x %d metrics x 2 dimensions"
                        .formatted(exposures, EXPERIMENTS, METRICS.size()),
                choice,
                ways);
        if (choice.ways().isEmpty()) {
            scale.requireSame();
        }
        return 0;
    }

    private Supplier<Long> of(long exposures, Runnable work) {
        return () -> {
            work.run();
            return exposures;
        };
    }

    /** A month in which a user meets about half of the experiments, some more than once, and now and then does something. */
    private void simulate(long exposures) {
        long users = exposures / 12;
        write(
                spark.range(users)
                        .selectExpr(
                                "concat('user-', id) AS user_id",
                                "element_at(array('DE', 'FR', 'US', 'GB', 'JP'), CAST(pmod(xxhash64(id, 5), 5) + 1 AS INT)) AS country",
                                "element_at(array('free', 'plus', 'pro'), CAST(pmod(xxhash64(id, 6), 3) + 1 AS INT)) AS plan"),
                "users");
        write(
                spark.range(exposures)
                        .selectExpr(
                                "id",
                                "pmod(xxhash64(id, 1), " + users + ") AS user",
                                "pmod(xxhash64(id, 2), " + EXPERIMENTS + ") AS experiment")
                        .selectExpr("*", "pmod(xxhash64(user, 4), 10000) / 100D AS score")
                        .selectExpr(
                                "*",
                                "element_at(array(0.05D, 0.2D, 0.5D, 0.8D, 0.95D), CAST(score / 20 AS INT) + 1) AS propensity")
                        .selectExpr(
                                "concat('e', experiment) AS experiment_id",
                                "concat('user-', user) AS user_id",
                                "pmod(xxhash64(user, experiment, 3), 1000) < 1000 * propensity AS enabled",
                                "TIMESTAMP '2026-01-01' + make_dt_interval(0, 0, 0, pmod(xxhash64(id, 7), 31 * 86400)) AS exposed_at",
                                "propensity",
                                "score",
                                "concat('s', CAST(score / 20 AS INT)) AS segment",
                                "'policy' AS reason",
                                "1L AS parameters_version",
                                "'run' AS run_id"),
                "exposures");
        write(
                spark.range(exposures / 3)
                        .selectExpr(
                                "concat('user-', pmod(xxhash64(id, 8), " + users + ")) AS user_id",
                                "IF(pmod(id, 4) = 0, 'purchase', 'visit') AS outcome",
                                "pmod(xxhash64(id, 9), 10000) / 100D AS value",
                                "TIMESTAMP '2026-01-01' + make_dt_interval(0, 0, 0, pmod(xxhash64(id, 10), 31 * 86400)) AS occurred_at"),
                "outcomes");
        Dataset<Row> before = counted(
                read("exposures").where(col("exposed_at").lt(lit(DAY_BEFORE))),
                read("outcomes").where(col("occurred_at").lt(lit(DAY_BEFORE))),
                DAY_BEFORE);
        write(before, "first_before");
        write(SegmentMetrics.states(read("first_before"), experiments), "days_before");
    }

    private String path(String name) {
        return folder.resolve(name).toString();
    }

    private Dataset<Row> read(String name) {
        return spark.read().parquet(path(name));
    }

    private void write(Dataset<Row> rows, String name) {
        rows.write().mode("overwrite").parquet(path(name));
    }

    private Dataset<Row> first(Dataset<Row> exposures) {
        return FirstExposures.of(exposures, experiments)
                .join(read("users"), new String[] {"user_id"}, "left")
                .withColumn("response_if_enabled", lit(null).cast("double"))
                .withColumn("response_if_not", lit(null).cast("double"))
                .withColumn("cells", array(concat(lit("country="), col("country")), concat(lit("plan="), col("plan"))))
                .drop("country", "plan");
    }

    private Dataset<Row> counted(Dataset<Row> exposures, Dataset<Row> outcomes, Instant asOf) {
        return FirstExposures.counted(first(exposures), outcomes, Arrivals.complete(asOf), experiments);
    }

    private void everything() {
        write(counted(read("exposures"), read("outcomes"), AS_OF), "first");
        write(SegmentMetrics.states(read("first"), experiments), "days");
        write(SegmentMetrics.interpret(AS_OF, read("days"), experiments), "metrics");
    }

    private void oneMoreDay() {
        Dataset<Row> further = read("exposures").where(col("exposed_at").geq(lit(DAY_BEFORE)));
        Dataset<Row> happened = read("outcomes").where(col("occurred_at").geq(lit(DAY_BEFORE)));
        Dataset<Row> merged =
                FirstExposures.merge(read("first_before"), first(further)).persist();
        Dataset<Row> counted = FirstExposures.counted(
                        FirstExposures.touched(merged, happened, experiments),
                        read("outcomes"),
                        Arrivals.complete(AS_OF),
                        experiments)
                .persist();
        write(FirstExposures.with(merged, counted), "first_after");
        write(
                SegmentMetrics.goOn(
                        new SegmentMetrics.Measurement(read("first_before"), read("days_before")),
                        read("first_after"),
                        counted,
                        experiments),
                "days_after");
        write(SegmentMetrics.interpret(AS_OF, read("days_after"), experiments), "metrics_after");
        counted.unpersist();
        merged.unpersist();
    }

    /** As an analyst would write it who knows Spark well: one join, conditional sums, grouping sets. */
    private void query() {
        write(spark.sql("""
                WITH met AS (
                  SELECT experiment_id, user_id, min(exposed_at) AS exposed_at,
                    min_by(struct(enabled, propensity, segment), exposed_at) AS first
                  FROM parquet.`%1$s` GROUP BY experiment_id, user_id),
                counted AS (
                  SELECT experiment_id, m.user_id, exposed_at, any_value(first) AS first,
                    max(CASE WHEN outcome = 'purchase' AND occurred_at < exposed_at + INTERVAL 1 DAY THEN 1D ELSE 0D END) AS y0,
                    sum(CASE WHEN outcome = 'purchase' THEN coalesce(value, 1D) ELSE 0D END) AS y1,
                    max(CASE WHEN outcome = 'visit' AND occurred_at < exposed_at + INTERVAL 1 DAY THEN 1D ELSE 0D END) AS y2,
                    sum(CASE WHEN outcome = 'visit' THEN coalesce(value, 1D) ELSE 0D END) AS y3
                  FROM met m LEFT JOIN parquet.`%2$s` o ON m.user_id = o.user_id
                    AND occurred_at >= exposed_at AND occurred_at < exposed_at + INTERVAL 7 DAYS
                  GROUP BY experiment_id, m.user_id, exposed_at),
                units AS (
                  SELECT experiment_id, country, plan, first.enabled, first.segment, first.propensity AS p,
                    stack(4, 'conversion', y0, exposed_at + INTERVAL 1 DAY, 'revenue', y1, exposed_at + INTERVAL 7 DAYS,
                      'visit', y2, exposed_at + INTERVAL 1 DAY, 'visits', y3, exposed_at + INTERVAL 7 DAYS)
                      AS (metric, y, closes_at)
                  FROM counted JOIN parquet.`%3$s` USING (user_id)),
                weighted AS (
                  SELECT *, date_trunc('day', closes_at) AS day, 1 / IF(enabled, p, 1 - p) AS w
                  FROM units WHERE closes_at <= TIMESTAMP '%4$s')
                SELECT experiment_id, segment, country, plan, metric, enabled, day, count(*) AS n, sum(y) AS sum,
                  sum(y * y) AS sum_squares, sum(w) AS w, sum(w * w) AS w2, sum(w * y) AS wy, sum(w * y * y) AS wy2,
                  sum(w * w * y) AS w2y, sum(w * w * y * y) AS w2y2
                FROM weighted
                GROUP BY experiment_id, metric, enabled, day, GROUPING SETS (
                  (), (country), (plan), (segment), (segment, country), (segment, plan))
                """.formatted(path("exposures"), path("outcomes"), path("users"), AS_OF)), "query");
    }

    /** All three have the same counts and sums. */
    private void requireSame() {
        String expected = """
                SELECT experiment_id, coalesce(segment, 'all') AS segment,
                  coalesce('country=' || country, 'plan=' || plan, '') AS cell, IF(enabled, 'enabled', 'control') AS population,
                  metric, day, n AS n_, sum AS sum_ FROM parquet.`%s`""".formatted(path("query"));
        for (String name : List.of("days", "days_after")) {
            Dataset<Row> days = read(name).where("since_version = 0 AND returned_after = 0");
            long different = days.join(
                            spark.sql(expected),
                            new String[] {"experiment_id", "segment", "cell", "population", "metric", "day"},
                            "full")
                    .where("NOT (n <=> n_ AND abs(sum - sum_) <= 1e-6 * (1 + abs(sum_)))")
                    .count();
            System.out.printf("%s: %,d rows, %d of them unlike the query's%n", name, days.count(), different);
        }
        double exact = read("metrics").except(read("metrics_after")).count();
        System.out.printf("one more day differs from everything at once in %.0f rows%n", exact);
    }
}
