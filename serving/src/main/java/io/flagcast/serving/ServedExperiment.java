package io.flagcast.serving;

import io.flagcast.allocation.Allocator;
import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.allocation.Bucketing;
import io.flagcast.allocation.Bucketing.Purpose;
import io.flagcast.allocation.Buckets;
import io.flagcast.allocation.Candidate;
import io.flagcast.allocation.Decision;
import io.flagcast.allocation.Layer;
import io.flagcast.allocation.Policy;
import io.flagcast.allocation.Segments;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;

/** An experiment as the published run decided it. */
final class ServedExperiment {

    /**
     * The row of table experiments.
     *
     * @param salts of the experiment and of the lake's holdout
     * @param hasEligibility whether it declares whom it is for: a user without a profile is not
     */
    record Definition(
            String experimentId,
            String featureId,
            Activity activity,
            Map<String, String> treatment,
            Salts salts,
            double holdout,
            Layer layer,
            boolean hasEligibility,
            double exploration,
            double unscored,
            long parametersVersion) {

        record Salts(String experiment, String holdout) {}

        Definition {
            treatment = Collections.unmodifiableMap(new LinkedHashMap<>(treatment));
        }
    }

    private final Definition definition;
    private final Allocator allocator;
    private final Candidate unknown;
    private final Bucketing holdout;
    private final Bucketing layer;
    private final Bucketing exploration;
    private final Bucketing coin;
    private final Bucketing enrolment;

    ServedExperiment(Definition definition) {
        this.definition = definition;
        // Neither segments nor policy have a say over a user without a score.
        this.allocator = new Allocator(
                definition.activity(),
                definition.holdout(),
                definition.layer(),
                Segments.SINGLE,
                new Policy.Percentage(0),
                definition.exploration(),
                definition.unscored(),
                Map.of());
        this.unknown = new Candidate(OptionalDouble.empty(), false, !definition.hasEligibility(), "");
        this.holdout = Bucketing.of(definition.salts().holdout(), Purpose.HOLDOUT);
        this.layer = Bucketing.of(definition.layer().name(), Purpose.LAYER);
        this.exploration = Bucketing.of(definition.salts().experiment(), Purpose.EXPLORATION);
        this.coin = Bucketing.of(definition.salts().experiment(), Purpose.COIN);
        this.enrolment = Bucketing.of(definition.salts().experiment(), Purpose.ENROLMENT);
    }

    Definition definition() {
        return definition;
    }

    /** The enrolment bucket of a user, in [0, 1). */
    double bucket(String userId) {
        return enrolment.bucket(userId);
    }

    /** Decides for a user whom the run has not met. */
    Decision decide(String userId) {
        return allocator.decide(
                new Buckets(
                        holdout.bucket(userId),
                        layer.bucket(userId),
                        exploration.bucket(userId),
                        coin.bucket(userId),
                        enrolment.bucket(userId)),
                unknown);
    }
}
