package io.flagcast.jobs.questions.evaluation;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/** How good the scores of a feature are, on users or items that nothing was learned from. */
public sealed interface ScoreQuality permits LearnerComparison, RankingComparison {

    /** The feature. */
    String featureId();

    /** All that was measured, in the order in which it was judged. */
    List<Measured> measured();

    /**
     * What was measured of a learner or of a ranking, once.
     *
     * @param featureId the feature
     * @param seed of the round
     * @param learner its name, of a learner
     * @param chosen whether a run would use it, of a learner
     * @param ranking its name, of a ranking
     * @param metrics measures by name
     */
    record Measured(
            String featureId,
            long seed,
            Optional<String> learner,
            Optional<Boolean> chosen,
            Optional<String> ranking,
            Map<String, Double> metrics) {

        public Measured {
            Objects.requireNonNull(featureId, "featureId");
            metrics = Collections.unmodifiableMap(new TreeMap<>(metrics));
        }
    }
}
