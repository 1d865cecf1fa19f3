package io.flagcast.jobs.stages.allocate;

import static java.util.stream.Collectors.toSet;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.map;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.struct;

import io.flagcast.allocation.Bucketing;
import io.flagcast.allocation.Bucketing.Purpose;
import io.flagcast.allocation.Decision.Reason;
import io.flagcast.allocation.Layer;
import io.flagcast.experiments.Experiment;
import io.flagcast.experiments.NetValue;
import io.flagcast.jobs.decision.BanditContext;
import io.flagcast.jobs.decision.DecideUsers;
import io.flagcast.jobs.decision.NetColumns;
import io.flagcast.jobs.decision.UnscoredUsers;
import io.flagcast.jobs.run.Rollout;
import io.flagcast.jobs.run.Run;
import io.flagcast.jobs.run.StageResult;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import io.flagcast.settings.Settings;
import io.flagcast.tables.Tables;
import io.flagcast.training.Scoring;
import io.flagcast.training.Scoring.Scorer;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/** Stage allocate: profiles, scores and parameters to a decision for every user in every experiment. */
public final class AllocateUsers {

    private AllocateUsers() {}

    public static StageResult run(Run run) {
        String runId = run.id().toString();
        Dataset<Row> profiles = run.lake().slice(Tables.USER_PROFILES, runId);
        Dataset<Row> scores = run.lake().slice(Tables.RESPONSIVENESS_SCORES, runId);
        requireSameSalts(run);
        BanditContext.requireFewCells(run.experiments(), profiles);
        UnscoredUsers.shed(run.lake(), run.earlier(), run.rollouts()).forEach(run.progress()::notice);
        run.experiments()
                .forEach(experiment -> NetColumns.unknown(experiment, profiles).ifPresent(run.progress()::notice));

        Dataset<Row> enrolments = enrolments(
                run.lake().published(Tables.ENROLMENTS, run.earlier()),
                run.inputs().exposures(),
                run.lake().history(Tables.RESPONSIVENESS_SCORES),
                run.experiments());
        long enrolled = run.lake().replaceSlice(Tables.ENROLMENTS, run.id(), enrolments);
        Dataset<Row> kept = run.lake().slice(Tables.ENROLMENTS, runId);
        Dataset<Row> allocations = decided(run, profiles, scores, kept);

        long allocated = run.lake().replaceSlice(Tables.ALLOCATIONS, run.id(), allocations);
        long decided = run.lake()
                .replaceSlice(
                        Tables.EXPERIMENTS,
                        run.id(),
                        experiments(run.rollouts(), run.settings().lake()));
        return StageResult.wrote(
                scores.count(),
                Map.of(Tables.ENROLMENTS, enrolled, Tables.ALLOCATIONS, allocated, Tables.EXPERIMENTS, decided),
                "%,d decisions in %d experiments, %,d users enrolled"
                        .formatted(allocated, run.experiments().size(), enrolled));
    }

    /**
     * The decisions. Where this process has scored the users, scores are made again from their profiles: that takes less than bringing
     * together what lies in the table, and gives the same.
     */
    private static Dataset<Row> decided(Run run, Dataset<Row> profiles, Dataset<Row> scores, Dataset<Row> enrolments) {
        Set<String> features =
                run.experiments().stream().map(Experiment::featureId).collect(toSet());
        List<Scorer> scorers = run.scored().get().stream()
                .filter(scorer -> features.contains(scorer.featureId()))
                .toList();
        String salt = run.settings().lake().holdoutSalt();
        return scorers.size() == features.size()
                ? DecideUsers.decide(profiles, Scoring.ofProfile(scorers), enrolments, run.rollouts(), salt)
                : DecideUsers.decide(profiles, scores, enrolments, run.rollouts(), salt);
    }

    /** The rows of table {@code experiments}, without run and as-of. */
    public static List<Row> experiments(List<Rollout> rollouts, Settings.LakeSettings lake) {
        return rollouts.stream()
                .map(rollout -> {
                    Experiment experiment = rollout.experiment();
                    Layer layer = experiment.layer();
                    return RowFactory.create(
                            experiment.experimentId(),
                            experiment.featureId(),
                            rollout.allocator().activity().name().toLowerCase(Locale.ROOT),
                            experiment.treatment(),
                            experiment.salt(),
                            lake.holdoutSalt(),
                            lake.holdout(),
                            RowFactory.create(layer.name(), layer.from(), layer.to()),
                            eligibility(experiment).orElse(null),
                            experiment.exploration(),
                            rollout.allocator().unscored(),
                            rollout.parameters().version());
                })
                .toList();
    }

    /** As services read it, who decide about users without a profile: those of an unknown cost are not eligible, too. */
    private static Optional<String> eligibility(Experiment experiment) {
        Optional<String> cost = experiment
                .value()
                .flatMap(value -> value.cost() instanceof NetValue.Cost.Column column
                        ? Optional.of("`%s` >= 0".formatted(column.column()))
                        : Optional.empty());
        return experiment.eligibility().isPresent() && cost.isPresent()
                ? Optional.of("(%s) AND %s".formatted(experiment.eligibility().get(), cost.get()))
                : experiment.eligibility().or(() -> cost);
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
        Dataset<Row> known = before.select(
                "experiment_id",
                "user_id",
                "score",
                "segment",
                "no_benefit",
                "uplift_bound",
                "uplift_shown",
                "model_id",
                "enrolled_at");
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
                        scores.where(col("feature_id")
                                        .isin(experiments.stream()
                                                .map(Experiment::featureId)
                                                .toArray()))
                                .select(
                                        "run_id",
                                        "feature_id",
                                        "user_id",
                                        "no_benefit",
                                        "uplift_bound",
                                        "uplift_shown",
                                        "model_id"),
                        new String[] {"run_id", "feature_id", "user_id"},
                        "left")
                .withColumn("no_benefit", coalesce(col("no_benefit"), lit(false)))
                .drop("run_id", "feature_id");
        return known.unionByName(fresh);
    }
}
