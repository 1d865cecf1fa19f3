package io.flagcast.jobs.questions;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.count_if;
import static org.apache.spark.sql.functions.first;
import static org.apache.spark.sql.functions.floor;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.pmod;
import static org.apache.spark.sql.functions.when;
import static org.apache.spark.sql.functions.xxhash64;

import io.flagcast.allocation.Decision.Reason;
import io.flagcast.allocation.OffPolicyEvaluation;
import io.flagcast.experiments.Experiment;
import io.flagcast.experiments.NetValue;
import io.flagcast.jobs.decision.DecideUsers;
import io.flagcast.jobs.decision.NetColumns;
import io.flagcast.jobs.records.MeasuredDay;
import io.flagcast.jobs.run.Rollout;
import io.flagcast.lake.Lake;
import io.flagcast.lake.inputs.Inputs;
import io.flagcast.monitoring.MeasuredExperiment;
import io.flagcast.monitoring.SegmentMetrics;
import io.flagcast.statistics.Arrivals;
import io.flagcast.statistics.Metric;
import io.flagcast.tables.Tables;
import java.io.Serializable;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.storage.StorageLevel;

/** What policies would have earned on the users who met an experiment: exposures and outcomes to estimates. */
public final class PolicyValues {

    /** The cell of users of whom only what everybody has shown is known. */
    private static final long WITHOUT_SCORE = -1;

    private PolicyValues() {}

    /**
     * What is evaluated on its own.
     *
     * @param metric the reward
     * @param segment a segment of the first policy, {@link SegmentMetrics#UNSCORED} or {@link SegmentMetrics#ALL}
     */
    public record Part(String metric, String segment) implements Serializable, Comparable<Part> {
        @Override
        public int compareTo(Part other) {
            return Comparator.comparing(Part::metric)
                    .thenComparing(Part::segment)
                    .compare(this, other);
        }
    }

    /**
     * The answer.
     *
     * @param parts per part the value of every policy
     * @param withoutPropensity users who are left out: with what probability they were enabled was not logged
     * @param contradicting users who are left out: enabled at probability 0, or not enabled at 1
     */
    public record Result(Map<Part, OffPolicyEvaluation> parts, long withoutPropensity, long contradicting) {}

    /**
     * The users who met an experiment, one row each and metric, with what they earned and what was known of them.
     *
     * <p>What users of a score had shown is that of the run that decided; where its tables are gone, what users of such a
     * score show in the live publication.
     *
     * @param arrivals up to when outcomes are in
     * @param metrics the rewards
     * @return the columns of {@link SegmentMetrics#rewards}, {@code no_benefit}, {@code uplift_bound} and {@code uplift_shown}
     */
    public static Dataset<Row> logged(
            Lake lake, Inputs inputs, Arrivals arrivals, Experiment experiment, List<Metric> metrics) {
        // Users count up to the caps that were looked up for what is live.
        Map<String, Double> caps = MeasuredDay.caps(lake.published(Tables.SEGMENT_DAYS, lake.live()))
                .getOrDefault(experiment.experimentId(), Map.of());
        Dataset<Row> rewards = SegmentMetrics.rewards(
                arrivals,
                inputs.exposures(),
                inputs.valid(Tables.OUTCOMES),
                List.of(new MeasuredExperiment(experiment.experimentId(), metrics, Map.of()).withCaps(caps)));
        Dataset<Row> known = lake.history(Tables.RESPONSIVENESS_SCORES)
                .where(col("feature_id").equalTo(experiment.featureId()))
                .select("run_id", "user_id", "no_benefit", "uplift_bound", "uplift_shown");
        Dataset<Row> live = lake.published(Tables.RESPONSIVENESS_SCORES, lake.live())
                .where(col("feature_id")
                        .equalTo(experiment.featureId())
                        .and(col("source").isin("model", "prior")))
                .groupBy(when(col("source").equalTo("model"), cell(col("score")))
                        .otherwise(WITHOUT_SCORE)
                        .as("cell"))
                .agg(max("uplift_bound").as("live_bound"), max("uplift_shown").as("live_shown"));
        return rewards.join(known, new String[] {"run_id", "user_id"}, "left")
                .withColumn("cell", coalesce(cell(col("score")), lit(WITHOUT_SCORE)))
                .join(live, new String[] {"cell"}, "left")
                .withColumn(
                        "no_benefit",
                        coalesce(col("no_benefit"), col("reason").equalTo(Reason.NO_BENEFIT.label()), lit(false)))
                .withColumn("uplift_bound", coalesce(col("uplift_bound"), col("live_bound")))
                .withColumn("uplift_shown", coalesce(col("uplift_shown"), col("live_shown")))
                .drop("cell", "live_bound", "live_shown");
    }

