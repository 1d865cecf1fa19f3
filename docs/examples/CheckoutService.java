import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.flagcast.serving.Allocation;
import io.flagcast.serving.ExposureLog;
import io.flagcast.serving.FlagcastClient;
import io.flagcast.serving.FlagcastClient.Status;
import io.flagcast.serving.Prediction;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Executors;

/**
 * A shop that shows its new checkout to whom Flagcast gives it, and logs who has seen what.
 *
 * <p>{@code java -cp 'serving/target/lib/*:serving/target/flagcast-serving-0.1.0.jar' docs/examples/CheckoutService.java LAKE EXPOSURES PORT}
 *
 * <ul>
 *   <li>{@code GET /checkout?user=u17}: the page of a user
 *   <li>{@code GET /health}: 200 while decisions are at most ten minutes old, 503 after
 * </ul>
 */
public final class CheckoutService {

    private static final String EXPERIMENT = "rollout";
    private static final String FEATURE = "checkout";

    private final FlagcastClient flagcast;
    private final ExposureLog exposures;

    private CheckoutService(FlagcastClient flagcast, ExposureLog exposures) {
        this.flagcast = flagcast;
        this.exposures = exposures;
    }

    public static void main(String[] arguments) throws IOException {
        Path local = Path.of(System.getProperty("local", "checkout-service"));
        FlagcastClient flagcast = FlagcastClient.of(arguments[0])
                .snapshots(local.resolve("snapshots"))
                .refreshEvery(Duration.ofSeconds(30))
                .start();
        ExposureLog exposures = ExposureLog.to(arguments[1])
                .spool(local.resolve("exposures"))
                .every(Duration.ofSeconds(5))
                .start();
        Runtime.getRuntime().addShutdownHook(new Thread(exposures::close));

        CheckoutService service = new CheckoutService(flagcast, exposures);
        int port = Integer.parseInt(arguments[2]);
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        server.createContext("/checkout", service::checkout);
        server.createContext("/health", service::health);
        server.setExecutor(Executors.newFixedThreadPool(4));
        server.start();
        System.out.println("listening on " + server.getAddress().getPort());
    }

    private void checkout(HttpExchange exchange) throws IOException {
        String query = exchange.getRequestURI().getQuery();
        if (query == null || !query.startsWith("user=")) {
            answer(exchange, 400, "give the user, as in /checkout?user=u17");
            return;
        }
        String user = query.substring("user=".length());
        Allocation allocation = flagcast.allocation(user, EXPERIMENT);
        // What the treatment is called is up to the experiment file; a control user gets the page of before.
        String layout = allocation.enabled() ? allocation.treatment().getOrDefault("layout", "new") : "old";
        Prediction prediction = flagcast.predictResponsiveness(user, FEATURE);
        exposures.shown(allocation);
        answer(
                exchange,
                200,
                "%s checkout for %s (%s, score %s)%n"
                        .formatted(
                                layout,
                                user,
                                allocation.reason(),
                                prediction.score().isPresent() ? prediction.score().getAsDouble() : "none"));
    }

    private void health(HttpExchange exchange) throws IOException {
        Status status = flagcast.status();
        Duration age = status.age(Instant.now());
        answer(
                exchange,
                age.compareTo(Duration.ofMinutes(10)) <= 0 ? 200 : 503,
                "publication %d, known to be live %d s ago%s%n"
                        .formatted(
                                status.publication(),
                                age.toSeconds(),
                                status.problem().map(problem -> ": " + problem).orElse("")));
    }

    private static void answer(HttpExchange exchange, int code, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(code, bytes.length);
        try (OutputStream body = exchange.getResponseBody()) {
            body.write(bytes);
        }
    }
}
