package io.flagcast.jobs.questions.evaluation;

import io.flagcast.statistics.CorrectedDifference;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;

/**
 * Learners of one feature, judged on the same users.
 *
 * @param featureId the feature
 * @param simplest the learner that the others are compared with
 * @param judged every learner once a seed, in the order of the seeds, then of the learners
 * @param notes what a person should know, a sentence each
 */
public record LearnerComparison(String featureId, String simplest, List<JudgedLearner> judged, List<String> notes)
        implements ScoreQuality {

    /** Name of the row that follows the chosen learner from seed to seed. */
    static final String CHOSEN = "the chosen one";

    public LearnerComparison {
        Objects.requireNonNull(featureId, "featureId");
        Objects.requireNonNull(simplest, "simplest");
        judged = List.copyOf(judged);
        notes = notes.stream().distinct().toList();
    }

    /**
     * A learner over the seeds.
     *
     * @param learner its name, or {@link #CHOSEN}
     * @param ranking mean of the normalised Qini, or of the Qini gain where nothing has a Qini
     * @param overSimplest its ranking less that of the simplest learner, paired by seed; absent for the simplest one, and
     *     with fewer than two pairs
     * @param upliftAuc mean area under the uplift curve
     * @param upliftAt30 mean uplift of the 30 % with the highest scores
     * @param chosen at how many seeds it was chosen
     * @param seeds at how many it was judged
     */
    public record Mean(
            String learner,
            OptionalDouble ranking,
            Optional<CorrectedDifference> overSimplest,
            OptionalDouble upliftAuc,
            OptionalDouble upliftAt30,
            long chosen,
            int seeds) {}

    @Override
    public List<Measured> measured() {
        return judged.stream()
                .map(one -> new Measured(
                        featureId,
                        one.seed(),
                        Optional.of(one.learner()),
                        Optional.of(one.chosen()),
                        Optional.empty(),
                        one.metrics()))
                .toList();
    }

    /** The chosen learner of the last seed that has one: whose calibration is worth a look. */
    public Optional<JudgedLearner> lastChosen() {
        return judged.stream().filter(JudgedLearner::chosen).reduce((one, last) -> last);
    }

    /** Means over the seeds in the order of the learners, the chosen one last; empty where there is one seed only. */
    public List<Mean> means() {
        if (judged.stream().map(JudgedLearner::seed).distinct().count() < 2) {
            return List.of();
        }
        Map<String, List<JudgedLearner>> byLearner = new LinkedHashMap<>();
        judged.forEach(one -> byLearner
                .computeIfAbsent(one.learner(), name -> new ArrayList<>())
                .add(one));
        byLearner.put(CHOSEN, judged.stream().filter(JudgedLearner::chosen).toList());
        Map<Long, Double> base = new TreeMap<>();
        byLearner
                .getOrDefault(simplest, List.of())
                .forEach(one -> one.ranking().ifPresent(ranking -> base.put(one.seed(), ranking)));
        List<Mean> means = new ArrayList<>();
        byLearner.forEach((learner, own) -> means.add(new Mean(
                learner,
                mean(own, own.stream().anyMatch(one -> one.metric("qini").isPresent()) ? "qini" : "qini_gain"),
                learner.equals(simplest) ? Optional.empty() : difference(own, base),
                mean(own, "uplift_auc"),
                mean(own, "uplift_at_30"),
                own.stream().filter(JudgedLearner::chosen).count(),
                own.size())));
        return means;
    }

    private static Optional<CorrectedDifference> difference(List<JudgedLearner> own, Map<Long, Double> base) {
        double[] differences = own.stream()
                .filter(one -> base.containsKey(one.seed()))
                .mapToDouble(one -> one.ranking().orElse(0.0) - base.get(one.seed()))
                .toArray();
        return differences.length < 2
                ? Optional.empty()
                : Optional.of(CorrectedDifference.of(differences, own.get(0).testToTrain()));
    }

    private static OptionalDouble mean(List<JudgedLearner> judged, String metric) {
        return judged.stream()
                .flatMap(one -> one.metric(metric).stream())
                .mapToDouble(value -> value)
                .average();
    }
}
