package io.flagcast.jobs.questions.evaluation;

import io.flagcast.training.Evaluation;
import java.util.Collections;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A learner's model, judged once.
 *
 * @param seed of folds and split
 * @param learner its name
 * @param chosen whether it is the one that a run would use
 * @param metrics measures by name, as {@link Evaluation#metrics}, and {@code examples}: how many it was trained on
 * @param curves for plots
 * @param testToTrain examples that it was judged on over those that it was trained on, above 0
 */
public record JudgedLearner(
        long seed,
        String learner,
        boolean chosen,
        Map<String, Double> metrics,
        Evaluation.Curves curves,
        double testToTrain) {

    public JudgedLearner {
        Objects.requireNonNull(learner, "learner");
        Objects.requireNonNull(curves, "curves");
        metrics = Collections.unmodifiableMap(new TreeMap<>(metrics));
    }

    /** Normalised Qini of proportions, Qini gain of values; absent where an arm or every response is missing. */
    public Optional<Double> ranking() {
        return metric("qini").or(() -> metric("qini_gain"));
    }

    /** A measure; absent where it was not to be had. */
    public Optional<Double> metric(String name) {
        return Optional.ofNullable(metrics.get(name));
    }
}
