package io.flagcast.rules;

import io.flagcast.allocation.Adjustment;
import io.flagcast.allocation.ParameterChange;
import io.flagcast.allocation.ParameterChange.Cause;
import io.flagcast.rules.Reading.State;
import io.flagcast.rules.RuleDecision.Outcome;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What one rule does once it is known whether its condition holds, before other rules have their say: it fires, gives back,
 * or is held back by its consecutive runs, its maximum of firings, its cooldown, newer parameters or a failed check.
 *
 * @param outcome what comes of it
 * @param adjustment new values; none where it did not fire or recover
 * @param but what held it back, or what else is to be said
 */
record Verdict(Outcome outcome, Adjustment adjustment, Optional<String> but) {

    private static Verdict quiet(Outcome outcome) {
        return new Verdict(outcome, Adjustment.NONE, Optional.empty());
    }

    private static Verdict held(String but) {
        return new Verdict(Outcome.HELD, Adjustment.NONE, Optional.of(but));
    }

    /** What an earlier evaluation of the same key has done: it stands, whatever the data say now. */
    static Optional<Verdict> earlier(String decisionId, Round round) {
        List<ParameterChange> made = round.log().ofDecision(decisionId);
        return made.stream()
                .findFirst()
                .map(first -> new Verdict(
                        first.origin().cause() == Cause.RECOVERY ? Outcome.RECOVERED : Outcome.FIRED,
                        adjustment(made, first, round),
                        Optional.of("decided at this as-of already, with parameters version " + first.version())));
    }

    private static Adjustment adjustment(List<ParameterChange> made, ParameterChange first, Round round) {
        return new Adjustment(
                made.stream()
                        .filter(change -> !change.isOfExperiment()
                                && change.share()
                                        != round.parameters()
                                                .share(change.cell().segment()))
                        .collect(Collectors.toMap(
                                change -> change.cell().segment(), ParameterChange::share, (one, same) -> one)),
                made.stream()
                        .filter(change -> change.baseProbability().isPresent())
                        .collect(Collectors.toMap(
                                ParameterChange::cell,
                                change -> change.baseProbability().getAsDouble())),
                made.stream().flatMap(change -> change.activeTier().stream()).findFirst(),
                made.stream().flatMap(change -> change.activity().stream()).findFirst(),
                made.stream().flatMap(change -> change.ramp().stream()).findFirst(),
                first.restores());
    }

    /**
     * What the rule does now.
     *
     * @param state of its condition
     * @param holding runs in a row, this one included, at which the condition has held
     */
    static Verdict of(Rule rule, Round round, State state, int holding) {
        return switch (state) {
            case INCONCLUSIVE -> quiet(Outcome.INCONCLUSIVE);
            case OPEN -> quiet(Outcome.HELD);
            case OPPOSITE -> recovered(rule, round);
            case HOLDS -> fired(rule, round, holding);
        };
    }

    private static Verdict fired(Rule rule, Round round, int holding) {
        if (holding < rule.evidence().consecutiveRuns()) {
            return held("it has held at %d of consecutive_runs %d"
                    .formatted(holding, rule.evidence().consecutiveRuns()));
        }
        if (rule.then() instanceof Action.Alert) {
            return quiet(Outcome.FIRED);
        }
        long firings = round.changes().stream()
                .filter(change ->
                        change.origin().cause() == Cause.RULE && change.origin().isOf(rule.ruleId()))
                .map(change -> change.origin().decisionId())
                .distinct()
                .count();
        if (rule.maxFirings().isPresent() && firings >= rule.maxFirings().getAsInt()) {
            return held("max_firings %d is reached".formatted(firings));
        }
        Adjustment adjustment = rule.then().adjust(round.situation(rule));
        if (adjustment.isNone() && rule.then() instanceof Action.Pause) {
            return held("the experiment is paused already");
        }
        if (adjustment.isNone()) {
            return held("nothing is left to change: %s (share %s)"
                    .formatted(rule.then().describe(), round.shares(rule)));
        }
        return unlessHeldBack(rule, round, Outcome.FIRED, adjustment);
    }

    private static Verdict recovered(Rule rule, Round round) {
        if (rule.recover().isEmpty()) {
            return quiet(Outcome.HELD);
        }
        Map<String, Double> given = new TreeMap<>();
        for (String segment : round.moved(rule)) {
            double share = round.parameters().share(segment);
            Reductions.last(round.changes(), segment)
                    .filter(taken -> taken.ruleId().equals(rule.ruleId()))
                    .map(taken -> Math.min(rule.recover().get().raise(share), taken.from()))
                    .filter(after -> after > share)
                    .ifPresent(after -> given.put(segment, after));
        }
        return given.isEmpty()
                ? quiet(Outcome.HELD)
                : unlessHeldBack(rule, round, Outcome.RECOVERED, Adjustment.ofShares(given));
    }

    private static Verdict unlessHeldBack(Rule rule, Round round, Outcome outcome, Adjustment adjustment) {
        long newest = round.log().newest(round.experimentId()).version();
        if (newest > round.parameters().version()) {
            return held("parameters have version %d by now, this as-of uses %d: only a later one can change them"
                    .formatted(newest, round.parameters().version()));
        }
        Optional<Instant> last = round.changes().stream()
                .filter(change -> change.origin().isOf(rule.ruleId()))
                .map(ParameterChange::effectiveAsOf)
                .max(Comparator.naturalOrder());
        if (last.isPresent() && last.get().plus(rule.cooldown()).isAfter(round.asOf())) {
            return held("cooldown of %s lasts until %s"
                    .formatted(Texts.duration(rule.cooldown()), last.get().plus(rule.cooldown())));
        }
        boolean raises = round.isRaisedBy(adjustment);
        boolean waits = rule.health() == Rule.Health.FOR_EVERY_CHANGE || raises;
        if (waits && !round.health().isSound()) {
            return held("%s waits for sound data: %s"
                    .formatted(
                            raises ? "an increase" : "requires_healthy: this rule",
                            String.join("; ", round.health().failures())));
        }
        return new Verdict(outcome, adjustment, Optional.empty());
    }
}