    /** Users in one have shown the same: a bound is that of ten points of score, what is shown that of half a point. */
    private static Column cell(Column score) {
        return floor(score.multiply(2));
    }

    /**
     * What the same users earned net of cost, in the place of the metric that is worth it.
     *
     * @param logged from {@link #logged}
     * @param profiles as they are published
     * @return without users whose cost is unknown
     */
    public static Dataset<Row> net(Dataset<Row> logged, Dataset<Row> profiles, Experiment experiment, NetValue value) {
        Column cost = NetColumns.cost(experiment, value, profiles.schema());
        Dataset<Row> earned = logged.where(col("metric").equalTo(value.metric().name()));
        // A cost that is everybody's is also that of users without a profile.
        Dataset<Row> costly = value.cost() instanceof NetValue.Cost.Constant
                ? earned.withColumn("cost", cost)
                : earned.join(profiles.select(col("user_id"), cost.as("cost")), "user_id");
        return costly.where(col("cost").isNotNull())
                .withColumn("metric", lit(NetValue.NAME))
                .withColumn(
                        "reward",
                        col("reward")
                                .multiply(value.per())
                                .minus(when(col("enabled"), col("cost")).otherwise(0.0)))
                .drop("cost");
    }

    /**
     * What a rollout decides about logged users, as it would have with what was known of them then; attributes are those
     * of the profiles.
     *
     * @param logged from {@link #logged}
     * @param profiles as they are published
     * @return {@code user_id}, {@code propensity}, {@code segment} and {@code reason}
     */
    public static Dataset<Row> decided(
            Dataset<Row> logged, Dataset<Row> profiles, Rollout rollout, String holdoutSalt) {
        Dataset<Row> users = logged.groupBy("user_id")
                .agg(
                        first("score").as("score"),
                        first("no_benefit").as("no_benefit"),
                        first("uplift_bound").as("uplift_bound"),
                        first("uplift_shown").as("uplift_shown"));
        Dataset<Row> scores = users.select(
                col("user_id"),
                lit(rollout.experiment().featureId()).as("feature_id"),
                col("score"),
                col("no_benefit"),
                col("uplift_bound"),
                col("uplift_shown"),
                when(col("score").isNull(), "prior").otherwise("model").as("source"),
                lit(null).cast(DataTypes.StringType).as("model_id"));
        Dataset<Row> none =
                users.sparkSession().createDataFrame(List.of(), StructType.fromDDL(Tables.ENROLMENTS.schema()));
        return DecideUsers.decide(
                        users.select("user_id").join(profiles, new String[] {"user_id"}, "left"),
                        scores,
                        none,
                        List.of(rollout),
                        holdoutSalt)
                .select("user_id", "propensity", "segment", "reason");
    }

    /** Probability of the policy that enables whomever the experiment may enable at all. */
    public static Column everybody(Column reason) {
        return when(
                        reason.isin(Stream.of(Reason.INACTIVE, Reason.HOLDOUT, Reason.LAYER, Reason.INELIGIBLE)
                                .map(Reason::label)
                                .toArray()),
                        0.0)
                .otherwise(1.0);
    }

    /**
     * Evaluates policies on the same users.
     *
     * @param users {@code user_id}, {@code metric}, {@code enabled}, {@code propensity}, {@code score}, {@code reward},
     *     {@code segment} (absent: unscored), and per policy a column with the probability of being enabled
     * @param policies names of those columns
     */
    public static Result of(Dataset<Row> users, List<String> policies) {
        Column contradicting = col("enabled")
                .and(col("propensity").equalTo(0))
                .or(not(col("enabled")).and(col("propensity").equalTo(1)));
        Dataset<Row> once = users.dropDuplicates("user_id");
        Row left = once.agg(count(lit(1)).minus(count("propensity")), count_if(contradicting))
                .collectAsList()
                .get(0);
        JavaRDD<LoggedUser> rows = users.where(col("propensity").isNotNull().and(not(contradicting)))
                .select(
                        col("metric"),
                        col("score"),
                        coalesce(col("segment"), lit(SegmentMetrics.UNSCORED)),
                        pmod(xxhash64(col("user_id")), lit(OffPolicyEvaluation.BLOCKS))
                                .cast(DataTypes.IntegerType),
                        col("enabled"),
                        col("propensity"),
                        col("reward"),
                        array(policies.stream().map(functions::col).toArray(Column[]::new)))
                .javaRDD()
                .flatMap(row -> LoggedUser.of(row).iterator())
                .persist(StorageLevel.MEMORY_AND_DISK());
        try {
            return new Result(EstimateValues.of(rows, policies.size()), left.getLong(0), left.getLong(1));
        } finally {
            rows.unpersist();
        }
    }
}
