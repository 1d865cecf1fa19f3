package io.flagcast.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flagcast.allocation.ParameterLog;
import io.flagcast.rules.Action.Alert.Severity;
import io.flagcast.rules.Given.RuleOf;
import io.flagcast.rules.Rule.Evidence;
import io.flagcast.rules.alerts.Alert;
import io.flagcast.rules.alerts.Alert.OfCheck;
import io.flagcast.rules.alerts.Alert.OfMetric;
import io.flagcast.rules.alerts.Inhibition;
import io.flagcast.rules.alerts.Labels;
import io.flagcast.rules.alerts.Signal;
import io.flagcast.rules.alerts.Watch;
import io.flagcast.rules.checks.Check;
import io.flagcast.rules.checks.Finding;
import io.flagcast.rules.checks.Finding.State;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import org.junit.jupiter.api.Test;

class WatchTest {

    private static final Set<String> SEGMENTS = Set.of("low", "mid", "high", "all");

    /** No feed is broken. */
    private static final Inhibition NOTHING = new Inhibition(List.of(), Map.of(), Set.of(), Given.day(1));

    private static final Alert CONVERTS_BADLY = new Alert(
            "high_converts_badly",
            "Users with high scores convert badly",
            new OfMetric("high", Given.BELOW_5_PERCENT, Evidence.of(1_000, 0.95, 10_000)),
            Severity.CRITICAL,
            Duration.ofDays(2),
            Duration.ofDays(1),
            Map.of("team", "growth"),
            Optional.of("https://runbooks.example/high"));

    private static Watch watch(Alert... alerts) {
        return new Watch(Given.EXPERIMENT, SEGMENTS, List.of(alerts));
    }

    private static Finding finding(String experimentId, Check check, String segment, String subject, State state) {
        return new Finding(
                experimentId,
                check,
                segment,
                subject,
                state,
                OptionalDouble.empty(),
                Optional.empty(),
                OptionalDouble.empty(),
                OptionalDouble.empty(),
                100,
                check.label() + " is " + state.label(),
                List.of());
    }

    private static Finding failed(Check check, String segment) {
        return finding(Given.EXPERIMENT, check, segment, "", State.FAILED);
    }

    @Test
    void everyFailedCheckRaisesAnAlertAtItsOwnSeverity() {
        List<Signal> signals = watch().signals(
                        List.of(
                                failed(Check.SAMPLE_RATIO, "high"),
                                finding(Given.EXPERIMENT, Check.NOVELTY, "low", "revenue", State.PASSED),
                                finding(Given.EXPERIMENT, Check.CALIBRATION, "all", "", State.UNKNOWN),
                                finding("another", Check.CALIBRATION, "all", "", State.FAILED)),
                        List.of(),
                        NOTHING);

        assertThat(signals)
                .extracting(Signal::state)
                .containsExactly(Signal.State.HOLDS, Signal.State.CLEAR, Signal.State.UNKNOWN);
        assertThat(signals.get(0).labels().values())
                .isEqualTo(Map.of(
                        "alertname", "sample_ratio",
                        "check", "sample_ratio",
                        "experiment_id", Given.EXPERIMENT,
                        "segment", "high",
                        "severity", "critical"));
        assertThat(signals.get(0).annotations())
                .containsEntry("reason", "sample_ratio is failed")
                .containsEntry("summary", "health check sample_ratio failed");
        assertThat(signals.get(1).labels().values()).containsEntry("subject", "revenue");
        assertThat(signals.get(0).pendingFor()).isZero();
    }

    @Test
    void whatIsDeclaredForACheckOverridesItsAlert() {
        Alert onHigh = new Alert(
                "ratio",
                "The arms of the high segment are not as drawn",
                new OfCheck(Check.SAMPLE_RATIO, Optional.of("high"), Optional.empty()),
                Severity.INFO,
                Duration.ofDays(1),
                Duration.ZERO,
                Map.of("team", "growth"),
                Optional.empty());
        List<Signal> signals = watch(onHigh)
                .signals(
                        List.of(failed(Check.SAMPLE_RATIO, "high"), failed(Check.SAMPLE_RATIO, "low")),
                        List.of(),
                        NOTHING);

        assertThat(signals.get(0).labels().values())
                .containsEntry("alertname", "ratio")
                .containsEntry("severity", "info")
                .containsEntry("team", "growth");
        assertThat(signals.get(0).pendingFor()).isEqualTo(Duration.ofDays(1));
        assertThat(signals.get(1).labels().values())
                .as("another segment keeps the usual one")
                .containsEntry("alertname", "sample_ratio")
                .containsEntry("severity", "critical");
    }

