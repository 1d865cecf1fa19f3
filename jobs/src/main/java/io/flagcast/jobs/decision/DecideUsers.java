package io.flagcast.jobs.decision;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_list;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.map_from_entries;
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
import io.flagcast.jobs.run.Rollout;
import io.flagcast.settings.Eligibility;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.StructType;

/** The decision of {@link Allocator} as a transformation of profiles, scores and enrolments. */
public final class DecideUsers {

    private static final double TWO_TO_53 = 0x1p53;
    private static final StructType DECISION = StructType.fromDDL(
            "enabled BOOLEAN, segment STRING, tier INT, bucket DOUBLE, base_probability DOUBLE, share DOUBLE,"
                    + " propensity DOUBLE, reason STRING");

    private DecideUsers() {}

    /**
     * Decides every experiment for every user.
     *
     * @param profiles one row per user, with what eligibility and context name
     * @param scores one row per user and feature, as in {@code responsiveness_scores}
     * @param enrolments one row per user and experiment, as in {@code enrolments}
     * @param rollouts what is decided
     * @param holdoutSalt the lake's
     * @return the columns of {@code allocations} without run and as-of, one row per user and experiment
     */
    public static Dataset<Row> decide(
            Dataset<Row> profiles,
            Dataset<Row> scores,
            Dataset<Row> enrolments,
            List<Rollout> rollouts,
            String holdoutSalt) {
        Dataset<Row> users = profiles.join(
                        byKey(
                                ofFeatures(scores, rollouts),
                                "feature_id",
                                "_scores",
                                "score",
                                "no_benefit",
                                "source",
                                "model_id"),
                        new String[] {"user_id"},
                        "left")
                .join(
                        byKey(enrolments, "experiment_id", "_enrolled", "score", "no_benefit", "model_id"),
                        new String[] {"user_id"},
                        "left");
        Column[] decisions = rollouts.stream()
                .map(rollout -> decision(rollout, profiles, holdoutSalt))
                .toArray(Column[]::new);
        return users.select(col("user_id"), explode(array(decisions)).as("d"))
                .select(
                        col("d.experiment_id"),
                        col("user_id"),
                        col("d.decision.enabled"),
                        col("d.score"),
                        col("d.decision.segment"),
                        col("d.decision.tier"),
                        col("d.decision.bucket"),
                        col("d.decision.base_probability"),
                        col("d.decision.share"),
                        col("d.decision.propensity"),
                        col("d.decision.reason"),
                        col("d.parameters_version"),
                        col("d.model_id"));
    }

    /** Scores that are decided by: of families there may be thousands of others. */
    private static Dataset<Row> ofFeatures(Dataset<Row> scores, List<Rollout> rollouts) {
        return scores.where(col("feature_id")
                .isin(rollouts.stream()
                        .map(rollout -> rollout.experiment().featureId())
                        .distinct()
                        .toArray()));
    }

    private static Dataset<Row> byKey(Dataset<Row> rows, String key, String as, String... values) {
        Column[] columns = Arrays.stream(values).map(functions::col).toArray(Column[]::new);
        return rows.groupBy("user_id")
                .agg(map_from_entries(collect_list(struct(col(key), struct(columns))))
                        .as(as));
    }

    private static Column decision(Rollout rollout, Dataset<Row> profiles, String holdoutSalt) {
        Experiment experiment = rollout.experiment();
        Column scored = col("_scores").getItem(experiment.featureId());
        Column enrolled = col("_enrolled").getItem(experiment.experimentId());
        boolean keeps = experiment.stickiness() == Stickiness.ENROLMENT;
        Column today = when(scored.getField("source").notEqual("prior"), scored.getField("score"));
        Column score = keeps ? coalesce(enrolled.getField("score"), today) : today;
        Column model = keeps
                ? when(enrolled.isNotNull(), enrolled.getField("model_id")).otherwise(scored.getField("model_id"))
                : scored.getField("model_id");
        Column newest = scored.getField("no_benefit");
        Column noBenefit = keeps ? coalesce(enrolled.getField("no_benefit"), newest) : newest;
        Column candidate = struct(
                score.as("score"),
                coalesce(noBenefit, lit(false)).as("no_benefit"),
                Eligibility.of(experiment, profiles).as("eligible"),
                BanditContext.of(experiment, profiles.schema()).as("context"));
        Allocator allocator = rollout.allocator();
        UDF2<Row, Row, Row> decide = (buckets, user) -> row(allocator.decide(buckets(buckets), candidate(user)));
        return struct(
                lit(experiment.experimentId()).as("experiment_id"),
                score.as("score"),
                udf(decide, DECISION)
                        .apply(buckets(experiment, holdoutSalt), candidate)
                        .as("decision"),
                lit(rollout.parameters().version()).as("parameters_version"),
                when(score.isNotNull(), model).as("model_id"));
    }

    private static Column buckets(Experiment experiment, String holdoutSalt) {
        return struct(
                bucket(holdoutSalt, Purpose.HOLDOUT),
                bucket(experiment.layer().name(), Purpose.LAYER),
                bucket(experiment.salt(), Purpose.EXPLORATION),
                bucket(experiment.salt(), Purpose.COIN),
                bucket(experiment.salt(), Purpose.ENROLMENT));
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
