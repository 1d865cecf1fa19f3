package io.flagcast.training;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_list;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.log1p;
import static org.apache.spark.sql.functions.map_from_entries;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.udf;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** Scores every user for every feature in one pass over the profiles. */
public final class Scoring {

    /** Score of a user about whom nothing is known. */
    public static final double PRIOR = 50;

    private static final StructType SCORE = StructType.fromDDL(
            "feature_id STRING, score DOUBLE, uplift DOUBLE,"
                    + " response_if_enabled DOUBLE, response_if_not DOUBLE, no_benefit BOOLEAN, source STRING, model_id STRING");

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
     * The scores of all users.
     *
     * @param profiles {@code user_id} and the predictors
     * @param usage {@code user_id}, {@code feature_id}, {@code amount}; one row per pair
     * @param scorers one per feature
     * @return the columns of {@code responsiveness_scores} without run and as-of
     */
    public static Dataset<Row> score(Dataset<Row> profiles, Dataset<Row> usage, List<Scorer> scorers) {
        Map<String, Column> columns = new LinkedHashMap<>();
        List<FeatureScorer> scoring = new ArrayList<>();
        for (Scorer scorer : scorers) {
            List<Integer> places = new ArrayList<>();
            encodingOf(scorer.model()).ifPresent(encoding -> {
                Column[] inputs = encoding.columns();
                for (int i = 0; i < inputs.length; i++) {
                    columns.putIfAbsent(encoding.names().get(i), inputs[i]);
                    places.add(new ArrayList<>(columns.keySet())
                            .indexOf(encoding.names().get(i)));
                }
            });
            scoring.add(FeatureScorer.of(scorer, places));
        }
        UDF2<Row, scala.collection.Map<String, Double>, Row[]> scoreAll = (predictors, used) -> {
            Map<String, Double> amounts = used == null ? Map.of() : scala.jdk.javaapi.CollectionConverters.asJava(used);
            return scoring.stream()
                    .map(feature -> feature.score(predictors, amounts))
                    .toArray(Row[]::new);
        };
        Column predictors = columns.isEmpty()
                ? struct(col("user_id"))
                : struct(columns.values().toArray(Column[]::new));
        return profiles.join(usageMaps(usage), new String[] {"user_id"}, "left")
                .select(
                        col("user_id"),
                        explode(udf(scoreAll, DataTypes.createArrayType(SCORE)).apply(predictors, col("usage")))
                                .as("scored"))
                .select("user_id", "scored.*");
    }

    /** {@code user_id} and {@code usage}, a map from feature to log1p of the amount. */
    static Dataset<Row> usageMaps(Dataset<Row> usage) {
        return usage.groupBy("user_id")
                .agg(map_from_entries(collect_list(struct(col("feature_id"), log1p(col("amount")))))
                        .as("usage"));
    }

    private static Optional<PredictorEncoding> encodingOf(ResponsivenessModel model) {
        if (model instanceof ResponsivenessModel.Uplift uplift) {
            return Optional.of(uplift.encoding());
        }
        return model instanceof ResponsivenessModel.Propensity propensity
                ? Optional.of(propensity.encoding())
                : Optional.empty();
    }

    /** A feature's model, ready for rows whose predictors lie at the given places. */
    @SuppressWarnings("ArrayRecordComponent") // Lives inside one pass.
    private record FeatureScorer(Scorer scorer, int[] places, FoldIn foldIn) implements Serializable {

        static FeatureScorer of(Scorer scorer, List<Integer> places) {
            FoldIn foldIn = scorer.model() instanceof CollaborativeModel model ? new FoldIn(model) : null;
            return new FeatureScorer(
                    scorer, places.stream().mapToInt(Integer::intValue).toArray(), foldIn);
        }

        Row score(Row predictors, Map<String, Double> usage) {
            if (scorer.model() instanceof ResponsivenessModel.Uplift model) {
                Vector vector = vector(model.encoding(), predictors);
                double ifEnabled = model.enabled().probability(vector);
                double ifNot = model.control().probability(vector);
                double score = model.reference().score(ifEnabled - ifNot);
                boolean noBenefit = model.benefitBounds().get(ResponseTraining.decile(score)) <= 0;
                return row(score, ifEnabled - ifNot, ifEnabled, ifNot, noBenefit, "model");
            }
            if (scorer.model() instanceof ResponsivenessModel.Propensity model) {
                double response = model.response().probability(vector(model.encoding(), predictors));
                return row(model.reference().score(response), null, response, null, false, "model");
            }
            if (scorer.model() instanceof CollaborativeModel model && foldIn.knowsAny(usage)) {
                double affinity = foldIn.affinity(foldIn.user(usage), scorer.featureId());
                double score = model.references().get(scorer.featureId()).score(affinity);
                return row(score, null, null, null, false, "collaborative");
            }
            return RowFactory.create(scorer.featureId(), PRIOR, null, null, null, false, "prior", null);
        }

        private Vector vector(PredictorEncoding encoding, Row predictors) {
            Object[] values = Arrays.stream(places).mapToObj(predictors::get).toArray();
            return encoding.encode(RowFactory.create(values), 0);
        }

        private Row row(double score, Double uplift, Double ifEnabled, Double ifNot, boolean noBenefit, String source) {
            return RowFactory.create(
                    scorer.featureId(), score, uplift, ifEnabled, ifNot, noBenefit, source, scorer.modelId());
        }
    }
}
