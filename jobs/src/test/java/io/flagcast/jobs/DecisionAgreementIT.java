package io.flagcast.jobs;

import static org.apache.spark.sql.functions.bit_xor;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;
import static org.apache.spark.sql.functions.xxhash64;
import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.allocation.AllocationParameters;
import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.allocation.Bucketing;
import io.flagcast.allocation.Bucketing.Purpose;
import io.flagcast.allocation.Buckets;
import io.flagcast.allocation.Candidate;
import io.flagcast.allocation.Cell;
import io.flagcast.allocation.Decision;
import io.flagcast.experiments.Experiment;
import io.flagcast.experiments.ExperimentFiles;
import io.flagcast.jobs.decision.DecideUsers;
import io.flagcast.jobs.run.Rollout;
import io.flagcast.jobs.stages.allocate.AllocateUsers;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.lake.Publications;
import io.flagcast.lake.RunId;
import io.flagcast.lake.Session;
import io.flagcast.serving.FlagcastClient;
import io.flagcast.settings.Settings;
import io.flagcast.tables.Tables;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.TimeZone;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Spark decides what plain Java decides, however the work is split and wherever the machine stands. */
class DecisionAgreementIT {

    private static final Instant AS_OF = Instant.parse("2026-03-02T00:00:00Z");
    private static final String HOLDOUT_SALT = "agreement-holdout";
    private static final Settings.LakeSettings LAKE =
            new Settings.LakeSettings("unused", 0.05, HOLDOUT_SALT, 2, Duration.ZERO, Duration.ofMinutes(1));

    private static final List<Experiment> EXPERIMENTS = List.of(
            experiment(
                    "tiered",
                    "{type: tiered, tier_thresholds: [80, 50, 20], tier_probabilities: [100%, 50%, 10%, 0%]}",
                    """
                    eligibility: "country IN ('DE', 'FR') AND age >= 18"
                    """),
            experiment(
                    "weighted",
                    "{type: weighted_random, stickiness: none, weight_parameters: {curve: logistic, midpoint: 60,"
                            + " steepness: 0.1, floor: 5%, ceiling: 90%}}",
                    "layer: {name: checkout, from: 0.2, to: 0.9}"),
            experiment(
                    "bandit",
                    "{type: bandit, bandit: {algorithm: ucb, reward: m, context: [country, plan]}, exploration: 20%}",
                    ""),
            experiment("percentage", "{percentage_allocation: 10%, exploration: 0}", ""));

    private static Experiment experiment(String id, String allocation, String further) {
        return ExperimentFiles.parse(id + ".yaml", """
                experiment_id: %1$s
                feature_id: feature_of_%1$s
                salt: salt-%1$s
                segments: {low: [0, 30], mid: [30, 70], high: [70, 100]}
                metrics: {m: {kind: proportion, outcome: o, within: 1d}}
                allocation: %2$s
                %3$s
                """.formatted(id, allocation, further));
    }

    private static final Map<String, AllocationParameters> PARAMETERS = Map.of(
            "tiered",
            new AllocationParameters(
                    7,
                    Map.of("high", new AllocationParameters.Setting(0.8, 7, Optional.of(AS_OF.minusSeconds(1)))),
                    Map.of(),
                    OptionalInt.empty(),
                    Activity.ACTIVE),
            "bandit",
            new AllocationParameters(
                    3,
                    Map.of(),
                    Map.of(
                            Cell.whole("mid"),
                            0.4,
                            new Cell("high", "{\"country\":\"DE\",\"plan\":\"pro\"}"),
                            0.91,
                            new Cell("low", "{\"plan\":\"frée\"}"),
                            0.07),
                    OptionalInt.empty(),
                    Activity.ACTIVE));

    private static final List<Rollout> ROLLOUTS = Rollout.of(EXPERIMENTS, PARAMETERS, LAKE, AS_OF);

    /** Ids that look empty, that are no ASCII, that are more than a hash block long. */
    private static final List<String> PREFIXES = List.of(
            "user-",
            "",
            " ",
            "\u00a0",
            "\u200b",
            "\t",
            "null",
            "Ünïcødé/",
            "用户",
            "🙂",
            "e\u0301",
            "0",
            "-",
            "a-very-long-identifier-that-needs-more-than-one-block-of-thirty-two-bytes-");

