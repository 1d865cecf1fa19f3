package io.flagcast.training;

import io.flagcast.training.Scoring.Scorer;
import io.flagcast.training.encoding.Encoder;
import io.flagcast.training.encoding.PredictorEncoding;
import io.flagcast.training.encoding.PredictorEncoding.Categorical;
import io.flagcast.training.usage.FoldIn;
import java.io.Serializable;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.unsafe.types.UTF8String;

/** A feature's model, ready for users whose predictors lie at given places. */
final class FeatureScorer implements Serializable {

    /** What {@link #score} returns: {@code responsiveness_scores} without user, run and as-of. */
    static final StructType SCORE = StructType.fromDDL(
            "feature_id STRING, family STRING, score DOUBLE, uplift DOUBLE, uplift_bound DOUBLE, uplift_shown DOUBLE,"
                    + " response_if_enabled DOUBLE, response_if_not DOUBLE, affinity DOUBLE, no_benefit BOOLEAN, source STRING, model_id STRING");

    private static final long serialVersionUID = 1L;

    private static final UTF8String MODEL = UTF8String.fromString("model");
    private static final UTF8String COLLABORATIVE = UTF8String.fromString("collaborative");
    private static final UTF8String GROUP = UTF8String.fromString("group");
    private static final UTF8String OF_NOBODY = UTF8String.fromString("prior");

    private final Scorer scorer;
    private final UTF8String featureId;
    /** Absent (null) without a model. */
    private final UTF8String modelId;

    private final int[] places;
    /** Absent (null) where the model has no vector. */
    private final Encoder encoder;
    /** Per place the levels of a categorical predictor; empty for a number. */
    private final Map<UTF8String, Integer>[] levels;
    /** Places of predictors that are no aggregates of usage, which are numbers without any usage too. */
    private final int[] attributes;

    private final boolean readsUsage;
    /** Absent (null) where usage is no predictor. */
    private final FoldIn foldIn;
    /** What everybody has shown; absent (null) where no effect is known. */
    private final Double average;

    /**
     * Prepares a scorer.
     *
     * @param places of the model's inputs, in their order
     * @param foldIn what folds users in for this model; shared with others that have the same items
     */
    FeatureScorer(Scorer scorer, int[] places, Optional<FoldIn> foldIn) {
        this.scorer = scorer;
        this.featureId = UTF8String.fromString(scorer.featureId());
        this.modelId = UTF8String.fromString(scorer.modelId());
        this.places = places;
        this.foldIn = foldIn.orElse(null);
        this.average = scorer.model() instanceof ResponsivenessModel.Uplift model
                ? model.shown().ofEverybody()
                : null;
        Optional<PredictorEncoding> encoding =
                Optional.ofNullable(scorer.model()).flatMap(ResponsivenessModel::encodes);
        this.readsUsage = encoding.filter(PredictorEncoding::readsUsage).isPresent();
        this.attributes = encoding.map(PredictorEncoding::attributes).orElse(new int[0]);
        this.encoder = encoding.map(Encoder::new).orElse(null);
        this.levels = encoding.map(FeatureScorer::levels).orElse(null);
    }

    @SuppressWarnings({"unchecked", "rawtypes"}) // Java makes no arrays of a generic type.
    private static Map<UTF8String, Integer>[] levels(PredictorEncoding encoding) {
        return Stream.concat(
                        encoding.numbers().stream().map(number -> Map.<UTF8String, Integer>of()),
                        encoding.categories().stream().map(FeatureScorer::levels))
                .toArray(Map[]::new);
    }

    private static Map<UTF8String, Integer> levels(Categorical category) {
        Map<UTF8String, Integer> levels = new HashMap<>();
        category.levels().forEach(level -> levels.put(UTF8String.fromString(level), levels.size()));
        return levels;
    }

    /** The score of a user, as in {@link #SCORE}. */
    InternalRow score(UserValues user) {
        if (scorer.model() instanceof ResponsivenessModel.Uplift model && model.heterogeneous() && knowsAny(user)) {
            var said = model.predict(vector(user));
            return new GenericInternalRow(new Object[] {
                featureId,
                null,
                said.score(),
                said.uplift(),
                said.bound() == Double.MAX_VALUE ? null : said.bound(),
                said.shown(),
                said.ifEnabled(),
                said.ifNot(),
                null,
                said.noBenefit(),
                MODEL,
                modelId
            });
        }
        if (scorer.model() instanceof ResponsivenessModel.Propensity model && knowsAny(user)) {
            double response = model.response().predict(vector(user));
            return row(model.reference().score(response), response, null, MODEL);
        }
        if (scorer.model() instanceof CollaborativeModel model) {
            Reference reference = model.references().get(scorer.featureId());
            if (foldIn.knowsAny(user.usage())) {
                double affinity = foldIn.affinity(user.factors(foldIn), scorer.featureId());
                return row(reference.score(affinity), null, affinity, COLLABORATIVE);
            }
            Double expected = group(model, user);
            if (expected != null) {
                return row(reference.score(expected), null, expected, GROUP);
            }
        }
        return new GenericInternalRow(new Object[] {
            featureId, null, Scoring.PRIOR, null, null, average, null, null, null, false, OF_NOBODY, null
        });
    }

    /** Whether anything is known of a user: an attribute, or any usage. */
    private boolean knowsAny(UserValues user) {
        for (int attribute : attributes) {
            if (!user.isNullAt(places[attribute])) {
                return true;
            }
        }
        return readsUsage && !user.usage().isEmpty();
    }

    private double[] vector(UserValues user) {
        return encoder.encode(
                new Encoder.Values() {
                    @Override
                    public double number(int index, PredictorEncoding.Scale scale) {
                        return user.number(places[index], scale);
                    }

                    @Override
                    public int level(int index) {
                        return user.isNullAt(places[index])
                                ? -1
                                : levels[index].getOrDefault(user.text(places[index]), -1);
                    }
                },
                foldIn == null ? new double[0] : user.factors(foldIn));
    }

    /** What is expected of the user's group; absent (null) where it is unknown or groups do not differ. */
    private Double group(CollaborativeModel model, UserValues user) {
        CollaborativeModel.Groups groups = model.groups().get(scorer.featureId());
        int place = groups == null ? -1 : places[model.inputs().indexOf(groups.attribute())];
        return place < 0 || user.isNullAt(place)
                ? null
                : groups.affinities().get(user.text(place).toString());
    }

    /** Of a score that says nothing of what enabling changes. */
    private InternalRow row(double score, Double response, Double affinity, UTF8String source) {
        return new GenericInternalRow(
                new Object[] {featureId, null, score, null, null, null, response, null, affinity, false, source, modelId
                });
    }
}
