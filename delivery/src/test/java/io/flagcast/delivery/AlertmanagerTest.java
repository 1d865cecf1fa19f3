package io.flagcast.delivery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpServer;
import io.flagcast.delivery.Outcome.State;
import io.flagcast.lake.Json;
import io.flagcast.rules.Action.Alert.Severity;
import io.flagcast.rules.alerts.AlertChange;
import io.flagcast.rules.alerts.Labels;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The payload against Debian's Alertmanager, as it keeps it and as it tells others. */
class AlertmanagerTest {

    private static final Path BINARY = Path.of("/usr/bin/prometheus-alertmanager");
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private static final String CONFIGURATION = """
            route: {receiver: here, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}
            receivers:
              - name: here
                webhook_configs: [{url: "http://127.0.0.1:%d/", send_resolved: true}]
            """;

    private final HttpClient client = HttpClient.newHttpClient();

    @TempDir
    private Path folder;

    @Test
    void alertmanagerKeepsOneAlertWithOneStartAndTellsOneEnd() throws IOException, InterruptedException {
        assumeThat(BINARY)
                .as("Debian's prometheus-alertmanager is not installed")
                .exists();
        List<JsonNode> notified = Collections.synchronizedList(new ArrayList<>());
        HttpServer told = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        told.createContext("/", exchange -> {
            String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            notified.add(Json.tree(body, "a notification"));
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        told.start();
        int port = freePort();
        Process alertmanager = start(port, told.getAddress().getPort());
        try {
            Address address = Address.of("http://127.0.0.1:" + port);
            awaitTrue(() -> isReady(address), "Alertmanager is ready");
            // Of today, as its own clock decides what is over.
            Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
            Instant start = now.truncatedTo(ChronoUnit.DAYS).minus(Duration.ofDays(3));
            Labels labels = Told.labels("rollout", "ratio", "critical");
            AlertChange fired = Told.firing(labels, start, Map.of());
            Receiver.Alertmanager receiver =
                    new Receiver.Alertmanager("am", Set.of(Severity.values()), address, Duration.ofDays(2));

            for (int run = 0; run < 3; run++) {
                assertThat(post(receiver, fired, now.plusSeconds(run))).isEqualTo(State.DELIVERED);
                JsonNode kept = alerts(address);
                assertThat(kept).hasSize(1);
                assertThat(labels(kept.get(0))).isEqualTo(labels.values());
                assertThat(Instant.parse(kept.get(0).get("startsAt").asText())).isEqualTo(start);
                assertThat(Instant.parse(kept.get(0).get("endsAt").asText()))
                        .isEqualTo(now.plusSeconds(run).plus(Duration.ofDays(2)));
                assertThat(kept.get(0).at("/annotations/reason").asText()).isEqualTo("3 % is below 5 %");
            }
            awaitTrue(() -> !notified.isEmpty(), "Alertmanager has told that it fires");
            assertThat(post(receiver, Told.resolved(fired, now.minusSeconds(60)), now))
                    .isEqualTo(State.DELIVERED);
            assertThat(alerts(address)).as("none is active any longer").isEmpty();
            awaitTrue(() -> notified.size() >= 2, "Alertmanager has told that it is over");
            Thread.sleep(2500);
            assertThat(notified.stream().map(each -> each.get("status").asText()))
                    .as("two group intervals later")
                    .containsExactly("firing", "resolved");
            assertThat(Instant.parse(notified.get(1).at("/alerts/0/startsAt").asText()))
                    .isEqualTo(start);
        } finally {
            alertmanager.destroy();
            alertmanager.waitFor();
            told.stop(0);
        }
    }

    private Process start(int port, int webhook) throws IOException {
        Path configuration = Files.writeString(folder.resolve("alertmanager.yml"), CONFIGURATION.formatted(webhook));
        return new ProcessBuilder(
                        BINARY.toString(),
                        "--config.file=" + configuration,
                        "--storage.path=" + folder.resolve("data"),
                        "--web.listen-address=127.0.0.1:" + port,
                        "--cluster.listen-address=")
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("alertmanager.log").toFile())
                .start();
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static State post(Receiver.Alertmanager receiver, AlertChange change, Instant now)
            throws InterruptedException {
        DeliverySettings settings = new DeliverySettings(
                List.of(), Duration.ofSeconds(5), 0, Duration.ofSeconds(1), Duration.ofSeconds(30));
        return new Courier(settings)
                .bring(new Message("rollout", List.of(change), change.asOf()), receiver, now)
                .state();
    }

    private JsonNode alerts(Address address) throws IOException, InterruptedException {
        return Json.tree(get(address.below("/api/v2/alerts")).body(), "alerts");
    }

    private boolean isReady(Address address) throws InterruptedException {
        try {
            return get(address.below("/-/ready")).statusCode() == 200;
        } catch (IOException e) {
            return false;
        }
    }

    private HttpResponse<String> get(Address address) throws IOException, InterruptedException {
        URI uri = address.uri();
        return client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
    }

    private static Map<String, String> labels(JsonNode alert) {
        Map<String, String> labels = new TreeMap<>();
        alert.get("labels")
                .properties()
                .forEach(label -> labels.put(label.getKey(), label.getValue().asText()));
        return labels;
    }

    private interface Condition {
        boolean holds() throws InterruptedException;
    }

    private static void awaitTrue(Condition condition, String what) throws InterruptedException {
        Instant end = Instant.now().plus(PATIENCE);
        while (!condition.holds()) {
            assertThat(Instant.now()).as("%s within %s", what, PATIENCE).isBefore(end);
            Thread.sleep(100);
        }
    }
}
