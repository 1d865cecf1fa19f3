package io.flagcast.jobs.stages.measure;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.array_compact;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.map;
import static org.apache.spark.sql.functions.when;

import io.flagcast.allocation.Decision.Reason;
import io.flagcast.experiments.Experiment;
import io.flagcast.experiments.Experiment.Stickiness;
import io.flagcast.jobs.decision.BanditContext;
import io.flagcast.jobs.run.Run;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import io.flagcast.monitoring.SegmentMetrics;
import io.flagcast.tables.Ids;
import io.flagcast.tables.Tables;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;

/**
 * What is known of a user who met an experiment: what the deciding run predicted, and the parts of the segment that the
 * user belongs to.
 */
final class DescribeExposures {

    private DescribeExposures() {}

    /**
     * First exposures with {@code cells} and the predicted responses.
     *
     * <p>A cell is the bandit's that learns from the user, as JSON; users who were known to have no benefit are in none,
     * since a bandit cannot move them. Or it is one value of a dimension, as {@code country=DE}.
     *
     * @param first as {@link io.flagcast.monitoring.FirstExposures#of} gives them
     */
    static Dataset<Row> describe(Dataset<Row> first, Run run) {
        List<Experiment> experiments = run.experiments();
        Dataset<Row> described = first.withColumn("_feature_id", features(experiments))
                .join(
                        run.lake()
                                .history(Tables.RESPONSIVENESS_SCORES)
                                .where(col("feature_id")
                                        .isin(experiments.stream()
                                                .map(Experiment::featureId)
                                                .toArray()))
                                .select(
                                        col("run_id").as("decided_by"),
                                        col("feature_id").as("_feature_id"),
                                        col("user_id"),
                                        col("response_if_enabled"),
                                        col("response_if_not"),
                                        col("no_benefit").as("_then")),
                        new String[] {"decided_by", "_feature_id", "user_id"},
                        "left");
        List<Column> cells = new ArrayList<>();
        List<Experiment> bandits =
                experiments.stream().filter(BanditContext::hasBandit).toList();
        if (!bandits.isEmpty()) {
            described = withContexts(described, bandits, run.slice(Tables.USER_PROFILES))
                    .join(
                            run.slice(Tables.ENROLMENTS)
                                    .select(
                                            col("experiment_id"),
                                            col("user_id"),
                                            col("no_benefit").as("_kept")),
                            new String[] {"experiment_id", "user_id"},
                            "left");
            cells.add(learnedBy(bandits));
        }
        Set<String> dimensions = new LinkedHashSet<>();
        experiments.forEach(experiment -> dimensions.addAll(experiment.dimensions()));
        if (!dimensions.isEmpty()) {
            described = described.join(attributes(run, experiments, dimensions), new String[] {"user_id"}, "left");
            dimensions.forEach(dimension -> cells.add(value(experiments, dimension)));
        }
        return described
                .withColumn(
                        "cells",
                        array_compact(array(cells.toArray(Column[]::new)).cast("array<string>")))
                .drop(Arrays.stream(described.columns())
                        .filter(name -> name.startsWith("_"))
                        .toArray(String[]::new));
    }

    private static Column features(List<Experiment> experiments) {
        return map(experiments.stream()
                        .flatMap(experiment -> Stream.of(lit(experiment.experimentId()), lit(experiment.featureId())))
                        .toArray(Column[]::new))
                .cast("map<string, string>")
                .getItem(col("experiment_id"));
    }

    private static Dataset<Row> withContexts(Dataset<Row> first, List<Experiment> bandits, Dataset<Row> profiles) {
        List<Column> own = new ArrayList<>(List.of(col("user_id")));
        for (int i = 0; i < bandits.size(); i++) {
            own.add(BanditContext.of(bandits.get(i), profiles.schema()).as("_context" + i));
        }
        return first.join(profiles.select(own.toArray(Column[]::new)), new String[] {"user_id"}, "left");
    }

    /** The bandit's cell; NULL where none learns from the user. */
    private static Column learnedBy(List<Experiment> bandits) {
        Column context = lit(null).cast(DataTypes.StringType);
        List<String> kept = new ArrayList<>();
        for (int i = 0; i < bandits.size(); i++) {
            context = when(
                            col("experiment_id").equalTo(bandits.get(i).experimentId()),
                            BanditContext.cell(col("_context" + i)))
                    .otherwise(context);
            if (bandits.get(i).stickiness() == Stickiness.ENROLMENT) {
                kept.add(bandits.get(i).experimentId());
            }
        }
        Column noBenefit = coalesce(
                when(col("experiment_id").isin(kept.toArray()), col("_kept")),
                col("_then"),
                col("reason").equalTo(Reason.NO_BENEFIT.label()),
                lit(false));
        Column scored = col("segment").notEqual(SegmentMetrics.UNSCORED);
        return when(scored.and(functions.not(noBenefit)), context);
    }

    /** Attributes of all users. */
    private static Dataset<Row> attributes(Run run, List<Experiment> experiments, Set<String> dimensions) {
        Dataset<Row> users = run.inputs().valid(Tables.USERS);
        List<String> known = Arrays.asList(users.columns());
        for (Experiment experiment : experiments) {
            for (String dimension : experiment.dimensions()) {
                if (!known.contains(dimension)) {
                    throw new Refusal(
                            ExitCode.CONFIGURATION,
                            "%s: dimensions names '%s', which is no column of users, which has %s"
                                    .formatted(experiment.file(), dimension, Ids.few(known)));
                }
            }
        }
        return users.select(Stream.concat(
                        Stream.of(col("user_id")),
                        dimensions.stream()
                                .map(name -> functions
                                        .col("`" + name + "`")
                                        .cast(DataTypes.StringType)
                                        .as("_" + name)))
                .toArray(Column[]::new));
    }

    /** The part of the segment with the user's value of a dimension; NULL without one. */
    private static Column value(List<Experiment> experiments, String dimension) {
        Object[] declaring = experiments.stream()
                .filter(experiment -> experiment.dimensions().contains(dimension))
                .map(Experiment::experimentId)
                .toArray();
        return when(col("experiment_id").isin(declaring), concat(lit(dimension + "="), col("`_" + dimension + "`")));
    }
}