    @Test
    void aMetricAlertIsARuleThatTells() {
        Watch watch = watch(CONVERTS_BADLY);
        RuleEngine engine = Given.engine(List.of(CONVERTS_BADLY.rule().orElseThrow()));
        Signal bad = signal(watch, engine, Given.conversions(0, 400, 10_000));
        Signal good = signal(watch, engine, Given.conversions(0, 800, 10_000));
        Signal few = signal(watch, engine, Given.conversions(0, 4, 100));

        assertThat(bad.state()).isEqualTo(Signal.State.HOLDS);
        assertThat(good.state()).isEqualTo(Signal.State.CLEAR);
        assertThat(few.state()).isEqualTo(Signal.State.UNKNOWN);
        assertThat(bad.labels()).isEqualTo(good.labels()).isEqualTo(few.labels());
        assertThat(bad.labels().values())
                .isEqualTo(Map.of(
                        "alertname", "high_converts_badly",
                        "experiment_id", Given.EXPERIMENT,
                        "metric", "conversion_rate",
                        "segment", "high",
                        "severity", "critical",
                        "team", "growth"));
        assertThat(bad.annotations()).containsEntry("runbook_url", "https://runbooks.example/high");
        assertThat(bad.annotations().get("reason")).contains("conversion_rate of enabled below 0.05", "n = 10,000");
        assertThat(bad.keepFiringFor()).isEqualTo(Duration.ofDays(1));
    }

    private static Signal signal(Watch watch, RuleEngine engine, Observation day) {
        List<RuleDecision> decisions =
                engine.evaluate(Given.evidence(day), ParameterLog.EMPTY, Map.of(), Health.SOUND, Given.day(1));
        List<Signal> signals = watch.signals(List.of(), decisions, NOTHING);
        assertThat(signals).hasSize(1);
        return signals.get(0);
    }

    @Test
    void onlyRulesThatTellRaiseAnAlert() {
        Rule telling = RuleOf.id("tell").then(new Action.Alert(Severity.INFO)).rule();
        assertThat(Alert.of(RuleOf.id("cut").rule())).isEmpty();
        Alert alert = Alert.of(telling).orElseThrow();
        assertThat(alert.name()).isEqualTo("tell");
        assertThat(alert.severity()).isEqualTo(Severity.INFO);
        assertThat(alert.rule().orElseThrow().when()).isEqualTo(telling.when());
    }

    @Test
    void theFirstFailureThatMayExplainAnotherIsNamedAsItsCause() {
        List<Finding> findings = List.of(
                failed(Check.UNEXPECTED_OUTCOME, "high"),
                failed(Check.SAMPLE_RATIO, "low"),
                finding("", Check.VOLUME, "all", "outcomes", State.PASSED));
        assertThat(Check.SAMPLE_RATIO.mayExplain(Check.UNEXPECTED_OUTCOME)).isTrue();

        assertThat(watch().signals(findings, List.of(), NOTHING))
                .extracting(signal -> signal.annotations().get(Watch.CONSEQUENCE_OF))
                .containsExactly("sample_ratio in low", null);
    }

    @Test
    void whatFailsInAnotherExperimentExplainsNothingAndACauseHasTheNameThatIsDeclared() {
        Finding consequence = failed(Check.UNEXPECTED_OUTCOME, "high");
        Finding elsewhere = finding("another", Check.SAMPLE_RATIO, "low", "", State.FAILED);
        assertThat(watch().signals(List.of(consequence, elsewhere), List.of(), NOTHING))
                .singleElement()
                .satisfies(signal -> assertThat(signal.annotations()).doesNotContainKey(Watch.CONSEQUENCE_OF));

        Alert ratio = declared("ratio", new OfCheck(Check.SAMPLE_RATIO, Optional.empty(), Optional.empty()));
        assertThat(watch(ratio).signals(List.of(consequence, failed(Check.SAMPLE_RATIO, "low")), List.of(), NOTHING))
                .extracting(signal -> signal.annotations().get(Watch.CONSEQUENCE_OF))
                .containsExactly("ratio in low", null);
    }

