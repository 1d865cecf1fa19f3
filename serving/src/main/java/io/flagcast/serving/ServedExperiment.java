package io.flagcast.serving;

import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.allocation.Decision;
import io.flagcast.allocation.Layer;
import io.flagcast.allocation.Strangers;
import io.flagcast.allocation.Strangers.Eligibility;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

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
            Strangers.Salts salts,
            double holdout,
            Layer layer,
            boolean hasEligibility,
            double exploration,
            double unscored,
            long parametersVersion) {

        Definition {
            treatment = Collections.unmodifiableMap(new LinkedHashMap<>(treatment));
        }
    }

    private final Definition definition;
    private final Strangers strangers;

    ServedExperiment(Definition definition) {
        this.definition = definition;
        this.strangers = new Strangers(
                definition.activity(),
                definition.salts(),
                definition.holdout(),
                definition.layer(),
                definition.hasEligibility() ? Eligibility.DECLARED : Eligibility.UNDECLARED,
                definition.exploration(),
                definition.unscored());
    }

    Definition definition() {
        return definition;
    }

    /** The enrolment bucket of a user, in [0, 1). */
    double bucket(String userId) {
        return strangers.bucket(userId);
    }

    /** Decides for a user whom the run has not met. */
    Decision decide(String userId) {
        return strangers.decide(userId);
    }
}
