package io.flagcast.experiments;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.flagcast.rules.Action;
import io.flagcast.rules.Action.Alert.Severity;
import io.flagcast.rules.Amount;
import io.flagcast.rules.Amount.Unit;
import io.flagcast.rules.Condition;
import io.flagcast.rules.Condition.Population;
import io.flagcast.rules.Condition.Quality;
import io.flagcast.rules.Condition.Side;
import io.flagcast.rules.Health;
import io.flagcast.rules.Observation;
import io.flagcast.rules.Rule;
import io.flagcast.rules.Rule.Evidence;
import io.flagcast.rules.Rule.Evidence.Method;
import io.flagcast.statistics.Moments;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Rules and their tests, as files write them. */
class RuleFilesTest {

    private static final String HEAD = """
            experiment_id: rollout
            feature_id: checkout
            salt: rollout-1
            segments: {low: [0, 70], high: [70, 100]}
            allocation: {type: tiered, tier_thresholds: [80, 50], active_tier: 1}
            metrics:
              conversion: {kind: proportion, outcome: purchase, within: 1d}
              revenue: {kind: mean, outcome: purchase, within: 1d, heavy_tails: accepted}
              refunds: {kind: proportion, outcome: refund, within: 1d, higher_is_better: false}
            """;

    private static Experiment parsed(String rulesAndTests) {
        assertThat(SchemaTest.problems(HEAD + rulesAndTests)).isEmpty();
        return ExperimentFiles.parse("rollout.yaml", HEAD + rulesAndTests);
    }

    @Test
    void everyKeyOfRulesIsRead() {
        Experiment experiment = parsed("""
                rules:
                  - rule_id: pull_back
                    description: one
                    when:
                      segment: high
                      all:
                        - {population: control, metric: conversion, above: 5%}
                        - {metric: revenue, worse_than_control: {by: 10%}}
                        - any:
                            - {metric: refunds, better_than_control: {by: 1pp}}
                            - {population: everyone, metric: revenue, drops: {by: 20%, versus: 14d}}
                            - {metric: conversion, rises: {by: 100%, versus: 24h}}
                    evidence:
                      min_users: 500
                      method: confidence_sequence
                      confidence: 99%
                      tuned_at: 3000
                      window: 7d
                      consecutive_runs: 3
                      on_missing: inconclusive
                    then: {reduce_allocation: 20pp, not_below: 30%}
                    recover: {increase_allocation: 5%, not_above: 90%}
                    cooldown: 12h
                    max_firings: 2
                    requires_healthy: true
                    mode: propose
                """);
        assertThat(experiment.rules())
                .containsExactly(new Rule(
                        "pull_back",
                        "one",
                        "high",
                        new Condition.All(List.of(
                                new Condition.Level(Population.CONTROL, "conversion", Side.ABOVE, 0.05),
                                new Condition.VersusControl("revenue", Quality.WORSE, new Amount(0.1, Unit.RELATIVE)),
                                new Condition.Any(List.of(
                                        new Condition.VersusControl(
                                                "refunds", Quality.BETTER, new Amount(0.01, Unit.POINTS)),
                                        new Condition.VersusBaseline(
                                                Population.EVERYONE, "revenue", Side.BELOW, 0.2, Duration.ofDays(14)),
                                        new Condition.VersusBaseline(
                                                Population.ENABLED,
                                                "conversion",
                                                Side.ABOVE,
                                                1,
                                                Duration.ofDays(1)))))),
                        new Evidence(500, Method.CONFIDENCE_SEQUENCE, 0.99, 3000, Optional.of(Duration.ofDays(7)), 3),
                        new Action.Reduce(new Amount(0.2, Unit.POINTS), 0.3),
                        Optional.of(new Action.Increase(new Amount(0.05, Unit.RELATIVE), 0.9)),
                        Duration.ofHours(12),
                        OptionalInt.of(2),
                        Rule.Health.FOR_EVERY_CHANGE,
                        Rule.Mode.PROPOSE));
    }

