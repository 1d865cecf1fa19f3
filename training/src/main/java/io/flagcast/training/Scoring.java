package io.flagcast.training;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.udf;

import io.flagcast.training.learners.Estimate;
import io.flagcast.training.usage.FoldIn;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.api.java.UDF3;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** Scores every user for every feature in one pass over the profiles. */
public final class Scoring {

    /** Score of a user about whom nothing is known. */
    public static final double PRIOR = 50;

    private static final StructType SCORE = StructType.fromDDL(
            "feature_id STRING, family STRING, score DOUBLE, uplift DOUBLE, uplift_bound DOUBLE, uplift_shown DOUBLE,"
                    + " response_if_enabled DOUBLE, response_if_not DOUBLE, affinity DOUBLE, no_benefit BOOLEAN, source STRING, model_id STRING");

    private Scoring() {}

    /**
     * A feature with its model.
     *
     * @param featureId the feature
     * @param modelId the model's id; absent (null) where the feature has none
     * @param model the model; absent (null) where the feature has none, which gives source prior
     */
    public record Scorer(String featureId, String modelId, ResponsivenessModel model) implements Serializable {

        /** The scorer of a feature without a model. */
        public static Scorer prior(String featureId) {
            return new Scorer(featureId, null, null);
        }
    }

    /**
     * The scores of all users, of features that are declared each by itself and of families.
     *
     * @param profiles {@code user_id}, the predictors and {@code usage} (amount by item)
     * @param scorers one per feature
     * @param families one per family
     * @return the columns of {@code responsiveness_scores} without run and as-of
     */
    public static Dataset<Row> score(Dataset<Row> profiles, List<Scorer> scorers, List<FamilyScorer> families) {
        return families.stream()
                .map(family -> family.score(profiles))
                .reduce(score(profiles, scorers), Dataset::unionByName);
    }

    /**
     * The scores of all users. A feature's model scores those of whom any of its predictors is known, where it tells users
     * apart at all; a collaborative one those with usage, and the others by their group. Everybody else has the prior.
     *
     * @param profiles {@code user_id}, the predictors and {@code usage} (amount by item)
     * @param scorers one per feature
     * @return the columns of {@code responsiveness_scores} without run and as-of
     */
    public static Dataset<Row> score(Dataset<Row> profiles, List<Scorer> scorers) {
        Map<String, Column> columns = new LinkedHashMap<>(Map.of("user_id", col("user_id")));
        List<FeatureScorer> scoring = new ArrayList<>();
        for (Scorer scorer : scorers) {
            Optional<ResponsivenessModel> model = Optional.ofNullable(scorer.model());
            Optional<PredictorEncoding> encoding = model.flatMap(ResponsivenessModel::encodes);
            List<String> names = model.map(ResponsivenessModel::inputs).orElse(List.of());
            for (int i = 0; i < names.size(); i++) {
                columns.putIfAbsent(
                        names.get(i), encoding.isPresent() ? encoding.get().columns()[i] : col(names.get(i)));
            }
            List<String> order = List.copyOf(columns.keySet());
            scoring.add(FeatureScorer.of(
                    scorer, names.stream().mapToInt(order::indexOf).toArray()));
        }
        UDF2<Row, scala.collection.Map<String, Double>, Row[]> scoreAll = (predictors, usage) -> {
            Map<String, Double> amounts = FoldIn.amounts(usage);
            return scoring.stream()
                    .map(feature -> feature.score(predictors, amounts))
                    .toArray(Row[]::new);
        };
        return profiles.select(
                        col("user_id"),
                        explode(udf(scoreAll, DataTypes.createArrayType(SCORE))
                                        .apply(struct(columns.values().toArray(Column[]::new)), col("usage")))
                                .as("scored"))
                .select("user_id", "scored.*");
    }

