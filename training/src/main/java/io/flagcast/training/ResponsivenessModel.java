package io.flagcast.training;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.heterogeneity.BestLinearPrediction;
import io.flagcast.statistics.heterogeneity.RepeatedVerdict.Verdict;
import io.flagcast.statistics.ranking.OrderEvidence;
import io.flagcast.statistics.ranking.ShownUplift;
import io.flagcast.training.encoding.PredictorEncoding;
import io.flagcast.training.learners.Estimate;
import io.flagcast.training.learners.Folds;
import io.flagcast.training.learners.ResponseModel;
import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * What scores the users for a feature. A model file is JSON whose type names are the ones listed below and in
 * {@link ResponseModel}: nothing else is ever instantiated.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "objective")
@JsonSubTypes({
    @JsonSubTypes.Type(value = ResponsivenessModel.Uplift.class, name = "uplift"),
    @JsonSubTypes.Type(value = ResponsivenessModel.Propensity.class, name = "propensity"),
    @JsonSubTypes.Type(value = CollaborativeModel.class, name = "collaborative"),
    @JsonSubTypes.Type(value = FamilyModel.class, name = "family")
})
public sealed interface ResponsivenessModel extends Serializable
        permits ResponsivenessModel.Uplift, ResponsivenessModel.Propensity, CollaborativeModel, FamilyModel {

    /** The learner's name, as in {@code model_runs}. */
    String learner();

    /** Examples, rates and quality that were measured out of fold. */
    Map<String, Double> metrics();

    /** Names of the profile's columns that it reads. */
    List<String> inputs();

    /** What was learned without each fold of the examples; {@link Folds#NONE} where there are no examples. */
    default Folds folds() {
        return Folds.NONE;
    }

    /** The score of what one of the folds says of a user. */
    default double score(Estimate.Prediction said) {
        throw new IllegalStateException("a model without folds scores what none has said: " + said);
    }

    /**
     * The uplift of a user.
     *
     * @param learner what learned it
     * @param kind whether responses are 0 or 1, or any value
     * @param encoding of the predictors
     * @param estimate uplift, not yet calibrated, and response
     * @param folds the same without each fold
     * @param share mean propensity of the examples
     * @param calibration of the out-of-fold uplift: intercept and slope
     * @param judged whether users differ in their uplift, with one error for all trainings of the feature
     * @param reference out-of-fold uplift, not calibrated
     * @param benefitBounds per decile of the score, lowest first: doubly robust mean effect + 1.64 standard errors
     * @param shown effects of the users of each fold by score
     * @param supported what they support, see {@link ShownUplift#supported}
     * @param metrics measured out of fold
     * @param curves measured out of fold
     */
    record Uplift(
            String learner,
            Metric.Kind kind,
            PredictorEncoding encoding,
            Estimate estimate,
            Folds folds,
            double share,
            BestLinearPrediction calibration,
            Verdict judged,
            Reference reference,
            List<Double> benefitBounds,
            ShownUplift shown,
            List<Double> supported,
            Map<String, Double> metrics,
            Evaluation.Curves curves)
            implements ResponsivenessModel {

        /** Probability to take an order for useful that is not. */
        private static final double LEVEL_OF_ORDER = 0.01;

        public Uplift {
            benefitBounds = List.copyOf(benefitBounds);
            supported = List.copyOf(supported);
            metrics = Map.copyOf(metrics);
        }

        /** Whether users differ in their uplift beyond doubt, as far as this model tells them apart. */
        public boolean heterogeneous() {
            return judged.heterogeneous();
        }

        /**
         * The verdict of that test in words; where users differ, it also says if the order of users is not shown to be
         * worth more than none.
         */
        public String verdict() {
            if (!heterogeneous()) {
                return "no reliable heterogeneity";
            }
            return orderP().filter(p -> p >= LEVEL_OF_ORDER).isPresent()
                    ? "differences exist; this order is not shown to find them"
                    : "heterogeneous";
        }

        /** The p-value of an order that is worth more than none, {@link OrderEvidence#p}; absent where not measured. */
        public Optional<Double> orderP() {
            return Optional.ofNullable(metrics.get("order_p"));
        }

        @Override
        public List<String> inputs() {
            return encoding.names();
        }

        @Override
        public double score(Estimate.Prediction said) {
            return reference.score(said.uplift());
        }

        /** What is said of a user. */
        Prediction predict(double[] x) {
            Estimate.Prediction raw = estimate.predict(x);
            double uplift = calibration.intercept() + calibration.slope() * raw.uplift();
            double score = reference.score(raw.uplift());
            return new Prediction(
                    score,
                    uplift,
                    benefitBounds.get(Evaluation.decile(score)),
                    supported.get(ShownUplift.cell(score)),
                    bounded(raw.response() + (1 - share) * uplift),
                    bounded(raw.response() - share * uplift));
        }

        private double bounded(double response) {
            return kind == Metric.Kind.PROPORTION ? Math.max(0, Math.min(1, response)) : response;
        }

        /**
         * What is said of a user.
         *
         * @param score 0 to 100
         * @param uplift calibrated
         * @param bound upper bound of the uplift that users of the decile have shown; the greatest number where there were too few
         * @param shown uplift that users of such a score have shown, as far as is supported
         * @param ifEnabled response when enabled, a probability within [0, 1]
         * @param ifNot response when not
         */
        record Prediction(double score, double uplift, double bound, double shown, double ifEnabled, double ifNot) {

            /** Even the upper bound of the uplift is not above zero. */
            boolean noBenefit() {
                return bound <= 0;
            }
        }
    }

    /**
     * The response of a user, whether enabled or not.
     *
     * @param encoding of the predictors
     * @param response response probability, or value
     * @param folds the same without each fold
     * @param reference out-of-fold response
     * @param metrics measured out of fold
     */
    record Propensity(
            PredictorEncoding encoding,
            ResponseModel response,
            Folds folds,
            Reference reference,
            Map<String, Double> metrics)
            implements ResponsivenessModel {

        public Propensity {
            metrics = Map.copyOf(metrics);
        }

        @Override
        public double score(Estimate.Prediction said) {
            return reference.score(said.response());
        }

        @Override
        public String learner() {
            return "response_linear";
        }

        @Override
        public List<String> inputs() {
            return encoding.names();
        }
    }

    /**
     * Why the model cannot score users of such profiles, where it cannot.
     *
     * @param profiles schema of {@code user_profiles}
     */
    default Optional<String> mismatch(StructType profiles) {
        List<String> texts = encodes()
                .map(encoding -> encoding.categories().stream()
                        .map(PredictorEncoding.Categorical::name)
                        .toList())
                .orElse(inputs());
        for (String name : inputs()) {
            if (!Arrays.asList(profiles.fieldNames()).contains(name)) {
                return Optional.of("it reads '%s', which profiles do not have".formatted(name));
            }
            if (profiles.apply(name).dataType().equals(DataTypes.StringType) != texts.contains(name)) {
                return Optional.of("it reads '%s' as %s, which is %s in profiles"
                        .formatted(
                                name,
                                texts.contains(name) ? "text" : "a number",
                                profiles.apply(name).dataType().sql()));
            }
        }
        return Optional.empty();
    }

    /** Encoding of the predictors, where the model has one. */
    default Optional<PredictorEncoding> encodes() {
        if (this instanceof Uplift uplift) {
            return Optional.of(uplift.encoding());
        }
        return this instanceof Propensity propensity ? Optional.of(propensity.encoding()) : Optional.empty();
    }

    /** Reads and writes models. */
    ObjectMapper JSON = new ObjectMapper()
            .configure(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS, true)
            .configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, true)
            .configure(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES, true)
            .configure(DeserializationFeature.FAIL_ON_TRAILING_TOKENS, true);

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
     * @throws IllegalArgumentException where it is no model of a known type
     */
    static ResponsivenessModel fromJson(String json) {
        try {
            return JSON.readValue(json, ResponsivenessModel.class);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("not a model: " + e.getOriginalMessage(), e);
        }
    }
}