    private static final List<String> COUNTRIES = List.of("DE", "FR", "US");
    private static final List<String> PLANS = List.of("pro", "frée");

    private static String id(long i) {
        return i < PREFIXES.size() ? PREFIXES.get((int) i) : PREFIXES.get((int) (i % PREFIXES.size())) + i;
    }

    /** Null for every eleventh user. */
    private static String country(long i) {
        return i % 11 == 0 ? null : COUNTRIES.get((int) (i % 3));
    }

    private static String plan(long i) {
        return PLANS.get((int) (i / 3 % 2));
    }

    private static long age(long i) {
        return i * 7 % 60;
    }

    /** In hundredths, another one for each feature; the ends of bands and tiers are among them. */
    private static double score(long i, int experiment) {
        return (i * 2_654_435_761L + experiment * 977L) % 10_001 / 100.0;
    }

    private static boolean isPrior(long i, int experiment) {
        return (i + experiment) % 13 == 0;
    }

    private static boolean isWithoutBenefit(long i, int experiment) {
        return (i + experiment) % 7 == 0;
    }

    private static boolean isEnrolled(long i, int experiment) {
        return (i + experiment) % 5 == 0;
    }

    /** What plain Java decides, column by column as in the table. */
    private static Object[] expected(long i, int experiment) {
        Experiment of = EXPERIMENTS.get(experiment);
        boolean kept = isEnrolled(i, experiment) && of.stickiness() == Experiment.Stickiness.ENROLMENT;
        OptionalDouble score = kept
                ? OptionalDouble.of(score(i + 1, experiment))
                : isPrior(i, experiment) ? OptionalDouble.empty() : OptionalDouble.of(score(i, experiment));
        boolean noBenefit = kept ? isWithoutBenefit(i + 1, experiment) : isWithoutBenefit(i, experiment);
        String country = country(i);
        boolean eligible = of.eligibility().isEmpty() || (country != null && !country.equals("US") && age(i) >= 18);
        String context = !of.experimentId().equals("bandit")
                ? ""
                : country == null
                        ? "{\"plan\":\"%s\"}".formatted(plan(i))
                        : "{\"country\":\"%s\",\"plan\":\"%s\"}".formatted(country, plan(i));
        String user = id(i);
        Buckets buckets = new Buckets(
                Bucketing.of(HOLDOUT_SALT, Purpose.HOLDOUT).bucket(user),
                Bucketing.of(of.layer().name(), Purpose.LAYER).bucket(user),
                Bucketing.of(of.salt(), Purpose.EXPLORATION).bucket(user),
                Bucketing.of(of.salt(), Purpose.COIN).bucket(user),
                Bucketing.of(of.salt(), Purpose.ENROLMENT).bucket(user));
        Decision decision = ROLLOUTS.get(experiment)
                .allocator()
                .decide(buckets, new Candidate(score, noBenefit, eligible, context));
        return new Object[] {
            of.experimentId(),
            user,
            decision.enabled(),
            score.isPresent() ? score.getAsDouble() : null,
            decision.segment().orElse(null),
            decision.tier().isPresent() ? decision.tier().getAsInt() : null,
            decision.bucket(),
            decision.baseProbability(),
            decision.share(),
            decision.propensity(),
            decision.reason().label(),
            ROLLOUTS.get(experiment).parameters().version(),
            score.isEmpty() ? null : kept ? "kept" : "newest"
        };
    }

