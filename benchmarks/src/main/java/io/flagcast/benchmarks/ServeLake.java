package io.flagcast.benchmarks;

import io.flagcast.allocation.Allocator;
import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.allocation.BanditLearner;
import io.flagcast.allocation.Bucketing;
import io.flagcast.allocation.Bucketing.Purpose;
import io.flagcast.allocation.Buckets;
import io.flagcast.allocation.Candidate;
import io.flagcast.allocation.Cell;
import io.flagcast.allocation.Curve;
import io.flagcast.allocation.Decision;
import io.flagcast.allocation.Layer;
import io.flagcast.allocation.Policy;
import io.flagcast.allocation.Segments;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publications;
import io.flagcast.lake.RunId;
import io.flagcast.statistics.Metric;
import io.flagcast.tables.Table;
import io.flagcast.tables.Tables;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.LongFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * Writes what a run publishes for a client, through the same {@link Lake}: every user has a score in one feature, and experiments are
 * in turn tiered, weighted random, percentage and bandit. Users come one after the other with all their experiments, as a run
 * leaves them.
 */
final class ServeLake {

    private static final RunId RUN = new RunId(Instant.parse("2026-11-25T00:00:00Z"), 1);
    private static final String HOLDOUT_SALT = "holdout-2026";
    private static final double HOLDOUT = 0.02;
    private static final double EXPLORATION = 0.1;
    private static final double UNSCORED = 0.5;
    private static final long PARAMETERS = 3;
    private static final String MODEL = "checkout-t_linear-20261125";
    /** So that files have between 100 and 200 MB with twenty experiments. */
    private static final long USERS_PER_FILE = 400_000;

    private static final Segments SEGMENTS = new Segments(List.of(
            new Segments.Band("low", 0, 40), new Segments.Band("mid", 40, 75), new Segments.Band("high", 75, 100)));

    private ServeLake() {}

    static int write(SparkSession spark, Users users, String folder) throws IOException {
        Path root = Files.createDirectories(Path.of(folder)).toAbsolutePath();
        withoutStatistics(spark);
        Lake lake = new Lake(spark, root.toString());
        long began = System.nanoTime();
        int experiments = users.experiments();
        Map<String, Long> rows = new TreeMap<>();
        rows.put(
                Tables.EXPERIMENTS.name(),
                lake.replaceSlice(
                        Tables.EXPERIMENTS,
                        RUN,
                        IntStream.range(0, experiments).mapToObj(ServeLake::row).toList()));
        rows.put(
                Tables.RESPONSIVENESS_SCORES.name(),
                replace(lake, Tables.RESPONSIVENESS_SCORES, users, () -> user -> Stream.of(score(user))));
        rows.put(Tables.ALLOCATIONS.name(), replace(lake, Tables.ALLOCATIONS, users, () -> new Deciding(experiments)));
        new Publications(lake).publish(Optional.empty(), RUN, rows, "benchmark", Instant.parse("2026-11-25T01:00:00Z"));
        users.writeTo(root);
        System.out.printf("%s: %.0f s%n", rows, (System.nanoTime() - began) / 1e9);
        return 0;
    }

    /** What only costs time here: no client asks for statistics of columns, and no dictionary holds ids and buckets. */
    private static void withoutStatistics(SparkSession spark) {
        Configuration hadoop = spark.sparkContext().hadoopConfiguration();
        hadoop.setBoolean("parquet.column.statistics.enabled", false);
        hadoop.setBoolean("parquet.enable.dictionary#user_id", false);
        hadoop.setBoolean("parquet.enable.dictionary#bucket", false);
    }

    /** From a user's number to the user's rows; made where the users are. */
    private interface Maker extends java.io.Serializable {
        LongFunction<Stream<Row>> make();
    }

    private static long replace(Lake lake, Table table, Users users, Maker maker) {
        StructField[] columns = StructType.fromDDL(table.schema()).fields();
        StructType own = new StructType(Arrays.copyOfRange(columns, 2, columns.length));
        int files = (int) Math.max(2, users.users() / USERS_PER_FILE);
        Dataset<Row> rows = lake.spark()
                .range(0, users.users(), 1, files)
                .mapPartitions(
                        (MapPartitionsFunction<Long, Row>) numbers -> rows(numbers, maker.make()), Encoders.row(own));
        return lake.replaceSlice(table, RUN, rows);
    }

    private static Iterator<Row> rows(Iterator<Long> users, LongFunction<Stream<Row>> rows) {
        Iterable<Long> all = () -> users;
        return StreamSupport.stream(all.spliterator(), false)
                .flatMap(user -> rows.apply(user))
                .iterator();
    }

    /** Scores of every hundredth alike; the tenth with the lowest has no benefit. */
    private static double scoreOf(long user) {
        return new SplittableRandom(user).nextInt(10_001) / 100.0;
    }

