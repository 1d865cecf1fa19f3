package io.flagcast.rules;

import io.flagcast.allocation.AllocationParameters;
import io.flagcast.rules.RuleDecision.Outcome;
import io.flagcast.statistics.ConfidenceSequence;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Moments;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Evaluates the rules of one experiment. Bounds are one-sided confidence sequences, valid however often anybody looks.
 *
 * @param experimentId the experiment
 * @param contentHash hash of the experiment file
 * @param rules its rules, in any order: the order never changes the result
 */
public record RuleEngine(String experimentId, String contentHash, List<Rule> rules) {

    public RuleEngine {
        Objects.requireNonNull(experimentId, "experimentId");
        Objects.requireNonNull(contentHash, "contentHash");
        rules = List.copyOf(rules);
    }

    /**
     * An earlier firing that counts for cooldown and maximum.
     *
     * @param ruleId the rule
     * @param decisionId its decision
     * @param asOf when
     */
    public record Firing(String ruleId, String decisionId, Instant asOf) {}

    /**
     * Evaluates every rule once.
     *
     * @param parameters in force; new shares are computed from this version
     * @param observations since the evidence of each segment began; at most one per segment, population and metric
     * @param firings earlier firings of this experiment
     * @param asOf instant up to which the observations looked
     * @return a decision for every rule, in the order of the rules
     */
    public List<RuleDecision> evaluate(
            AllocationParameters parameters, List<Observation> observations, List<Firing> firings, Instant asOf) {
        List<RuleDecision> decisions = rules.stream()
                .map(rule -> evaluate(rule, parameters, observations, firings, asOf))
                .toList();
        return suppressAllButTheLowest(decisions);
    }

    private RuleDecision evaluate(
            Rule rule,
            AllocationParameters parameters,
            List<Observation> observations,
            List<Firing> firings,
            Instant asOf) {
        Rule.Condition when = rule.when();
        double share = parameters.share(when.segment());
        Optional<Observation> observation = observations.stream()
                .filter(o -> o.segment().equals(when.segment())
                        && o.population() == when.population()
                        && o.metric().equals(when.metric()))
                .findFirst();
        Moments values = observation.map(Observation::values).orElse(Moments.EMPTY);
        Verdict verdict = verdict(rule, observation, share, firings, asOf);
        double after = verdict.outcome == Outcome.FIRED && rule.mode() == Rule.Mode.ENFORCE
                ? rule.then().apply(share)
                : share;
        return new RuleDecision(
                decisionId(rule, asOf),
                experimentId,
                rule,
                asOf,
                verdict.outcome,
                values.n() == 0 ? OptionalDouble.empty() : OptionalDouble.of(values.mean()),
                verdict.bound,
                values.n(),
                share,
                after,
                parameters.version(),
                verdict.reason);
    }

    private record Verdict(Outcome outcome, OptionalDouble bound, String reason) {}

    private Verdict verdict(
            Rule rule, Optional<Observation> observation, double share, List<Firing> firings, Instant asOf) {
        Moments values = observation.map(Observation::values).orElse(Moments.EMPTY);
        Rule.Condition when = rule.when();
        Rule.Evidence evidence = rule.evidence();
        if (observation.isEmpty() || values.n() < evidence.minUsers()) {
            return new Verdict(
                    Outcome.INCONCLUSIVE,
                    OptionalDouble.empty(),
                    "%,d users, needs min_users %,d".formatted(values.n(), evidence.minUsers()));
        }
        ConfidenceSequence sequence = ConfidenceSequence.atConfidence(evidence.confidence(), evidence.tunedAt());
        boolean below = when.side() == Rule.Side.BELOW;
        Metric.Kind kind = observation.get().kind();
        OptionalDouble bound = below ? sequence.upperBound(values, kind) : sequence.lowerBound(values, kind);
        if (bound.isEmpty()) {
            return new Verdict(
                    Outcome.INCONCLUSIVE,
                    bound,
                    "%,d users without spread in their values: no confidence bound".formatted(values.n()));
        }
        boolean holds = below ? bound.getAsDouble() < when.level() : bound.getAsDouble() > when.level();
        String comparison = "%s bound %.4f is %s %.4f (observed %.4f, n = %,d)"
                .formatted(
                        below ? "upper" : "lower",
                        bound.getAsDouble(),
                        (holds ? "" : "not ") + when.side().label(),
                        when.level(),
                        values.mean(),
                        values.n());
        if (!holds) {
            return new Verdict(Outcome.HELD, bound, comparison);
        }
        return heldBack(rule, share, firings, asOf)
                .map(why -> new Verdict(Outcome.HELD, bound, comparison + ", but " + why))
                .orElseGet(() -> new Verdict(Outcome.FIRED, bound, comparison));
    }

