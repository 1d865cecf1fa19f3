package io.flagcast.rules;

import io.flagcast.allocation.AllocationParameters;
import io.flagcast.allocation.ParameterChange;
import io.flagcast.allocation.ParameterLog;
import io.flagcast.statistics.Metric;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What the rules of an experiment would have done with measured days, had they been evaluated at the end of each.
 *
 * <p>After a change only users count whose outcome window began after it, as in a real run, with those who come again. The
 * days were measured under the allocation that really was; as shedding is random within a segment, means stay, but fewer
 * users would have been counted.
 *
 * @param decisions of every rule at every evaluation, in order
 * @param log changes that were there and those that the decisions added
 */
public record Replay(List<RuleDecision> decisions, ParameterLog log) {

    private static final Duration DAY = Duration.ofDays(1);

    public Replay {
        decisions = List.copyOf(decisions);
    }

    /**
     * Evaluates rules at the end of each day.
     *
     * @param days users of each day
     * @param log changes that were there before the first evaluation; later ones are left out
     * @param from first evaluation
     * @param to last evaluation
     */
    public static Replay of(
            RuleEngine engine, List<Observation> days, ParameterLog log, Health health, Instant from, Instant to) {
        Map<String, Duration> within =
                engine.metrics().stream().collect(Collectors.toMap(Metric::name, Metric::within));
        ParameterLog known = log.until(from);
        Map<String, Integer> holding = new HashMap<>();
        List<RuleDecision> decisions = new ArrayList<>();
        for (Instant asOf = from; !asOf.isAfter(to); asOf = asOf.plus(DAY)) {
            List<Observation> past = endedBy(asOf, days);
            AllocationParameters parameters = known.until(asOf).newest(engine.experimentId());
            List<Observation> evidence = past.stream()
                    .flatMap(day -> parameters
                            .evidenceOf(day.segment())
                            .shareChangedAt()
                            .map(changed -> changed.plus(within.getOrDefault(day.metric(), Duration.ZERO)))
                            .map(begin -> Stream.of(day.since(begin))
                                    .filter(since -> !since.day().isBefore(begin)))
                            .orElse(Stream.of(day)))
                    .toList();
            List<RuleDecision> made = engine.evaluate(new Measurements(evidence, past), known, holding, health, asOf);
            made.forEach(decision -> holding.put(decision.rule().ruleId(), decision.holdingRuns()));
            known = known.with(changes(made, known));
            decisions.addAll(made);
        }
        return new Replay(decisions, known);
    }

    private static List<Observation> endedBy(Instant asOf, List<Observation> days) {
        return days.stream().filter(day -> !day.day().plus(DAY).isAfter(asOf)).toList();
    }

    private static List<ParameterChange> changes(List<RuleDecision> decisions, ParameterLog log) {
        return decisions.stream()
                .filter(RuleDecision::changesAllocation)
                .flatMap(decision -> log
                        .changesTo(
                                decision.experimentId(), decision.adjustment(), decision.asOf(), decision.origin("{}"))
                        .stream())
                .toList();
    }
}
