package io.flagcast.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import com.fasterxml.jackson.databind.JsonNode;
import io.flagcast.lake.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/**
 * Three experiments whose outcomes come by one feed, which stands still for four days: one alert, whatever fails; and three
 * experiments that are over, of which nothing is to come.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class StoppedFeedIT {

    private static final Instant START = Instant.parse("2026-03-01T00:00:00Z");
    private static final int DAYS = 20;
    /** The first day without an outcome, and the first with some again. */
    private static final int STOPPED = 15;

    private static final int BACK = 19;

    private static final List<String> EXPERIMENTS = List.of("checkout", "search", "basket");

    private static final String EXPERIMENT = """
            experiment_id: %1$s
            feature_id: one_page
            salt: %1$s-2026
            segments: {low: [0, 50], high: [50, 100]}
            allocation: {type: tiered, tier_thresholds: [80, 50, 20], active_tier: 1}
            metrics:
              conversion_rate: {kind: proportion, outcome: purchase, within: 1d}
              returns: {kind: proportion, outcome: %1$s_return, within: 1d}
            rules:
              - rule_id: more
                description: One more tier where it converts
                when: {segment: all, population: enabled, metric: conversion_rate, above: 1%%}
                evidence: {min_users: 100}
                then: {advance_tier: true, not_above: 3}
                mode: dry_run
            """;

    @TempDir
    private static Path folder;

    private static CsvWorld world;

    private static Instant day(int day) {
        return START.plus(Duration.ofDays(day));
    }

    @BeforeAll
    static void live() {
        world = new CsvWorld(folder);
        SplittableRandom random = new SplittableRandom(3);
        List<String> users = new ArrayList<>(List.of("user_id,age"));
        for (int day = 0; day < DAYS; day++) {
            List<String> exposures = new ArrayList<>(List.of("experiment_id,user_id,enabled,exposed_at,propensity"));
            List<String> outcomes = new ArrayList<>(List.of("user_id,outcome,occurred_at"));
            for (int i = 0; i < 60; i++) {
                String user = "u%d_%d".formatted(day, i);
                users.add("%s,%d".formatted(user, 20 + random.nextInt(50)));
                for (String experiment : EXPERIMENTS) {
                    exposures.add("%s,%s,%b,%s,0.5"
                            .formatted(experiment, user, random.nextBoolean(), day(day).plusSeconds(60L * i)));
                    outcomes.add("%s,%s_return,%s".formatted(user, experiment, day(day).plusSeconds(60L * i + 7200)));
                }
                outcomes.add("%s,purchase,%s".formatted(user, day(day).plusSeconds(60L * i + 3600)));
            }
            world.write("exposures/day%02d.csv".formatted(day), exposures);
            if (day < STOPPED || day >= BACK) {
                world.write("outcomes/day%02d.csv".formatted(day), outcomes);
            }
        }
        world.write("users.csv", users);
        EXPERIMENTS.forEach(id -> world.write(
                "experiments/%s.yaml".formatted(id),
                EXPERIMENT.formatted(id).lines().toList()));
        world.write("flagcast.conf", """
                flagcast {
                  lake.root = ${flagcast.conf-dir}"/lake"
                  experiments = ${flagcast.conf-dir}"/experiments"
                  sources {
                    users { format = csv, path = ${flagcast.conf-dir}"/users.csv" }
                    exposures { format = csv, path = ${flagcast.conf-dir}"/exposures" }
                    outcomes { format = csv, path = ${flagcast.conf-dir}"/outcomes" }
                  }
                  users.predictors = [age]
                  features.one_page { objective = uplift, outcome = purchase, within = 1d }
                  training { folds = 2, challengers = [], retrain-every = 90d }
                  alerts.receivers.metrics { type = textfile, path = ${flagcast.conf-dir}"/flagcast.prom" }
                }
                """.lines().toList());
    }

    private static Invocation run(int day) {
        Invocation run = world.run(day(day), "--set", "flagcast.quality.publish-every=90d");
        assertThat(run.code()).as(run.err()).isZero();
        return run;
    }

    private static List<JsonNode> firing() {
        return world.command("alerts", "list", "--format", "json")
                .out()
                .lines()
                .map(line -> Json.tree(line, "an alert"))
                .toList();
    }

    private static String title(JsonNode alert) {
        return "%s of %s%s"
                .formatted(
                        alert.at("/labels/check").asText(),
                        alert.at("/labels/subject").asText(),
                        alert.at("/labels/experiment_id").isMissingNode()
                                ? ""
                                : " in " + alert.at("/labels/experiment_id").asText());
    }

    private static long failed() {
        return Invocation.rows(world.conf(), "SELECT 1 FROM health_checks WHERE state = 'failed'").stream()
                .count();
    }

    @Test
    @Order(1)
    void whileRowsComeNoAlertFires() {
        run(STOPPED);
        assertThat(firing()).isEmpty();
    }

    @Test
    @Order(2)
    void onTheDayAfterTheStopTheVolumeOfTheFeedIsTheOnlyAlert() {
        run(STOPPED + 1);
        assertThat(firing()).extracting(StoppedFeedIT::title).containsExactly("volume of outcomes");
        assertThat(failed())
                .as("the input, the shared outcome, and two outcomes in each of three experiments")
                .isEqualTo(8);
    }

    @Test
    @Order(3)
    void ofAStoppedFeedThereIsOneAlertWithWhatItTouchesBeneath() throws IOException {
        Invocation run = run(STOPPED + 3);
        List<JsonNode> firing = firing();

        assertThat(firing).extracting(StoppedFeedIT::title).containsExactly("freshness of outcome");
        assertThat(firing.get(0).get("touches"))
                .extracting(JsonNode::asText)
                .containsExactly(
                        "basket: conversion_rate, returns",
                        "checkout: conversion_rate, returns",
                        "search: conversion_rate, returns");
        assertThat(firing.get(0).get("inhibits"))
                .hasSize(15)
                .extracting(JsonNode::asText)
                .contains("search: volume of outcome purchase");
        assertThat(failed())
                .as("findings: freshness and volume of what failed on the first day")
                .isEqualTo(16);
        assertThat(run.err())
                .contains(
                        "alert: inputs and pipeline: 1 alert fires, 1 is resolved",
                        "    touches search: conversion_rate, returns",
                        "    tells of 15 more failed checks: ")
                .contains(
                        "volume of outcomes (resolved, since 2026-03-17T00:00:00Z): it is not over: freshness of outcome tells of it now");
        assertThat(Files.readString(folder.resolve("flagcast.prom")))
                .contains("flagcast_alert_firing{alertname=\"freshness\"", "touched_experiment=\"basket\"} 1")
                .doesNotContain("alertname=\"volume\"");
    }

    @Test
    @Order(4)
    void beneathItStandsWhatItTouchesForPeopleToo() {
        assertThat(world.command("alerts", "list", "--experiment", "search").out())
                .contains(
                        "freshness of outcome touches\n  basket: conversion_rate, returns\n",
                        "and tells of what has no alert until it is over\n",
                        "  search: freshness of outcome search_return\n");
        assertThat(world.command("status").out())
                .contains("16 of ", " health checks failed, 15 of them by feeds that stopped, see the alerts");
        Invocation report =
                world.command("report", "-o", folder.resolve("report.html").toString());
        assertThat(report.code()).as(report.err()).isZero();
        assertThat(folder.resolve("report.html"))
                .content()
                .contains(
                        "One thing needs a person",
                        "<li>touches search: conversion_rate, returns</li>",
                        "<li>15 more checks fail because of it</li>");
    }

    @Test
    @Order(5)
    void whatIsInhibitedHoldsIncreasesAllTheSame() {
        assertThat(Invocation.rows(world.conf(), "SELECT DISTINCT outcome, reason FROM rule_decisions"))
                .allSatisfy(decision -> assertThat(decision.get("reason").asText())
                        .contains("but an increase waits for sound data: stale data: the newest outcome purchase"));
    }

    @Test
    @Order(6)
    void whenTheFeedIsBackItsAlertIsOverAndWhatHasACauseOfItsOwnIsRaised() {
        // Of one experiment's own outcome nothing has come back.
        List<String> back = new ArrayList<>(world.read("outcomes/day19.csv"));
        back.removeIf(row -> row.contains("basket_return"));
        world.write("outcomes/day19.csv", back);
        run(DAYS);

        assertThat(firing())
                .extracting(StoppedFeedIT::title)
                .containsExactly("freshness of outcome basket_return in basket");
        assertThat(
                        Invocation.rows(
                                world.conf(),
                                "SELECT labels['subject'] AS subject, state FROM history.alerts WHERE as_of = TIMESTAMP '2026-03-21 00:00:00'"))
                .extracting(
                        row -> row.get("subject").asText(),
                        row -> row.get("state").asText())
                .containsExactlyInAnyOrder(tuple("outcome", "resolved"), tuple("outcome basket_return", "firing"));
    }

    /** The same files, two months later: nobody expects a row of them, or a run in between. */
    @Test
    @Order(7)
    void ofAClosedHistoryNothingIsStaleFewOrLate() {
        Invocation late = closed(80);

        assertThat(Invocation.rows(
                        world.conf(),
                        "SELECT `check`, state, reason FROM health_checks WHERE `check` IN ('freshness', 'volume', 'pipeline')"
                                + " AND subject <> 'users'"))
                .isNotEmpty()
                .allSatisfy(finding -> assertThat(finding.get("state").asText()).isEqualTo("passed"));
        assertThat(firing()).isEmpty();
        assertThat(late.err()).doesNotContain("wait for outcomes");
        assertThat(Invocation.rows(
                                world.conf(),
                                "SELECT sum(n) AS n FROM segment_metrics WHERE experiment_id = 'search' AND metric ="
                                        + " 'conversion_rate' AND segment = 'all' AND cell = '' AND window = 'total' AND"
                                        + " population = 'everyone'")
                        .get(0)
                        .get("n")
                        .asLong())
                .as("everybody counts: all outcomes are in")
                .isEqualTo(60L * DAYS);
    }

    @Test
    @Order(8)
    void theModelOfAClosedHistoryIsKeptWhileItsInputsAreWhatTheyWere() {
        assertThat(closed(88).err()).contains("one_page keeps m-");
    }

    private static Invocation closed(int day) {
        Invocation run = world.run(
                day(day), "--set=flagcast.quality.history=closed", "--set=flagcast.training.retrain-every=7d");
        assertThat(run.code()).as(run.err()).isZero();
        return run;
    }
}
