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
import io.flagcast.experiments.NetValue;
import io.flagcast.jobs.run.Rollout;
import io.flagcast.settings.Eligibility;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.Function;
import java.util.stream.Stream;
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
        List<String> kept = new ArrayList<>(List.of("score", "no_benefit", "model_id"));
        if (NetColumns.isAsked(rollouts.stream().map(Rollout::experiment).toList())) {
            kept.addAll(List.of("uplift_bound", "uplift_shown"));
        }
        List<String> known = Stream.concat(kept.stream(), Stream.of("source")).toList();
        Dataset<Row> users = profiles.join(
                        byKey(ofFeatures(scores, rollouts), "feature_id", "_scores", known),
                        new String[] {"user_id"},
                        "left")
                .join(byKey(enrolments, "experiment_id", "_enrolled", kept), new String[] {"user_id"}, "left");
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

    private static Dataset<Row> byKey(Dataset<Row> rows, String key, String as, List<String> values) {
        Column[] columns = values.stream().map(functions::col).toArray(Column[]::new);
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
        Function<String, Column> known =
                name -> keeps ? coalesce(enrolled.getField(name), scored.getField(name)) : scored.getField(name);
        Column noBenefit = known.apply("no_benefit");
        Column eligible = Eligibility.of(experiment, profiles);
        Column pays = lit(false);
        if (experiment.value().isPresent()) {
            NetValue value = experiment.value().get();
            Column cost = NetColumns.cost(experiment, value, profiles.schema());
            noBenefit = NetColumns.noBenefit(value, cost, known.apply("uplift_bound"), noBenefit);
            eligible = eligible.and(cost.isNotNull());
            pays = NetColumns.pays(value, cost, known.apply("uplift_shown"));
        }
        Column candidate = struct(
                score.as("score"),
                coalesce(noBenefit, lit(false)).as("no_benefit"),
                eligible.as("eligible"),
                BanditContext.of(experiment, profiles.schema()).as("context"),
                pays.as("pays"));
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
        return new Candidate(score, row.getBoolean(1), row.getBoolean(2), row.getString(3), row.getBoolean(4));
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
