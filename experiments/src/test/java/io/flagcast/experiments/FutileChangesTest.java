package io.flagcast.experiments;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class FutileChangesTest {

    private static final String TIERS = "{type: tiered, tier_thresholds: [80, 50, 20], active_tier: 2}";

    private static String rule(String id, String segment, String then) {
        return """
                  - rule_id: %s
                    description: d
                    when: {segment: %s, metric: m, above: 5%%}
                    evidence: {min_users: 100}
                    then: {%s}
                """.formatted(id, segment, then);
    }

    private static String enforced(String id, String segment, String then) {
        return rule(id, segment, then) + "    max_firings: 2\n    mode: enforce\n";
    }

    private static List<String> warnings(String allocation, String... rules) {
        return ExperimentFiles.parse("x.yaml", """
                        experiment_id: e
                        feature_id: f
                        salt: s
                        segments: {low: [0, 50], high: [50, 100]}
                        allocation: %s
                        metrics: {m: {kind: proportion, outcome: o, within: 1d}}
                        rules:
                        """.formatted(allocation) + String.join("", rules))
                .warnings();
    }

    @Test
    void anIncreaseOfWhatNobodyLowersCanNeverAct() {
        String never =
                "rule 'up' raises the share of high, which begins at 100 %, and no rule of this file that enforces or"
                        + " proposes lowers it: it acts only on what a person or an earlier file has lowered";

        assertThat(warnings(TIERS, enforced("up", "high", "increase_allocation: 10pp")))
                .containsExactly(never);
        assertThat(warnings(TIERS, rule("up", "high", "set_allocation: 100%"))).containsExactly(never);
        assertThat(warnings(
                        TIERS,
                        enforced("up", "high", "increase_allocation: 10pp"),
                        enforced("down", "low", "reduce_allocation: 10pp"),
                        rule("trial", "high", "reduce_allocation: 10pp"),
                        enforced("stop", "high", "pause: true")))
                .containsExactly(never);
    }

    @Test
    void whatSomebodyLowersMayBeRaised() {
        String up = enforced("up", "high", "increase_allocation: 10pp");

        for (String down : List.of(
                enforced("down", "high", "reduce_allocation: 10pp"),
                enforced("down", "all", "reduce_allocation: 10pp"),
                enforced("down", "high", "set_allocation: 40%"),
                rule("down", "high", "reduce_allocation: 10pp") + "    mode: propose\n")) {
            assertThat(warnings(TIERS, up, down)).isEmpty();
        }
        assertThat(warnings(
                        TIERS,
                        enforced("up", "all", "increase_allocation: 10pp"),
                        enforced("down", "low", "reduce_allocation: 10pp")))
                .isEmpty();
    }

    /** Twice a fifth leaves 0.64, twice ten points leave 0.8; a floor may come first. */
    @Test
    void anIncreaseThatEndsBelowWhatIsLeftCanNeverAct() {
        String down = enforced("down", "high", "reduce_allocation: 20%");
        String never =
                "rule 'up' raises the share of high, not above %s, and what lowers it leaves at least %s: it can never act";

        assertThat(warnings(TIERS, down, enforced("up", "high", "increase_allocation: 10pp, not_above: 64%")))
                .containsExactly(never.formatted("64 %", "64 %"));
        assertThat(warnings(TIERS, down, enforced("up", "high", "increase_allocation: 10pp, not_above: 65%")))
                .isEmpty();
        assertThat(warnings(
                        TIERS,
                        enforced("down", "high", "reduce_allocation: 10pp"),
                        enforced("up", "high", "increase_allocation: 10pp, not_above: 75%")))
                .containsExactly(never.formatted("75 %", "80 %"));
        // Of two that lower only the floors are certain: 30 % and 50 %.
        assertThat(warnings(
                        TIERS,
                        enforced("down", "high", "reduce_allocation: 20%, not_below: 30%"),
                        enforced("half", "high", "set_allocation: 50%"),
                        enforced("up", "high", "increase_allocation: 10pp, not_above: 30%")))
                .containsExactly(never.formatted("30 %", "30 %"));
    }

    @Test
    void aRecoveryThatEndsBelowWhatTheRuleLeavesCanNeverAct() {
        String down = enforced("down", "high", "reduce_allocation: 20%");

        assertThat(warnings(TIERS, down + "    recover: {increase_allocation: 10pp, not_above: 60%}\n"))
                .containsExactly(
                        "recover of rule 'down' gives back up to 60 %, and the rule leaves at least 64 %: it can never act");
        assertThat(warnings(TIERS, down + "    recover: {increase_allocation: 10pp}\n"))
                .isEmpty();
        assertThat(warnings(
                        TIERS,
                        down + "    recover: {increase_allocation: 10pp, not_above: 60%}\n",
                        enforced("half", "high", "set_allocation: 50%")))
                .isEmpty();
    }

    @Test
    void aTierThatIsActiveFromTheBeginningIsNotLetIn() {
        String up = enforced("up", "all", "advance_tier: true, not_above: 2");

        assertThat(warnings(TIERS, up))
                .containsExactly(
                        "rule 'up' lets one more tier in, not above 2, and 2 are active from the beginning: it can never act");
        assertThat(warnings(TIERS.replace("active_tier: 2", "active_tier: 1"), up))
                .isEmpty();
        assertThat(warnings("{type: tiered, tier_thresholds: [80, 50, 20], ramp: [{to: 2}, {to: 4}]}", up))
                .hasSize(1);
        assertThat(warnings(
                        "{type: tiered, tier_thresholds: [80, 50, 20], active_tier: 1, ramp: [{from: 2026-12-01, to: 2}]}",
                        up))
                .isEmpty();
    }

    @Test
    void theGateOfTheLastStepOfARampDecidesNothing() {
        assertThat(warnings("{ramp: [{to: 10%}, {to: 50%, until: {min_users: 10}}]}", rule("a", "all", "alert: info")))
                .containsExactly("ramp: its last step, to 50 %, has a gate (until) behind which nothing comes");
    }
}