    @Test
    void everyActionIsRead() {
        String rule = """
                  - rule_id: %1$s
                    description: d
                    when: {segment: all, metric: revenue, below: 12.5}
                    evidence: {min_users: 10, method: point}
                    then: {%1$s: %2$s}
                """;
        Experiment experiment = parsed("rules:\n"
                + rule.formatted("increase_allocation", "10%, not_above: 60%")
                + rule.formatted("set_allocation", "25%")
                + rule.formatted("pause", "true")
                + rule.formatted("roll_back", "true")
                + rule.formatted("advance_tier", "true, not_above: 2")
                + rule.formatted("alert", "critical"));
        assertThat(experiment.rules())
                .extracting(Rule::then)
                .containsExactly(
                        new Action.Increase(new Amount(0.1, Unit.RELATIVE), 0.6),
                        new Action.SetShare(0.25),
                        new Action.Pause(),
                        new Action.RollBack(),
                        new Action.AdvanceTier(2),
                        new Action.Alert(Severity.CRITICAL));
        assertThat(experiment.rules()).allSatisfy(each -> {
            assertThat(each.segment()).isEqualTo("all");
            assertThat(each.evidence().method()).isEqualTo(Method.POINT);
        });
    }

    @Test
    void advanceTierGoesToTheLastTierUnlessALimitIsGiven() {
        Experiment experiment = parsed("""
                rules:
                  - rule_id: advance
                    description: d
                    when: {segment: all, metric: conversion, above: 5%}
                    evidence: {min_users: 10}
                    then: {advance_tier: true}
                """);
        // two thresholds make three tiers
        assertThat(experiment.rules().get(0).then()).isEqualTo(new Action.AdvanceTier(3));
    }

    @Test
    void aTestGivesNumbersSeriesOrListsOfThem() {
        Experiment experiment = parsed("""
                rules:
                  - rule_id: r
                    description: d
                    when: {segment: high, all: [{metric: conversion, below: 5%}, {metric: revenue, below: 10}]}
                    evidence: {min_users: 10}
                    then: {alert: info}
                tests:
                  - name: n
                    given:
                      segment: high
                      share: 40%
                      healthy: false
                      metrics:
                        conversion: {users: [100x2, 300], conversions: [4, 5x2]}
                        revenue: {users: 50, mean: 1.5, sd: 2, control: {users: 40, mean: 3, sd: 0}}
                    expect: {rule: r, outcome: inconclusive}
                """);
        RuleTest.Given given = experiment.tests().get(0).given();
        assertThat(given.segment()).isEqualTo("high");
        assertThat(given.share()).isEqualTo(0.4);
        assertThat(given.health()).isEqualTo(new Health(List.of("the test says that a check has failed")));
        assertThat(given.days()).isEqualTo(3);
        assertThat(given.observations())
                .extracting(Observation::metric, Observation::population, RuleFilesTest::day, Observation::values)
                .containsExactly(
                        tuple("conversion", Population.ENABLED, 1L, Moments.ofProportion(4, 100)),
                        tuple("conversion", Population.ENABLED, 2L, Moments.ofProportion(5, 100)),
                        tuple("conversion", Population.ENABLED, 3L, Moments.ofProportion(5, 300)),
                        // sd^2 (n - 1) = 4 x 49
                        tuple("revenue", Population.ENABLED, 1L, new Moments(50, 1.5, 196)),
                        tuple("revenue", Population.CONTROL, 1L, new Moments(40, 3, 0)));
    }

    private static long day(Observation observation) {
        return 1 + Duration.between(RuleTest.FIRST_DAY, observation.day()).toDays();
    }

    /** Evidence without statistics, whose days can be counted by hand. */
    private static final String POINT = """
            rules:
              - rule_id: pull_back
                description: d
                when: {segment: high, %s}
                evidence: {min_users: 1000, method: point}
                then: {reduce_allocation: 20%%, not_below: 5%%}
                recover: {increase_allocation: 10pp}
                cooldown: 3d
                max_firings: 4
                mode: enforce
            tests:
              - name: n
                given: {segment: high, %s}
                expect: %s
            """;

    private static void assertPasses(String when, String given, String expect) {
        assertPasses(parsed(POINT.formatted(when, given, expect)));
    }

    private static void assertPasses(Experiment experiment) {
        assertThat(experiment.tests())
                .isNotEmpty()
                .allSatisfy(test -> assertThat(test.failure(experiment)).isEmpty());
    }

