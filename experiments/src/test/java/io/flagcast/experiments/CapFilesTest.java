package io.flagcast.experiments;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.flagcast.statistics.Cap;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Metric.HeavyTails;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Caps of metrics, and the rules that may act without one. */
class CapFilesTest {

    private static final String FILE = """
            experiment_id: tested
            feature_id: dark_mode
            salt: tested-1
            segments: {low: [0, 50], high: [50, 100]}
            allocation: {percentage_allocation: 10%%}
            metrics:
              revenue: {kind: mean, outcome: purchase, within: 1d%s}
            rules:
              - rule_id: r
                description: the rule of this test
                when: {segment: high, metric: revenue, below: 5}
                evidence: {min_users: 1000}
                then: {reduce_allocation: 20%%, not_below: 5%%}
                max_firings: 9
                mode: %s
            %s
            """;

    private static final String TEST = """
            tests:
              - name: t
                given: {segment: high, %s}
                expect: {rule: r, outcome: %s}
            """;

    private static Experiment parsed(String ofMetric, String mode, String tests) {
        String file = FILE.formatted(ofMetric, mode, tests);
        assertThat(SchemaTest.problems(file)).isEmpty();
        return ExperimentFiles.parse("tested.yaml", file);
    }

    private static String problem(String ofMetric, String mode, String tests) {
        return catchThrowableOfType(
                        ExperimentFilesException.class,
                        () -> ExperimentFiles.parse("tested.yaml", FILE.formatted(ofMetric, mode, tests)))
                .getMessage();
    }

    private static Metric metric(String ofMetric) {
        return parsed(ofMetric, "dry_run", "").metrics().get(0);
    }

    @Test
    void aMeanIsCappedAtAValueOrAQuantileOrItsTailsAreAccepted() {
        assertThat(metric(", cap: 500").cap()).contains(new Cap.At(500));
        assertThat(metric(", cap: 0.5").cap()).contains(new Cap.At(0.5));
        assertThat(metric(", cap: {quantile: 99.9%}").cap()).contains(new Cap.Quantile(0.999));
        assertThat(metric(", cap: {quantile: 0.99}").cap()).contains(new Cap.Quantile(0.99));
        assertThat(metric(", heavy_tails: accepted").heavyTails()).isEqualTo(HeavyTails.ACCEPTED);
        assertThat(metric("").cap()).isEmpty();
        assertThat(metric("").heavyTails()).isEqualTo(HeavyTails.NOT_ACCEPTED);
    }

    @Test
    void toEnforceOnAMeanWithoutACapIsRefused() {
        assertThat(problem("", "enforce", ""))
                .contains("tested.yaml:15: mode enforce: rule 'r' looks at 'revenue', a mean of values without a limit,"
                        + " which is not proven for heavy tails; give the metric a limit, as in cap: 500 or"
                        + " cap: {quantile: 99.9%}, or accept it there with heavy_tails: accepted");
    }

    @ParameterizedTest
    @ValueSource(strings = {", cap: 500", ", cap: {quantile: 99.9%}", ", heavy_tails: accepted"})
    void withACapOrAcceptedTailsARuleMayEnforce(String ofMetric) {
        assertThat(parsed(ofMetric, "enforce", "").rules()).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"dry_run", "propose"})
    void whatChangesNothingByItselfNeedsNeither(String mode) {
        assertThat(parsed("", mode, "").rules()).hasSize(1);
    }

    @Test
    void anAlertNeedsNeither() {
        String file = FILE.formatted("", "enforce", "")
                .replace("{reduce_allocation: 20%, not_below: 5%}", "{alert: warning}")
                .replace("    max_firings: 9\n", "");

        assertThat(ExperimentFiles.parse("tested.yaml", file).rules()).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {", cap: 500", ", cap: {quantile: 99.9%}"})
    void aTestOfRulesUsesTheBoundsOfTheCappedMean(String ofMetric) {
        String cap = ofMetric.contains("quantile") ? ", cap: 500" : "";
        Experiment fires = parsed(ofMetric, "enforce", TEST.formatted("users: 20000, mean: 3, sd: 30" + cap, "fired"));
        Experiment holds = parsed(ofMetric, "enforce", TEST.formatted("users: 2000, mean: 3, sd: 30" + cap, "held"));

        assertThat(fires.tests().get(0).failure(fires)).isEmpty();
        assertThat(holds.tests().get(0).failure(holds)).isEmpty();
    }

    @Test
    void aTestOfRulesGivesWhatAQuantileIsAt() {
        assertThat(problem(
                        ", cap: {quantile: 99.9%}",
                        "enforce", TEST.formatted("users: 20000, mean: 3, sd: 30", "fired")))
                .contains("metric revenue has a quantile for its cap: give what it is at, as in cap: 500");
        assertThat(problem(", cap: 500", "enforce", TEST.formatted("users: 20000, mean: 3, sd: 30, cap: 5", "fired")))
                .contains("cap '5': only of a metric whose cap is a quantile, so that on revenue it has no meaning;"
                        + " remove it");
        assertThat(problem(
                        ", cap: {quantile: 99.9%}",
                        "enforce", TEST.formatted("users: 20000, mean: 3, sd: 30, cap: 0", "fired")))
                .contains("cap '0': not above 0; write a value, as in 500");
    }

    @Test
    void aTestOfRulesCannotGiveMomentsThatTheCapRulesOut() {
        assertThat(problem(", cap: 500", "enforce", TEST.formatted("users: 20000, mean: 3, sd: 300", "fired")))
                .contains("mean: a mean of 3.0 with a standard deviation of 299.99")
                .contains("is not of values between 0 and the cap 500.0; correct mean, sd or the cap");
        assertThat(problem(", cap: 500", "enforce", TEST.formatted("users: 20000, mean: 501, sd: 0", "fired")))
                .contains("is not of values between 0 and the cap 500.0");
    }

    @Test
    void withoutACapTheReasonSaysThatNothingIsProvenForHeavyTails() {
        Experiment experiment = parsed("", "dry_run", TEST.formatted("users: 20000, mean: 3, sd: 30", "inconclusive"));

        assertThat(experiment.tests().get(0).failure(experiment).orElseThrow()).contains("not proven for heavy tails");
    }
}
