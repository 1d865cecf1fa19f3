package io.flagcast.delivery;

import io.flagcast.delivery.Outcome.State;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;

/** Brings one message to one receiver by HTTP, with retries, and says what came of it. Never throws for what a server does. */
final class Courier {

    private final DeliverySettings settings;
    private final HttpClient client;

    Courier(DeliverySettings settings) {
        this.settings = Objects.requireNonNull(settings, "settings");
        this.client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(settings.timeout())
                .build();
    }

    /**
     * Tries until the receiver has taken or refused the message, or the retries are used up.
     *
     * @throws InterruptedException where the time for all receivers is over
     */
    Outcome bring(Message message, Receiver.Posted receiver, Instant now) throws InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(receiver.endpoint().uri())
                .timeout(settings.timeout())
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(receiver.body(message, now)));
        receiver.headers(message).forEach(request::header);
        HttpRequest posted = request.build();
        Duration wait = settings.backoff();
        Outcome outcome = post(posted);
        for (int retry = 0; retry < settings.retries() && outcome.state() == State.FAILED; retry++) {
            Thread.sleep(wait.toMillis());
            wait = wait.multipliedBy(2);
            outcome = post(posted);
        }
        return outcome;
    }

    private Outcome post(HttpRequest request) throws InterruptedException {
        try {
            HttpResponse<InputStream> response = client.send(request, HttpResponse.BodyHandlers.ofInputStream());
            // The status says it all; a body without end is not waited for.
            response.body().close();
            return Outcome.of(response.statusCode());
        } catch (HttpTimeoutException e) {
            return Outcome.failed(
                    "no answer within %d s".formatted(settings.timeout().toSeconds()));
        } catch (ConnectException e) {
            return Outcome.failed("no connection");
        } catch (IOException e) {
            return Outcome.failed("it closed the connection, or what it answered was no HTTP");
        }
    }
}
