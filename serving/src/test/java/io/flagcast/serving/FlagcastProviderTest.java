package io.flagcast.serving;

import static org.assertj.core.api.Assertions.assertThat;

import dev.openfeature.sdk.Client;
import dev.openfeature.sdk.ErrorCode;
import dev.openfeature.sdk.EvaluationContext;
import dev.openfeature.sdk.FlagEvaluationDetails;
import dev.openfeature.sdk.ImmutableContext;
import dev.openfeature.sdk.OpenFeatureAPI;
import dev.openfeature.sdk.Value;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FlagcastProviderTest {

    private static final EvaluationContext NOBODY = new ImmutableContext();

    @TempDir
    Path folder;

    private final MemoryLake lake = new MemoryLake();
    private final World world = new World(300, 1, 1);
    private final SettableClock clock = new SettableClock(Instant.parse("2026-03-02T00:00:00Z"));
    private FlagcastClient flagcast;
    private ExposureLog exposures;
    private Client client;

    @BeforeEach
    void start() throws IOException {
        lake.publish(world.writeTo(lake, 1, "run-1"));
        flagcast = FlagcastClient.of("memory")
                .snapshots(folder.resolve("snapshots"))
                .refreshEvery(Duration.ofMillis(20))
                .clock(clock)
                .start(lake);
        exposures = ExposureLog.to(folder.resolve("lake").toString())
                .spool(folder.resolve("spool"))
                .every(Duration.ofHours(1))
                .clock(clock)
                .start();
        OpenFeatureAPI.getInstance()
                .setProviderAndWait(
                        new FlagcastProvider(flagcast, Optional.of(exposures), Duration.ofMinutes(5), clock));
        client = OpenFeatureAPI.getInstance().getClient();
    }

    @AfterEach
    void stop() {
        OpenFeatureAPI.getInstance().shutdown();
        exposures.close();
        flagcast.close();
    }

    private static EvaluationContext user(String id) {
        return new ImmutableContext(id);
    }

    /** A user who is or is not enabled. */
    private String user(boolean enabled) {
        return world.users().stream()
                .filter(user -> world.allocation(user, "weights").get("enabled").equals(enabled)
                        && world.allocation(user, "weights").get("reason").equals("policy"))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aBooleanIsTheDecisionWithItsReasons() {
        for (String id : world.users()) {
            Map<String, Object> row = world.allocation(id, "weights");
            FlagEvaluationDetails<Boolean> details = client.getBooleanDetails("weights", false, user(id));
            assertThat(details.getValue()).isEqualTo(row.get("enabled"));
            assertThat(details.getFlagMetadata().getString("reason")).isEqualTo(row.get("reason"));
            assertThat(details.getFlagMetadata().getDouble("score")).isEqualTo(row.get("score"));
            assertThat(details.getFlagMetadata().getString("segment")).isEqualTo(row.get("segment"));
            assertThat(details.getFlagMetadata().getDouble("propensity")).isEqualTo(row.get("propensity"));
            assertThat(details.getFlagMetadata().getLong("parameters_version")).isEqualTo(1);
            assertThat(details.getFlagMetadata().getString("run_id")).isEqualTo("run-1");
        }
        assertThat(client.getBooleanDetails("weights", false, user(user(true))).getReason())
                .isEqualTo("TARGETING_MATCH");
        assertThat(client.getBooleanDetails("weights", false, user("stranger")).getReason())
                .isEqualTo("SPLIT");
        assertThat(client.getBooleanDetails("off", true, user("user-1")).getReason())
                .isEqualTo("DISABLED");
    }

    @Test
    void parametersOfTheTreatmentComeWithAnEnabledDecision() {
        EvaluationContext enabled = user(user(true));
        assertThat(client.getStringValue("weights.layout", "old", enabled)).isEqualTo("of-weights");
        assertThat(client.getIntegerValue("weights.columns", 1, enabled)).isEqualTo(3);
        assertThat(client.getDoubleValue("weights.columns", 1.0, enabled)).isEqualTo(3.0);
        assertThat(client.getObjectValue("weights", new Value(), enabled)
                        .asStructure()
                        .getValue("layout")
                        .asString())
                .isEqualTo("of-weights");
        EvaluationContext control = user(user(false));
        assertThat(client.getStringValue("weights.layout", "old", control)).isEqualTo("old");
        assertThat(client.getStringDetails("weights.layout", "old", control).getVariant())
                .isEqualTo("control");
        assertThat(client.getObjectValue("weights", new Value("none"), control).asString())
                .isEqualTo("none");
    }

    @Test
    void whatCannotBeAnsweredIsTheDefaultWithAnError() {
        EvaluationContext enabled = user(user(true));
        assertThat(client.getBooleanDetails("nope", true, enabled).getErrorCode())
                .isEqualTo(ErrorCode.FLAG_NOT_FOUND);
        assertThat(client.getBooleanDetails("nope", true, enabled).getValue()).isTrue();
        for (EvaluationContext nobody : List.of(NOBODY, user(""), user(" "), user("\u00a0"))) {
            assertThat(client.getBooleanDetails("weights", true, nobody).getErrorCode())
                    .isEqualTo(ErrorCode.TARGETING_KEY_MISSING);
        }
        assertThat(client.getStringDetails("weights.colour", "red", enabled).getErrorCode())
                .isEqualTo(ErrorCode.FLAG_NOT_FOUND);
        assertThat(client.getStringDetails("weights", "red", enabled).getErrorCode())
                .isEqualTo(ErrorCode.FLAG_NOT_FOUND);
        assertThat(client.getIntegerDetails("weights.layout", 1, enabled).getErrorCode())
                .isEqualTo(ErrorCode.TYPE_MISMATCH);
    }

    @Test
    void aNewPublicationAndStaleDataAreEvents() throws InterruptedException {
        CountDownLatch changed = new CountDownLatch(1);
        CountDownLatch stale = new CountDownLatch(1);
        CountDownLatch ready = new CountDownLatch(1);
        client.onProviderConfigurationChanged(details -> {
            if (details.getFlagsChanged().contains("weights")) {
                changed.countDown();
            }
        });
        client.onProviderStale(details -> stale.countDown());
        lake.publish(new World(300, 2, 2).writeTo(lake, 2, "run-2"));
        assertThat(changed.await(20, TimeUnit.SECONDS)).isTrue();
        lake.fail(new IOException("the store is down"));
        clock.set(clock.instant().plusSeconds(301));
        assertThat(stale.await(20, TimeUnit.SECONDS)).isTrue();
        client.onProviderReady(details -> ready.countDown());
        lake.mend();
        assertThat(ready.await(20, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void aBooleanEvaluationIsAnExposureAndNothingElseIs() throws IOException {
        String id = user(true);
        client.getBooleanValue("weights", false, user(id));
        client.getStringValue("weights.layout", "old", user(id));
        client.getBooleanValue("nope", false, user(id));
        exposures.copy();
        assertThat(exposures.logged()).isEqualTo(1);
        try (Stream<Path> files = Files.list(folder.resolve("lake"))) {
            List<String> lines = files.filter(file -> file.toString().endsWith(".jsonl"))
                    .flatMap(FlagcastProviderTest::lines)
                    .toList();
            assertThat(lines).hasSize(1);
            assertThat(lines.get(0)).contains("\"experiment_id\":\"weights\"", "\"user_id\":\"%s\"".formatted(id));
        }
    }

    private static Stream<String> lines(Path file) {
        try {
            return Files.readAllLines(file).stream();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
