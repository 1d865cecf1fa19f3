package io.flagcast.training;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.inline;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.udf;

import io.flagcast.features.RowFunction;
import io.flagcast.training.encoding.PredictorEncoding;
import io.flagcast.training.learners.Estimate;
import io.flagcast.training.usage.FoldIn;
import io.flagcast.training.usage.ItemFactors;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF3;
import org.apache.spark.sql.catalyst.util.GenericArrayData;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** Scores every user for every feature in one pass over the profiles. */
public final class Scoring {

    /** Score of a user about whom nothing is known. */
    public static final double PRIOR = 50;

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
        return profiles.select(col("user_id"), inline(ofProfile(scorers)));
    }

    /** The same as a column over profiles: of each user an array with the scores, in the order of the features. */
    public static Column ofProfile(List<Scorer> scorers) {
        Map<String, Column> columns = new LinkedHashMap<>();
        StructType types = new StructType();
        List<FeatureScorer> scoring = new ArrayList<>();
        Map<ItemFactors, FoldIn> shared = new HashMap<>();
        for (Scorer scorer : scorers) {
            Optional<ResponsivenessModel> model = Optional.ofNullable(scorer.model());
            Optional<PredictorEncoding> encoding = model.flatMap(ResponsivenessModel::encodes);
            List<String> names = model.map(ResponsivenessModel::inputs).orElse(List.of());
            for (int i = 0; i < names.size(); i++) {
                boolean isNumber =
                        encoding.isPresent() && i < encoding.get().numbers().size();
                if (columns.putIfAbsent(names.get(i), col(names.get(i))) == null) {
                    types = types.add(names.get(i), isNumber ? DataTypes.DoubleType : DataTypes.StringType);
                }
            }
            List<String> order = List.copyOf(columns.keySet());
            Optional<ItemFactors> items = scorer.model() instanceof CollaborativeModel collaborative
                    ? Optional.of(collaborative.items())
                    : encoding.map(PredictorEncoding::items);
            scoring.add(new FeatureScorer(
                    scorer,
                    names.stream().mapToInt(order::indexOf).toArray(),
                    items.map(of -> shared.computeIfAbsent(of, FoldIn::new))));
        }
        int usageAt = columns.size();
        columns.put("usage", col("usage"));
        types = types.add("usage", DataTypes.createMapType(DataTypes.StringType, DataTypes.DoubleType));
        RowFunction.Body scoreAll = row -> {
            UserValues user = new UserValues(row, usageAt);
            Object[] scores = new Object[scoring.size()];
            for (int i = 0; i < scores.length; i++) {
                scores[i] = scoring.get(i).score(user);
            }
            return new GenericArrayData(scores);
        };
        return RowFunction.of(
                types,
                DataTypes.createArrayType(FeatureScorer.SCORE),
                scoreAll,
                columns.values().toArray(Column[]::new));
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
}