    private Optional<String> heldBack(Rule rule, double share, List<Firing> firings, Instant asOf) {
        List<Firing> earlier = firings.stream()
                .filter(firing ->
                        firing.ruleId().equals(rule.ruleId()) && firing.asOf().isBefore(asOf))
                .toList();
        Optional<Instant> last = earlier.stream().map(Firing::asOf).max(Comparator.naturalOrder());
        if (last.isPresent() && last.get().plus(rule.cooldown()).isAfter(asOf)) {
            return Optional.of("cooldown of %s lasts until %s"
                    .formatted(inDays(rule.cooldown()), last.get().plus(rule.cooldown())));
        }
        if (rule.maxFirings().isPresent() && earlier.size() >= rule.maxFirings().getAsInt()) {
            return Optional.of("max_firings %d is reached".formatted(earlier.size()));
        }
        if (rule.then().apply(share) == share) {
            return Optional.of("the share %.0f %% is already at its bound".formatted(100 * share));
        }
        return Optional.empty();
    }

    private static String inDays(Duration duration) {
        return duration.toMinutes() % 60 != 0
                ? duration.toMinutes() + " min"
                : duration.toHours() % 24 == 0 ? duration.toDays() + " d" : duration.toHours() + " h";
    }

    /** Of several rules that move one segment the lowest resulting share wins; ties go to the first rule by name. */
    private static List<RuleDecision> suppressAllButTheLowest(List<RuleDecision> decisions) {
        Map<String, RuleDecision> winners = decisions.stream()
                .filter(RuleDecision::changesShare)
                .collect(Collectors.toMap(
                        decision -> decision.rule().when().segment(),
                        Function.identity(),
                        (a, b) -> Comparator.comparingDouble(RuleDecision::shareAfter)
                                                .thenComparing(d -> d.rule().ruleId())
                                                .compare(a, b)
                                        <= 0
                                ? a
                                : b));
        List<RuleDecision> result = new ArrayList<>();
        for (RuleDecision decision : decisions) {
            RuleDecision winner = winners.get(decision.rule().when().segment());
            result.add(
                    winner == null || winner.equals(decision) || !decision.changesShare()
                            ? decision
                            : suppressed(decision, winner));
        }
        return List.copyOf(result);
    }

    private static RuleDecision suppressed(RuleDecision decision, RuleDecision winner) {
        return new RuleDecision(
                decision.decisionId(),
                decision.experimentId(),
                decision.rule(),
                decision.asOf(),
                Outcome.SUPPRESSED,
                decision.observed(),
                decision.bound(),
                decision.n(),
                decision.shareBefore(),
                decision.shareBefore(),
                decision.parametersVersion(),
                "%s; rule '%s' sets the share to %.4f, which is not higher"
                        .formatted(decision.reason(), winner.rule().ruleId(), winner.shareAfter()));
    }

    /** The key of an evaluation: rule, content hash, segment and as-of. */
    public String decisionId(Rule rule, Instant asOf) {
        String key = String.join(
                "\n", experimentId, rule.ruleId(), contentHash, rule.when().segment(), asOf.toString());
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
            return "%s-%s"
                    .formatted(
                            rule.ruleId().toLowerCase(Locale.ROOT),
                            HexFormat.of().formatHex(digest, 0, 6));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has SHA-256", e);
        }
    }
}
