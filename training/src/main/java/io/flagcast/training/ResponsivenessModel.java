package io.flagcast.training;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.Serializable;
import java.util.List;
import java.util.Map;

/** What scores the users for a feature. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "learner")
@JsonSubTypes({
    @JsonSubTypes.Type(value = ResponsivenessModel.Uplift.class, name = "t_learner_logistic"),
    @JsonSubTypes.Type(value = ResponsivenessModel.Propensity.class, name = "response_logistic"),
    @JsonSubTypes.Type(value = CollaborativeModel.class, name = "implicit_als")
})
public sealed interface ResponsivenessModel extends Serializable
        permits ResponsivenessModel.Uplift, ResponsivenessModel.Propensity, CollaborativeModel {

    /** The learner's name, as in {@code model_runs}. */
    default String learner() {
        for (JsonSubTypes.Type subtype :
                ResponsivenessModel.class.getAnnotation(JsonSubTypes.class).value()) {
            if (subtype.value() == getClass()) {
                return subtype.name();
            }
        }
        throw new IllegalStateException("no learner name for " + getClass());
    }

    /** Examples, rates and quality that were measured out of fold. */
    Map<String, Double> metrics();

    /**
     * Two response models, one per arm (T-learner: Künzel and others, Metalearners for estimating heterogeneous treatment
     * effects, 2019, section 2).
     *
     * @param encoding of the predictors
     * @param enabled response when enabled
     * @param control response when not
     * @param reference out-of-fold uplift
     * @param benefitBounds per decile of the score, lowest first: doubly robust mean effect + 1.64 standard errors
     * @param metrics measured out of fold
     */
    record Uplift(
            PredictorEncoding encoding,
            LogisticResponse enabled,
            LogisticResponse control,
            Reference reference,
            List<Double> benefitBounds,
            Map<String, Double> metrics)
            implements ResponsivenessModel {

        public Uplift {
            benefitBounds = List.copyOf(benefitBounds);
            metrics = Map.copyOf(metrics);
        }
    }

    /**
     * One response model.
     *
     * @param encoding of the predictors
     * @param response response probability
     * @param reference out-of-fold response probability
     * @param metrics measured out of fold
     */
    record Propensity(
            PredictorEncoding encoding, LogisticResponse response, Reference reference, Map<String, Double> metrics)
            implements ResponsivenessModel {

        public Propensity {
            metrics = Map.copyOf(metrics);
        }
    }

    /** Reads and writes models. */
    ObjectMapper JSON = new ObjectMapper().configure(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS, true);

    /** The model as JSON. */
    default String toJson() {
        try {
            return JSON.writerFor(ResponsivenessModel.class).writeValueAsString(this);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a model is always writable", e);
        }
    }

    /**
     * A model from its JSON.
     *
     * @throws IllegalArgumentException where it is no model of a known learner
     */
    static ResponsivenessModel fromJson(String json) {
        try {
            return JSON.readValue(json, ResponsivenessModel.class);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("not a model: " + e.getOriginalMessage(), e);
        }
    }
}
