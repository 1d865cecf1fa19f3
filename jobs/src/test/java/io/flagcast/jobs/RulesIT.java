package io.flagcast.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.flagcast.lake.ExitCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer.OrderAnnotation;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** Rules by command: what they decide, what a person approves and takes back, and what unsound data hold up. */
@TestMethodOrder(OrderAnnotation.class)
class RulesIT {

    private static final Instant AS_OF = Instant.parse("2026-03-07T00:00:00Z");
    private static final Instant NEXT = Instant.parse("2026-03-08T00:00:00Z");

    /** The example's rule as a proposal, an alert, and a rule that looks at a metric whose values have no finite square. */
    private static final String PROPOSING = """
            rules:
              - rule_id: pull_back_high_responders
                description: Asks a person before it cuts
                when: {segment: high, metric: conversion_rate, below: 5%}
                evidence: {min_users: 1000, confidence: 95%}
                then: {reduce_allocation: 20%, not_below: 5%}
                mode: propose
              - rule_id: tell
                description: Tells where the high segment converts badly
                when: {segment: high, metric: conversion_rate, below: 5%}
                evidence: {min_users: 1000}
                then: {alert: warning}
              - rule_id: revenue
                description: Looks at revenue
                when: {segment: high, metric: revenue, below: 5}
                evidence: {min_users: 1000}
                then: {set_allocation: 10%}
                max_firings: 1
                mode: enforce
            tests:
              - name: asks on clear evidence
                given: {segment: high, metrics: {conversion_rate: {users: [1000x20], conversions: [40x20]}}}
                expect: {rule: pull_back_high_responders, outcome: fired, share: 100%}
            """;

    /** Lets one more tier in where the enabled do better; users were drawn by a coin. */
    private static final String ADVANCING = """
            experiment_id: %1$s
            feature_id: checkout
            salt: %1$s-2026
            allocation: {type: tiered, tier_thresholds: [80, 50, 20], active_tier: 1}
            metrics:
              conversion_rate: {kind: proportion, outcome: purchase, within: 1d, settle: 0d}
            rules:
              - rule_id: let_in
                description: One more tier where the enabled do better
                when: {segment: all, metric: conversion_rate, better_than_control: {by: 0%%}}
                evidence: {min_users: 1000}
                then: {advance_tier: true, not_above: 3}
                max_firings: 2
                mode: enforce
            """;

    @TempDir
    private static Path folder;

    private static CsvWorld world;