    private static boolean hasNoBenefit(double score) {
        return score < 10;
    }

    private static Row score(long user) {
        double score = scoreOf(user);
        double uplift = (score - 10) / 500;
        double without = 0.1 + score / 1000;
        return RowFactory.create(
                Users.id(user),
                Users.FEATURE,
                null,
                score,
                uplift,
                without + uplift,
                without,
                null,
                hasNoBenefit(score),
                "model",
                MODEL);
    }

    private static String salt(int experiment) {
        return Users.experiment(experiment) + "-salt";
    }

    /** Of every ten experiments two share a layer. */
    private static Layer layer(int experiment) {
        return switch (experiment % 10) {
            case 8 -> new Layer("layer_" + experiment / 10, 0, 0.5);
            case 9 -> new Layer("layer_" + experiment / 10, 0.5, 1);
            default -> Layer.NONE;
        };
    }

    private static Policy policy(int experiment) {
        return switch (experiment % 4) {
            case 0 -> Policy.Tiered.upTo(2, List.of(80.0, 50.0, 20.0));
            case 1 -> new Policy.WeightedRandom(new Curve.Linear(), 0.1, 0.9);
            case 2 -> new Policy.Percentage(0.5);
            default ->
                new Policy.Bandit(
                        new BanditLearner(
                                BanditLearner.Algorithm.THOMPSON,
                                new Metric(
                                        "conversion",
                                        Metric.Kind.PROPORTION,
                                        "purchase",
                                        Duration.ofDays(1),
                                        Metric.Direction.HIGHER_IS_BETTER),
                                0.05,
                                0.1,
                                1000,
                                1),
                        List.of(),
                        Map.of(Cell.whole("low"), 0.3, Cell.whole("mid"), 0.55, Cell.whole("high"), 0.8));
        };
    }

    private static Row row(int experiment) {
        Layer layer = layer(experiment);
        return RowFactory.create(
                Users.experiment(experiment),
                Users.FEATURE,
                "active",
                scala.jdk.javaapi.CollectionConverters.asScala(Map.of("variant", "b")),
                salt(experiment),
                HOLDOUT_SALT,
                HOLDOUT,
                RowFactory.create(layer.name(), layer.from(), layer.to()),
                null,
                EXPLORATION,
                UNSCORED,
                PARAMETERS);
    }

    /** Decides for one user after the other. */
    private static final class Deciding implements LongFunction<Stream<Row>> {

        private record Experiment(
                String id,
                Allocator allocator,
                Bucketing layer,
                Bucketing exploration,
                Bucketing coin,
                Bucketing enrolment) {

            static Experiment of(int number) {
                Layer layer = ServeLake.layer(number);
                String salt = salt(number);
                return new Experiment(
                        Users.experiment(number),
                        new Allocator(
                                Activity.ACTIVE,
                                HOLDOUT,
                                layer,
                                SEGMENTS,
                                policy(number),
                                EXPLORATION,
                                UNSCORED,
                                Map.of("low", 0.8)),
                        Bucketing.of(layer.name(), Purpose.LAYER),
                        Bucketing.of(salt, Purpose.EXPLORATION),
                        Bucketing.of(salt, Purpose.COIN),
                        Bucketing.of(salt, Purpose.ENROLMENT));
            }
        }

        private final Bucketing holdout = Bucketing.of(HOLDOUT_SALT, Purpose.HOLDOUT);
        private final List<Experiment> experiments;

        Deciding(int experiments) {
            this.experiments =
                    IntStream.range(0, experiments).mapToObj(Experiment::of).toList();
        }

        @Override
        public Stream<Row> apply(long user) {
            String userId = Users.id(user);
            double score = scoreOf(user);
            double held = holdout.bucket(userId);
            Candidate candidate = new Candidate(OptionalDouble.of(score), hasNoBenefit(score), true, "");
            List<Row> rows = new ArrayList<>(experiments.size());
            for (Experiment experiment : experiments) {
                Buckets buckets = new Buckets(
                        held,
                        experiment.layer().bucket(userId),
                        experiment.exploration().bucket(userId),
                        experiment.coin().bucket(userId),
                        experiment.enrolment().bucket(userId));
                rows.add(row(
                        userId, experiment.id(), score, experiment.allocator().decide(buckets, candidate)));
            }
            return rows.stream();
        }

        private static Row row(String userId, String experimentId, double score, Decision decision) {
            return RowFactory.create(
                    experimentId,
                    userId,
                    decision.enabled(),
                    score,
                    decision.segment().orElse(null),
                    decision.tier().isPresent() ? decision.tier().getAsInt() : null,
                    decision.bucket(),
                    decision.baseProbability(),
                    decision.share(),
                    decision.propensity(),
                    decision.reason().label(),
                    PARAMETERS,
                    MODEL);
        }
    }
}
