package io.flagcast.jobs;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_list;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.map;
import static org.apache.spark.sql.functions.map_from_entries;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.shiftrightunsigned;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;
import static org.apache.spark.sql.functions.xxhash64;

import io.flagcast.allocation.Allocator;
import io.flagcast.allocation.Bucketing;
import io.flagcast.allocation.Bucketing.Purpose;
import io.flagcast.allocation.Buckets;
import io.flagcast.allocation.Candidate;
import io.flagcast.allocation.Decision;
import io.flagcast.allocation.Decision.Reason;
import io.flagcast.experiments.Experiment;
import io.flagcast.experiments.Experiment.Stickiness;
import io.flagcast.tables.Tables;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.api.java.UDF3;
import org.apache.spark.sql.types.StructType;

/** Stage allocate: profiles, scores and parameters to a decision for every user in every experiment. */
final class AllocateUsers {

    private static final double TWO_TO_53 = 0x1p53;
    private static final StructType DECISION = StructType.fromDDL(
            "enabled BOOLEAN, segment STRING, tier INT, bucket DOUBLE, base_probability DOUBLE, share DOUBLE,"
                    + " propensity DOUBLE, reason STRING");

    private AllocateUsers() {}

    static StageResult run(Run run) {
        String runId = run.id().toString();
        Dataset<Row> profiles = run.lake().slice(Tables.USER_PROFILES, runId);
        Dataset<Row> scores = run.lake().slice(Tables.RESPONSIVENESS_SCORES, runId);
        requireSameSalts(run);
        BanditContext.requireFewCells(run.experiments(), profiles);

        Dataset<Row> enrolments = enrolments(
                run.lake().published(Tables.ENROLMENTS, run.earlier()),
                run.inputs().exposures(),
                run.lake().history(Tables.RESPONSIVENESS_SCORES),
                run.experiments());
        long enrolled = run.lake().replaceSlice(Tables.ENROLMENTS, run.id(), enrolments);
        Dataset<Row> kept = run.lake().slice(Tables.ENROLMENTS, runId);
        Dataset<Row> allocations = allocate(profiles, scores, kept, run);

        long allocated = run.lake().replaceSlice(Tables.ALLOCATIONS, run.id(), allocations);
        return StageResult.wrote(
                scores.count(),
                Map.of(Tables.ENROLMENTS, enrolled, Tables.ALLOCATIONS, allocated),
                "%,d decisions in %d experiments, %,d users enrolled"
                        .formatted(allocated, run.experiments().size(), enrolled));
    }

    /**
     * A new salt draws every user of an experiment anew. Whether it is new the buckets tell that were published.
     *
     * @throws Refusal naming every active experiment whose salt has changed, unless the run is told to reshuffle it
     */
    private static void requireSameSalts(Run run) {
        Map<String, Row> published = new HashMap<>();
        run.lake()
                .published(Tables.ALLOCATIONS, run.earlier())
                .where(col("reason").notEqual(Reason.INACTIVE.label()))
                .groupBy("experiment_id")
                .agg(min(struct("user_id", "bucket")).as("one"))
                .collectAsList()
                .forEach(row -> published.put(row.getString(0), row.getStruct(1)));
        List<String> changed = run.experiments().stream()
                .filter(experiment -> published.containsKey(experiment.experimentId())
                        && experiment.status() == Experiment.Status.ACTIVE
                        && !run.reshuffled().contains(experiment.experimentId()))
                .filter(experiment -> {
                    Row one = published.get(experiment.experimentId());
                    double bucket =
                            Bucketing.of(experiment.salt(), Purpose.ENROLMENT).bucket(one.getString(0));
                    return bucket != one.getDouble(1);
                })
                .map(experiment ->
                        "%s: salt '%s' of %s is not the one its published users were drawn with: a new salt reshuffles every"
                                        .formatted(experiment.file(), experiment.salt(), experiment.experimentId())
                                + " user. Restore the salt, or accept it with --reshuffle %s"
                                        .formatted(experiment.experimentId()))
                .toList();
        if (!changed.isEmpty()) {
            throw new Refusal(ExitCode.CONFIGURATION, String.join("\n", changed));
        }
    }

    /**
     * The first exposure with a score of every user and experiment, carried forward or found since, with what was known of
     * that score: what a user is given does not change because a model does.
     *
     * @param before enrolments published before
     * @param scores the scores of all runs
     */
    static Dataset<Row> enrolments(
            Dataset<Row> before, Dataset<Row> exposures, Dataset<Row> scores, List<Experiment> experiments) {
        Column features = map(experiments.stream()
                        .flatMap(experiment -> Stream.of(lit(experiment.experimentId()), lit(experiment.featureId())))
                        .toArray(Column[]::new))
                .cast("map<string, string>");
        Dataset<Row> known =
                before.select("experiment_id", "user_id", "score", "segment", "no_benefit", "model_id", "enrolled_at");
        String[] key = {"experiment_id", "user_id"};
        Dataset<Row> fresh = exposures
                .where(col("score").isNotNull().and(col("segment").isNotNull()))
                .withColumn("feature_id", features.getItem(col("experiment_id")))
                .where(col("feature_id").isNotNull())
                .join(known, key, "left_anti")
                .groupBy("experiment_id", "feature_id", "user_id")
                .agg(min(struct("exposed_at", "score", "segment", "run_id")).as("first"))
                .select(
                        col("experiment_id"),
                        col("feature_id"),
                        col("user_id"),
                        col("first.exposed_at").as("enrolled_at"),
                        col("first.score").as("score"),
                        col("first.segment").as("segment"),
                        col("first.run_id").as("run_id"))
                .join(
                        scores.select("run_id", "feature_id", "user_id", "no_benefit", "model_id"),
                        new String[] {"run_id", "feature_id", "user_id"},
                        "left")
                .withColumn("no_benefit", coalesce(col("no_benefit"), lit(false)))
                .drop("run_id", "feature_id");
        return known.unionByName(fresh);
    }

