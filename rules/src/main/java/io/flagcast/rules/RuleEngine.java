package io.flagcast.rules;

import io.flagcast.allocation.ParameterLog;
import io.flagcast.allocation.Policy;
import io.flagcast.allocation.Segments;
import io.flagcast.rules.Reading.State;
import io.flagcast.statistics.Cap;
import io.flagcast.statistics.Metric;
import io.flagcast.tables.ContentHash;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
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
     * The same rules on metrics whose quantiles have become values.
     *
     * @param caps per metric where the value of a user stops to count; of a metric whose cap is no quantile it is not asked
     */
    public RuleEngine withCaps(Map<String, Double> caps) {
        List<Metric> frozen = metrics.stream()
                .map(metric ->
                        metric.cap().filter(Cap.Quantile.class::isInstance).isPresent()
                                        && caps.containsKey(metric.name())
                                ? metric.frozenAt(caps.get(metric.name()))
                                : metric)
                .toList();
        return new RuleEngine(experimentId, contentHash, rules, frozen, segments, policy);
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
                experimentId,
                segments,
                policy,
                log,
                log.until(asOf).newest(experimentId),
                log.until(asOf).of(experimentId),
                health,
                asOf);
        Measurements usable = measurements.without(health.unusable());
        Map<String, Metric> metricsByName =
                metrics.stream().collect(Collectors.toMap(Metric::name, Function.identity()));
        return Contest.resolved(rules.stream()
                .map(rule -> decided(
                        rule,
                        Assessment.of(rule, alpha(rule), metricsByName, usable, asOf),
                        round,
                        holdingRuns.getOrDefault(rule.ruleId(), 0)))
                .toList());
    }

    private RuleDecision decided(Rule rule, Assessment assessment, Round round, int heldBefore) {
        String decisionId = decisionId(rule, round.asOf());
        int holding = assessment.state() == State.HOLDS ? heldBefore + 1 : 0;
        String shown = assessment.readings().stream().map(Reading::reason).collect(Collectors.joining("; "));
        Verdict verdict = Verdict.earlier(decisionId, round)
                .orElseGet(() -> Verdict.of(rule, round, assessment.state(), holding));
        return new RuleDecision(
                decisionId,
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

    /** Probability to be wrong that a rule may spend. */
    double alpha(Rule rule) {
        long sharing = rules.stream()
                .filter(each -> each.evidence().method() == Rule.Evidence.Method.CONFIDENCE_SEQUENCE)
                .count();
        return (1 - rule.evidence().confidence()) / Math.max(1, sharing);
    }

    /** The key of an evaluation: rule, content hash, segment and as-of. */
    public String decisionId(Rule rule, Instant asOf) {
        String key = String.join("\n", experimentId, rule.ruleId(), contentHash, rule.segment(), asOf.toString());
        return "%s-%s".formatted(rule.ruleId().toLowerCase(Locale.ROOT), ContentHash.sha256(key, 12));
    }
}
