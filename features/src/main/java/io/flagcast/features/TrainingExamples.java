package io.flagcast.features;

import static org.apache.spark.sql.functions.broadcast;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.when;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.StructType;

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
        List<Row> definitions = new ArrayList<>();
        responses.forEach(response -> definitions.add(RowFactory.create(
                response.featureId(), response.outcome(), response.within().toSeconds())));
        Dataset<Row> wanted = exposures
                .sparkSession()
                .createDataFrame(
                        definitions, StructType.fromDDL("feature_id STRING, counted STRING, within_seconds BIGINT"));
        Dataset<Row> closed = firstExposures(exposures)
                .join(broadcast(wanted), "feature_id")
                .withColumn("closes_at", expr("exposed_at + make_dt_interval(0, 0, 0, within_seconds)"))
                .where(col("closes_at").leq(lit(asOf)));
        Dataset<Row> happened = outcomes.select(col("user_id").as("who"), col("outcome"), col("occurred_at"));
        Column inside = col("user_id")
                .equalTo(col("who"))
                .and(col("outcome").equalTo(col("counted")))
                .and(col("occurred_at").geq(col("exposed_at")))
                .and(col("occurred_at").lt(col("closes_at")));
        Dataset<Row> examples = closed.join(happened, inside, "left")
                .groupBy("feature_id", "experiment_id", "user_id", "exposed_at", "enabled", "propensity")
                .agg(max(when(col("who").isNotNull(), 1.0).otherwise(0.0)).as("response"));
        Dataset<Row> cut = examples.withColumn("cut_at", col("exposed_at"));
        List<String> columns = new ArrayList<>(
                List.of("feature_id", "experiment_id", "user_id", "exposed_at", "enabled", "propensity", "response"));
        columns.addAll(Profiles.names(predictors, usage));
        return usage.before(cut, events)
                .join(Profiles.attributes(users, predictors), new String[] {"user_id"}, "left")
                .select(Profiles.columns(columns));
    }

    private Dataset<Row> firstExposures(Dataset<Row> exposures) {
        Column feature = lit(null).cast("string");
        for (Map.Entry<String, String> entry : featureOfExperiment.entrySet()) {
            feature = org.apache
                    .spark
                    .sql
                    .functions
                    .when(col("experiment_id").equalTo(entry.getKey()), lit(entry.getValue()))
                    .otherwise(feature);
        }
        return exposures
                .withColumn("feature_id", feature)
                .where(col("feature_id").isNotNull())
                .groupBy("feature_id", "user_id")
                .agg(min(struct("exposed_at", "experiment_id", "enabled", "propensity"))
                        .as("first"))
                .select("feature_id", "user_id", "first.*");
    }
}