    /** One row per user and experiment. */
    static Dataset<Row> allocate(Dataset<Row> profiles, Dataset<Row> scores, Dataset<Row> enrolments, Run run) {
        Dataset<Row> byUser = profiles.join(
                        byKey(scores, "feature_id", "scores", "score", "no_benefit", "source", "model_id"),
                        new String[] {"user_id"},
                        "left")
                .join(
                        byKey(enrolments, "experiment_id", "enrolled", "score", "no_benefit", "model_id"),
                        new String[] {"user_id"},
                        "left");
        Map<String, Allocator> allocators = new TreeMap<>();
        List<Column> candidates = new ArrayList<>();
        for (Experiment experiment : run.experiments()) {
            allocators.put(
                    experiment.experimentId(),
                    experiment.allocator(run.settings().lake().holdout(), run.parameters(experiment), run.asOf()));
            candidates.add(candidate(experiment, profiles, run));
        }
        UDF3<String, Row, Row, Row> decide = (experimentId, buckets, candidate) ->
                row(allocators.get(experimentId).decide(buckets(buckets), candidate(candidate)));
        return byUser.select(
                        col("user_id"),
                        explode(array(candidates.toArray(Column[]::new))).as("c"))
                .withColumn(
                        "d", udf(decide, DECISION).apply(col("c.experiment_id"), col("c.buckets"), col("c.candidate")))
                .select(
                        col("c.experiment_id"),
                        col("user_id"),
                        col("d.enabled"),
                        col("c.candidate.score"),
                        col("d.segment"),
                        col("d.tier"),
                        col("d.bucket"),
                        col("d.base_probability"),
                        col("d.share"),
                        col("d.propensity"),
                        col("d.reason"),
                        col("c.parameters_version"),
                        col("c.model_id"));
    }

    private static Dataset<Row> byKey(Dataset<Row> rows, String key, String as, String... values) {
        Column[] columns = Arrays.stream(values).map(name -> col(name)).toArray(Column[]::new);
        return rows.groupBy("user_id")
                .agg(map_from_entries(collect_list(struct(col(key), struct(columns))))
                        .as(as));
    }

    private static Column candidate(Experiment experiment, Dataset<Row> profiles, Run run) {
        Column scored = col("scores").getItem(experiment.featureId());
        Column enrolled = col("enrolled").getItem(experiment.experimentId());
        boolean keeps = experiment.stickiness() == Stickiness.ENROLMENT;
        Column today = when(scored.getField("source").notEqual("prior"), scored.getField("score"));
        Column score = keeps ? coalesce(enrolled.getField("score"), today) : today;
        Column model = keeps
                ? when(enrolled.isNotNull(), enrolled.getField("model_id")).otherwise(scored.getField("model_id"))
                : scored.getField("model_id");
        Column newest = scored.getField("no_benefit");
        Column noBenefit = keeps ? coalesce(enrolled.getField("no_benefit"), newest) : newest;
        String salt = experiment.salt();
        return struct(
                lit(experiment.experimentId()).as("experiment_id"),
                struct(
                                bucket(run.settings().lake().holdoutSalt(), Purpose.HOLDOUT),
                                bucket(experiment.layer().name(), Purpose.LAYER),
                                bucket(salt, Purpose.EXPLORATION),
                                bucket(salt, Purpose.COIN),
                                bucket(salt, Purpose.ENROLMENT))
                        .as("buckets"),
                struct(
                                score.as("score"),
                                coalesce(noBenefit, lit(false)).as("no_benefit"),
                                Eligibility.of(experiment, profiles).as("eligible"),
                                BanditContext.of(experiment, profiles.schema()).as("context"))
                        .as("candidate"),
                lit(run.parameters(experiment).version()).as("parameters_version"),
                when(score.isNotNull(), model).as("model_id"));
    }

    /** The same number as {@link io.flagcast.allocation.Bucketing}, compiled into the plan. */
    static Column bucket(String salt, Purpose purpose) {
        return shiftrightunsigned(xxhash64(lit(salt + ":" + purpose.label()), col("user_id")), 11)
                .divide(lit(TWO_TO_53))
                .as(purpose.label());
    }

    private static Buckets buckets(Row row) {
        return new Buckets(row.getDouble(0), row.getDouble(1), row.getDouble(2), row.getDouble(3), row.getDouble(4));
    }

    private static Candidate candidate(Row row) {
        OptionalDouble score = row.isNullAt(0) ? OptionalDouble.empty() : OptionalDouble.of(row.getDouble(0));
        return new Candidate(score, row.getBoolean(1), row.getBoolean(2), row.getString(3));
    }

    private static Row row(Decision decision) {
        return RowFactory.create(
                decision.enabled(),
                decision.segment().orElse(null),
                decision.tier().isPresent() ? decision.tier().getAsInt() : null,
                decision.bucket(),
                decision.baseProbability(),
                decision.share(),
                decision.propensity(),
                decision.reason().label());
    }
}
