package io.flagcast.features;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_list;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.map;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.struct;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * What a model learns from: a user's first exposure to a feature, with the predictors as they were before it.
 *
 * @param responses what counts as a response, per feature
 * @param featureOfExperiment the feature of each experiment
 * @param predictors attributes a model may see
 * @param usage aggregates of usage before the exposure
 */
public record TrainingExamples(
        List<ResponseDefinition> responses,
        Map<String, String> featureOfExperiment,
        Predictors predictors,
        Usage usage) {

    public TrainingExamples {
        responses = List.copyOf(responses);
        featureOfExperiment = Map.copyOf(featureOfExperiment);
        Objects.requireNonNull(predictors, "predictors");
        Objects.requireNonNull(usage, "usage");
    }

    /**
     * The examples whose outcome window has closed.
     *
     * @param asOf nothing at or after it is looked at
     * @param users valid users
     * @param events valid events before the as-of
     * @param exposures valid exposures before the as-of
     * @param outcomes valid outcomes before the as-of
     */
    public Dataset<Row> before(
            Instant asOf, Dataset<Row> users, Dataset<Row> events, Dataset<Row> exposures, Dataset<Row> outcomes) {
        Dataset<Row> closed = firstExposures(exposures)
                .withColumn("_counted", definitions().getItem(col("feature_id")))
                .withColumn("_closes_at", expr("exposed_at + make_dt_interval(0, 0, 0, _counted.within_seconds)"))
                .where(col("_closes_at").leq(lit(asOf)));
        Dataset<Row> happened = outcomes.groupBy("user_id")
                .agg(collect_list(struct("outcome", "occurred_at")).as("_happened"));
        String responded = "exists(coalesce(_happened, array()), o -> o.outcome = _counted.outcome"
                + " AND o.occurred_at >= exposed_at AND o.occurred_at < _closes_at)";
        Dataset<Row> examples = closed.join(happened, new String[] {"user_id"}, "left")
                .withColumn("response", expr(responded).cast("double"));
        Dataset<Row> cut = examples.withColumn("cut_at", col("exposed_at"));
        List<String> columns = new ArrayList<>(
                List.of("feature_id", "experiment_id", "user_id", "exposed_at", "enabled", "propensity", "response"));
        columns.addAll(Profiles.names(predictors, usage));
        return usage.before(cut, events)
                .join(Profiles.attributes(users, predictors), new String[] {"user_id"}, "left")
                .select(Profiles.columns(columns));
    }

    /** What counts as a response, by feature. */
    private Column definitions() {
        return map(responses.stream()
                        .flatMap(response -> Stream.of(
                                lit(response.featureId()),
                                struct(
                                        lit(response.outcome()).as("outcome"),
                                        lit(response.within().toSeconds()).as("within_seconds"))))
                        .toArray(Column[]::new))
                .cast("map<string, struct<outcome: string, within_seconds: bigint>>");
    }

    private Dataset<Row> firstExposures(Dataset<Row> exposures) {
        List<String> learned =
                responses.stream().map(ResponseDefinition::featureId).toList();
        Column features = map(featureOfExperiment.entrySet().stream()
                        .filter(entry -> learned.contains(entry.getValue()))
                        .flatMap(entry -> Stream.of(lit(entry.getKey()), lit(entry.getValue())))
                        .toArray(Column[]::new))
                .cast("map<string, string>");
        return exposures
                .withColumn("feature_id", features.getItem(col("experiment_id")))
                .where(col("feature_id").isNotNull())
                .groupBy("feature_id", "user_id")
                .agg(min(struct("exposed_at", "experiment_id", "enabled", "propensity"))
                        .as("first"))
                .select("feature_id", "user_id", "first.*");
    }
}
