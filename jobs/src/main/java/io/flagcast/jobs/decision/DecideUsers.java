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
        boolean asks = rollouts.stream()
                .anyMatch(rollout -> rollout.experiment().value().isPresent());
        Dataset<Row> users = profiles.join(
                        byUser(ofFeatures(scores, rollouts), "feature_id", "_scores", asks),
                        new String[] {"user_id"},
                        "left")
                .join(
                        byUser(
                                enrolments.withColumn("source", lit(null).cast(DataTypes.StringType)),
                                "experiment_id",
                                "_enrolled",
                                asks),
                        new String[] {"user_id"},
                        "left");
        StructType arguments = new StructType()
                .add("user_id", DataTypes.StringType)
                .add("scores", users.schema().apply("_scores").dataType())
                .add("enrolled", users.schema().apply("_enrolled").dataType());
        int first = arguments.size();
        List<Column> columns = new ArrayList<>(List.of(col("user_id"), col("_scores"), col("_enrolled")));
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
            Map<UTF8String, InternalRow> scored = ExperimentDecision.byKey(user.isNullAt(1) ? null : user.getArray(1));
            Map<UTF8String, InternalRow> enrolled =
                    ExperimentDecision.byKey(user.isNullAt(2) ? null : user.getArray(2));
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
                                "decisions",
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

    /** Per user an array of what rows say, {@link ExperimentDecision#KNOWN} behind their key. */
    private static Dataset<Row> byUser(Dataset<Row> rows, String key, String as, boolean asks) {
        List<Column> known = new ArrayList<>(List.of(col(key)));
        ExperimentDecision.KNOWN.forEach(name -> known.add(
                asks || !name.startsWith("uplift_")
                        ? col(name)
                        : lit(null).cast(DataTypes.DoubleType).as(name)));
        return rows.groupBy("user_id")
                .agg(collect_list(struct(known.toArray(Column[]::new))).as(as));
    }
}
