package io.flagcast.rules;

import io.flagcast.rules.Condition.Comparison;
import io.flagcast.rules.Reading.State;
import io.flagcast.statistics.Metric;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * What the measurements say of a rule's condition.
 *
 * @param state of the condition as a whole
 * @param readings one for each of its comparisons
 * @param deciding the one that made the state what it is
 */
record Assessment(State state, List<Reading> readings, Reading deciding) {

    Assessment {
        readings = List.copyOf(readings);
    }

    /**
     * Assesses the condition of a rule.
     *
     * @param alpha probability to be wrong that the rule may spend
     * @param metrics by name
     * @param asOf days from it on are not looked at
     */
    static Assessment of(
            Rule rule, double alpha, Map<String, Metric> metrics, Measurements measurements, Instant asOf) {
        return of(rule.when(), alpha, new Assessor(rule, metrics, measurements, asOf));
    }

    private static Assessment of(Condition condition, double alpha, Assessor assessor) {
        if (condition instanceof Condition.All all) {
            return all(all.conditions().stream()
                    .map(part -> of(part, alpha, assessor))
                    .toList());
        }
        if (condition instanceof Condition.Any any) {
            return any(any.conditions().stream()
                    .map(part -> of(part, alpha / any.conditions().size(), assessor))
                    .toList());
        }
        Reading reading = assessor.read((Comparison) condition, alpha);
        return new Assessment(reading.state(), List.of(reading), reading);
    }

    private static Assessment all(List<Assessment> parts) {
        State state = every(parts, State.HOLDS)
                ? State.HOLDS
                : every(parts, State.OPPOSITE)
                        ? State.OPPOSITE
                        : any(parts, State.OPEN) || any(parts, State.OPPOSITE) ? State.OPEN : State.INCONCLUSIVE;
        return joined(state, parts, part -> part.state != State.HOLDS);
    }

    private static Assessment any(List<Assessment> parts) {
        State state = any(parts, State.HOLDS)
                ? State.HOLDS
                : every(parts, State.OPPOSITE)
                        ? State.OPPOSITE
                        : any(parts, State.INCONCLUSIVE) ? State.INCONCLUSIVE : State.OPEN;
        return joined(state, parts, part -> part.state == State.HOLDS);
    }

    private static boolean every(List<Assessment> parts, State state) {
        return parts.stream().allMatch(part -> part.state == state);
    }

    private static boolean any(List<Assessment> parts, State state) {
        return parts.stream().anyMatch(part -> part.state == state);
    }

    private static Assessment joined(State state, List<Assessment> parts, Predicate<Assessment> decides) {
        return new Assessment(
                state,
                parts.stream().flatMap(part -> part.readings.stream()).toList(),
                parts.stream().filter(decides).findFirst().orElse(parts.get(0)).deciding);
    }
}
