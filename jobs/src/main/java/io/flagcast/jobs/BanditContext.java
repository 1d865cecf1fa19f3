package io.flagcast.jobs;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.to_json;
import static org.apache.spark.sql.functions.when;

import io.flagcast.allocation.Cell;
import io.flagcast.allocation.Decision.Reason;
import io.flagcast.allocation.Policy;
import io.flagcast.experiments.Experiment;
import io.flagcast.experiments.Experiment.Stickiness;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.StringType;
import org.apache.spark.sql.types.StructType;

/** Users' values of the columns by which a bandit splits segments into cells, as {@link Cell#context} has them. */
final class BanditContext {

    /** The cell of everybody in a segment whose users differ in no column. */
    private static final Column NONE = lit("{}");

    private BanditContext() {}

    private static List<String> columns(Experiment experiment) {
        return experiment.allocation() instanceof Policy.Bandit bandit ? bandit.context() : List.of();
    }

    /**
     * The context of a profile in an experiment; empty where the experiment has none.
     *
     * @param profiles columns of the profiles
     * @throws Refusal where a column is not there, or is no text
     */
    static Column of(Experiment experiment, StructType profiles) {
        List<String> columns = columns(experiment);
        for (String name : columns) {
            if (!Arrays.asList(profiles.fieldNames()).contains(name)) {
                throw new Refusal(
                        ExitCode.CONFIGURATION,
                        "%s: context names '%s', which is no column of the profile, which has %s"
                                .formatted(experiment.file(), name, String.join(", ", profiles.fieldNames())));
            }
            if (!(profiles.apply(name).dataType() instanceof StringType)) {
                throw new Refusal(
                        ExitCode.CONFIGURATION,
                        "%s: context names '%s', which is %s: a bandit's context is categorical (STRING)"
                                .formatted(
                                        experiment.file(),
                                        name,
                                        profiles.apply(name).dataType().sql()));
            }
        }
        return columns.isEmpty()
                ? lit("")
                : to_json(
                        struct(columns.stream().map(functions::col).toArray(Column[]::new)),
                        Map.of("ignoreNullFields", "true"));
    }

    /**
     * Counts the cells of every bandit that has a context.
     *
     * @throws Refusal where there are more than {@link Policy.Bandit#MOST_CELLS}
     */
    static void requireFewCells(List<Experiment> experiments, Dataset<Row> profiles) {
        for (Experiment experiment : experiments) {
            if (columns(experiment).isEmpty()) {
                continue;
            }
            long contexts = profiles.select(of(experiment, profiles.schema()))
                    .distinct()
                    .count();
            long cells = contexts * experiment.segments().names().size();
            if (cells > Policy.Bandit.MOST_CELLS) {
                throw new Refusal(
                        ExitCode.CONFIGURATION,
                        "%s: context %s has %,d values in %d segments, %,d cells of at most %d: name columns with fewer values"
                                .formatted(
                                        experiment.file(),
                                        columns(experiment),
                                        contexts,
                                        experiment.segments().names().size(),
                                        cells,
                                        Policy.Bandit.MOST_CELLS));
            }
        }
    }

    /**
     * Exposures with the column {@code context}: the bandit cell that learns from them. Empty where none does: in other
     * experiments, and for users who were known to have no benefit, whom a bandit cannot move.
     *
     * @param exposures as they are measured
     * @param profiles of the run; a user without one has no value of any column
     * @param enrolments of the run
     * @param scores of all runs
     */
    static Dataset<Row> join(
            Dataset<Row> exposures,
            Dataset<Row> profiles,
            Dataset<Row> enrolments,
            Dataset<Row> scores,
            List<Experiment> experiments) {
        List<Experiment> bandits = experiments.stream()
                .filter(experiment -> experiment.allocation() instanceof Policy.Bandit)
                .toList();
        if (bandits.isEmpty()) {
            return exposures.withColumn("context", lit(""));
        }
        Column context = lit("");
        Column feature = lit("");
        List<String> kept = bandits.stream()
                .filter(experiment -> experiment.stickiness() == Stickiness.ENROLMENT)
                .map(Experiment::experimentId)
                .toList();
        List<Column> own = new ArrayList<>(List.of(col("user_id")));
        List<String> further = new ArrayList<>(List.of("_feature_id", "_kept", "_then"));
        for (int i = 0; i < bandits.size(); i++) {
            Column here = col("experiment_id").equalTo(bandits.get(i).experimentId());
            own.add(of(bandits.get(i), profiles.schema()).as("_context" + i));
            further.add("_context" + i);
            Column known = when(col("_context" + i).equalTo(""), NONE).otherwise(coalesce(col("_context" + i), NONE));
            context = when(here, known).otherwise(context);
            feature = when(here, lit(bandits.get(i).featureId())).otherwise(feature);
        }
        Column noBenefit = coalesce(
                when(col("experiment_id").isin(kept.toArray()), col("_kept")),
                col("_then"),
                col("reason").equalTo(Reason.NO_BENEFIT.label()),
                lit(false));
        return exposures
                .withColumn("_feature_id", feature)
                .join(profiles.select(own.toArray(Column[]::new)), new String[] {"user_id"}, "left")
                .join(
                        enrolments.select(
                                col("experiment_id"),
                                col("user_id"),
                                col("no_benefit").as("_kept")),
                        new String[] {"experiment_id", "user_id"},
                        "left")
                .join(
                        scores.select(
                                col("run_id"),
                                col("feature_id").as("_feature_id"),
                                col("user_id"),
                                col("no_benefit").as("_then")),
                        new String[] {"run_id", "_feature_id", "user_id"},
                        "left")
                .withColumn("context", when(noBenefit, "").otherwise(context))
                .drop(further.toArray(String[]::new));
    }
}
