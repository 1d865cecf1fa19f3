package io.flagcast.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.flagcast.delivery.Outcome.State;
import io.flagcast.rules.Action.Alert.Severity;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Receivers that misbehave, each a real server on the loopback interface. */
class CourierTest {

    private static final DeliverySettings SETTINGS =
            new DeliverySettings(List.of(), Duration.ofSeconds(1), 2, Duration.ofMillis(10), Duration.ofSeconds(10));

    private final List<Integer> answers = Collections.synchronizedList(new ArrayList<>());
    private final List<String> received = Collections.synchronizedList(new ArrayList<>());
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private HttpServer server;

    @BeforeEach
    void listen() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/", exchange -> {
            received.add(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
            int status = answers.size() > 1 ? answers.remove(0) : answers.get(0);
            if (status == 302) {
                exchange.getResponseHeaders().add("Location", "/elsewhere");
            }
            exchange.sendResponseHeaders(status, -1);
            exchange.close();
        });
        server.createContext("/slow", exchange -> {
            pause();
            exchange.close();
        });
        server.createContext("/endless", exchange -> {
            exchange.sendResponseHeaders(200, 0);
            try (OutputStream body = exchange.getResponseBody()) {
                while (true) {
                    body.write(new byte[65536]);
                }
            }
        });
        server.start();
    }

    private static void pause() {
        try {
            Thread.sleep(30_000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @AfterEach
    void stop() {
        server.stop(0);
        threads.shutdownNow();
    }

    private Outcome bring(int port, String path) throws InterruptedException {
        Receiver.Posted receiver = new Receiver.Webhook(
                "web", Set.of(Severity.values()), Address.of("http://localhost:%d%s".formatted(port, path)));
        Message message =
                new Message("rollout", List.of(Told.firing(Told.labels("rollout", "ratio", "critical"))), Told.START);
        return new Courier(SETTINGS).bring(message, receiver, Instant.EPOCH);
    }

    private Outcome bring(String path) throws InterruptedException {
        return bring(server.getAddress().getPort(), path);
    }

    @ParameterizedTest
    @CsvSource({
        "200, DELIVERED, 1",
        "202, DELIVERED, 1",
        "302, REFUSED, 1",
        "400, REFUSED, 1",
        "404, REFUSED, 1",
        "429, FAILED, 3",
        "500, FAILED, 3",
        "503, FAILED, 3"
    })
    void onlyWhatMayPassIsTriedAgain(int status, State state, int requests) throws InterruptedException {
        answers.add(status);

        assertThat(bring("/")).isEqualTo(new Outcome(state, "HTTP " + status));
        assertThat(received).hasSize(requests);
        assertThat(Set.copyOf(received)).as("always the same").hasSize(1);
    }

    @Test
    void aReceiverThatComesBackIsToldByARetry() throws InterruptedException {
        answers.addAll(List.of(500, 503, 200));

        assertThat(bring("/")).isEqualTo(new Outcome(State.DELIVERED, "HTTP 200"));
        assertThat(received).hasSize(3);
    }

    @Test
    void aReceiverThatDoesNotAnswerIsGivenUpInTime() throws InterruptedException {
        long started = System.nanoTime();

        assertThat(bring("/slow")).isEqualTo(new Outcome(State.FAILED, "no answer within 1 s"));
        assertThat(Duration.ofNanos(System.nanoTime() - started))
                .as("three requests of a second")
                .isLessThan(Duration.ofSeconds(8));
    }

    @Test
    void anAnswerWithoutEndIsNotWaitedFor() throws InterruptedException {
        assertThat(bring("/endless")).isEqualTo(new Outcome(State.DELIVERED, "HTTP 200"));
    }

    @Test
    void nobodyListens() throws IOException, InterruptedException {
        int port;
        try (ServerSocket closed = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = closed.getLocalPort();
        }
        assertThat(bring(port, "/")).isEqualTo(new Outcome(State.FAILED, "no connection"));
    }

    private static void answerAll(ServerSocket socket, String answer) {
        while (!socket.isClosed()) {
            answerOne(socket, answer);
        }
    }

    @SuppressWarnings("EmptyCatch") // the client hung up, or the test is over
    private static void answerOne(ServerSocket socket, String answer) {
        try (Socket connection = socket.accept()) {
            assertThat(connection.getInputStream().read()).isEqualTo('P');
            connection.getOutputStream().write(answer.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
        }
    }

    @ParameterizedTest
    @CsvSource({"''", "'no HTTP at all'", "'HTTP/1.1 200'", "'HTTP/1.1 abc OK\r\n\r\n'"})
    void garbageAndAClosedConnectionAreNoDelivery(String answer) throws IOException, InterruptedException {
        try (ServerSocket socket = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            threads.execute(() -> answerAll(socket, answer));
            Outcome outcome = bring(socket.getLocalPort(), "/");
            assertThat(outcome.state()).isEqualTo(State.FAILED);
            assertThat(outcome.detail()).isEqualTo("it closed the connection, or what it answered was no HTTP");
        }
    }
}