    /**
     * Scores of users who may have been examples of a model, each by what was learned without the user's fold: none of the
     * user's outcomes is in the score, so that outcomes may be compared by it.
     *
     * @param examples {@code training_examples} of the model's feature: predictors as they were before the exposure
     * @return {@code user_id} and {@code score}, on the scale of the model; without users of whom no predictor is known, and
     *     without anybody where the model tells nobody apart or its folds were not kept
     */
    public static Dataset<Row> outOfFold(Dataset<Row> examples, ResponsivenessModel model) {
        Optional<PredictorEncoding> encodes = model.encodes();
        boolean tellsApart = !(model instanceof ResponsivenessModel.Uplift uplift) || uplift.heterogeneous();
        if (encodes.isEmpty() || model.folds().without().isEmpty() || !tellsApart) {
            return examples.select(col("user_id"), lit(PRIOR).as("score")).limit(0);
        }
        PredictorEncoding encoding = encodes.get();
        List<Estimate> without = model.folds().without();
        FoldIn items = encoding.foldIn().orElse(null);
        UDF3<Row, scala.collection.Map<String, Double>, Integer, Double> score = (own, usage, fold) -> {
            Map<String, Double> amounts = FoldIn.amounts(usage);
            if (!encoding.knowsAny(own, amounts)) {
                return null;
            }
            double[] factors = items == null ? new double[0] : items.user(amounts);
            return model.score(without.get(fold).predict(encoding.encode(own, factors)));
        };
        return examples.select(
                        col("user_id"),
                        udf(score, DataTypes.DoubleType)
                                .apply(
                                        struct(encoding.columns()),
                                        col("usage"),
                                        model.folds().fold())
                                .as("score"))
                .where(col("score").isNotNull());
    }

    /** A feature's model, ready for rows whose predictors lie at the given places. */
    @SuppressWarnings("ArrayRecordComponent") // Lives inside one pass.
    private record FeatureScorer(Scorer scorer, int[] places, FoldIn foldIn, Double average) implements Serializable {

        static FeatureScorer of(Scorer scorer, int[] places) {
            FoldIn foldIn = scorer.model() instanceof CollaborativeModel model
                    ? new FoldIn(model.items())
                    : Optional.ofNullable(scorer.model())
                            .flatMap(ResponsivenessModel::encodes)
                            .flatMap(PredictorEncoding::foldIn)
                            .orElse(null);
            Double average = scorer.model() instanceof ResponsivenessModel.Uplift model
                    ? model.shown().ofEverybody()
                    : null;
            return new FeatureScorer(scorer, places, foldIn, average);
        }

        Row score(Row predictors, Map<String, Double> usage) {
            Row own = RowFactory.create(
                    Arrays.stream(places).mapToObj(predictors::get).toArray());
            if (scorer.model() instanceof ResponsivenessModel.Uplift model
                    && model.heterogeneous()
                    && model.encoding().knowsAny(own, usage)) {
                var said = model.predict(vector(model.encoding(), own, usage));
                return RowFactory.create(
                        scorer.featureId(),
                        null,
                        said.score(),
                        said.uplift(),
                        said.bound() == Double.MAX_VALUE ? null : said.bound(),
                        said.shown(),
                        said.ifEnabled(),
                        said.ifNot(),
                        null,
                        said.noBenefit(),
                        "model",
                        scorer.modelId());
            }
            if (scorer.model() instanceof ResponsivenessModel.Propensity model
                    && model.encoding().knowsAny(own, usage)) {
                double response = model.response().predict(vector(model.encoding(), own, usage));
                return row(model.reference().score(response), response, null, "model");
            }
            if (scorer.model() instanceof CollaborativeModel model) {
                Reference reference = model.references().get(scorer.featureId());
                if (foldIn.knowsAny(usage)) {
                    double affinity = foldIn.affinity(foldIn.user(usage), scorer.featureId());
                    return row(reference.score(affinity), null, affinity, "collaborative");
                }
                Double expected = group(model, own);
                if (expected != null) {
                    return row(reference.score(expected), null, expected, "group");
                }
            }
            return RowFactory.create(
                    scorer.featureId(), null, PRIOR, null, null, average, null, null, null, false, "prior", null);
        }

        /** What is expected of the user's group; absent (null) where it is unknown or groups do not differ. */
        private Double group(CollaborativeModel model, Row attributes) {
            CollaborativeModel.Groups groups = model.groups().get(scorer.featureId());
            String level =
                    groups == null ? null : attributes.getString(model.inputs().indexOf(groups.attribute()));
            return level == null ? null : groups.affinities().get(level);
        }

        private double[] vector(PredictorEncoding encoding, Row predictors, Map<String, Double> usage) {
            return encoding.encode(predictors, foldIn == null ? new double[0] : foldIn.user(usage));
        }

        /** Of a score that says nothing of what enabling changes. */
        private Row row(double score, Double response, Double affinity, String source) {
            return RowFactory.create(
                    scorer.featureId(),
                    null,
                    score,
                    null,
                    null,
                    null,
                    response,
                    null,
                    affinity,
                    false,
                    source,
                    scorer.modelId());
        }
    }
}
