package io.flagcast.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpServer;
import io.flagcast.lake.Json;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer.OrderAnnotation;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** An alert by command that persists for three runs and then clears, and receivers that fail meanwhile. */
@TestMethodOrder(OrderAnnotation.class)
class AlertsIT {

    private static final String ALERT = """
            alerts:
              - alert: converts_badly
                description: Fewer than a tenth of a day's users convert
                when: {segment: all, population: everyone, metric: conversion_rate, below: 10%}
                evidence: {min_users: 500, method: point, window: 1d}
                severity: critical
                labels: {team: growth}
                runbook: https://wiki.example/converts-badly
            """;

    private static final String FIRST = "2026-03-07T00:00:00Z";

    private record Request(String path, String key, JsonNode body) {}

    /** What receivers that work have taken. */
    private static final List<Request> TAKEN = Collections.synchronizedList(new ArrayList<>());

    private static final AtomicInteger WEB_STATUS = new AtomicInteger(500);
    private static final ExecutorService THREADS = Executors.newCachedThreadPool();

    @TempDir
    private static Path folder;

    private static CsvWorld world;
    private static HttpServer server;

    @BeforeAll
    static void declare() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(THREADS);
        server.createContext("/", exchange -> {
            String path = exchange.getRequestURI().getPath();
            String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            if (path.equals("/slow")) {
                pause();
            }
            int status = path.equals("/web") ? WEB_STATUS.get() : 200;
            if (status == 200) {
                TAKEN.add(new Request(
                        path, exchange.getRequestHeaders().getFirst("Idempotency-Key"), Json.tree(body, "a request")));
            }
            exchange.sendResponseHeaders(status, -1);
            exchange.close();
        });
        server.start();
        world = CsvWorld.in(folder);
        world.append("experiments/rollout.yaml", ALERT.lines().toArray(String[]::new));
        // Three bad days and a good one; a day's windows close on the next.
        List<String> exposures = new ArrayList<>();
        List<String> outcomes = new ArrayList<>();
        for (int day = 5; day <= 8; day++) {
            for (int i = 0; i < 1000; i++) {
                exposures.add("rollout,d%d_%d,%b,2026-03-0%dT10:00:00Z,0.5".formatted(day, i, i % 2 == 0, day));
                if (i < (day < 8 ? 30 : 500)) {
                    outcomes.add("d%d_%d,purchase,1,2026-03-0%dT11:00:00Z".formatted(day, i, day));
                }
            }
        }
        world.append("exposures.csv", exposures.toArray(String[]::new));
        world.append("outcomes.csv", outcomes.toArray(String[]::new));
        String address = "http://localhost:%d".formatted(server.getAddress().getPort());
        world.append(
                "flagcast.conf",
                // Scores are nothing to this test.
                "flagcast.training.min-users-per-arm = 1000000",
                "flagcast.alerts { timeout = 1s, retries = 1, receivers {",
                "  web { type = webhook, url = \"%s/web\", severities = [critical] }".formatted(address),
                "  slow { type = slack, url = \"%s/slow\" }".formatted(address),
                "  am { type = alertmanager, url = \"%s/am\" }".formatted(address),
                "  prom { type = textfile, path = ${flagcast.conf-dir}\"/flagcast.prom\" }",
                "} }");
    }

    private static void pause() {
        try {
            Thread.sleep(30_000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @AfterAll
    static void stop() {
        server.stop(0);
        THREADS.shutdownNow();
    }

    private static Invocation command(String... arguments) {
        List<String> all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("--conf", world.conf().toString()));
        return Invocation.of(all.toArray(String[]::new));
    }

    private static void runs(String asOf, String... further) {
        Invocation run = world.run(Instant.parse(asOf), further);
        assertThat(run.code()).as(run.err()).isZero();
    }

    private static final String[] WITHOUT_SLOW = {"--set", "flagcast.alerts.receivers.slow=null"};

    /** The alert of this test, as a receiver was told of it. */
    private static List<JsonNode> told(String path) {
        return TAKEN.stream()
                .filter(request -> request.path().equals(path))
                .map(request -> request.body().isArray()
                        ? request.body()
                        : request.body().get("alerts"))
                .flatMap(alerts -> {
                    List<JsonNode> own = new ArrayList<>();
                    alerts.forEach(alert -> {
                        if (alert.at("/labels/alertname").asText().equals("converts_badly")) {
                            own.add(alert);
                        }
                    });
                    return own.stream();
                })
                .toList();
    }

    @Test
    @Order(1)
    void receiversThatFailNeitherFailARunNorHoldUpAnother() {
        Invocation run = world.run(Instant.parse(FIRST));

        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.err())
                .contains(
                        "note: alerts: receiver web was not told of rollout (HTTP 500); the next run or flagcast alerts"
                                + " deliver tries again",
                        "note: alerts: receiver slow was not told of rollout (no answer within 1 s)",
                        "converts_badly (critical, since " + FIRST + ")",
                        "conversion_rate of everyone below 0.1: estimate, without statistics, 0.03 is below 0.1")
                .doesNotContain("http://localhost");
        assertThat(told("/am/api/v2/alerts")).hasSize(1);
        assertThat(told("/web")).isEmpty();
    }

    @Test
    @Order(2)
    void whatARunCouldNotTellIsToldLaterOnce() throws IOException {
        Invocation refused = command("alerts", "deliver");
        assertThat(refused.code()).as("the receivers are dead still").isEqualTo(75);
        WEB_STATUS.set(200);
        Invocation delivered = command("alerts", "deliver", "--set", "flagcast.alerts.receivers.slow=null");
        assertThat(delivered.code()).as(delivered.err()).isZero();

        JsonNode alert = told("/web").get(0);
        assertThat(told("/web")).hasSize(1);
        assertThat(alert.get("state").asText()).isEqualTo("firing");
        assertThat(alert.get("starts_at").asText()).isEqualTo(FIRST);
        assertThat(alert.get("labels").toString())
                .isEqualTo("{\"alertname\":\"converts_badly\",\"experiment_id\":\"rollout\","
                        + "\"metric\":\"conversion_rate\",\"segment\":\"all\",\"severity\":\"critical\","
                        + "\"team\":\"growth\"}");
        assertThat(Files.readString(folder.resolve("flagcast.prom")))
                .contains("flagcast_alert_firing{alertname=\"converts_badly\",", "flagcast_publications_total 1\n");
    }

    @Test
    @Order(3)
    void peopleTakeChargeAndKeepAlertsQuiet() {
        Invocation list = command("alerts", "list", "--experiment", "rollout");
        assertThat(list.out()).contains("converts_badly", "firing", "critical", FIRST);
        String fingerprint = told("/web").get(0).get("fingerprint").asText();
        assertThat(command("alerts", "list", "--experiment", "rollout", "--format", "csv")
                        .out())
                .startsWith(
                        "fingerprint,state,labels,annotations,active_at,starts_at,quiet_at,ends_at,note,touches,inhibits\n"
                                + fingerprint + ",firing,\"{");
        assertThat(command("alerts", "ack", "nothing").err())
                .contains("nothing: no alert with this fingerprint fires: see flagcast alerts list");
        assertThat(command("alerts", "ack", fingerprint.substring(0, 10), "--by", "ada")
                        .err())
                .contains("converts_badly is acknowledged by ada");
        assertThat(command("alerts", "silence", "team=growth", "--for", "2d", "--comment", "sale", "--by", "ada")
                        .err())
                .contains("silenced until 2026-06-03T06:00:00Z; 1 of the alerts that fire have these labels");
        assertThat(command("alerts", "list").out()).contains("silenced by ada until 2026-06-03T06:00:00Z");
        assertThat(command("alerts", "unsilence", "team=growth").code()).isZero();
    }

    @Test
    @Order(4)
    void anAlertThatPersistsThreeRunsIsOneAlertWithOneStartAndOneEnd() {
        runs("2026-03-08T00:00:00Z", WITHOUT_SLOW);
        runs("2026-03-09T00:00:00Z", WITHOUT_SLOW);
        assertThat(told("/web")).as("once").hasSize(1);
        runs("2026-03-10T00:00:00Z", WITHOUT_SLOW);
        assertThat(command("alerts", "deliver", "--set", "flagcast.alerts.receivers.slow=null")
                        .code())
                .isZero();

        // One run, two deliveries by command, two more runs; then the end.
        List<JsonNode> posted = told("/am/api/v2/alerts");
        assertThat(posted).hasSize(6);
        assertThat(posted)
                .extracting(alert -> alert.get("labels").toString())
                .containsOnly(posted.get(0).get("labels").toString());
        assertThat(posted).extracting(alert -> alert.get("startsAt").asText()).containsOnly(FIRST);
        assertThat(posted.subList(0, 5))
                .extracting(alert -> alert.get("endsAt").asText())
                .containsOnly("2026-06-03T06:00:00Z");
        assertThat(posted.get(5).get("endsAt").asText()).isEqualTo("2026-03-10T00:00:00Z");

        List<JsonNode> told = told("/web");
        assertThat(told).extracting(alert -> alert.get("state").asText()).containsExactly("firing", "resolved");
        assertThat(told.get(1).get("starts_at").asText()).isEqualTo(FIRST);
        assertThat(told.get(1).get("ends_at").asText()).isEqualTo("2026-03-10T00:00:00Z");
        assertThat(TAKEN.stream()
                        .filter(request -> request.path().equals("/web"))
                        .map(Request::key))
                .doesNotContainNull()
                .doesNotHaveDuplicates();
        assertThat(Invocation.rows(
                        world.conf(),
                        "SELECT state, starts_at, as_of FROM alerts WHERE labels['alertname'] = 'converts_badly' ORDER BY"
                                + " as_of"))
                .extracting(row -> row.get("state").asText())
                .containsExactly("firing", "resolved");
    }
}
