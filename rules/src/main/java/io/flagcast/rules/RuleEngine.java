package io.flagcast.rules;

import io.flagcast.allocation.Adjustment;
import io.flagcast.allocation.AllocationParameters;
import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.allocation.ParameterChange;
import io.flagcast.allocation.ParameterChange.Cause;
import io.flagcast.allocation.ParameterLog;
import io.flagcast.allocation.Policy;
import io.flagcast.allocation.Segments;
import io.flagcast.rules.Reading.State;
import io.flagcast.rules.RuleDecision.Outcome;
import io.flagcast.statistics.Metric;
import io.flagcast.tables.ContentHash;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * Evaluates the rules of one experiment. Bounds are one-sided confidence sequences, valid however often anybody looks.
 *
 * <p>The rules of an experiment that use statistics share the error: each of m may be wrong with (1 − confidence) / m, so
 * that together they fire without cause with at most the mean of their 1 − confidence (C. E. Bonferroni 1936), per
 * beginning of evidence. Modes make no difference, so that a dry run shows what enforcing would do.
 *
 * @param experimentId the experiment
 * @param contentHash hash of the experiment file
 * @param rules its rules, in any order: the order never changes the result
 * @param metrics its metrics
 * @param segments its segments
 * @param policy its policy, as the file has it
 */
