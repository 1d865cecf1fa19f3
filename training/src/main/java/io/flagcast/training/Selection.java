package io.flagcast.training;

import io.flagcast.statistics.ranking.ShownUplift;
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
 * @param note what a person should know, where the champion is not the simplest
 */
record Selection(List<Candidate> candidates, Candidate champion, Map<Learner, Gain> gains, Optional<String> note) {

    private static final double LEVEL = 0.01;

    /** Error of the choice by earnings, one-sided, for all challengers together. */
    private static final double ERROR = 0.05;

    /** By the Qini, where the loss does not rise. */
    static Selection of(List<Candidate> candidates) {
        Map<Learner, Gain> gains = gains(candidates);
        List<Candidate> challengers = challengers(candidates);
        Optional<Candidate> promoted = challengers.stream()
                .filter(challenger -> gains.containsKey(challenger.learner()))
                .filter(challenger -> gains.get(challenger.learner()).promotes(challengers.size()))
                .max(Comparator.comparing(
                        challenger -> gains.get(challenger.learner()).qini().mean()));
        return selected(
                candidates,
                promoted,
                gains,
                promoted.map(champion -> gains.get(champion.learner()).qini())
                        .map(qini -> "Qini %+.4f ± %.4f out of fold".formatted(qini.mean(), qini.error())));
    }

    /**
     * By what the users earn whom each would enable.
     *
     * @param earnings of every challenger over the simplest, in the unit of the response
     */
    static Selection byEarnings(List<Candidate> candidates, Map<Learner, ShownUplift.Gain> earnings) {
        List<Candidate> challengers = challengers(candidates);
        Optional<Candidate> promoted = challengers.stream()
                .filter(challenger -> earnings.get(challenger.learner()).lower(1 - ERROR / challengers.size()) > 0)
                .max(Comparator.comparing(
                        challenger -> earnings.get(challenger.learner()).perUser()));
        return selected(
                candidates,
                promoted,
                gains(candidates),
                promoted.map(champion -> earnings.get(champion.learner()))
                        .map(gain ->
                                "those whom it would enable earn %+.6f ± %.6f responses a user more, out of fold and net of cost"
                                        .formatted(gain.perUser(), gain.error())));
    }

    private static Selection selected(
            List<Candidate> candidates, Optional<Candidate> promoted, Map<Learner, Gain> gains, Optional<String> why) {
        Candidate simplest = candidates.get(0);
        return new Selection(
                candidates,
                promoted.orElse(simplest),
                gains,
                promoted.map(champion -> "%s is promoted over %s: %s"
                        .formatted(champion.learner(), simplest.learner(), why.orElseThrow())));
    }

    private static List<Candidate> challengers(List<Candidate> candidates) {
        return candidates.subList(1, candidates.size());
    }

    private static Map<Learner, Gain> gains(List<Candidate> candidates) {
        Map<Learner, Gain> gains = new HashMap<>();
        challengers(candidates)
                .forEach(challenger -> Gain.of(
                                challenger.byFold(), candidates.get(0).byFold())
                        .ifPresent(gain -> gains.put(challenger.learner(), gain)));
        return gains;
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
}
