package io.flagcast.experiments;

import static io.flagcast.experiments.HostileFilesTest.problems;
import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.allocation.Segments;
import io.flagcast.experiments.HostileFilesTest.Bad;
import io.flagcast.rules.Action.Alert.Severity;
import io.flagcast.rules.Condition;
import io.flagcast.rules.Condition.Population;
import io.flagcast.rules.Condition.Side;
import io.flagcast.rules.Rule;
import io.flagcast.rules.Rule.Evidence;
import io.flagcast.rules.alerts.Alert;
import io.flagcast.rules.alerts.Alert.OfCheck;
import io.flagcast.rules.alerts.Alert.OfMetric;
import io.flagcast.rules.checks.Check;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Alerts as files write them: what they mean, and bad ones with exactly the problems that they must have. */
class HostileAlertsTest {

    static final String GOOD = """
            experiment_id: rollout
            feature_id: checkout
            salt: rollout-1
            segments: {low: [0, 70], high: [70, 100]}
            allocation: {percentage_allocation: 50%}
            metrics:
              conversion: {kind: proportion, outcome: purchase, within: 1d}
            rules:
              - rule_id: tell
                description: d
                when: {segment: high, metric: conversion, below: 4%}
                evidence: {min_users: 1000}
                then: {alert: info}
            alerts:
              - alert: high_converts_badly
                description: Users with high scores convert badly
                when:
                  segment: high
                  metric: conversion
                  below: 5%
                evidence:
                  min_users: 1000
                severity: critical
                for: 2d
                keep_firing_for: 12h
                labels:
                  team: growth
                runbook: https://runbooks.example/high
              - alert: ratio
                check: sample_ratio
                segment: high
              - alert: any_ratio
                check: sample_ratio
            """;

    private static Bad bad(String replaced, String by, String... problems) {
        return new Bad(replaced, by, List.of(problems));
    }

    static Stream<Bad> badFiles() {
        String when = "    when:\n      segment: high\n      metric: conversion\n      below: 5%\n";
        return Stream.of(
                bad(
                        "alert: ratio\n",
                        "name: ratio\n",
                        "29: unknown key 'name'"
                                + "; valid in alerts are alert, description, when, check, segment, subject, evidence, severity,"
                                + " for, keep_firing_for, labels, runbook",
                        "29: alert is missing in alerts; add it"),
                bad(
                        "alert: ratio\n",
                        "alert: any_ratio\n",
                        "32: alert 'any_ratio': also declared on line 29; give every" + " alert its own name"),
                bad(
                        "alert: ratio\n",
                        "alert: tell\n",
                        "29: alert 'tell': also the rule_id of the rule on line 9; give the"
                                + " alert a name of its own"),
                bad(when, "", "15: when or check is missing in alerts; give exactly one"),
                bad(when, when + "    check: novelty\n", "21: when and check are both given; keep exactly one"),
                bad(
                        "check: sample_ratio\n    segment",
                        "chek: sample_ratio\n    segment",
                        "30: unknown key 'chek'; did" + " you mean 'check'?"),
                bad(
                        "check: sample_ratio\n    segment",
                        "check: sample_ration\n    segment",
                        "30: check 'sample_ration': not"
                                + " one of freshness, volume, unmatched, window_edge, contradiction, sample_ratio, predictor_drift, score_drift,"
                                + " calibration, unexpected_outcome, enable_bias, outcome_bias, simpson, novelty, evidence_dried_up; did you mean"
                                + " 'sample_ratio'?"),
                bad(
                        "check: sample_ratio\n    segment: high",
                        "check: pipeline",
                        "30: check 'pipeline': not one of freshness, volume, unmatched, window_edge, contradiction, sample_ratio, predictor_drift,"
                                + " score_drift, calibration, unexpected_outcome, enable_bias, outcome_bias, simpson, novelty, evidence_dried_up"),
                bad(
                        "    segment: high\n  - alert",
                        "    segment: hihg\n  - alert",
                        "31: segment 'hihg': not declared in" + " segments (low, high, all); did you mean 'high'?"),
                bad(
                        "    segment: high\n  - alert",
                        "    evidence: {min_users: 5}\n  - alert",
                        "31: evidence: a check knows" + " itself how sure it is; it has no meaning; remove it"),
                bad(
                        "    segment: high\n  - alert",
                        "  - alert",
                        "32: check sample_ratio: alert 'ratio' stands before it and"
                                + " takes all of it; put the narrower one first"),
                bad(
                        "metric: conversion\n",
                        "metric: convrsion\n",
                        "19: metric 'convrsion': not declared in metrics"
                                + " (conversion); did you mean 'conversion'?"),
                bad(
                        "      below: 5%\n",
                        "      below: 5\n",
                        "20: below '5': above 1; write 5% for percent or a number from" + " 0 to 1"),
                bad("    evidence:\n      min_users: 1000\n", "", "15: evidence is missing in alerts; add it"),
                bad(
                        "      min_users: 1000\n",
                        "      min_users: 1000\n      consecutive_runs: 2\n",
                        "23: consecutive_runs"
                                + " '2': an alert waits with for, as in for: 2d; it has no meaning; remove it"),
                bad(
                        "    severity: critical\n",
                        "    segment: high\n    subject: conversion\n",
                        "23: segment 'high': belongs" + " in when; move it there",
                        "24: subject 'conversion': only a check has one, so that it has no" + " meaning; remove it"),
                bad("severity: critical", "severity: page", "23: severity 'page': not one of info, warning, critical"),
                bad(
                        "for: 2d\n",
                        "for: 2 days\n",
                        "24: for '2 days': not a duration; write whole days, hours or minutes,"
                                + " as in 7d, 12h or 30m"),
                bad(
                        "keep_firing_for: 12h",
                        "keep_firing: 12h",
                        "25: unknown key 'keep_firing'; did you mean" + " 'keep_firing_for'?"),
                bad(
                        "team: growth",
                        "my team: growth",
                        "26: label 'my team' is no name for Prometheus: write letters,"
                                + " digits and _, and no digit or __ first"),
                bad(
                        "team: growth",
                        "severity: page",
                        "26: label 'severity' is one that every alert has of itself:" + " choose another name"),
                bad(
                        "team: growth",
                        "team: no",
                        "27: team 'no': may be read as a boolean, null, a number or a date; write"
                                + " \"no\" in quotes"),
                bad(
                        "runbook: https://runbooks.example/high",
                        "runbook: wiki",
                        "28: runbook 'wiki': no address of a page;" + " write https://..."),
                bad(
                        "runbook: https://runbooks.example/high",
                        "runbook: \"javascript:alert(1)\"",
                        "28: runbook" + " 'javascript:alert(1)': no address of a page; write https://..."));
    }

