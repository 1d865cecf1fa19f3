package io.flagcast.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Faults that are planted in a sound world, each in an experiment of its own: lost exposures of the control, a segment that
 * responds less than predicted, a group that is enabled less within a band. Each is found by its own check first.
 */
class HealthChecksIT {

    private static final int USERS = 16_000;
    private static final Instant FIRST = CsvWorld.FIRST;
    private static final Instant SECOND = Instant.parse("2026-03-12T00:00:00Z");

    /** Every fourth user is eligible for each. */
    private static final List<String> EXPERIMENTS = List.of("sound", "lossy", "dropping", "biased");

    private static final String EXPERIMENT = """
            experiment_id: %1$s
            feature_id: checkout
            salt: %1$s-2026
            eligibility: "cohort = '%1$s'"
            segments: {low: [0, 30], mid: [30, 70], high: [70, 100]}
            allocation: %2$s
            metrics:
              conversion_rate: {kind: proportion, outcome: purchase, within: 1d, settle: 0d}
            """;

    private static final String RULE = """
            rules:
              - rule_id: let_in
                description: One more tier where the enabled do better
                when: {segment: all, metric: conversion_rate, better_than_control: {by: 0%}}
                evidence: {min_users: 1000}
                then: {advance_tier: true, not_above: 3}
                max_firings: 2
                mode: enforce
            """;

    /** Outcomes of which nothing is known: of users in another spelling, read by the first run and gone, and of a wrong name. */
    private static final String LOST = """
              refunds: {kind: proportion, outcome: refund, within: 1d, settle: 0d}
              signups: {kind: proportion, outcome: signup, within: 1d, settle: 0d}
              returns: {kind: proportion, outcome: retrun, within: 1d, settle: 0d}
            rules:
              - rule_id: few_returns
                description: Half of it where hardly anybody comes back
                when: {segment: all, metric: returns, below: 1%}
                evidence: {min_users: 1000}
                then: {reduce_allocation: 50%, not_below: 5%}
                max_firings: 2
                mode: enforce
              - rule_id: fewer_refunds
                description: One point more where hardly anybody wants his money back
                when: {segment: all, metric: refunds, below: 1%}
                evidence: {min_users: 1000}
                then: {increase_allocation: 1pp, not_above: 60%}
                max_firings: 2
                mode: enforce
              - rule_id: few_signups
                description: Half of it where hardly anybody signs up
                when: {segment: all, metric: signups, below: 1%}
                evidence: {min_users: 1000}
                then: {reduce_allocation: 50%, not_below: 5%}
                max_firings: 2
                mode: enforce
            """;

    @TempDir
    private static Path folder;

    private static CsvWorld world;
    private static Invocation run;
    private static List<JsonNode> failed;

    /** A pilot of one cohort, from which scores are learned; then a day of everybody, served by a coin. */
    @BeforeAll
    static void live() {
        world = new CsvWorld(folder);
        SplittableRandom random = new SplittableRandom(5);
        List<String> users = new ArrayList<>(List.of("user_id,age,cohort,gender"));
        List<String> exposures = new ArrayList<>(
                List.of("experiment_id,user_id,enabled,exposed_at,propensity,score,segment,parameters_version,run_id"));
        List<String> outcomes = new ArrayList<>(List.of("user_id,outcome,value,occurred_at"));
        for (int i = 0; i < USERS; i++) {
            String cohort = EXPERIMENTS.get(i % 4);
            int age = 20 + random.nextInt(50);
            // In one cohort most of the younger are men: what is learned of age treats the two differently.
            double women = cohort.equals("biased") ? age < 45 ? 0.15 : 0.85 : 0.5;
            users.add("u%d,%d,%s,%s".formatted(i, age, cohort, random.nextDouble() < women ? "f" : "m"));
            if (cohort.equals("sound")) {
                boolean enabled = random.nextBoolean();
                exposures.add("sound,u%d,%b,2026-03-02T10:00:00Z,0.5,,,,".formatted(i, enabled));
                if (random.nextDouble() < 0.15 + (enabled ? 0.05 + 0.006 * (age - 20) : 0)) {
                    outcomes.add("u%d,purchase,1,2026-03-02T12:00:00Z".formatted(i));
                }
            }
        }
        outcomes.add("u1,signup,1,2026-03-02T12:00:00Z");
        // A log of another system, which says neither version nor propensity.
        for (int i = 0; i < 250; i++) {
            exposures.add("crossed,u%d,true,2026-03-02T10:00:00Z,,,,,".formatted(4 * i + 1));
            exposures.add("crossed,u%d,false,2026-03-04T10:00:00Z,,,,,".formatted(4 * i + 1));
        }
        world.write("users.csv", users);
        world.write("exposures.csv", exposures);
        world.write("outcomes.csv", outcomes);
        configure();
        Invocation first = world.run(FIRST);
        assertThat(first.code()).as(first.err()).isZero();

        outcomes.removeIf(row -> row.contains(",signup,"));
        IntStream.range(0, 400)
                .mapToObj(i -> "U%d,refund,1,2026-03-10T11:00:00Z".formatted(4 * i + 2))
                .forEach(outcomes::add);
        exposures.add("Sound,u1,true,2026-03-10T10:00:00Z,0.5,,,,");
        Map<String, JsonNode> scores = new HashMap<>();
        Invocation.rows(
                        world.conf(),
                        "SELECT user_id, run_id, score, response_if_enabled, response_if_not FROM responsiveness_scores")
                .forEach(row -> scores.put(row.get("user_id").asText(), row));
        for (int i = 0; i < USERS; i++) {
            meet(EXPERIMENTS.get(i % 4), scores.get("u" + i), random, exposures, outcomes);
        }
        world.write("exposures.csv", exposures);
        world.write("outcomes.csv", outcomes);
        run = world.run(SECOND);
        assertThat(run.code()).as(run.err()).isZero();
        failed = Invocation.rows(
                world.conf(),
                "SELECT experiment_id, `check`, segment, subject, reason FROM health_checks WHERE state = 'failed'");
    }

