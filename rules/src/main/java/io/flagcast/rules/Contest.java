package io.flagcast.rules;

import io.flagcast.allocation.Allocator.Activity;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * Decisions that want to change the same experiment at once, and which of them may.
 *
 * @param pause the one that pauses it
 * @param back the one that goes back to the version before
 * @param lowering one that takes something
 * @param advance the one that lets a tier in
 * @param lowest per segment the one with the lowest share
 */
record Contest(
        Optional<RuleDecision> pause,
        Optional<RuleDecision> back,
        Optional<RuleDecision> lowering,
        Optional<RuleDecision> advance,
        Map<String, RuleDecision> lowest) {

    /**
     * Of several changes of one thing the most careful wins: a pause over all, the lowest share of a segment, and no
     * further tier while anything is taken or given back. Ties go to the first rule by name.
     */
    static List<RuleDecision> resolved(List<RuleDecision> decisions) {
        List<RuleDecision> changing = decisions.stream()
                .filter(RuleDecision::changesAllocation)
                .sorted(Comparator.comparing(decision -> decision.rule().ruleId()))
                .toList();
        Contest contest = new Contest(
                first(changing, decision -> decision.adjustment().activity().equals(Optional.of(Activity.INACTIVE))),
                first(changing, RuleDecision::goesBack),
                first(changing, decision -> decision.goesBack() || lowers(decision)),
                first(changing, decision -> decision.rule().then() instanceof Action.AdvanceTier),
                lowest(changing));
        return decisions.stream()
                .map(decision -> decision.changesAllocation() ? contest.judged(decision) : decision)
                .toList();
    }

    private static Optional<RuleDecision> first(List<RuleDecision> decisions, Predicate<RuleDecision> which) {
        return decisions.stream().filter(which).findFirst();
    }

    private static Map<String, RuleDecision> lowest(List<RuleDecision> changing) {
        Map<String, RuleDecision> lowest = new HashMap<>();
        for (RuleDecision decision : changing) {
            decision.adjustment()
                    .shares()
                    .forEach((segment, share) -> lowest.merge(
                            segment,
                            decision,
                            (first, next) -> next.adjustment().shares().get(segment)
                                            < first.adjustment().shares().get(segment)
                                    ? next
                                    : first));
        }
        return lowest;
    }

    private RuleDecision judged(RuleDecision decision) {
        if (pause.isPresent()) {
            return unlessLost(decision, pause.get(), "rule '%s' pauses the experiment");
        }
        if (decision.rule().then() instanceof Action.AdvanceTier) {
            return lowering.isPresent()
                    ? unlessLost(decision, lowering.get(), "rule '%s' takes something at the same time")
                    : unlessLost(decision, advance.orElseThrow(), "rule '%s' lets the same tier in");
        }
        if (decision.goesBack() && !isSame(decision, back.orElseThrow())) {
            return unlessLost(decision, back.get(), "rule '%s' goes back already");
        }
        return withWonShares(decision);
    }

    private static RuleDecision unlessLost(RuleDecision decision, RuleDecision winner, String why) {
        return isSame(decision, winner)
                ? decision
                : decision.suppressed(why.formatted(winner.rule().ruleId()));
    }

    private static boolean isSame(RuleDecision one, RuleDecision other) {
        return one.decisionId().equals(other.decisionId());
    }

    private static boolean lowers(RuleDecision decision) {
        return decision.adjustment().shares().entrySet().stream()
                .anyMatch(entry -> entry.getValue() < decision.before().share(entry.getKey()));
    }

    private RuleDecision withWonShares(RuleDecision decision) {
        Map<String, Double> won = new TreeMap<>();
        Map<String, String> lost = new TreeMap<>();
        decision.adjustment().shares().forEach((segment, share) -> {
            RuleDecision winner = lowest.get(segment);
            if (isSame(winner, decision)) {
                won.put(segment, share);
            } else {
                lost.put(
                        segment,
                        "rule '%s' sets the share of %s to %s, which is not higher"
                                .formatted(
                                        winner.rule().ruleId(),
                                        segment,
                                        Texts.percent(
                                                winner.adjustment().shares().get(segment))));
            }
        });
        if (lost.isEmpty()) {
            return decision;
        }
        String why = String.join("; ", lost.values());
        // A version is given back whole or not at all.
        return won.isEmpty() || decision.goesBack()
                ? decision.suppressed(why)
                : decision.trimmed(decision.adjustment().withShares(won), why);
    }
}