    private static Dataset<Row> decided(SparkSession spark, long users, int partitions) {
        UDF1<Long, String> id = DecisionAgreementIT::id;
        UDF1<Long, String> country = DecisionAgreementIT::country;
        UDF1<Long, String> plan = DecisionAgreementIT::plan;
        Dataset<Row> ids = spark.range(0, users, 1, partitions).toDF("i");
        Dataset<Row> profiles = ids.select(
                udf(id, DataTypes.StringType).apply(col("i")).as("user_id"),
                udf(country, DataTypes.StringType).apply(col("i")).as("country"),
                udf(plan, DataTypes.StringType).apply(col("i")).as("plan"),
                col("i").multiply(7).mod(60).as("age"));
        Dataset<Row> scores = null;
        Dataset<Row> enrolments = null;
        for (int experiment = 0; experiment < EXPERIMENTS.size(); experiment++) {
            int of = experiment;
            UDF1<Long, Double> score = i -> score(i, of);
            UDF1<Long, Boolean> noBenefit = i -> isWithoutBenefit(i, of);
            Dataset<Row> scored = ids.select(
                    udf(id, DataTypes.StringType).apply(col("i")).as("user_id"),
                    lit(EXPERIMENTS.get(of).featureId()).as("feature_id"),
                    udf(score, DataTypes.DoubleType).apply(col("i")).as("score"),
                    udf(noBenefit, DataTypes.BooleanType).apply(col("i")).as("no_benefit"),
                    when(col("i").plus(of).mod(13).equalTo(0), "prior")
                            .otherwise("model")
                            .as("source"),
                    lit("newest").as("model_id"));
            Dataset<Row> enrolled = ids.where(col("i").plus(of).mod(5).equalTo(0))
                    .select(
                            udf(id, DataTypes.StringType).apply(col("i")).as("user_id"),
                            lit(EXPERIMENTS.get(of).experimentId()).as("experiment_id"),
                            udf(score, DataTypes.DoubleType)
                                    .apply(col("i").plus(1))
                                    .as("score"),
                            udf(noBenefit, DataTypes.BooleanType)
                                    .apply(col("i").plus(1))
                                    .as("no_benefit"),
                            lit("kept").as("model_id"));
            scores = scores == null ? scored : scores.union(scored);
            enrolments = enrolments == null ? enrolled : enrolments.union(enrolled);
        }
        return DecideUsers.decide(profiles, scores, enrolments, ROLLOUTS, HOLDOUT_SALT);
    }

    @Test
    void decisionsOfSparkEqualThoseOfPlainJavaInEveryColumn() {
        requireEqualDecisions(40_000);
    }

    @Test
    @Tag("proof")
    void aMillionDecisionsOfSparkEqualThoseOfPlainJavaInEveryColumn() {
        requireEqualDecisions(250_000);
    }

    /** In four experiments. */
    private static void requireEqualDecisions(int users) {
        Map<String, Long> indexes = new HashMap<>();
        for (long i = 0; i < users; i++) {
            indexes.put(id(i), i);
        }
        assertThat(indexes).hasSize(users);
        Map<String, Integer> places = new HashMap<>();
        EXPERIMENTS.forEach(experiment -> places.put(experiment.experimentId(), places.size()));
        try (Session session = Session.open(Path.of("target"))) {
            Iterator<Row> rows = decided(session.spark(), users, 4).toLocalIterator();
            long n = 0;
            Map<String, Integer> reasons = new HashMap<>();
            while (rows.hasNext()) {
                Row row = rows.next();
                Object[] expected = expected(indexes.get(row.getString(1)), places.get(row.getString(0)));
                for (int column = 0; column < expected.length; column++) {
                    Object actual = row.get(column);
                    Object wanted = expected[column];
                    // Not the assertion itself: a million times thirteen of those take minutes.
                    if (wanted == null ? actual != null : !wanted.equals(actual)) {
                        assertThat(actual)
                                .as("column %s of %s", row.schema().fieldNames()[column], row)
                                .isEqualTo(wanted);
                    }
                }
                reasons.merge(row.getString(10), 1, Integer::sum);
                n++;
            }
            assertThat(n).isEqualTo(4L * users);
            assertThat(reasons)
                    .containsOnlyKeys(
                            "holdout", "layer", "ineligible", "exploration", "unscored", "no_benefit", "policy");
        }
    }

