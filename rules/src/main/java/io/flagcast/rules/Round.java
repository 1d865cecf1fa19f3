package io.flagcast.rules;

import io.flagcast.allocation.Adjustment;
import io.flagcast.allocation.AllocationParameters;
import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.allocation.ParameterChange;
import io.flagcast.allocation.ParameterLog;
import io.flagcast.allocation.Policy;
import io.flagcast.allocation.Segments;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Collectors;

/**
 * What every rule of one evaluation finds: the allocation as it is in force, how it became so, and whether the data can be
 * trusted.
 *
 * @param experimentId the experiment
 * @param segments its segments
 * @param policy its policy, as the file has it
 * @param log all changes of parameters
 * @param parameters in force
 * @param changes of this experiment, up to those in force
 * @param health whether the data can be trusted
 * @param asOf instant of the evaluation
 */
record Round(
        String experimentId,
        Segments segments,
        Policy policy,
        ParameterLog log,
        AllocationParameters parameters,
        List<ParameterChange> changes,
        Health health,
        Instant asOf) {

    /** What an action of the rule starts from. */
    Action.Situation situation(Rule rule) {
        ParameterLog inForce = log.until(asOf);
        long previous = inForce.previous(experimentId, parameters.version());
        return new Action.Situation(parameters, moved(rule), activeTier(), inForce.backTo(experimentId, previous));
    }

    /** Segments whose share a rule moves. */
    List<String> moved(Rule rule) {
        return rule.segment().equals(Segments.ALL) ? segments.names() : List.of(rule.segment());
    }

    /** Their shares in force, in words. */
    String shares(Rule rule) {
        return moved(rule).stream()
                .map(segment -> Texts.percent(parameters.share(segment)))
                .distinct()
                .collect(Collectors.joining(", "));
    }

    /** Whether anybody gets the feature who would not have had it. */
    boolean isRaisedBy(Adjustment adjustment) {
        OptionalInt tier = adjustment.activeTier().isEmpty()
                ? OptionalInt.empty()
                : adjustment.activeTier().get().isPresent()
                        ? adjustment.activeTier().get()
                        : policy.inForce(AllocationParameters.INITIAL, asOf).activeTier();
        return adjustment.shares().entrySet().stream()
                        .anyMatch(entry -> entry.getValue() > parameters.share(entry.getKey()))
                || tier.orElse(0) > activeTier().orElse(0)
                || adjustment.ramp().flatMap(level -> level).stream()
                        .anyMatch(level -> policy.inForce(parameters, asOf)
                                .level()
                                .filter(now -> now.unit() == level.unit() && now.value() >= level.value())
                                .isEmpty())
                || adjustment.activity().equals(Optional.of(Activity.ACTIVE));
    }

    private OptionalInt activeTier() {
        return policy.inForce(parameters, asOf).activeTier();
    }
}