    @ParameterizedTest
    @MethodSource("badFiles")
    void aBadFileHasExactlyItsProblems(Bad bad) {
        assertThat(GOOD).containsOnlyOnce(bad.replaced());
        assertThat(problems(GOOD.replace(bad.replaced(), bad.by())))
                .containsExactly(bad.problems().stream()
                        .map(problem -> "bad.yaml:" + problem)
                        .toArray(String[]::new));
    }

    @Test
    void theFileThatTheyDamageIsReadWhole() {
        Experiment experiment = ExperimentFiles.parse("good.yaml", GOOD);

        assertThat(experiment.alerts())
                .containsExactly(
                        new Alert(
                                "high_converts_badly",
                                "Users with high scores convert badly",
                                new OfMetric(
                                        "high",
                                        new Condition.Level(Population.ENABLED, "conversion", Side.BELOW, 0.05),
                                        Evidence.of(1000, 0.95, 10_000)),
                                Severity.CRITICAL,
                                Duration.ofDays(2),
                                Duration.ofHours(12),
                                Map.of("team", "growth"),
                                Optional.of("https://runbooks.example/high")),
                        ofSampleRatio("ratio", Optional.of("high")),
                        ofSampleRatio("any_ratio", Optional.empty()));
    }

    private static Alert ofSampleRatio(String name, Optional<String> segment) {
        return new Alert(
                name,
                "health check sample_ratio failed",
                new OfCheck(Check.SAMPLE_RATIO, segment, Optional.empty()),
                Severity.CRITICAL,
                Duration.ZERO,
                Duration.ZERO,
                Map.of(),
                Optional.empty());
    }

    @Test
    void alertsOnMetricsHaveAnErrorOfTheirOwn() {
        Experiment experiment = ExperimentFiles.parse("good.yaml", GOOD);

        assertThat(experiment.ruleEngine().rules()).extracting(Rule::ruleId).containsExactly("tell");
        assertThat(experiment.alertEngine().rules()).extracting(Rule::ruleId).containsExactly("high_converts_badly");
    }

    @Test
    void checksOfEverySegmentMetricsAndRulesThatTellAreWatched() {
        Experiment experiment = ExperimentFiles.parse("good.yaml", GOOD);

        assertThat(experiment.watch().segments()).containsExactlyInAnyOrder("low", "high", Segments.ALL, "unscored");
        assertThat(experiment.watch().alerts())
                .extracting(Alert::name)
                .containsExactly("high_converts_badly", "ratio", "any_ratio", "tell");
    }
}
