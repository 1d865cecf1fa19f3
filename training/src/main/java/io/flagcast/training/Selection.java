package io.flagcast.training;

import io.flagcast.training.learners.Learner;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Which candidate is to be used: the first, or of the others that are better beyond doubt the one with the largest gain.
 *
 * @param candidates the simplest first
 * @param champion the one to be used
 * @param gains of the other learners over the simplest, where they can be compared
 */
record Selection(List<Candidate> candidates, Candidate champion, Map<Learner, Gain> gains) {

    private static final double LEVEL = 0.01;

    static Selection of(List<Candidate> candidates) {
        Candidate simplest = candidates.get(0);
        List<Candidate> challengers = candidates.subList(1, candidates.size());
        Map<Learner, Gain> gains = new HashMap<>();
        challengers.forEach(challenger -> Gain.of(challenger.byFold(), simplest.byFold())
                .ifPresent(gain -> gains.put(challenger.learner(), gain)));
        Candidate champion = challengers.stream()
                .filter(challenger -> gains.containsKey(challenger.learner()))
                .filter(challenger -> gains.get(challenger.learner()).promotes(challengers.size()))
                .max(Comparator.comparing(
                        challenger -> gains.get(challenger.learner()).qini().mean()))
                .orElse(simplest);
        return new Selection(candidates, champion, gains);
    }

    /** The candidates that are not the champion. */
    List<Candidate> others() {
        return candidates.stream()
                .filter(candidate -> !candidate.learner().equals(champion.learner()))
                .toList();
    }

    /**
     * Error of all verdicts on a candidate's estimates together: 1 % for the simplest, which is the champion unless another
     * is promoted, and as much for the others together, of which any may be.
     */
    double level(Candidate candidate) {
        return candidate.learner().equals(candidates.get(0).learner()) ? LEVEL : LEVEL / (candidates.size() - 1);
    }

    /** What a candidate gains over the simplest. */
    Optional<Gain> gain(Candidate candidate) {
        return Optional.ofNullable(gains.get(candidate.learner()));
    }

    /** What a person should know, where the champion is not the simplest. */
    Optional<String> note() {
        return gain(champion)
                .map(gain -> "%s is promoted over %s: Qini %+.4f ± %.4f out of fold"
                        .formatted(
                                champion.learner(),
                                candidates.get(0).learner(),
                                gain.qini().mean(),
                                gain.qini().error()));
    }
}