    @Test
    void aRuleFiresOnTheDayOnWhichThereAreEnoughUsers() {
        // The change at the end of day 2 starts new evidence with the users exposed from then on whose window, a day,
        // began after it: those of day 4 and later. Days 4 and 5 are 1000 users, and 3 days are over.
        assertPasses(
                "metric: conversion, below: 5%",
                "users: 500x8, conversions: 15x8", """
                    - {rule: pull_back, day: 1, outcome: inconclusive, share: 100%}
                    - {rule: pull_back, day: 2, outcome: fired, share: 80%}
                    - {rule: pull_back, day: 3, outcome: inconclusive, share: 80%}
                    - {rule: pull_back, day: 4, outcome: inconclusive, share: 80%}
                    - {rule: pull_back, day: 5, outcome: fired, share: 64%}
                    - {rule: pull_back, outcome: fired, share: 51.2%}
                """.indent(4).replaceFirst("^", "\n"));
    }

    @Test
    void whatWasTakenIsGivenBackStepByStepButNoMore() {
        assertPasses(
                "metric: conversion, below: 5%",
                "users: 500x14, conversions: [15x2, 30x12]", """
                    - {rule: pull_back, day: 2, outcome: fired, share: 80%}
                    - {rule: pull_back, day: 4, outcome: inconclusive, share: 80%}
                    - {rule: pull_back, day: 5, outcome: recovered, share: 90%}
                    - {rule: pull_back, day: 8, outcome: recovered, share: 100%}
                    - {rule: pull_back, day: 11, outcome: held, share: 100%}
                    - {rule: pull_back, outcome: held, share: 100%}
                """.indent(4).replaceFirst("^", "\n"));
    }

    @Test
    void theEnabledAreComparedWithControl() {
        // 3% against 90% of 5% = 4.5%, and 4.6% against it
        String when = "metric: conversion, worse_than_control: {by: 10%}";
        String control = "control: {users: 1000, conversions: 50}";
        assertPasses(when, "users: 1000, conversions: 30, " + control, "{rule: pull_back, outcome: fired, share: 80%}");
        assertPasses(when, "users: 1000, conversions: 46, " + control, "{rule: pull_back, outcome: held, share: 100%}");
        assertPasses(when, "users: 1000, conversions: 30", "{rule: pull_back, outcome: inconclusive}");
    }

    @Test
    void worseFollowsTheDirectionOfTheMetric() {
        // refunds: lower is better, so 7% is worse than 5% by more than 1 point
        assertPasses(
                "metric: refunds, worse_than_control: {by: 1pp}",
                "users: 1000, conversions: 70, control: {users: 1000, conversions: 50}",
                "{rule: pull_back, outcome: fired}");
        assertPasses(
                "metric: refunds, worse_than_control: {by: 1pp}",
                "users: 1000, conversions: 30, control: {users: 1000, conversions: 50}",
                "{rule: pull_back, outcome: held}");
    }

    @Test
    void aRuleOnControlIsGivenTheUsersOfControl() {
        assertPasses(
                "population: control, metric: conversion, below: 5%",
                "users: 1000, conversions: 30", "{rule: pull_back, outcome: fired}");
    }

    @Test
    void bothArmsOfOneMetricCanBeGiven() {
        // control 6% is above 5%, the enabled 3% are below 4%
        assertPasses(
                "all: [{population: control, metric: conversion, above: 5%}, {metric: conversion, below: 4%}]",
                "users: 1000, conversions: 30, control: {users: 1000, conversions: 60}",
                "{rule: pull_back, outcome: fired}");
    }

    @Test
    void everyoneIsBothArms() {
        // (30 + 80) / 2000 = 5.5%
        assertPasses(
                "population: everyone, metric: conversion, below: 5%",
                "users: 1000, conversions: 30, control: {users: 1000, conversions: 80}",
                "{rule: pull_back, outcome: held}");
    }

    @Test
    void aDropIsOfTheWindowAgainstTheDaysBeforeIt() {
        // Windows are days 1 to 7 and 8 to 14. In the second 3% is below 80% of the 5% before; 500 users are too few.
        Experiment experiment = parsed(POINT.replace("method: point}", "method: point, window: 7d}")
                .formatted(
                        "metric: conversion, drops: {by: 20%, versus: 14d}",
                        "users: 500x14, conversions: [25x7, 15x7]",
                        """
                    - {rule: pull_back, day: 7, outcome: inconclusive}
                    - {rule: pull_back, day: 8, outcome: inconclusive}
                    - {rule: pull_back, day: 9, outcome: fired, share: 80%}
                """.indent(4).replaceFirst("^", "\n")));
        assertPasses(experiment);
    }