    @BeforeAll
    static void publish() {
        world = CsvWorld.in(folder);
        List<String> rollout = new ArrayList<>();
        for (String line : world.read("experiments/rollout.yaml")) {
            if (line.startsWith("rules:")) {
                break;
            }
            rollout.add(line);
            if (line.startsWith("metrics:")) {
                rollout.add("  revenue: {kind: mean, outcome: refund, within: 1d, settle: 0d, heavy_tails: accepted}");
            }
        }
        rollout.addAll(PROPOSING.lines().toList());
        world.write("experiments/rollout.yaml", rollout);
        world.write(
                "experiments/sound.yaml", ADVANCING.formatted("sound").lines().toList());
        world.write(
                "experiments/ratio.yaml", ADVANCING.formatted("ratio").lines().toList());
        List<String> exposures =
                new ArrayList<>(List.of("experiment_id,user_id,enabled,exposed_at,propensity,score,segment"));
        world.read("exposures.csv").stream().skip(1).forEach(line -> exposures.add(line + ",,"));
        List<String> outcomes = new ArrayList<>();
        for (int i = 0; i < 20_000; i++) {
            exposures.add("rollout,v%d,true,2026-03-05T10:00:00Z,0.975,90,high".formatted(i));
            // A fair coin in one experiment, in the other more are enabled than were drawn.
            exposures.add("sound,s%d,%b,2026-03-05T10:00:00Z,0.5,90,scored".formatted(i, i % 2 == 0));
            exposures.add("ratio,s%d,%b,2026-03-05T10:00:00Z,0.5,90,scored".formatted(i, i % 20 < 11));
            if (i < 800) {
                outcomes.add("v%d,purchase,10,2026-03-05T11:00:00Z".formatted(i));
            }
            // Enabled convert at 20 and 18 percent, the others at 10 and 11.
            if (i % 10 == 0 || i % 20 == 2 || i % 20 == 12 || i % 10 == 3) {
                outcomes.add("s%d,purchase,10,2026-03-05T11:00:00Z".formatted(i));
            }
        }
        outcomes.add("v1,refund,1e200,2026-03-05T11:00:00Z");
        world.write("exposures.csv", exposures);
        world.append("outcomes.csv", outcomes.toArray(String[]::new));
        Invocation run = world.run(AS_OF);
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.err())
                .contains(
                        "rollout: pull_back_high_responders fired (proposed: flagcast approve"
                                + " pull_back_high_responders-",
                        "rollout: tell fired, alert, warning",
                        "sound: let_in fired, active tier -> 2");
    }

    private static Invocation command(String... arguments) {
        List<String> all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("--conf", world.conf().toString()));
        return Invocation.of(all.toArray(String[]::new));
    }

    private static String decision(String ruleId) {
        return Invocation.rows(
                        world.conf(),
                        "SELECT decision_id FROM history.rule_decisions WHERE rule_id = '%s' AND experiment_id IN"
                                        .formatted(ruleId)
                                + " ('rollout', 'sound') ORDER BY as_of LIMIT 1")
                .get(0)
                .get("decision_id")
                .asText();
    }

    @Test
    @Order(1)
    void everyRuleHasARowWithWhatItSawAndWhy() {
        List<JsonNode> rows = Invocation.rows(
                world.conf(),
                "SELECT experiment_id, rule_id, outcome, n, alpha, share_before, share_after, comparisons, reason FROM"
                        + " rule_decisions ORDER BY experiment_id, rule_id");

        assertThat(rows).hasSize(5);
        assertThat(rows.get(0).get("outcome").asText()).as("ratio").isEqualTo("held");
        assertThat(rows.get(0).get("reason").asText())
                .contains(
                        "but an increase waits for sound data: sample ratio mismatch in",
                        "11,000 enabled and 9,000 control users, +5.0 points of enabled");
        JsonNode proposed = rows.get(1);
        assertThat(proposed.get("outcome").asText()).isEqualTo("fired");
        assertThat(proposed.get("n").asLong()).isEqualTo(20_000);
        assertThat(proposed.get("alpha").asDouble()).as("three rules share 5 %").isCloseTo(0.05 / 3, within(1e-12));
        assertThat(proposed.get("share_after").asDouble()).isEqualTo(1);
        assertThat(proposed.at("/comparisons/0/threshold").asDouble()).isEqualTo(0.05);
        assertThat(rows.get(2).get("rule_id").asText()).isEqualTo("revenue");
        assertThat(rows.get(2).get("outcome").asText()).isEqualTo("inconclusive");
        assertThat(rows.get(2).get("reason").asText()).startsWith("revenue cannot be used: ");
        assertThat(rows.get(4).get("experiment_id").asText()).isEqualTo("sound");
        assertThat(rows.get(4).get("outcome").asText()).isEqualTo("fired");
    }

    @Test
    @Order(2)
    void historyAndShowTellWhatWasDecided() {
        Invocation history = command("rules", "history", "--experiment", "rollout", "--outcome", "fired");
        assertThat(history.code()).as(history.err()).isZero();
        assertThat(history.out())
                .contains("pull_back_high_responders", "high -> 80 % (proposed)", decision("tell"))
                .doesNotContain("sound", "revenue");

        Invocation csv = command("rules", "history", "--rule", "tell", "--format", "csv");
        assertThat(csv.out().lines()).hasSize(2).first().asString().contains("run_id", "rule_id,", "comparisons,");
        Invocation none = command("rules", "history", "--rule", "nothing", "--format", "json");
        assertThat(none.code()).as(none.err()).isZero();
        assertThat(none.out()).isEmpty();

        Invocation show = command("rules", "show", decision("pull_back_high_responders"));
        assertThat(show.out())
                .contains("mode                 propose", "conversion_rate of enabled below 0.05", "changed nothing");
        assertThat(command("rules", "show", decision("let_in")).out())
                .contains("it made parameters version 1 of sound");
        Invocation unknown = command("rules", "show", "nothing-123");
        assertThat(unknown.code()).isEqualTo(64);
        assertThat(unknown.err()).contains("there is no decision nothing-123: see flagcast rules history");
    }

    @Test
    @Order(3)
    void aProposalWaitsForAPersonAndIsUsedByTheNextRunOnce() {
        String proposal = decision("pull_back_high_responders");
        assertThat(command("approve", decision("tell")).err()).contains("is no proposal: rule tell of mode dry_run");
        assertThat(command("approve", proposal, "--dry-run").err()).contains("80.0 % share", "nothing is written");
        Invocation approved = command("approve", proposal);
        assertThat(approved.code()).as(approved.err()).isZero();
        assertThat(approved.err())
                .contains("rollout has parameters version 1: runs with an as-of after 2026-03-07T00:00:00Z use it");
        assertThat(command("approve", proposal).err()).contains("is approved already: nothing to do");

        assertThat(parameters()).containsExactly("rollout 1 high 0.8 rule", "sound 1 all 1.0 rule");
        Invocation next = world.run(NEXT);
        assertThat(next.code()).as(next.err()).isZero();
        assertThat(Invocation.rows(
                        world.conf(), "SELECT DISTINCT experiment_id, segment, share FROM allocations WHERE share < 1"))
                .extracting(JsonNode::toString)
                .containsExactly("{\"experiment_id\":\"rollout\",\"segment\":\"high\",\"share\":0.8}");
        assertThat(Invocation.rows(
                                world.conf(),
                                "SELECT DISTINCT parameters_version FROM allocations WHERE experiment_id = 'sound'")
                        .get(0)
                        .get("parameters_version")
                        .asInt())
                .isEqualTo(1);
    }

    private static List<String> parameters() {
        return Invocation.rows(
                        world.conf(),
                        "SELECT experiment_id, version, segment, share, cause FROM allocation_parameters ORDER BY 1, 2, 3")
                .stream()
                .map(row -> "%s %s %s %s %s"
                        .formatted(
                                row.get("experiment_id").asText(),
                                row.get("version"),
                                row.get("segment").asText(),
                                row.get("share"),
                                row.get("cause").asText()))
                .toList();
    }

    @Test
    @Order(4)
    void aDecisionIsTakenBackUnlessItWasChangedAgain() {
        Invocation back = command("rules", "revert", decision("let_in"));
        assertThat(back.code()).as(back.err()).isZero();
        assertThat(back.err()).contains("active tier", "the file's", "sound has parameters version 2");
        assertThat(command("rules", "revert", decision("let_in")).err()).contains("is taken back already");
        assertThat(command("rules", "revert", decision("tell")).err())
                .contains("has changed nothing: there is nothing to take back");
        assertThat(command("rollback", "--experiment", "rollout", "--to-version", "0")
                        .code())
                .isZero();
        Invocation late = command("rules", "revert", decision("pull_back_high_responders"));
        assertThat(late.code()).isEqualTo(1);
        assertThat(late.err())
                .contains("high of rollout was changed again after version 1: return to a version with flagcast"
                        + " rollback --experiment rollout --to-version N");
        assertThat(parameters())
                .containsExactly(
                        "rollout 1 high 0.8 rule",
                        "rollout 2 high 1.0 person",
                        "sound 1 all 1.0 rule",
                        "sound 2 all 1.0 person");
    }

    @Test
    @Order(5)
    void editedRulesAreReplayedOverMeasuredDays() throws IOException {
        Path edited = folder.resolve("edited/rollout.yaml");
        Files.createDirectories(edited.getParent());
        Files.writeString(
                edited,
                Files.readString(folder.resolve("experiments/rollout.yaml"))
                        .replace("mode: propose", "max_firings: 3\n    mode: enforce")
                        .replace("reduce_allocation: 20%", "reduce_allocation: 30pp")
                        .replace("outcome: fired, share: 100%", "outcome: fired, share: 40%"));

        Invocation replay = command("rules", "replay", "--experiment", "rollout", edited.toString());
        assertThat(replay.code()).as(replay.err()).isZero();
        assertThat(replay.out())
                .contains("2026-03-07T00:00:00Z", "share of high 100 % -> 70 %", "shares at the end:", "high 70 %");
        assertThat(command("rules", "replay", "--experiment", "rollout", edited.toString(), "--json")
                        .out()
                        .lines())
                .isNotEmpty()
                .allSatisfy(line ->
                        assertThat(line).startsWith("{\"decision_id\":\"").contains("\"adjustment\":{"));
        Files.writeString(
                edited, Files.readString(edited).replace("{min_users: 1000, ", "{min_users: 1000, window: 14d, "));
        Invocation longer = command("rules", "replay", "--experiment", "rollout", edited.toString());
        assertThat(longer.code()).as(longer.err()).isEqualTo(ExitCode.CONFIGURATION.code());
        assertThat(longer.err())
                .contains("its window is longer than the 7 d for which rollout was measured", "mode: dry_run");
        assertThat(command("rules", "replay", "--experiment", "rollout", "--to", "2026-05-01")
                        .err())
                .contains("nor to after the live publication's 2026-03-08T00:00:00Z");
        assertThat(parameters()).as("nothing is written").hasSize(4);
    }

    @Test
    @Order(6)
    void testsOfRulesRunWithoutALakeAndWriteJunit() throws IOException {
        Path junit = folder.resolve("out/junit.xml");
        Invocation passes =
                Invocation.of("rules", "test", folder.resolve("experiments").toString(), "--junit", junit.toString());
        assertThat(passes.code()).as(passes.err()).isZero();
        assertThat(passes.out()).contains("ok    asks on clear evidence", "1 tests, 0 failed");
        assertThat(Invocation.of("rules", "test", folder.resolve("experiments").toString(), "--format", "csv")
                        .out())
                .startsWith("experiment_id,file,line,test,passed,failure\nrollout,")
                .endsWith(",asks on clear evidence,true,\n");
        assertThat(Files.readString(junit))
                .contains("<testsuite name=\"rollout\" tests=\"1\" failures=\"0\"", "name=\"asks on clear evidence\"");

        Path wrong = folder.resolve("wrong.yaml");
        Files.writeString(
                wrong,
                Files.readString(folder.resolve("experiments/rollout.yaml"))
                        .replace("outcome: fired, share: 100%", "outcome: held"));
        Invocation fails = Invocation.of("rules", "test", wrong.toString(), "--junit", junit.toString());
        assertThat(fails.code()).isEqualTo(1);
        assertThat(fails.out())
                .contains(
                        "FAIL  asks on clear evidence (line ", "expected held of pull_back_high_responders, got fired");
        assertThat(Files.readString(junit)).contains("<failure message=\"expected held");
    }
}
