package io.flagcast.experiments;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.rules.Condition.Population;
import io.flagcast.rules.Observation;
import io.flagcast.statistics.ConfidenceSequence;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Moments;
import io.flagcast.statistics.WeightedMoments;
import java.time.Instant;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * The tests block of a file. Most rules here use method point, so that every outcome follows from the counts by hand:
 * 400 users a day reach min_users 1000 on the third day.
 */
class RuleTestTest {

    private static final String RULE = """
            experiment_id: tested
            feature_id: dark_mode
            salt: tested-1
            segments: {low: [0, 50], high: [50, 100]}
            allocation: {percentage_allocation: 10%%}
            metrics:
              conversion: {kind: proportion, outcome: purchase, within: 1d}
              revenue: {kind: mean, outcome: purchase, within: 2d, heavy_tails: accepted}
            rules:
              - rule_id: r
                description: the rule of this test
                when: {%s}
                %s
                mode: enforce
            tests:
              - name: t
                given: {%s}
                expect:
            %s
            """;

    private static final String BELOW = "segment: high, metric: conversion, below: 5%";

    private static final String POINT = """
            evidence: {min_users: 1000, method: point}
                then: {reduce_allocation: 20%, not_below: 5%}
                max_firings: 9
            """;

    private static Experiment experiment(String when, String then, String given, String... expected) {
        String file = RULE.formatted(
                when,
                then.strip(),
                given,
                IntStream.range(0, expected.length)
                        .mapToObj(i -> "      - {rule: r, " + expected[i] + "}\n")
                        .reduce("", String::concat));
        assertThat(SchemaTest.problems(file)).isEmpty();
        return ExperimentFiles.parse("tested.yaml", file);
    }

    private static Optional<String> failure(String when, String then, String given, String... expected) {
        Experiment experiment = experiment(when, then, given, expected);
        return experiment.tests().get(0).failure(experiment);
    }

    private static void assertPasses(String when, String then, String given, String... expected) {
        assertThat(failure(when, then, given, expected)).isEmpty();
    }

    /** The users of day 4 met the experiment before the change of day 3, whose outcomes take a day: day 5 counts. */
    @Test
    void evidenceBeginsAnewAfterAChange() {
        assertPasses(
                BELOW,
                POINT,
                "segment: high, users: 400x11, conversions: 16x11",
                "day: 3, outcome: fired, share: 80%",
                "day: 6, outcome: inconclusive, share: 80%",
                "day: 7, outcome: fired, share: 64%",
                "day: 10, outcome: inconclusive, share: 64%",
                "day: 11, outcome: fired, share: 51.2%");
    }

    @Test
    void aCooldownHoldsARuleBackUntilItsEnd() {
        assertPasses(
                BELOW,
                POINT + "    cooldown: 6d",
                "segment: high, users: 400x9, conversions: 16x9",
                "day: 3, outcome: fired, share: 80%",
                "day: 7, outcome: held, share: 80%",
                "day: 8, outcome: held, share: 80%",
                "day: 9, outcome: fired, share: 64%");
    }

    @Test
    void aRuleStopsAtItsMostFiringsAndAtItsFloor() {
        assertPasses(
                BELOW,
                POINT.replace("max_firings: 9", "max_firings: 1"),
                "segment: high, users: 400x7, conversions: 16x7",
                "day: 3, outcome: fired, share: 80%",
                "day: 7, outcome: held, share: 80%");
        assertPasses(
                BELOW,
                POINT.replace("not_below: 5%", "not_below: 80%"),
                "segment: high, users: 400x7, conversions: 16x7",
                "day: 3, outcome: fired, share: 80%",
                "day: 7, outcome: held, share: 80%");
    }

    /** 10 % in the first week, 7 % after it: 30 % less. The second window has 1000 users on its third day. */
    @Test
    void aMetricIsComparedWithItsPast() {
        String then = POINT.replace("method: point", "method: point, window: 7d");
        String drops = "segment: high, metric: conversion, drops: {by: %s, versus: 7d}";
        String counts = "segment: high, users: 400x14, conversions: [40x7, 28x7]";
        assertPasses(
                drops.formatted("29%"),
                then,
                counts,
                "day: 7, outcome: inconclusive",
                "day: 9, outcome: inconclusive, share: 100%",
                "day: 10, outcome: fired, share: 80%");
        assertPasses(drops.formatted("31%"), then, counts, "day: 10, outcome: held", "outcome: held, share: 100%");
        assertPasses(
                "segment: high, metric: conversion, rises: {by: 29%, versus: 7d}",
                then, counts, "day: 10, outcome: held", "outcome: held, share: 100%");
        assertPasses(
                "segment: high, metric: conversion, rises: {by: 29%, versus: 7d}",
                then,
                "segment: high, users: 400x14, conversions: [40x7, 52x7]",
                "day: 9, outcome: inconclusive",
                "day: 10, outcome: fired, share: 80%");
    }

    @Test
    void usersAreOfTheArmThatTheRuleLooksAt() {
        String control = "segment: high, population: control, metric: conversion, below: 5%";
        assertPasses(control, POINT, "segment: high, users: 1000, conversions: 40", "outcome: fired");
        assertPasses(
                control,
                POINT,
                "segment: high, users: 1000, conversions: 90, control: {users: 1000, conversions: 40}",
                "outcome: fired");
        // 40 + 59 of 2000, then 40 + 61.
        String everyone = "segment: high, users: 1000, conversions: 40, control: {users: 1000, conversions: %d}";
        assertPasses(control.replace("control", "everyone"), POINT, everyone.formatted(59), "outcome: fired");
        assertPasses(control.replace("control", "everyone"), POINT, everyone.formatted(61), "outcome: held");
    }

