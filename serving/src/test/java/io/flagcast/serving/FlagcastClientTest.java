package io.flagcast.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flagcast.serving.lake.Published;
import io.flagcast.serving.lake.PublishedLake;
import io.flagcast.serving.lake.RefusedException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FlagcastClientTest {

    private static final int USERS = 500;

    @TempDir
    Path folder;

    private final MemoryLake lake = new MemoryLake();

    private FlagcastClient started() throws IOException {
        return FlagcastClient.of("memory")
                .snapshots(folder)
                .refreshEvery(Duration.ofHours(1))
                .start(lake);
    }

    private World publish(long sequence) {
        World world = new World(USERS, sequence, sequence);
        lake.publish(world.writeTo(lake, sequence, "run-" + sequence));
        return world;
    }

    @Test
    void everyAnswerUnderLoadIsOfExactlyOnePublication() throws Exception {
        List<World> worlds = new ArrayList<>(List.of(publish(1)));
        for (long sequence = 2; sequence <= 12; sequence++) {
            worlds.add(new World(USERS, sequence, sequence));
        }
        AtomicBoolean ends = new AtomicBoolean();
        CountDownLatch running = new CountDownLatch(2);
        try (FlagcastClient client = started()) {
            ExecutorService threads = Executors.newFixedThreadPool(2);
            List<Future<Long>> checks = new ArrayList<>();
            for (int thread = 0; thread < 2; thread++) {
                Random random = new Random(thread);
                checks.add(threads.submit((Callable<Long>) () -> {
                    long answers = 0;
                    while (!ends.get()) {
                        requireOneWorld(client, worlds, random);
                        answers++;
                        running.countDown();
                    }
                    return answers;
                }));
            }
            running.await();
            for (int sequence = 2; sequence <= 12; sequence++) {
                World next = worlds.get(sequence - 1);
                lake.publish(next.writeTo(lake, sequence, "run-" + sequence));
                client.refresh();
                assertThat(client.status().publication()).isEqualTo(sequence);
                TimeUnit.MILLISECONDS.sleep(50);
            }
            ends.set(true);
            for (Future<Long> check : checks) {
                assertThat(check.get()).isGreaterThan(100);
            }
            threads.shutdown();
        }
    }

    private static void requireOneWorld(FlagcastClient client, List<World> worlds, Random random) {
        String user = "user-" + (1 + random.nextInt(9) + 10 * random.nextInt(USERS / 10));
        Map<String, Allocation> all = client.allocations(user);
        long publication = all.get("tiers").publication();
        World world = worlds.get((int) publication - 1);
        for (Allocation allocation : all.values()) {
            Map<String, Object> row = world.allocation(user, allocation.experimentId());
            if (allocation.publication() != publication
                    || !allocation.runId().equals("run-" + publication)
                    || !row.get("parameters_version").equals(allocation.parametersVersion())
                    || !row.get("enabled").equals(allocation.enabled())
                    || !row.get("reason").equals(allocation.reason())
                    || !row.get("propensity").equals(allocation.propensity())) {
                throw new AssertionError(allocation + " is not " + row);
            }
        }
    }

    @Test
    void itGoesOnWithWhatItHasAndSaysForHowLong() throws IOException {
        World world = publish(1);
        Instant began = Instant.parse("2026-03-02T00:00:00Z");
        SettableClock clock = new SettableClock(began);
        try (FlagcastClient client = FlagcastClient.of("memory")
                .snapshots(folder)
                .refreshEvery(Duration.ofHours(1))
                .clock(clock)
                .start(lake)) {
            assertThat(client.status().checkedAt()).contains(began);
            lake.fail(new IOException("the store is down"));
            clock.set(began.plusSeconds(600));
            assertThatThrownBy(client::refresh).hasMessage("the store is down");
            assertThat(client.status().age(clock.instant())).isEqualTo(Duration.ofMinutes(10));
            assertThat(client.allocateFeature("user-1", "weights"))
                    .isEqualTo(world.allocation("user-1", "weights").get("enabled"));
            lake.mend();
            client.refresh();
            assertThat(client.status().age(clock.instant())).isEqualTo(Duration.ZERO);
        }
    }

    @Test
    void aFailureInTheBackgroundIsInTheStatus() throws Exception {
        publish(1);
        try (FlagcastClient client = FlagcastClient.of("memory")
                .snapshots(folder)
                .refreshEvery(Duration.ofMillis(20))
                .start(lake)) {
            CountDownLatch failed = new CountDownLatch(1);
            CountDownLatch mended = new CountDownLatch(1);
            client.onRefresh(status -> {
                status.problem().ifPresent(problem -> failed.countDown());
                if (status.publication() == 2) {
                    mended.countDown();
                }
            });
            lake.fail(new IOException("the store is down"));
            assertThat(failed.await(20, TimeUnit.SECONDS)).isTrue();
            publish(2);
            lake.mend();
            assertThat(mended.await(20, TimeUnit.SECONDS)).isTrue();
            assertThat(client.status().problem()).isEmpty();
        }
    }

    @Test
    void aPublicationOfMetricsMakesNoSnapshot() throws IOException {
        World world = publish(1);
        try (FlagcastClient client = started()) {
            int reads = lake.reads().size();
            lake.publish(world.writeTo(lake, 2, "run-1"));
            client.refresh();
            assertThat(lake.reads()).hasSize(reads);
            assertThat(client.status().publication()).isEqualTo(1);
        }
    }

    @Test
    void aRefusedPublicationLeavesTheOldOne() throws IOException {
        publish(1);
        try (FlagcastClient client = started()) {
            Published next = new World(USERS, 2, 2).writeTo(lake, 2, "run-2");
            lake.publish(new Published(2, Map.of(), next.publishedAt()));
            assertThatThrownBy(client::refresh)
                    .isInstanceOf(RefusedException.class)
                    .hasMessageContaining("publication 2 has no table experiments");
            assertThat(client.allocation("user-1", "tiers").publication()).isEqualTo(1);
            assertThat(files()).containsExactly("lock", "publication-1.snapshot");
        }
    }

    private List<String> files() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void aDamagedSnapshotIsPutAsideAndTheOlderOneServes() throws IOException {
        publish(1);
        try (FlagcastClient client = started()) {
            publish(2);
            client.refresh();
        }
        Path newest = folder.resolve("publication-2.snapshot");
        byte[] bytes = Files.readAllBytes(newest);
        bytes[bytes.length / 2] ^= 4;
        Files.write(newest, bytes);
        lake.fail(new IOException("the store is down"));
        try (FlagcastClient client = started()) {
            assertThat(client.allocation("user-1", "tiers").publication()).isEqualTo(1);
            assertThat(files()).containsExactly("damaged", "lock", "publication-1.snapshot");
        }
        lake.mend();
        try (FlagcastClient client = started()) {
            client.refresh();
            assertThat(client.allocation("user-1", "tiers").publication()).isEqualTo(2);
        }
    }

    @Test
    void theTwoNewestSnapshotsAreKept() throws IOException {
        publish(1);
        try (FlagcastClient client = started()) {
            for (long sequence = 2; sequence <= 4; sequence++) {
                publish(sequence);
                client.refresh();
            }
        }
        assertThat(files()).containsExactly("lock", "publication-3.snapshot", "publication-4.snapshot");
    }

    @Test
    void aFolderOfAnotherLakeIsRefusedAndLeftAlone() throws IOException {
        publish(1);
        started().close();
        assertThatThrownBy(() -> FlagcastClient.of("/no/lake").snapshots(folder).start())
                .isInstanceOf(RefusedException.class)
                .hasMessage("%s has snapshots of lake memory, not of /no/lake: give every lake a folder of its own"
                        .formatted(folder));
        assertThat(files()).containsExactly("lock", "publication-1.snapshot");
    }

    @Test
    void withoutAPublicationItDoesNotStart() {
        assertThatThrownBy(this::started).hasMessage("the lake has no publication yet");
    }

    @Test
    void noLookupThrows() throws IOException {
        publish(1);
        try (FlagcastClient client = started()) {
            assertThat(client.allocateFeature(null, "tiers")).isFalse();
            assertThat(client.allocateFeature("user-1", null)).isFalse();
            assertThat(client.allocation(null, "tiers").reason()).isEqualTo(Allocation.NO_USER);
            assertThat(client.allocation("user-1", null).reason()).isEqualTo(Allocation.UNKNOWN_EXPERIMENT);
            assertThat(client.predictResponsiveness(null, null)).isEqualTo(Prediction.NONE);
            assertThat(client.predictResponsiveness("user-1", null)).isEqualTo(Prediction.NONE);
            // A lone surrogate is no character, but a key all the same.
            assertThat(client.allocation("\ud800", "tiers").reason()).isNotEmpty();
            assertThat(client.predictions("user-1")).containsOnlyKeys(World.FEATURES);
        }
    }

    /** An experiment that enables every stranger would enable a blank one, too: nobody is no stranger. */
    @Test
    void aBlankIdIsNobodys() throws IOException {
        publish(1);
        try (FlagcastClient client = started()) {
            for (String blank : List.of("", " ", "\t", "\u00a0", "\u200b")) {
                assertThat(client.allocation(blank, "tiers")).isEqualTo(client.allocation(null, "tiers"));
                assertThat(client.allocations(blank)).isEqualTo(client.allocations(null));
                assertThat(client.allocation(blank, "tiers").isDecided()).isFalse();
                assertThat(client.experimentIds())
                        .noneMatch(experimentId -> client.allocateFeature(blank, experimentId));
                assertThat(client.predictions(blank).values()).containsOnly(Prediction.NONE);
            }
            // Not the user whose id it surrounds, and not nobody.
            assertThat(client.allocation(" user-1", "tiers").isDecided()).isTrue();
            assertThat(client.allocation(" user-1", "tiers").score()).isEmpty();
            assertThat(client.allocation("user-1", "tiers").score()).isPresent();
        }
    }

    @Test
    void aLakeThatWasBegunAnewIsNotTakenForTheOldOne() throws IOException {
        publish(1);
        publish(2);
        started().close();
        // The same number and the same as-of, published at another time with other decisions.
        World anew = new World(USERS, 77, 77);
        Published again = anew.writeTo(lake, 2, "run-2b");
        lake.publish(new Published(2, again.slices(), again.publishedAt().plusSeconds(9)));
        try (FlagcastClient client = started()) {
            client.refresh();
            assertThat(client.allocation("user-1", "tiers").parametersVersion()).isEqualTo(77);
        }
        Published first = new World(USERS, 78, 78).writeTo(lake, 1, "run-1b");
        lake.publish(first);
        try (FlagcastClient client = started()) {
            client.refresh();
            assertThat(client.allocation("user-1", "tiers").parametersVersion()).isEqualTo(78);
        }
        assertThat(files()).containsExactly("lock", "publication-1.snapshot");
    }

    /** Starts a client of a lake and says what it did. */
    static final class Starter {

        private Starter() {}

        public static void main(String[] arguments) throws IOException {
            MemoryLake lake = new MemoryLake();
            lake.publish(new World(5_000, 1, 1).writeTo(lake, 1, "run-1"));
            try (FlagcastClient client = FlagcastClient.of("memory")
                    .snapshots(Path.of(arguments[0]))
                    .refreshEvery(Duration.ofHours(1))
                    .start(lake)) {
                System.out.printf(
                        "publication %d after %d reads%n",
                        client.status().publication(), lake.reads().size());
            }
        }
    }

    @Test
    void ofProcessesThatStartAtOnceOneMakesTheSnapshot() throws Exception {
        List<Process> processes = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            processes.add(java(Starter.class, folder.toString()));
        }
        List<String> said = new ArrayList<>();
        for (Process process : processes) {
            said.addAll(process.inputReader().lines().toList());
            assertThat(process.waitFor()).as(said.toString()).isZero();
        }
        assertThat(said)
                .filteredOn(line -> line.startsWith("publication 1"))
                .hasSize(3)
                .filteredOn(line -> line.endsWith(" 0 reads"))
                .hasSize(2);
        assertThat(files()).containsExactly("lock", "publication-1.snapshot");
    }

    private static Process java(Class<?> main, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command).redirectErrorStream(true).start();
    }

    /** Writes a snapshot whose rows come so slowly that it is killed meanwhile. */
    static final class SlowWriter {

        private SlowWriter() {}

        public static void main(String[] arguments) throws IOException {
            MemoryLake fast = new MemoryLake();
            fast.publish(new World(USERS, 2, 2).writeTo(fast, 2, "run-2"));
            PublishedLake slow = new PublishedLake() {
                @Override
                public String root() {
                    return fast.root();
                }

                @Override
                public Optional<Published> newest() throws IOException {
                    return fast.newest();
                }

                @Override
                public void read(
                        io.flagcast.tables.Table table,
                        String runId,
                        List<String> columns,
                        java.util.function.Consumer<Batch> batches)
                        throws IOException {
                    fast.read(table, runId, columns, batch -> {
                        batches.accept(batch);
                        if (columns.contains("enabled")) {
                            System.out.println("writing");
                            pause();
                        }
                    });
                }
            };
            try (FlagcastClient client = FlagcastClient.of("memory")
                    .snapshots(Path.of(arguments[0]))
                    .refreshEvery(Duration.ofHours(1))
                    .start(slow)) {
                client.refresh();
            }
        }

        private static void pause() {
            try {
                TimeUnit.MINUTES.sleep(5);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Test
    void aWriterThatIsKilledLeavesTheOldSnapshot() throws Exception {
        publish(1);
        started().close();
        Process writer = java(SlowWriter.class, folder.toString());
        try (var out = writer.inputReader()) {
            String line = out.readLine();
            while (line != null && !line.equals("writing")) {
                line = out.readLine();
            }
            assertThat(line).as("it came to write").isEqualTo("writing");
            writer.destroyForcibly().waitFor();
        }
        assertThat(files()).hasSize(3).anyMatch(name -> name.startsWith("unfinished-"));
        try (FlagcastClient client = started()) {
            assertThat(client.allocation("user-1", "tiers").publication()).isEqualTo(1);
            publish(3);
            client.refresh();
            assertThat(client.allocation("user-1", "tiers").publication()).isEqualTo(3);
        }
        assertThat(files()).containsExactly("lock", "publication-1.snapshot", "publication-3.snapshot");
    }
}