    private static void meet(
            String experiment,
            JsonNode scored,
            SplittableRandom random,
            List<String> exposures,
            List<String> outcomes) {
        String user = scored.get("user_id").asText();
        double score = scored.get("score").asDouble();
        String segment = score <= 30 ? "low" : score <= 70 ? "mid" : "high";
        boolean enabled = random.nextBoolean();
        double response =
                scored.get(enabled ? "response_if_enabled" : "response_if_not").asDouble();
        if (experiment.equals("dropping") && segment.equals("high")) {
            response *= 0.5;
        }
        if (!experiment.equals("lossy") || enabled || random.nextDouble() < 0.8) {
            exposures.add("%s,%s,%b,2026-03-10T10:00:00Z,0.5,%s,%s,0,%s"
                    .formatted(
                            experiment,
                            user,
                            enabled,
                            score,
                            segment,
                            scored.get("run_id").asText()));
        }
        if (random.nextDouble() < response) {
            outcomes.add("%s,purchase,1,2026-03-10T11:00:00Z".formatted(user));
        }
    }

    private static void configure() {
        String half = "{type: percentage, percentage_allocation: 50%}";
        String tiered = "{type: tiered, tier_thresholds: [80, 50, 20], active_tier: %d}";
        world.write(
                "experiments/sound.yaml",
                EXPERIMENT.formatted("sound", half).lines().toList());
        world.write(
                "experiments/lossy.yaml",
                (EXPERIMENT.formatted("lossy", tiered.formatted(1)) + RULE)
                        .lines()
                        .toList());
        world.write(
                "experiments/dropping.yaml",
                (EXPERIMENT.formatted("dropping", half) + LOST).lines().toList());
        world.write(
                "experiments/crossed.yaml",
                EXPERIMENT.formatted("crossed", half).lines().toList());
        // The threshold of 50 cuts the band mid in two.
        world.write(
                "experiments/biased.yaml",
                EXPERIMENT.formatted("biased", tiered.formatted(2)).lines().toList());
        world.write("flagcast.conf", """
                flagcast {
                  lake.root = ${flagcast.conf-dir}"/lake"
                  experiments = ${flagcast.conf-dir}"/experiments"
                  sources {
                    users { format = csv, path = ${flagcast.conf-dir}"/users.csv" }
                    exposures { format = csv, path = ${flagcast.conf-dir}"/exposures.csv" }
                    outcomes { format = csv, path = ${flagcast.conf-dir}"/outcomes.csv" }
                  }
                  users { predictors = [age, cohort], protected = [gender] }
                  features.checkout { objective = uplift, outcome = purchase, within = 1d }
                  training { folds = 2, challengers = [] }
                }
                """.lines().toList());
    }

    private static List<JsonNode> failed(String experiment) {
        return failed.stream()
                .filter(row -> row.get("experiment_id").asText().equals(experiment))
                .toList();
    }

    @Test
    void inASoundExperimentNothingFails() {
        assertThat(failed("sound")).isEmpty();
    }

    @Test
    void lostExposuresAreASampleRatioMismatchAndHoldIncreasesUp() {
        assertThat(failed("lossy"))
                .extracting(row -> row.get("check").asText())
                .isNotEmpty()
                .containsOnly("sample_ratio");
        JsonNode decision = Invocation.rows(
                        world.conf(), "SELECT outcome, reason FROM rule_decisions WHERE experiment_id = 'lossy'")
                .get(0);
        assertThat(decision.get("outcome").asText()).isEqualTo("held");
        assertThat(decision.get("reason").asText())
                .contains("but an increase waits for sound data: sample ratio mismatch in");
    }

    @Test
    void usersInBothArmsOfALogWithoutVersionsContradict() {
        assertThat(failed("crossed"))
                .extracting(
                        row -> row.get("check").asText(),
                        row -> row.get("reason").asText())
                .contains(tuple(
                        "contradiction",
                        "250 of 250 exposed users got both answers under one version of the parameters; 250 of these"
                                + " by exposures that log neither parameters_version nor run_id: they crossed over, count by"
                                + " the arm of the first exposure and teach no model, so take their rows out of the log where"
                                + " they should not count; where the allocation was changed on purpose meanwhile, map"
                                + " flagcast.sources.exposures.columns.parameters_version"));
    }