    @Test
    void aDecisionRaisesTheAlertOfItsOwnExperimentAndNameOnly() {
        Watch watch = watch(declared("first", CONVERTS_BADLY.watched()), CONVERTS_BADLY);
        Rule rule = CONVERTS_BADLY.rule().orElseThrow();
        RuleEngine own = Given.engine(List.of(rule, RuleOf.id("cut").rule()));
        RuleEngine another =
                new RuleEngine("another", "a hash", List.of(rule), own.metrics(), Given.SEGMENTS, own.policy());

        assertThat(watch.signals(List.of(), decisions(own), NOTHING))
                .extracting(signal -> signal.labels().values().get(Labels.ALERT_NAME))
                .containsExactly("high_converts_badly");
        assertThat(watch.signals(List.of(), decisions(another), NOTHING)).isEmpty();
    }

    private static List<RuleDecision> decisions(RuleEngine engine) {
        return engine.evaluate(
                Given.evidence(Given.conversions(0, 400, 10_000)),
                ParameterLog.EMPTY,
                Map.of(),
                Health.SOUND,
                Given.day(1));
    }

    /** At once, for as long as it holds. */
    private static Alert declared(String name, Alert.Watched watched) {
        return new Alert(name, "d", watched, Severity.INFO, Duration.ZERO, Duration.ZERO, Map.of(), Optional.empty());
    }

    @Test
    void anInputThatFailsMayExplainAnExperiment() {
        List<Finding> findings = List.of(
                failed(Check.UNEXPECTED_OUTCOME, "high"), finding("", Check.VOLUME, "all", "outcomes", State.FAILED));
        assertThat(Check.VOLUME.mayExplain(Check.UNEXPECTED_OUTCOME)).isTrue();

        assertThat(watch().signals(findings, List.of(), NOTHING))
                .extracting(signal -> signal.annotations().get(Watch.CONSEQUENCE_OF))
                .containsExactly("volume of outcomes");
        assertThat(Watch.lake().signals(findings, List.of(), NOTHING))
                .extracting(signal -> signal.labels().title())
                .containsExactly("volume of outcomes");
    }

    @Test
    void anAlertIsWatchedForAsLongAsItIsDeclared() {
        Watch watch = watch(CONVERTS_BADLY);
        Labels metric = CONVERTS_BADLY.labels(Given.EXPERIMENT, (OfMetric) CONVERTS_BADLY.watched());
        Labels check = Alert.of(Check.SAMPLE_RATIO).labels(Given.EXPERIMENT, Check.SAMPLE_RATIO, "high", "");
        assertThat(watch.watches(metric)).isTrue();
        assertThat(watch.watches(check)).isTrue();

        assertThat(watch().watches(metric)).as("no longer declared").isFalse();
        assertThat(watch(declared("high_converts_badly", CONVERTS_BADLY.watched()))
                        .watches(metric))
                .as("declared with another severity by now")
                .isFalse();
        assertThat(new Watch("another", SEGMENTS, List.of(CONVERTS_BADLY)).watches(metric))
                .isFalse();
        assertThat(new Watch(Given.EXPERIMENT, Set.of("low"), List.of()).watches(check))
                .as("no such segment any longer")
                .isFalse();
        Alert overriding = declared("ratio", new OfCheck(Check.SAMPLE_RATIO, Optional.empty(), Optional.empty()));
        assertThat(watch(overriding).watches(check)).as("another alert by now").isFalse();
        assertThat(Watch.lake().watches(Alert.of(Check.PIPELINE).labels("", Check.PIPELINE, "all", "")))
                .isTrue();
    }

    @Test
    void aLabelThatEveryAlertHasCannotBeDeclared() {
        assertThatThrownBy(() -> new Alert(
                        "a",
                        "d",
                        CONVERTS_BADLY.watched(),
                        Severity.INFO,
                        Duration.ZERO,
                        Duration.ZERO,
                        Map.of("segment", "high"),
                        Optional.empty()))
                .hasMessage("label 'segment' is one that every alert has of itself: choose another name");
        assertThatThrownBy(() -> new Alert(
                        "a",
                        "d",
                        CONVERTS_BADLY.watched(),
                        Severity.INFO,
                        Duration.ZERO,
                        Duration.ZERO,
                        Map.of("my team", "growth"),
                        Optional.empty()))
                .hasMessageStartingWith("label 'my team' is no name for Prometheus");
    }
}
