package io.flagcast.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.groups.Tuple.tuple;

import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A feature that breaks after all its users have met it: who counts each of them once sees nothing of it. */
class WindowedRulesIT {

    private static final int USERS = 800;
    private static final int DAYS = 14;
    private static final int BREAK = 6;
    private static final Instant BEGINNING = CsvWorld.FIRST.minus(DAYS, ChronoUnit.DAYS);

    private static final String EXPERIMENT = """
            experiment_id: rollout
            feature_id: checkout
            salt: rollout-1
            segments: {low: [0, 50], high: [50, 100]}
            allocation: {type: percentage, percentage_allocation: 50%}
            metrics:
              conversion_rate: {kind: proportion, outcome: purchase, within: 1d, settle: 0d}
            rules:
              - rule_id: against_control
                description: The enabled convert worse than control lately
                when: {segment: all, metric: conversion_rate, worse_than_control: {by: 10%}}
                evidence: {min_users: 200, window: 7d}
                then: {alert: critical}
              - rule_id: ever
                description: Fewer than 5 % of the enabled have converted
                when: {segment: all, population: enabled, metric: conversion_rate, below: 5%}
                evidence: {min_users: 200}
                then: {alert: warning}
              - rule_id: lately
                description: Fewer than 5 % of the enabled convert lately
                when: {segment: all, population: enabled, metric: conversion_rate, below: 5%}
                evidence: {min_users: 200, window: 7d}
                then: {alert: warning}
            """;

    private static CsvWorld world(Path folder) {
        CsvWorld world = CsvWorld.in(folder);
        SplittableRandom random = new SplittableRandom(3);
        List<String> users = new ArrayList<>(List.of("user_id,age,plan,gender"));
        List<String> exposures = new ArrayList<>(List.of("experiment_id,user_id,enabled,exposed_at,propensity"));
        List<String> outcomes = new ArrayList<>(List.of("user_id,outcome,value,occurred_at"));
        for (int i = 0; i < USERS; i++) {
            users.add("u%d,%d,%s,f".formatted(i, 20 + random.nextInt(50), i % 3 == 0 ? "pro" : "free"));
            boolean enabled = random.nextBoolean();
            for (int day = i % 2; day < DAYS; day += 2) {
                Instant at = BEGINNING.plus(day, ChronoUnit.DAYS).plus(10, ChronoUnit.HOURS);
                exposures.add("rollout,u%d,%b,%s,0.5".formatted(i, enabled, at));
                if (random.nextDouble() < (enabled && day >= BREAK ? 0 : 0.08)) {
                    outcomes.add("u%d,purchase,1,%s".formatted(i, at.plus(1, ChronoUnit.HOURS)));
                }
            }
        }
        world.write("users.csv", users);
        world.write("exposures.csv", exposures);
        world.write("outcomes.csv", outcomes);
        world.write("experiments/rollout.yaml", EXPERIMENT.lines().toList());
        return world;
    }

    @Test
    void aBreakAmongUsersWhoComeAgainIsSeenThroughAWindowAndWithoutOneTheEvidenceHasDriedUp(@TempDir Path folder) {
        CsvWorld world = world(folder);
        Invocation run = world.run(CsvWorld.FIRST);

        assertThat(run.code()).as(run.err()).isZero();
        assertThat(Invocation.rows(world.conf(), "SELECT rule_id, outcome FROM rule_decisions ORDER BY rule_id"))
                .extracting(
                        row -> row.get("rule_id").asText(),
                        row -> row.get("outcome").asText())
                .containsExactly(tuple("against_control", "fired"), tuple("ever", "held"), tuple("lately", "fired"));
        assertThat(
                        Invocation.rows(
                                world.conf(),
                                "SELECT subject, reason FROM health_checks WHERE state = 'failed' AND `check` = 'evidence_dried_up'"))
                .singleElement()
                .satisfies(row -> assertThat(row.get("subject").asText()).contains("ever"));
    }
}
