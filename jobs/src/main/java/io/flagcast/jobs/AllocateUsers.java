package io.flagcast.jobs;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_list;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.map_from_entries;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.shiftrightunsigned;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;
import static org.apache.spark.sql.functions.xxhash64;

import io.flagcast.allocation.Allocator;
import io.flagcast.allocation.Bucketing.Purpose;
import io.flagcast.allocation.Buckets;
import io.flagcast.allocation.Candidate;
import io.flagcast.allocation.Decision;
import io.flagcast.experiments.Experiment;
import io.flagcast.experiments.Experiment.Stickiness;
import io.flagcast.tables.Tables;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.api.java.UDF3;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
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

        Dataset<Row> enrolments = enrolments(
                run.lake().published(Tables.ENROLMENTS, run.earlier()),
                run.inputs().exposures(),
                run.lake().history(Tables.ALLOCATIONS),
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

    /** The first exposure with a score of every user and experiment: carried forward, or found since. */
    static Dataset<Row> enrolments(
            Dataset<Row> before, Dataset<Row> exposures, Dataset<Row> allocations, List<Experiment> experiments) {
        Object[] ids = experiments.stream().map(Experiment::experimentId).toArray();
        Dataset<Row> known = before.select("experiment_id", "user_id", "score", "segment", "model_id", "enrolled_at");
        String[] key = {"experiment_id", "user_id"};
        Dataset<Row> fresh = exposures
                .where(col("score").isNotNull().and(col("segment").isNotNull()))
                .where(col("experiment_id").isin(ids))
                .join(known, key, "left_anti")
                .groupBy("experiment_id", "user_id")
                .agg(min(struct("exposed_at", "score", "segment", "run_id")).as("first"))
                .select(
                        col("experiment_id"),
                        col("user_id"),
                        col("first.exposed_at").as("enrolled_at"),
                        col("first.score").as("score"),
                        col("first.segment").as("segment"),
                        col("first.run_id").as("run_id"))
                .join(
                        allocations.select("run_id", "experiment_id", "user_id", "model_id"),
                        new String[] {"run_id", "experiment_id", "user_id"},
                        "left")
                .drop("run_id");
        return known.unionByName(fresh);
    }

    /** One row per user and experiment. */
    static Dataset<Row> allocate(Dataset<Row> profiles, Dataset<Row> scores, Dataset<Row> enrolments, Run run) {
        Dataset<Row> byUser = profiles.join(
                        byKey(scores, "feature_id", "scores", "score", "no_benefit", "source", "model_id"),
                        new String[] {"user_id"},
                        "left")
                .join(
                        byKey(enrolments, "experiment_id", "enrolled", "score", "model_id"),
                        new String[] {"user_id"},
                        "left");
        Map<String, Allocator> allocators = new TreeMap<>();
        List<Column> candidates = new ArrayList<>();
        for (Experiment experiment : run.experiments()) {
            allocators.put(
                    experiment.experimentId(),
                    experiment.allocator(run.settings().lake().holdout(), run.parameters(experiment)));
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
                                coalesce(scored.getField("no_benefit"), lit(false))
                                        .as("no_benefit"),
                                eligible(experiment, profiles).as("eligible"))
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

    private static Column eligible(Experiment experiment, Dataset<Row> profiles) {
        if (experiment.eligibility().isEmpty()) {
            return lit(true);
        }
        String expression = experiment.eligibility().get();
        try {
            DataType type =
                    profiles.select(expr(expression)).schema().fields()[0].dataType();
            if (!type.equals(DataTypes.BooleanType)) {
                throw new Refusal(
                        ExitCode.CONFIGURATION,
                        "%s: eligibility \"%s\" is %s, not a condition"
                                .formatted(experiment.file(), expression, type.sql()));
            }
        } catch (Exception e) {
            // Spark declares no checked exceptions in Java, yet throws AnalysisException and ParseException.
            if (e instanceof AnalysisException) {
                throw new Refusal(
                        ExitCode.CONFIGURATION,
                        "%s: eligibility \"%s\" cannot be evaluated over the profile, which has %s: %s"
                                .formatted(
                                        experiment.file(),
                                        expression,
                                        String.join(", ", profiles.columns()),
                                        e.getMessage().lines().findFirst().orElse("")),
                        e);
            }
            throw e;
        }
        return coalesce(expr(expression), lit(false));
    }

    private static Buckets buckets(Row row) {
        return new Buckets(row.getDouble(0), row.getDouble(1), row.getDouble(2), row.getDouble(3), row.getDouble(4));
    }

    private static Candidate candidate(Row row) {
        OptionalDouble score = row.isNullAt(0) ? OptionalDouble.empty() : OptionalDouble.of(row.getDouble(0));
        return new Candidate(score, row.getBoolean(1), row.getBoolean(2));
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