    @Test
    void aDropIsAnUnexpectedOutcomeOfItsSegment() {
        assertThat(failed("dropping"))
                .filteredOn(row -> row.get("check").asText().equals("unexpected_outcome"))
                .extracting(
                        row -> row.get("segment").asText(),
                        row -> row.get("subject").asText())
                .contains(tuple("high", "conversion_rate"))
                .doesNotContain(tuple("low", "conversion_rate"), tuple("mid", "conversion_rate"));
        assertThat(failed("dropping"))
                .as("nothing that a person should look at before")
                .extracting(row -> row.get("check").asText())
                .doesNotContain("contradiction", "sample_ratio", "predictor_drift", "score_drift", "calibration");
    }

    /** Counted, neither has happened once: all three rules would fire. */
    @Test
    void outcomesThatAreNobodysOrGoneMoveNothingUpOrDown() {
        assertThat(failed("dropping"))
                .filteredOn(row -> row.get("check").asText().matches("unmatched|freshness"))
                .extracting(
                        row -> row.get("check").asText(),
                        row -> row.get("subject").asText())
                .containsExactlyInAnyOrder(tuple("unmatched", "outcome refund"), tuple("freshness", "outcome signup"));
        assertThat(
                        Invocation.rows(
                                world.conf(),
                                "SELECT rule_id, outcome, reason FROM rule_decisions WHERE experiment_id = 'dropping' ORDER BY rule_id"))
                .extracting(
                        row -> row.get("outcome").asText(),
                        row -> row.get("reason").asText().replaceAll("^([^:]*:[^:]*):.*", "$1"))
                .containsExactly(
                        tuple("inconclusive", "returns cannot be used: there is no outcome retrun yet"),
                        tuple("inconclusive", "signups cannot be used: emptied"),
                        tuple(
                                "inconclusive",
                                "refunds cannot be used: none of the 400 users of outcome refund is in users or exposures"
                                        + " (16,000 users)"));
        assertThat(run.err())
                .contains(
                        "note: none of the 400 users of outcome refund is in users or exposures (16,000 users): 'U10', 'U1002',"
                                + " 'U1006' here, ",
                        "400 are there in another spelling",
                        "note: emptied: the newest outcome signup that was known before is of 2026-03-02T12:00:00Z");
    }

    @Test
    void exposuresOfNoExperimentFileAreSaid() {
        assertThat(run.err())
                .contains(
                        "note: 1 exposures count nowhere, as no experiment file has their experiment_id: 'Sound' (1); did"
                                + " 'Sound' mean 'sound'?");
        assertThat(failed(""))
                .filteredOn(row -> row.get("check").asText().equals("unmatched"))
                .extracting(row -> row.get("subject").asText())
                .containsExactly("experiments");
    }

    @Test
    void aGroupThatIsEnabledLessWithinABandIsBias() {
        assertThat(failed("biased"))
                .filteredOn(row -> row.get("check").asText().equals("enable_bias"))
                .extracting(
                        row -> row.get("segment").asText(),
                        row -> row.get("subject").asText())
                .containsExactly(tuple("mid", "gender"));
        assertThat(failed("biased"))
                .extracting(row -> row.get("check").asText())
                .as("what else fails is its consequence")
                .isSubsetOf("enable_bias", "outcome_bias");
    }

    @Test
    void aRunThatWasLeftOutIsNoticed() {
        assertThat(run.err())
                .contains("note: the pipeline did not run: the newest publication is of 2026-03-10T00:00:00Z, 2 d ago");
        assertThat(failed(""))
                .extracting(row -> row.get("check").asText())
                .containsExactlyInAnyOrder("pipeline", "unmatched");
    }

    @Test
    void statusTellsWhatIsLiveWhatRanAndWhatFails() {
        Invocation status = Invocation.of("status", "--conf", world.conf().toString());
        assertThat(status.code()).as(status.err()).isZero();
        assertThat(status.out())
                .contains(
                        "publication 2 (publish) of 20260312T000000Z-g1, as of 2026-03-12T00:00:00Z",
                        "govern",
                        "sample ratio mismatch in",
                        "firing alerts");

        // The clock of the tests stands on the first of June.
        Invocation late = Invocation.of(
                "status", "--max-age", "26h", "--conf", world.conf().toString());
        assertThat(late.code()).isEqualTo(1);
        assertThat(late.err())
                .contains("flagcast: the pipeline did not run: the newest publication is of 2026-03-12T00:00:00Z");
        assertThat(Invocation.of(
                                "status",
                                "--max-age",
                                "26",
                                "--conf",
                                world.conf().toString())
                        .code())
                .isEqualTo(64);
        Invocation nothing = Invocation.of(
                "status", "--conf", world.conf().toString(), "--set", "flagcast.lake.root=" + folder.resolve("none"));
        assertThat(nothing.code()).isEqualTo(66);
        assertThat(nothing.err()).contains("has no publication yet: run flagcast run first");
    }
}
