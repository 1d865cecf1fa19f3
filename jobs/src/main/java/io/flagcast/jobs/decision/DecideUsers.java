package io.flagcast.jobs.decision;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_list;
import static org.apache.spark.sql.functions.inline;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.struct;

import io.flagcast.allocation.Allocator;
import io.flagcast.allocation.Bucketing;
import io.flagcast.allocation.Bucketing.Purpose;
import io.flagcast.experiments.Experiment;
import io.flagcast.features.RowFunction;
import io.flagcast.jobs.run.Rollout;
import io.flagcast.settings.Eligibility;
import io.flagcast.tables.Tables;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.util.GenericArrayData;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.unsafe.types.UTF8String;

/** The decision of {@link Allocator} as a transformation of profiles, scores and enrolments. */
public final class DecideUsers {

    /** Those of {@code allocations} behind run and as-of. */
    private static final Column[] COLUMNS = Tables.ALLOCATIONS.columnNames().stream()
            .skip(2)
            .map(functions::col)
            .toArray(Column[]::new);

    private static final String SCORES = "_scores";
    private static final String ENROLLED = "_enrolled";

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
        Dataset<Row> byUser = byUser(ofFeatures(scores, rollouts), "feature_id", SCORES, asks(rollouts));
        return decide(
                profiles.join(byUser, new String[] {"user_id"}, "left"),
                col(SCORES),
                enrolments,
                rollouts,
                holdoutSalt);
    }

    /**
     * The same where a user's scores are at hand with the profile, so that none are brought together.
     *
     * @param scores of a profile an array of structs with what {@code responsiveness_scores} says of each feature
     */
    public static Dataset<Row> decide(
            Dataset<Row> profiles, Column scores, Dataset<Row> enrolments, List<Rollout> rollouts, String holdoutSalt) {
        Dataset<Row> users = profiles.join(
                byUser(
                        enrolments.withColumn("source", lit(null).cast(DataTypes.StringType)),
                        "experiment_id",
                        ENROLLED,
                        asks(rollouts)),
                new String[] {"user_id"},
                "left");
        StructType types = users.select(scores.as(SCORES), col(ENROLLED)).schema();
        KnownRows byFeature = new KnownRows(types.apply(SCORES).dataType(), "feature_id");
        KnownRows byExperiment = new KnownRows(types.apply(ENROLLED).dataType(), "experiment_id");
        StructType arguments = new StructType()
                .add("user_id", DataTypes.StringType)
                .add(types.apply(SCORES))
                .add(types.apply(ENROLLED));
        int first = arguments.size();
        List<Column> columns = new ArrayList<>(List.of(col("user_id"), scores, col(ENROLLED)));
        List<ExperimentDecision> experiments = new ArrayList<>();
        for (Rollout rollout : rollouts) {
            Experiment experiment = rollout.experiment();
            experiments.add(new ExperimentDecision(rollout));
            for (StructField own : ExperimentDecision.OWN.fields()) {
                arguments = arguments.add(own);
            }
            columns.add(Eligibility.of(experiment, profiles));
            columns.add(BanditContext.of(experiment, profiles.schema()));
            columns.add(experiment
                    .value()
                    .map(value -> NetColumns.cost(experiment, value, profiles.schema()))
                    .orElse(lit(null)));
        }
        Bucketing holdout = Bucketing.of(holdoutSalt, Purpose.HOLDOUT);
        RowFunction.Body decide = user -> {
            byte[] userId = user.getUTF8String(0).getBytes();
            double heldOut = holdout.bucket(userId);
            Map<UTF8String, InternalRow> scored = byFeature.byKey(user.isNullAt(1) ? null : user.getArray(1));
            Map<UTF8String, InternalRow> enrolled = byExperiment.byKey(user.isNullAt(2) ? null : user.getArray(2));
            Object[] decisions = new Object[experiments.size()];
            for (int i = 0; i < decisions.length; i++) {
                int place = first + i * ExperimentDecision.OWN.size();
                decisions[i] = experiments.get(i).decide(userId, heldOut, scored, enrolled, user, place);
            }
            return new GenericArrayData(decisions);
        };
        return users.select(
                        col("user_id"),
                        inline(RowFunction.of(
                                arguments,
                                DataTypes.createArrayType(ExperimentDecision.DECISION),
                                decide,
                                columns.toArray(Column[]::new))))
                .select(COLUMNS);
    }

    /** Scores that are decided by: of families there may be thousands of others. */
    private static Dataset<Row> ofFeatures(Dataset<Row> scores, List<Rollout> rollouts) {
        return scores.where(col("feature_id")
                .isin(rollouts.stream()
                        .map(rollout -> rollout.experiment().featureId())
                        .distinct()
                        .toArray()));
    }

    private static boolean asks(List<Rollout> rollouts) {
        return rollouts.stream()
                .anyMatch(rollout -> rollout.experiment().value().isPresent());
    }

    /** Per user an array of what rows say, {@link KnownRows#NAMES} behind their key. */
    private static Dataset<Row> byUser(Dataset<Row> rows, String key, String as, boolean asks) {
        List<Column> known = new ArrayList<>(List.of(col(key)));
        KnownRows.NAMES.forEach(name -> known.add(
                asks || !name.startsWith("uplift_")
                        ? col(name)
                        : lit(null).cast(DataTypes.DoubleType).as(name)));
        return rows.groupBy("user_id")
                .agg(collect_list(struct(known.toArray(Column[]::new))).as(as));
    }
}