    @Test
    void aRuleOnAllMovesEverySegment() {
        assertPasses(
                BELOW.replace("high", "all"),
                POINT,
                "segment: all, users: 400x7, conversions: 16x7, share: 50%",
                "day: 3, outcome: fired, share: 40%",
                "day: 6, outcome: inconclusive, share: 40%",
                "day: 7, outcome: fired, share: 32%");
    }

    /** The day is computed from the sequence itself: 4.2 % of 500 users a day. */
    @Test
    void withStatisticsARuleFiresOnTheFirstDayWhoseBoundIsBelowTheLevel() {
        ConfidenceSequence sequence = new ConfidenceSequence(0.05, 10_000);
        int day = 2;
        while (!(sequence.upperBound(Moments.ofProportion(21L * day, 500L * day), Metric.Kind.PROPORTION)
                        .orElseThrow()
                < 0.05)) {
            day++;
        }
        assertThat(day).isBetween(4, 60);
        assertPasses(
                BELOW,
                POINT.replace(", method: point", ""),
                "segment: high, users: 500x%1$d, conversions: 21x%1$d".formatted(day),
                "day: 1, outcome: inconclusive",
                "day: 2, outcome: held",
                "day: %d, outcome: held, share: 100%%".formatted(day - 1),
                "day: %d, outcome: fired, share: 80%%".formatted(day));
    }

    @Test
    void countsBecomeDaysOfUsersWithEqualWeights() {
        String given = "segment: high, metrics: {"
                + "conversion: {users: [2, 3], conversions: 1x2, control: {users: [4x2], conversions: [0, 4]}},"
                + "revenue: {users: 2, mean: -1.5, sd: 2}}";
        assertThat(experiment(BELOW, POINT, given, "outcome: inconclusive")
                        .tests()
                        .get(0)
                        .given()
                        .observations())
                .containsExactly(
                        // n, Σw, Σw², the mean, and from it Σwd, Σwd², Σw²d, Σw²d² with w = 2
                        counted(
                                Population.ENABLED,
                                "conversion",
                                1,
                                Moments.ofProportion(1, 2),
                                new WeightedMoments(2, 4, 8, 0.5, 0, 1, 0, 2)),
                        counted(
                                Population.ENABLED,
                                "conversion",
                                2,
                                Moments.ofProportion(1, 3),
                                new WeightedMoments(3, 6, 12, 1.0 / 3, 0, 4.0 / 3, 0, 8.0 / 3)),
                        counted(
                                Population.CONTROL,
                                "conversion",
                                1,
                                Moments.ofProportion(0, 4),
                                new WeightedMoments(4, 8, 16, 0, 0, 0, 0, 0)),
                        counted(
                                Population.CONTROL,
                                "conversion",
                                2,
                                Moments.ofProportion(4, 4),
                                new WeightedMoments(4, 8, 16, 1, 0, 0, 0, 0)),
                        // Two users at -1.5 ± √2: Σ(y - mean)² = 4.
                        counted(
                                Population.ENABLED,
                                "revenue",
                                1,
                                new Moments(2, -1.5, 4),
                                new WeightedMoments(2, 4, 8, -1.5, 0, 8, 0, 16)));
    }

    private static Observation counted(
            Population arm, String metric, int day, Moments values, WeightedMoments weighted) {
        return new Observation(
                "high",
                arm,
                metric,
                Instant.parse("2000-01-0%dT00:00:00Z".formatted(day)),
                values,
                weighted,
                Optional.empty());
    }

    @Test
    void aTestThatFailsSaysWhenTheModeLeavesTheShareAlone() {
        Experiment experiment = ExperimentFiles.parse(
                "tested.yaml",
                RULE.formatted(
                                BELOW,
                                POINT.strip(),
                                "segment: high, users: 1000, conversions: 40",
                                "      {rule: r, outcome: fired, share: 80%}")
                        .replace("mode: enforce", "mode: propose"));
        assertThat(experiment.tests().get(0).failure(experiment))
                .contains(
                        "expected share 80% after r, got 100%: mode propose leaves the allocation alone (share of high 100 %"
                                + " -> 80 %)");
    }

    @Test
    void severalRulesAreTestedTogether() {
        String twoRules = RULE.formatted(
                        BELOW,
                        POINT.strip(),
                        "segment: high, users: 1000, conversions: 40",
                        "      - {rule: r, outcome: suppressed, share: 50%}\n"
                                + "      - {rule: s, outcome: fired, share: 50%}")
                .replace("tests:\n", """
                          - rule_id: s
                            description: takes more
                            when: {segment: high, metric: conversion, below: 5%}
                            evidence: {min_users: 1000, method: point}
                            then: {set_allocation: 50%}
                            max_firings: 1
                            mode: enforce
                        tests:
                        """);
        Experiment experiment = ExperimentFiles.parse("tested.yaml", twoRules);
        assertThat(experiment.tests().get(0).failure(experiment)).isEmpty();
    }
}
