package io.flagcast.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExposureLogTest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Instant NOW = Instant.parse("2026-03-02T10:00:00.123456Z");

    @TempDir
    Path folder;

    private static Allocation allocation(String user) {
        return new Allocation(
                user,
                "weights",
                true,
                "policy",
                Map.of(),
                OptionalDouble.of(61.25),
                Optional.of("mid"),
                OptionalInt.empty(),
                0.25,
                0.5,
                1,
                0.525,
                Optional.of("model-1"),
                7,
                "run-1",
                3);
    }

    private ExposureLog.Builder builder() {
        return ExposureLog.to(lake().toString())
                .spool(folder.resolve("spool"))
                .every(Duration.ofHours(1))
                .clock(new SettableClock(NOW));
    }

    private Path lake() {
        return folder.resolve("lake").resolve("exposures");
    }

    private List<JsonNode> arrived() throws IOException {
        List<JsonNode> rows = new ArrayList<>();
        if (Files.exists(lake())) {
            try (Stream<Path> files = Files.list(lake())) {
                for (Path file :
                        files.filter(each -> each.toString().endsWith(".jsonl")).toList()) {
                    for (String line : Files.readAllLines(file)) {
                        rows.add(JSON.readTree(line));
                    }
                }
            }
        }
        return rows;
    }

    private List<Path> spooled() throws IOException {
        try (Stream<Path> files = Files.list(folder.resolve("spool"))) {
            return files.filter(file -> !file.endsWith("lock")).toList();
        }
    }

    @Test
    void anExposureHasTheColumnsOfItsTable() throws IOException {
        try (ExposureLog log = builder().start()) {
            assertThat(log.shown(allocation("Zoë \"quoted\""))).isTrue();
        }
        JsonNode row = arrived().get(0);
        assertThat(row.get("exposure_id").asText()).hasSize(36);
        assertThat(row.toString())
                .isEqualTo(("{'experiment_id':'weights','user_id':'Zoë \\\\'quoted\\\\'','enabled':true,"
                                + "'exposed_at':'2026-03-02T10:00:00.123456Z','propensity':0.525,'exposure_id':'%s',"
                                + "'score':61.25,'segment':'mid','reason':'policy','parameters_version':7,'run_id':'run-1'}")
                        .formatted(row.get("exposure_id").asText())
                        .replace("\\\\'", "\\\"")
                        .replace('\'', '"'));
    }

    @Test
    void nobodyIsExposedToNothing() throws IOException {
        try (ExposureLog log = builder().start()) {
            assertThat(log.shown(allocation(""))).isFalse();
            assertThat(log.shown(allocation("\t"))).isFalse();
            assertThat(log.shown(allocation("u1"))).isTrue();
            assertThat(log.rejected()).isEqualTo(2);
        }
        assertThat(arrived()).hasSize(1);
    }

    @Test
    void threadsLogAtOnceAndEveryExposureHasItsOwnId() throws Exception {
        try (ExposureLog log = builder().every(Duration.ofMillis(5)).start()) {
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                int thread = i;
                threads.add(new Thread(() -> {
                    for (int j = 0; j < 2_000; j++) {
                        log.shown(allocation("user-" + thread + "-" + j));
                    }
                }));
            }
            threads.forEach(Thread::start);
            for (Thread thread : threads) {
                thread.join();
            }
        }
        Set<String> ids = new HashSet<>();
        Set<String> users = new HashSet<>();
        for (JsonNode row : arrived()) {
            ids.add(row.get("exposure_id").asText());
            users.add(row.get("user_id").asText());
        }
        assertThat(ids).hasSize(8_000);
        assertThat(users).hasSize(8_000);
        assertThat(spooled()).isEmpty();
    }

    @Test
    void whileTheLakeIsOutOfReachFilesStayUpToTheLimit() throws IOException {
        Files.createDirectories(lake().getParent());
        Files.writeString(lake(), "no folder");
        try (ExposureLog log = builder().spoolBytes(2_800).start()) {
            for (int i = 0; i < 10; i++) {
                assertThat(log.shown(allocation("user-" + i))).isTrue();
            }
            assertThatThrownBy(log::copy).isInstanceOf(IOException.class);
            assertThat(log.shown(allocation("one too many"))).isFalse();
            assertThat(log.rejected()).isEqualTo(1);
            Files.delete(lake());
            log.copy();
            assertThat(log.shown(allocation("again"))).isTrue();
        }
        assertThat(arrived()).hasSize(11);
        assertThat(spooled()).isEmpty();
    }

    @Test
    void anInterruptedRequestLogsAsAnyOther() throws Exception {
        try (ExposureLog log = builder().start()) {
            Thread request = new Thread(() -> {
                Thread.currentThread().interrupt();
                log.shown(allocation("interrupted"));
            });
            request.start();
            request.join();
            assertThat(log.shown(allocation("another"))).isTrue();
            assertThat(log.rejected()).isZero();
        }
        assertThat(arrived()).hasSize(2);
    }

    @Test
    void whatIsNoDecisionIsNoExposure() throws IOException {
        try (ExposureLog log = builder().start()) {
            Allocation none = Allocation.none(
                    "user-1",
                    "nope",
                    Allocation.UNKNOWN_EXPERIMENT,
                    new Layout.Contents("lake", 1, "run-1", NOW, 0, List.of(), List.of()));
            assertThat(log.shown(none)).isFalse();
        }
        assertThat(arrived()).isEmpty();
    }

    @Test
    void twoLogsOfOneFolderLoseNothingToEachOther() throws Exception {
        try (ExposureLog one = builder().every(Duration.ofMillis(3)).start();
                ExposureLog other = builder().every(Duration.ofMillis(2)).start()) {
            for (int i = 0; i < 3_000; i++) {
                one.shown(allocation("one-" + i));
                other.shown(allocation("other-" + i));
            }
        }
        assertThat(arrived()).hasSize(6_000);
        assertThat(spooled()).isEmpty();
    }

    @Test
    void aFileThatArrivedBeforeItWasDeletedHereArrivesOnce() throws IOException {
        try (ExposureLog log = builder().start()) {
            log.shown(allocation("user-1"));
        }
        try (Stream<Path> files = Files.list(lake())) {
            Path file = files.filter(each -> each.toString().endsWith(".jsonl"))
                    .findFirst()
                    .orElseThrow();
            Files.copy(file, folder.resolve("spool").resolve(file.getFileName().toString()));
        }
        builder().start().close();
        assertThat(arrived()).hasSize(1);
        assertThat(spooled()).isEmpty();
    }

    /** Logs, ends one file after another, and waits to be killed. */
    static final class Killed {

        private Killed() {}

        public static void main(String[] arguments) throws Exception {
            ExposureLog log = ExposureLog.to(arguments[0])
                    .spool(Path.of(arguments[1]))
                    .every(Duration.ofHours(1))
                    .start();
            for (int i = 0; i < 1_000; i++) {
                log.shown(allocation("user-" + i));
            }
            System.out.println("logged");
            TimeUnit.MINUTES.sleep(5);
        }
    }

    @Test
    void whatAKilledProcessHadOnDiskArrivesWithTheNext() throws Exception {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Killed.class.getName(),
                        lake().toString(),
                        folder.resolve("spool").toString())
                .redirectErrorStream(true)
                .start();
        try (var out = process.inputReader()) {
            String line = out.readLine();
            while (line != null && !line.equals("logged")) {
                line = out.readLine();
            }
            assertThat(line).isEqualTo("logged");
            // While it lives its file is its own.
            builder().start().close();
            assertThat(arrived()).isEmpty();
            process.destroyForcibly().waitFor();
        }
        builder().start().close();
        assertThat(arrived()).hasSize(1_000);
        assertThat(spooled()).isEmpty();
    }
}
