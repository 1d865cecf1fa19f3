package io.flagcast.experiments;

import io.flagcast.allocation.AllocationParameters;
import io.flagcast.allocation.AllocationParameters.Setting;
import io.flagcast.rules.Observation;
import io.flagcast.rules.Rule;
import io.flagcast.rules.RuleDecision;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Moments;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * A unit test of a rule, from the {@code tests} block of the experiment file.
 *
 * @param name what it shows
 * @param given what was counted
 * @param expect what the rule must do
 * @param line where it stands in the file
 */
public record RuleTest(String name, Given given, Expect expect, int line) {

    /**
     * Counts of one segment since its evidence began.
     *
     * @param segment the segment
     * @param users users with a closed outcome window, at least 0
     * @param conversions users of them who converted, 0 to {@code users}
     * @param share share of the segment before, in [0, 1]
     */
    public record Given(String segment, long users, long conversions, double share) {

        public Given {
            if (users < 0 || conversions < 0 || conversions > users) {
                throw new IllegalArgumentException(
                        "conversions %d of users %d: needs 0 <= conversions <= users".formatted(conversions, users));
            }
            if (!(share >= 0 && share <= 1)) {
                throw new IllegalArgumentException("share " + share + " is outside [0, 1]");
            }
        }
    }

    /**
     * What must come of it.
     *
     * @param ruleId the rule
     * @param outcome its outcome
     * @param share share after, in [0, 1]; not checked where absent
     */
    public record Expect(String ruleId, RuleDecision.Outcome outcome, OptionalDouble share) {}

    /** What went wrong, or nothing. */
    public Optional<String> failure(Experiment experiment) {
        Rule rule = experiment.rules().stream()
                .filter(candidate -> candidate.ruleId().equals(expect.ruleId()))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no rule '" + expect.ruleId() + "'"));
        Observation observation = new Observation(
                given.segment(),
                rule.when().population(),
                rule.when().metric(),
                Metric.Kind.PROPORTION,
                Moments.ofProportion(given.conversions(), given.users()));
        AllocationParameters parameters = new AllocationParameters(
                0,
                Map.of(given.segment(), new Setting(given.share(), 0, Optional.empty())),
                Map.of(),
                OptionalInt.empty());
        RuleDecision decision =
                experiment.ruleEngine().evaluate(parameters, List.of(observation), List.of(), Instant.EPOCH).stream()
                        .filter(candidate -> candidate.rule().equals(rule))
                        .findFirst()
                        .orElseThrow();
        if (decision.outcome() != expect.outcome()) {
            return Optional.of("expected %s, got %s: %s"
                    .formatted(expect.outcome().label(), decision.outcome().label(), decision.reason()));
        }
        if (expect.share().isPresent() && Math.abs(expect.share().getAsDouble() - decision.shareAfter()) > 1e-9) {
            return Optional.of(
                    "expected share %.4f, got %.4f".formatted(expect.share().getAsDouble(), decision.shareAfter()));
        }
        return Optional.empty();
    }
}
