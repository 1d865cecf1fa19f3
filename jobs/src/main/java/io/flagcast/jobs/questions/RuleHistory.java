package io.flagcast.jobs.questions;

import io.flagcast.allocation.Adjustment;
import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.allocation.ParameterChange;
import io.flagcast.allocation.ParameterLog;
import io.flagcast.allocation.ramp.Level;
import io.flagcast.jobs.records.DecisionTable;
import io.flagcast.jobs.records.ParameterTable;
import io.flagcast.lake.Lake;
import io.flagcast.rules.Rule;
import io.flagcast.rules.RuleDecision;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;

/**
 * What rules have decided at published evaluations, and what came of it.
 *
 * @param decisions rows of {@code rule_decisions}, oldest first
 * @param log all changes of parameters
 */
public record RuleHistory(List<Row> decisions, ParameterLog log) {

    /**
     * Which decisions are asked for.
     *
     * @param experimentId of this experiment alone
     * @param ruleId of rules with this id alone
     * @param outcome with this outcome alone
     */
    public record Wanted(
            Optional<String> experimentId, Optional<String> ruleId, Optional<RuleDecision.Outcome> outcome) {

        boolean includes(Row decision) {
            return is(experimentId, decision, "experiment_id")
                    && is(ruleId, decision, "rule_id")
                    && is(outcome.map(RuleDecision.Outcome::label), decision, "outcome");
        }

        private static boolean is(Optional<String> wanted, Row decision, String column) {
            return wanted.map(value -> value.equals(decision.getAs(column))).orElse(true);
        }
    }

    /**
     * The decisions of all publications that are asked for.
     *
     * @throws Refusal with exit code 66 where nothing is published
     */
    public static RuleHistory of(Lake lake, Wanted wanted) {
        lake.requireLive();
        return new RuleHistory(
                DecisionTable.history(lake).rows().stream()
                        .filter(wanted::includes)
                        .toList(),
                ParameterTable.read(lake));
    }

    /** What a decision has changed, or asks for; empty where it asks for nothing. */
    public String change(Row decision) {
        String asked = asked(DecisionTable.adjustment(decision));
        if (asked.isEmpty()) {
            return "";
        }
        Optional<ParameterChange> made =
                log.ofDecision(decision.getAs("decision_id")).stream().findFirst();
        if (made.isPresent()) {
            return "%s (version %d)".formatted(asked, made.get().version());
        }
        return decision.getAs("mode").equals(Rule.Mode.PROPOSE.label())
                ? asked + " (proposed)"
                : asked + " (" + decision.getAs("mode") + ")";
    }

    private static String asked(Adjustment adjustment) {
        return Stream.of(
                        new TreeMap<>(adjustment.shares())
                                .entrySet().stream()
                                        .map(share ->
                                                "%s -> %.0f %%".formatted(share.getKey(), 100 * share.getValue())),
                        adjustment.activeTier().stream()
                                .map(tier -> "tier -> " + (tier.isPresent() ? "" + tier.getAsInt() : "the file's")),
                        adjustment.activity().stream()
                                .map(activity -> activity == Activity.ACTIVE ? "resumed" : "paused"),
                        adjustment.ramp().stream()
                                .map(level ->
                                        "ramp -> " + level.map(Level::toString).orElse("its first step")),
                        adjustment.restores().stream().mapToObj(version -> "as version " + version))
                .flatMap(parts -> parts)
                .collect(Collectors.joining(", "));
    }
}
