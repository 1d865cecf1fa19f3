package io.flagcast.jobs.questions;

import static org.apache.spark.sql.functions.col;

import io.flagcast.allocation.ParameterChange;
import io.flagcast.allocation.ParameterLog;
import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.decision.BanditContext;
import io.flagcast.jobs.decision.DecideUsers;
import io.flagcast.jobs.records.ParameterTable;
import io.flagcast.jobs.run.Rollout;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.settings.Settings;
import io.flagcast.tables.Tables;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.StructType;

/**
 * Why a user is enabled in an experiment or not.
 *
 * @param userId the user
 * @param experimentId the experiment
 * @param live the publication
 * @param published the user's row of {@code allocations}; absent where the publication does not have the user
 * @param decided what the experiment's file, as it is now, decides about the user
 * @param lines of that decision
 * @param setBy the change that set the user's share or probability; absent where nothing has changed
 */
public record ExplainDecision(
        String userId,
        String experimentId,
        Publication live,
        Optional<Row> published,
        Row decided,
        List<DecisionLine> lines,
        Optional<ParameterChange> setBy) {

    public ExplainDecision {
        lines = List.copyOf(lines);
    }

    /**
     * Explains the decision about a user: published or, for a user who is not, as an application makes it.
     *
     * @throws Refusal with exit code 66 where nothing is published
     */
    public static ExplainDecision of(Lake lake, Settings settings, Experiment experiment, String userId) {
        Publication live = lake.requireLive();
        ParameterLog log = ParameterTable.read(lake);
        Rollout rollout = Rollout.of(List.of(experiment), log.before(live.asOf()), settings.lake(), live.asOf())
                .get(0);
        String salt = settings.lake().holdoutSalt();
        Optional<Row> published = lake
                .published(Tables.ALLOCATIONS, Optional.of(live))
                .where(col("user_id").equalTo(userId).and(col("experiment_id").equalTo(rollout.experimentId())))
                .collectAsList()
                .stream()
                .findFirst();
        Dataset<Row> profile = profile(lake, live, userId);
        Dataset<Row> scores = lake.published(Tables.RESPONSIVENESS_SCORES, Optional.of(live))
                .where(col("user_id").equalTo(userId));
        Dataset<Row> enrolments = lake.published(Tables.ENROLMENTS, Optional.of(live))
                .where(col("user_id").equalTo(userId));
        Row decided = DecideUsers.decide(profile, scores, enrolments, List.of(rollout), salt)
                .collectAsList()
                .get(0);
        String context = profile.select(BanditContext.of(experiment, profile.schema()))
                .collectAsList()
                .get(0)
                .getString(0);
        return new ExplainDecision(
                userId,
                rollout.experimentId(),
                live,
                published,
                decided,
                DecisionLine.of(
                        userId, decided, rollout, salt, GainAndCost.of(experiment, profile, scores, enrolments)),
                setBy(
                        log.until(live.asOf()).of(rollout.experimentId()),
                        published.orElse(decided).getAs("segment"),
                        context));
    }

    /** One row, empty but for the id where the user has no profile. */
    private static Dataset<Row> profile(Lake lake, Publication live, String userId) {
        Dataset<Row> own = lake.published(Tables.USER_PROFILES, Optional.of(live))
                .where(col("user_id").equalTo(userId));
        return lake.spark()
                .createDataFrame(List.of(RowFactory.create(userId)), StructType.fromDDL("user_id STRING"))
                .join(own, new String[] {"user_id"}, "left");
    }

    /**
     * The newest change of the user's cell, else of the whole segment.
     *
     * @param changes of the experiment that the publication uses
     */
    static Optional<ParameterChange> setBy(List<ParameterChange> changes, String segment, String context) {
        return changes.stream()
                .filter(change ->
                        change.isOfExperiment() || change.cell().segment().equals(segment))
                .filter(change ->
                        change.cell().isWhole() || change.cell().context().equals(context))
                .max(Comparator.comparingLong(ParameterChange::version)
                        .thenComparing(change -> change.cell().context()));
    }

    /** The decision that counts. */
    public Row decision() {
        return published.orElse(decided);
    }

    /** Whether the experiment's file decides as it is published: it may have changed since. */
    public boolean filesAgree() {
        return published
                .map(row -> List.of("enabled", "reason", "bucket", "base_probability", "share", "propensity").stream()
                        .allMatch(name -> row.getAs(name).equals(decided.getAs(name))))
                .orElse(true);
    }
}
