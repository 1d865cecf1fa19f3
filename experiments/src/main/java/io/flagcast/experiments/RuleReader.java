package io.flagcast.experiments;

import io.flagcast.experiments.ConditionReader.When;
import io.flagcast.experiments.document.Mapping;
import io.flagcast.experiments.document.Numbers;
import io.flagcast.experiments.document.Reader;
import io.flagcast.experiments.document.Setting;
import io.flagcast.experiments.document.Times;
import io.flagcast.experiments.document.Value;
import io.flagcast.experiments.document.Words;
import io.flagcast.rules.Action;
import io.flagcast.rules.Rule;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Metric.HeavyTails;
import java.time.Duration;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** Reads the rules of an experiment. */
final class RuleReader {

    private final ConditionReader conditions;
    private final ActionReader actions;
    private final MetricReader metrics;

    private final Map<String, Integer> lines = new LinkedHashMap<>();
    private final Map<String, Rule> declared = new HashMap<>();

    /** @param metrics has read all of them */
    RuleReader(ConditionReader conditions, ActionReader actions, MetricReader metrics) {
        this.conditions = conditions;
        this.actions = actions;
        this.metrics = metrics;
    }

    /** Lines of the rules that were read before, broken or not, by their rule_id and in the order of the file. */
    Map<String, Integer> lines() {
        return Collections.unmodifiableMap(lines);
    }

    /** The rules that were read before, by their rule_id, without those that are broken. */
    Map<String, Rule> declared() {
        return Collections.unmodifiableMap(declared);
    }

    Optional<Rule> read(Mapping rule) {
        Setting<String> ruleId = rule.required("rule_id", this::newRuleId);
        Setting<String> description = rule.required("description", Words::text);
        Setting<When> when = rule.required("when", Mapping.of(conditions::when));
        Setting<Rule.Evidence> evidence = rule.required(
                "evidence",
                Mapping.of(limits -> EvidenceReader.read(limits, when.read().map(When::condition))));
        Setting<Action> then = rule.required("then", Mapping.of(actions::read));
        Setting<Optional<Action.Increase>> recover = rule.optional("recover", ActionReader.recovery(then.read()));
        Setting<Duration> cooldown = rule.or("cooldown", ofChange(then.read(), Times::duration), Duration.ZERO);
        Setting<Optional<Integer>> maxFirings =
                rule.optional("max_firings", ofChange(then.read(), Numbers::smallCount));
        Setting<Boolean> requiresHealthy = rule.or("requires_healthy", Words::flag, false);
        Setting<Rule.Mode> mode = rule.or("mode", Words.oneOf(Rule.Mode.class), Rule.Mode.DRY_RUN);
        Optional<Rule> read = rule.build(() -> withProvenBounds(new Rule(
                ruleId.value(),
                description.value(),
                when.value().segment(),
                when.value().condition(),
                evidence.value(),
                then.value(),
                recover.value(),
                cooldown.value(),
                maxFirings.value().map(OptionalInt::of).orElseGet(OptionalInt::empty),
                requiresHealthy.value() ? Rule.Health.FOR_EVERY_CHANGE : Rule.Health.FOR_INCREASES,
                mode.value())));
        read.ifPresent(known -> declared.put(known.ruleId(), known));
        return read;
    }

    /** What changes the allocation by itself rests on bounds that hold, or says that it does not. */
    private Rule withProvenBounds(Rule rule) {
        if (rule.mode() != Rule.Mode.ENFORCE || rule.then() instanceof Action.Alert) {
            return rule;
        }
        rule.when()
                .comparisons()
                .flatMap(comparison -> Optional.ofNullable(metrics.declared().get(comparison.metric())).stream())
                .filter(metric -> metric.isUnlimited() && metric.heavyTails() == HeavyTails.NOT_ACCEPTED)
                .findFirst()
                .ifPresent(metric -> {
                    boolean isMean = metric.kind() == Metric.Kind.MEAN;
                    throw new IllegalArgumentException("mode enforce: rule '%s' looks at '%s', a %s of values without a"
                                    .formatted(rule.ruleId(), metric.name(), isMean ? "mean" : "ratio")
                            + " limit, which is not proven for heavy tails; "
                            + (isMean
                                    ? "give the metric a limit, as in cap: 500 or cap: {quantile: 99.9%}, or accept it"
                                            + " there with heavy_tails: accepted"
                                    : "accept it there with heavy_tails: accepted"));
                });
        return rule;
    }

    /** A setting that only an action which changes something has. */
    private static <T> Reader<T> ofChange(Optional<Action> then, Reader<T> read) {
        return then.filter(Action.Alert.class::isInstance).isEmpty()
                ? read
                : value -> value.refuse("an alert changes nothing, so that this has no meaning; remove it");
    }

    private Optional<String> newRuleId(Value value) {
        return Words.name(value).flatMap(ruleId -> {
            Integer first = lines.putIfAbsent(ruleId, value.line());
            return first == null
                    ? Optional.of(ruleId)
                    : value.refuse("also declared on line %d; give every rule its own rule_id".formatted(first));
        });
    }
}