    @Test
    void severalMetricsAreGivenByName() {
        String when = "all: [{metric: conversion, below: 5%}, {metric: revenue, below: 10}]";
        String conversion = "conversion: {users: 1000, conversions: 30}";
        assertPasses(
                when,
                "metrics: {" + conversion + ", revenue: {users: 1000, mean: 8, sd: 5}}",
                "{rule: pull_back, outcome: fired}");
        assertPasses(
                when,
                "metrics: {" + conversion + ", revenue: {users: 1000, mean: 12, sd: 5}}",
                "{rule: pull_back, outcome: held}");
    }

    /** Standard errors of the mean: 5 / sqrt(20000) = 0.035 is far less than 10 - 8, and 5000 / sqrt(20000) = 35 more. */
    @Test
    void aMeanNeedsItsSpread() {
        String rule = POINT.replace(", method: point", "");
        assertPasses(parsed(rule.formatted(
                "metric: revenue, below: 10",
                "users: 20000, mean: 8, sd: 5",
                "{rule: pull_back, outcome: fired, share: 80%}")));
        assertPasses(parsed(rule.formatted(
                "metric: revenue, below: 10",
                "users: 20000, mean: 8, sd: 5000",
                "{rule: pull_back, outcome: held, share: 100%}")));
    }

    @Test
    void dataThatAreNotSoundHoldAnIncreaseBack() {
        String increase = POINT.replace("reduce_allocation: 20%%, not_below: 5%%", "increase_allocation: 20pp")
                .replace("    recover: {increase_allocation: 10pp}\n", "");
        String given = "share: 50%, users: 1000, conversions: 60, healthy: ";
        assertPasses(parsed(increase.formatted(
                "metric: conversion, above: 5%", given + "false", "{rule: pull_back, outcome: held, share: 50%}")));
        assertPasses(parsed(increase.formatted(
                "metric: conversion, above: 5%", given + "true", "{rule: pull_back, outcome: fired, share: 70%}")));
    }

    @Test
    void dataThatAreNotSoundHoldAReductionBackWhereTheRuleSaysSo() {
        String given = "users: 1000, conversions: 30, healthy: false";
        assertPasses("metric: conversion, below: 5%", given, "{rule: pull_back, outcome: fired, share: 80%}");
        assertPasses(parsed(POINT.replace("    cooldown", "    requires_healthy: true\n    cooldown")
                .formatted("metric: conversion, below: 5%", given, "{rule: pull_back, outcome: held, share: 100%}")));
    }

    @Test
    void aConditionMayHaveToHoldAtSeveralRunsInARow() {
        Experiment experiment = parsed(POINT.replace("method: point}", "method: point, consecutive_runs: 2}")
                .formatted(
                        "metric: conversion, below: 5%",
                        "users: 1000x2, conversions: 30x2",
                        "[{rule: pull_back, day: 1, outcome: held}, {rule: pull_back, day: 2, outcome: fired}]"));
        assertPasses(experiment);
    }

    @Test
    void usersOfAllSegmentsMoveEverySegment() {
        Experiment experiment = parsed(POINT.replace("segment: high", "segment: all")
                .formatted(
                        "metric: conversion, below: 5%",
                        "users: 1000, conversions: 30", "{rule: pull_back, outcome: fired, share: 80%}"));
        assertPasses(experiment);
    }

    @Test
    void aFailingTestSaysWhatCameInsteadAndWhy() {
        Experiment experiment = parsed(POINT.formatted(
                "metric: conversion, below: 5%",
                "users: 500x2, conversions: 15x2",
                "[{rule: pull_back, day: 2, outcome: held}, {rule: pull_back, day: 2, outcome: fired, share: 50%},"
                        + " {rule: pull_back, outcome: recovered}]"));
        String fired = "got fired: conversion of enabled below 0.05: estimate, without statistics, 0.03 is below 0.05"
                + " (observed 0.03, n = 1,000)";
        assertThat(experiment.tests().get(0).failure(experiment))
                .hasValue("on day 2 expected held of pull_back, " + fired
                        + "; on day 2 expected share 50% after pull_back, got 80%; expected recovered of pull_back, "
                        + fired);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 1000})
    void aTestMayBeOfManyDays(int days) {
        assertPasses(
                "metric: conversion, below: 5%",
                "users: 1x%1$d, conversions: 1x%1$d".formatted(days),
                "{rule: pull_back, outcome: %s}".formatted(days < 1000 ? "inconclusive" : "held"));
    }
}
