package io.flagcast.experiments;

import io.flagcast.experiments.document.Mapping;
import io.flagcast.experiments.document.Numbers;
import io.flagcast.experiments.document.Setting;
import io.flagcast.experiments.document.Words;
import io.flagcast.rules.Rule;
import io.flagcast.rules.RuleDecision;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;

/** Reads the tests of an experiment's rules. */
final class RuleTestReader {

    private final SegmentReader segments;
    private final MetricReader metrics;
    private final Optional<Set<String>> ruleIds;
    private final Map<String, Rule> rules;

    /**
     * @param metrics has read all of them
     * @param ruleIds of the rules that the file declares, broken or not; absent where nobody can tell
     * @param rules by rule_id, without those that are broken
     */
    RuleTestReader(
            SegmentReader segments, MetricReader metrics, Optional<Set<String>> ruleIds, Map<String, Rule> rules) {
        this.segments = segments;
        this.metrics = metrics;
        this.ruleIds = ruleIds;
        this.rules = rules;
    }

    Optional<RuleTest> read(Mapping test) {
        Setting<String> name = test.required("name", Words::text);
        Setting<List<Expected>> expected = test.required("expect", Mapping.oneOrListOf(Mapping.of(this::expected)));
        GivenReader reader = new GivenReader(
                expected.read().flatMap(this::rules), metrics.declared(), metrics::name, segments::watched);
        Setting<RuleTest.Given> given = test.required("given", Mapping.of(reader::read));
        given.read()
                .ifPresent(known -> expected.read().stream()
                        .flatMap(List::stream)
                        .forEach(each -> requireGiven(test, each, known.days())));
        return test.build(() -> new RuleTest(
                name.value(),
                given.value(),
                expected.value().stream().map(Expected::expect).toList(),
                test.line()));
    }

    private record Expected(RuleTest.Expect expect, int lineOfDay) {}

    private Optional<Expected> expected(Mapping expect) {
        Setting<String> rule = expect.required("rule", Words.nameIn("rules", ruleIds));
        Setting<Optional<Integer>> day = expect.optional("day", Numbers::smallCount);
        Setting<RuleDecision.Outcome> outcome = expect.required("outcome", Words.oneOf(RuleDecision.Outcome.class));
        Setting<Optional<Double>> share = expect.optional("share", Numbers::rate);
        return expect.build(() -> new Expected(
                new RuleTest.Expect(
                        rule.value(),
                        day.value().map(OptionalInt::of).orElseGet(OptionalInt::empty),
                        outcome.value(),
                        share.value().map(OptionalDouble::of).orElseGet(OptionalDouble::empty)),
                day.line()));
    }

    /** The rules that something is expected of, absent where one of them is broken. */
    private Optional<List<Rule>> rules(List<Expected> expected) {
        List<String> names =
                expected.stream().map(each -> each.expect().ruleId()).distinct().toList();
        return rules.keySet().containsAll(names)
                ? Optional.of(names.stream().map(rules::get).toList())
                : Optional.empty();
    }

    private static void requireGiven(Mapping test, Expected expected, long days) {
        OptionalInt day = expected.expect().day();
        if (day.isPresent() && !(day.getAsInt() >= 1 && day.getAsInt() <= days)) {
            test.report(
                    expected.lineOfDay(),
                    "day '%d': outside 1 to %d, the days that are given".formatted(day.getAsInt(), days));
        }
    }
}
