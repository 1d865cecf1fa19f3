package io.flagcast.features;

import static org.apache.spark.sql.functions.bool_or;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_list;
import static org.apache.spark.sql.functions.collect_set;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.count_if;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.map;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.size;
import static org.apache.spark.sql.functions.sort_array;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.when;

import io.flagcast.statistics.Arrivals;
import io.flagcast.statistics.Metric.Kind;
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
     * The examples whose outcome window has closed, with all outcomes up to then. A user with contradictory answers (see {@link #repeats}) is no
     * example of the feature: which arm the response belongs to is unknown.
     *
     * @param arrivals up to when outcomes are in; nothing at or after its as-of is looked at
     * @param users valid users
     * @param histories of the valid events before the as-of, from {@link Usage#histories}
     * @param exposures valid exposures before the as-of
     * @param outcomes valid outcomes before the as-of; one without a value counts as 1
     * @return {@code training_examples} without run and as-of, {@link Usage#AMOUNTS} after the predictors
     */
    public Dataset<Row> before(
            Arrivals arrivals,
            Dataset<Row> users,
            Dataset<Row> histories,
            Dataset<Row> exposures,
            Dataset<Row> outcomes) {
        return of(
                arrivals,
                users,
                histories,
                met(exposures.where(col("exposed_at").lt(lit(arrivals.asOf())))),
                outcomes);
    }

    /**
     * The same of users whose exposures are brought together already.
     *
     * @param met what {@link #met} makes of valid exposures before the as-of
     */
    public Dataset<Row> of(
            Arrivals arrivals, Dataset<Row> users, Dataset<Row> histories, Dataset<Row> met, Dataset<Row> outcomes) {
        Dataset<Row> closed = met.where(not(col("contradictory")))
                .select("feature_id", "user_id", "first.*")
                .withColumn("_response", definitions().getItem(col("feature_id")))
                .withColumn("_closes_at", expr("exposed_at + make_dt_interval(0, 0, 0, _response.within_seconds)"))
                .where(col("_closes_at").leq(settled(arrivals).getItem(col("feature_id"))));
        Dataset<Row> happened = outcomes.groupBy("user_id")
                .agg(sort_array(collect_list(struct(
                                col("occurred_at"),
                                col("outcome"),
                                coalesce(col("value"), lit(1.0)).as("value"))))
                        .as("_happened"));
        String counted = "filter(coalesce(_happened, array()), o -> o.outcome = _response.outcome"
                + " AND o.occurred_at >= exposed_at AND o.occurred_at < _closes_at)";
        Column any = expr("CASE WHEN size(_counted) > 0 THEN 1D ELSE 0D END");
        Column amount = expr("aggregate(_counted, 0D, (sum, o) -> sum + o.value)");
        Dataset<Row> examples = closed.join(happened, new String[] {"user_id"}, "left")
                .withColumn("_counted", expr(counted))
                .withColumn(
                        "response",
                        when(col("_response.kind").equalTo(Kind.PROPORTION.name()), any)
                                .otherwise(amount));
        Dataset<Row> cut = examples.withColumn("cut_at", col("exposed_at"));
        List<String> columns = new ArrayList<>(
                List.of("feature_id", "experiment_id", "user_id", "exposed_at", "enabled", "propensity", "response"));
        columns.addAll(Profiles.names(predictors, usage));
        columns.add(Usage.AMOUNTS);
        return usage.before(cut, histories)
                .join(Profiles.attributes(users, predictors), new String[] {"user_id"}, "left")
                .select(Profiles.columns(columns));
    }

    /**
     * How often users met a feature again, and how many got contradictory answers: enabled and not enabled in one
     * experiment under one version of its parameters and, where the run that decided is logged, by one run: scores move
     * from run to run. All exposures without a version have the same one, and likewise without a run; and where an answer
     * was decided elsewhere ({@link ExposureAttribution#ELSEWHERE}), all of the user's in the experiment are of one log.
     *
     * @param met what {@link #met} makes of valid exposures before the as-of, whether their outcome window has closed or not
     * @return per feature that is learned and was met: {@code feature_id}, {@code users} who met it, {@code repeated}
     *     exposures beyond each user's first (an {@code exposure_id} counts once), {@code contradictory} users
     */
    public static Dataset<Row> repeats(Dataset<Row> met) {
        return met.groupBy("feature_id")
                .agg(
                        count(lit(1)).as("users"),
                        sum(col("exposures").minus(1)).as("repeated"),
                        count_if(col("contradictory")).as("contradictory"));
    }

    /** What counts as a response, by feature. */
    private Column settled(Arrivals arrivals) {
        return map(responses.stream()
                        .flatMap(response ->
                                Stream.of(lit(response.featureId()), lit(arrivals.settledUntil(response.outcome()))))
                        .toArray(Column[]::new))
                .cast("map<string, timestamp>");
    }

    private Column definitions() {
        return map(responses.stream()
                        .flatMap(response -> Stream.of(
                                lit(response.featureId()),
                                struct(
                                        lit(response.kind().name()).as("kind"),
                                        lit(response.outcome()).as("outcome"),
                                        lit(response.within().toSeconds()).as("within_seconds"))))
                        .toArray(Column[]::new))
                .cast("map<string, struct<kind: string, outcome: string, within_seconds: bigint>>");
    }

    /** One row per feature and user: the first of valid exposures, how many there are, whether they contradict each other. */
    public Dataset<Row> met(Dataset<Row> exposures) {
        List<String> learned =
                responses.stream().map(ResponseDefinition::featureId).toList();
        Column features = map(featureOfExperiment.entrySet().stream()
                        .filter(entry -> learned.contains(entry.getValue()))
                        .flatMap(entry -> Stream.of(lit(entry.getKey()), lit(entry.getValue())))
                        .toArray(Column[]::new))
                .cast("map<string, string>");
        Column questions = collect_set(struct("experiment_id", "parameters_version", "run_id"));
        Column answers = collect_set(struct("experiment_id", "parameters_version", "run_id", "enabled"));
        Column arms = collect_set(struct("experiment_id", "enabled"));
        Column exposed = size(collect_set("exposure_id"))
                .plus(count_if(col("exposure_id").isNull()));
        return exposures
                .withColumn("feature_id", features.getItem(col("experiment_id")))
                .where(col("feature_id").isNotNull())
                .groupBy("feature_id", "user_id")
                .agg(
                        min(struct("exposed_at", "experiment_id", "enabled", "propensity"))
                                .as("first"),
                        exposed.as("exposures"),
                        size(answers)
                                .gt(size(questions))
                                .or(coalesce(bool_or(col("reason").equalTo(ExposureAttribution.ELSEWHERE)), lit(false))
                                        .and(size(arms).gt(size(collect_set("experiment_id")))))
                                .as("contradictory"));
    }
}