    /** The same million, written, published and asked of a client. */
    @Tag("proof")
    @Test
    void aMillionAnswersOfAClientEqualTheTable(@TempDir Path folder) throws IOException {
        int users = 250_000;
        RunId run = new RunId(AS_OF, 1);
        try (Session session = Session.open(Path.of("target"))) {
            Lake lake = new Lake(session.spark(), folder.resolve("lake").toString());
            UDF1<Long, String> id = DecisionAgreementIT::id;
            Dataset<Row> scores = session.spark()
                    .range(0, users, 1, 4)
                    .toDF("i")
                    .select(
                            udf(id, DataTypes.StringType).apply(col("i")).as("user_id"),
                            lit("feature_of_tiered").as("feature_id"),
                            lit(null).cast("string").as("family"),
                            col("i").mod(10_001).divide(100).as("score"),
                            when(col("i").mod(3).equalTo(0), functions.sin(col("i")))
                                    .as("uplift"),
                            lit(null).cast("double").as("response_if_enabled"),
                            lit(null).cast("double").as("response_if_not"),
                            when(col("i").mod(3).notEqual(0), functions.sin(col("i")))
                                    .as("affinity"),
                            col("i").mod(7).equalTo(0).as("no_benefit"),
                            when(col("i").mod(3).equalTo(0), "model")
                                    .otherwise("group")
                                    .as("source"),
                            lit("newest").as("model_id"));
            Map<String, Long> rows = Map.of(
                    Tables.ALLOCATIONS.name(),
                    lake.replaceSlice(Tables.ALLOCATIONS, run, decided(session.spark(), users, 4)),
                    Tables.RESPONSIVENESS_SCORES.name(),
                    lake.replaceSlice(Tables.RESPONSIVENESS_SCORES, run, scores),
                    Tables.EXPERIMENTS.name(),
                    lake.replaceSlice(Tables.EXPERIMENTS, run, AllocateUsers.experiments(ROLLOUTS, LAKE)));
            Publication publication = new Publications(lake).publish(Optional.empty(), run, rows, "hash", AS_OF);
            try (FlagcastClient client = FlagcastClient.of(
                            folder.resolve("lake").toString())
                    .snapshots(folder.resolve("snapshots"))
                    .start()) {
                long asked = 0;
                Iterator<Row> allocations = lake.published(Tables.ALLOCATIONS, Optional.of(publication))
                        .toLocalIterator();
                while (allocations.hasNext()) {
                    ServingIT.requireSame(allocations.next(), client);
                    asked++;
                }
                assertThat(asked).isEqualTo(1_000_000);
                Iterator<Row> predicted = lake.published(Tables.RESPONSIVENESS_SCORES, Optional.of(publication))
                        .toLocalIterator();
                while (predicted.hasNext()) {
                    ServingIT.requirePredicted(predicted.next(), client);
                }
            }
        }
    }

    @Tag("proof")
    @Test
    void partitionsAdaptiveExecutionAndTimeZonesChangeNothing() {
        TimeZone before = TimeZone.getDefault();
        try (Session session = Session.open(Path.of("target"))) {
            Row here = fingerprint(session.spark(), 1, "false", "UTC");

            assertThat(here.getLong(0)).isEqualTo(20_000);
            assertThat(fingerprint(session.spark(), 7, "true", "Asia/Kathmandu"))
                    .isEqualTo(here);
            assertThat(fingerprint(session.spark(), 200, "false", "America/New_York"))
                    .isEqualTo(here);
            assertThat(fingerprint(session.spark(), 200, "true", "UTC")).isEqualTo(here);
        } finally {
            TimeZone.setDefault(before);
        }
    }

    /** Rows, and a hash of all columns of all of them in whatever order. */
    private static Row fingerprint(SparkSession spark, int partitions, String adaptive, String zone) {
        TimeZone.setDefault(TimeZone.getTimeZone(zone));
        spark.conf().set("spark.sql.session.timeZone", zone);
        spark.conf().set("spark.sql.adaptive.enabled", adaptive);
        spark.conf().set("spark.sql.shuffle.partitions", String.valueOf(partitions));
        Dataset<Row> decided = decided(spark, 5_000, partitions);
        org.apache.spark.sql.Column[] columns = java.util.Arrays.stream(decided.columns())
                .map(functions::col)
                .toArray(org.apache.spark.sql.Column[]::new);
        return decided.agg(count(lit(1)), bit_xor(xxhash64(struct(columns))))
                .collectAsList()
                .get(0);
    }
}