public record RuleEngine(
        String experimentId,
        String contentHash,
        List<Rule> rules,
        List<Metric> metrics,
        Segments segments,
        Policy policy) {

    /** @throws IllegalArgumentException where a rule looks at a metric that is not there */
    public RuleEngine {
        Objects.requireNonNull(experimentId, "experimentId");
        Objects.requireNonNull(contentHash, "contentHash");
        rules = List.copyOf(rules);
        metrics = List.copyOf(metrics);
        Objects.requireNonNull(segments, "segments");
        Objects.requireNonNull(policy, "policy");
        List<String> names = metrics.stream().map(Metric::name).toList();
        rules.forEach(rule -> rule.when().comparisons().forEach(comparison -> {
            if (!names.contains(comparison.metric())) {
                throw new IllegalArgumentException("rule %s looks at metric %s, there are %s"
                        .formatted(rule.ruleId(), comparison.metric(), names));
            }
        }));
    }

    /**
     * Evaluates every rule once.
     *
     * @param measurements since the evidence of each segment began, and before it
     * @param log all changes of parameters; those effective before the as-of are in force
     * @param holdingRuns per rule the runs in a row, up to the one before, at which its condition has held; none where absent
     * @param health whether the data can be trusted
     * @param asOf instant up to which the measurements looked
     * @return a decision for every rule, in the order of the rules
     */
    public List<RuleDecision> evaluate(
            Measurements measurements,
            ParameterLog log,
            Map<String, Integer> holdingRuns,
            Health health,
            Instant asOf) {
        Round round = new Round(
                log,
                log.until(asOf).newest(experimentId),
                log.until(asOf).of(experimentId),
                metrics.stream().collect(Collectors.toMap(Metric::name, Function.identity())),
                measurements,
                health,
                asOf);
        return resolved(rules.stream()
                .map(rule -> evaluate(rule, round, holdingRuns.getOrDefault(rule.ruleId(), 0)))
                .toList());
    }

    /** What every rule of one evaluation looks at. */
    private record Round(
            ParameterLog log,
            AllocationParameters parameters,
            List<ParameterChange> changes,
            Map<String, Metric> metrics,
            Measurements measurements,
            Health health,
            Instant asOf) {}

    private RuleDecision evaluate(Rule rule, Round round, int heldBefore) {
        Assessment assessment = Assessment.of(rule, alpha(rule), round.metrics(), round.measurements(), round.asOf());
        int holding = assessment.state() == State.HOLDS ? heldBefore + 1 : 0;
        String shown = assessment.readings().stream().map(Reading::reason).collect(Collectors.joining("; "));
        Verdict verdict = decided(rule, round).orElseGet(() -> verdict(rule, round, assessment, holding));
        return new RuleDecision(
                decisionId(rule, round.asOf()),
                experimentId,
                rule,
                round.asOf(),
                verdict.outcome(),
                assessment.readings(),
                assessment.deciding(),
                holding,
                round.parameters(),
                verdict.adjustment(),
                verdict.but().map(but -> shown + ", but " + but).orElse(shown));
    }

    private double alpha(Rule rule) {
        long sharing = rules.stream()
                .filter(each -> each.evidence().method() == Rule.Evidence.Method.CONFIDENCE_SEQUENCE)
                .count();
        return (1 - rule.evidence().confidence()) / Math.max(1, sharing);
    }

    /**
     * What is done.
     *
     * @param but what held it back, or what else is to be said
     */
    private record Verdict(Outcome outcome, Adjustment adjustment, Optional<String> but) {
        static Verdict held(String but) {
            return new Verdict(Outcome.HELD, Adjustment.NONE, Optional.of(but));
        }
    }

    /** What an earlier evaluation of the same key has done: it stands, whatever the data say now. */
    private Optional<Verdict> decided(Rule rule, Round round) {
        List<ParameterChange> made = round.log().ofDecision(decisionId(rule, round.asOf()));
        return made.stream()
                .findFirst()
                .map(first -> new Verdict(
                        first.origin().cause() == Cause.RECOVERY ? Outcome.RECOVERED : Outcome.FIRED,
                        new Adjustment(
                                made.stream()
                                        .filter(change -> !change.isOfExperiment()
                                                && change.share()
                                                        != round.parameters()
                                                                .share(change.cell()
                                                                        .segment()))
                                        .collect(Collectors.toMap(
                                                change -> change.cell().segment(),
                                                ParameterChange::share,
                                                (one, same) -> one)),
                                made.stream()
                                        .filter(change ->
                                                change.baseProbability().isPresent())
                                        .collect(Collectors.toMap(
                                                ParameterChange::cell,
                                                change ->
                                                        change.baseProbability().getAsDouble())),
                                made.stream()
                                        .flatMap(change -> change.activeTier().stream())
                                        .findFirst(),
                                made.stream()
                                        .flatMap(change -> change.activity().stream())
                                        .findFirst(),
                                first.restores()),
                        Optional.of("decided at this as-of already, with parameters version " + first.version())));
    }

    private Verdict verdict(Rule rule, Round round, Assessment assessment, int holding) {
        return switch (assessment.state()) {
            case INCONCLUSIVE -> new Verdict(Outcome.INCONCLUSIVE, Adjustment.NONE, Optional.empty());
            case OPEN -> new Verdict(Outcome.HELD, Adjustment.NONE, Optional.empty());
            case OPPOSITE -> recovered(rule, round);
            case HOLDS -> fired(rule, round, holding);
        };
    }

    private Verdict fired(Rule rule, Round round, int holding) {
        if (holding < rule.evidence().consecutiveRuns()) {
            return Verdict.held("it has held at %d of consecutive_runs %d"
                    .formatted(holding, rule.evidence().consecutiveRuns()));
        }
        if (rule.then() instanceof Action.Alert) {
            return new Verdict(Outcome.FIRED, Adjustment.NONE, Optional.empty());
        }
        long firings = round.changes().stream()
                .filter(change ->
                        change.origin().cause() == Cause.RULE && change.origin().isOf(rule.ruleId()))
                .map(change -> change.origin().decisionId())
                .distinct()
                .count();
        if (rule.maxFirings().isPresent() && firings >= rule.maxFirings().getAsInt()) {
            return Verdict.held("max_firings %d is reached".formatted(firings));
        }
        Adjustment adjustment = rule.then().adjust(situation(rule, round));
        if (adjustment.isNone()) {
            return Verdict.held("nothing is left to change: %s (share %s)"
                    .formatted(rule.then().describe(), shares(rule, round.parameters())));
        }
        return unlessHeldBack(rule, round, Outcome.FIRED, adjustment);
    }

    private Verdict recovered(Rule rule, Round round) {
        if (rule.recover().isEmpty()) {
            return new Verdict(Outcome.HELD, Adjustment.NONE, Optional.empty());
        }
        Map<String, Double> given = new TreeMap<>();
        for (String segment : moved(rule)) {
            double share = round.parameters().share(segment);
            Reductions.last(round.changes(), segment)
                    .filter(taken -> taken.ruleId().equals(rule.ruleId()))
                    .map(taken -> Math.min(rule.recover().get().raise(share), taken.from()))
                    .filter(after -> after > share)
                    .ifPresent(after -> given.put(segment, after));
        }
        return given.isEmpty()
                ? new Verdict(Outcome.HELD, Adjustment.NONE, Optional.empty())
                : unlessHeldBack(rule, round, Outcome.RECOVERED, Adjustment.ofShares(given));
    }

    private Verdict unlessHeldBack(Rule rule, Round round, Outcome outcome, Adjustment adjustment) {
        long newest = round.log().newest(experimentId).version();
        if (newest > round.parameters().version()) {
            return Verdict.held(
                    "parameters have version %d by now, this as-of uses %d: only a later one can change them"
                            .formatted(newest, round.parameters().version()));
        }
        Optional<Instant> last = round.changes().stream()
                .filter(change -> change.origin().isOf(rule.ruleId()))
                .map(ParameterChange::effectiveAsOf)
                .max(Comparator.naturalOrder());
        if (last.isPresent() && last.get().plus(rule.cooldown()).isAfter(round.asOf())) {
            return Verdict.held("cooldown of %s lasts until %s"
                    .formatted(Texts.duration(rule.cooldown()), last.get().plus(rule.cooldown())));
        }
        boolean waits = rule.health() == Rule.Health.FOR_EVERY_CHANGE || raises(adjustment, round);
        if (waits && !round.health().isSound()) {
            return Verdict.held("%s waits for sound data: %s"
                    .formatted(
                            raises(adjustment, round) ? "an increase" : "requires_healthy: this rule",
                            String.join("; ", round.health().failures())));
        }
        return new Verdict(outcome, adjustment, Optional.empty());
    }

    /** Whether anybody gets the feature who would not have had it. */
    private boolean raises(Adjustment adjustment, Round round) {
        AllocationParameters parameters = round.parameters();
        OptionalInt tier = adjustment.activeTier().isEmpty()
                ? OptionalInt.empty()
                : adjustment.activeTier().get().isPresent()
                        ? adjustment.activeTier().get()
                        : policy.inForce(AllocationParameters.INITIAL, round.asOf())
                                .activeTier();
        return adjustment.shares().entrySet().stream()
                        .anyMatch(entry -> entry.getValue() > parameters.share(entry.getKey()))
                || tier.orElse(0) > activeTier(round).orElse(0)
                || adjustment.activity().equals(Optional.of(Activity.ACTIVE));
    }

    private OptionalInt activeTier(Round round) {
        return policy.inForce(round.parameters(), round.asOf()).activeTier();
    }

    private Action.Situation situation(Rule rule, Round round) {
        ParameterLog inForce = round.log().until(round.asOf());
        long previous = inForce.previous(experimentId, round.parameters().version());
        return new Action.Situation(
                round.parameters(), moved(rule), activeTier(round), inForce.backTo(experimentId, previous));
    }

    /** Segments whose share a rule moves. */
    private List<String> moved(Rule rule) {
        return rule.segment().equals(Segments.ALL) ? segments.names() : List.of(rule.segment());
    }

    private String shares(Rule rule, AllocationParameters parameters) {
        return moved(rule).stream()
                .map(segment -> Texts.percent(parameters.share(segment)))
                .distinct()
                .collect(Collectors.joining(", "));
    }

    /**
     * Of several changes of one thing the most careful wins: a pause over all, the lowest share of a segment, and no
     * further tier while anything is taken or given back. Ties go to the first rule by name.
     */
    private static List<RuleDecision> resolved(List<RuleDecision> decisions) {
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

    /**
     * Decisions that want to change the same experiment at once.
     *
     * @param pause the one that pauses it
     * @param back the one that goes back to the version before
     * @param lowering one that takes something
     * @param advance the one that lets a tier in
     * @param lowest per segment the one with the lowest share
     */
    private record Contest(
            Optional<RuleDecision> pause,
            Optional<RuleDecision> back,
            Optional<RuleDecision> lowering,
            Optional<RuleDecision> advance,
            Map<String, RuleDecision> lowest) {

        RuleDecision judged(RuleDecision decision) {
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
            return withWonShares(decision, lowest);
        }

        private static RuleDecision unlessLost(RuleDecision decision, RuleDecision winner, String why) {
            return isSame(decision, winner)
                    ? decision
                    : decision.suppressed(why.formatted(winner.rule().ruleId()));
        }
    }

    private static boolean isSame(RuleDecision one, RuleDecision other) {
        return one.decisionId().equals(other.decisionId());
    }

    private static boolean lowers(RuleDecision decision) {
        return decision.adjustment().shares().entrySet().stream()
                .anyMatch(entry -> entry.getValue() < decision.before().share(entry.getKey()));
    }

    private static RuleDecision withWonShares(RuleDecision decision, Map<String, RuleDecision> lowest) {
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

    /** The key of an evaluation: rule, content hash, segment and as-of. */
    public String decisionId(Rule rule, Instant asOf) {
        String key = String.join("\n", experimentId, rule.ruleId(), contentHash, rule.segment(), asOf.toString());
        return "%s-%s".formatted(rule.ruleId().toLowerCase(Locale.ROOT), ContentHash.sha256(key, 12));
    }
}
