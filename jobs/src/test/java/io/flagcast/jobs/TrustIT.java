package io.flagcast.jobs;

import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flagcast.lake.Lake;
import io.flagcast.lake.Refusal;
import io.flagcast.lake.Session;
import io.flagcast.serving.Allocation;
import io.flagcast.serving.FlagcastClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Runs that are killed, doubled and suspended, in processes of their own: readers see whole publications only, what is published is
 * never written again, and the next run makes what an undisturbed one makes.
 */
class TrustIT {

    @TempDir
    private static Path folder;

    /** Unlike every other id, so that compression leaves it as it is. */
    private static final String FORGOTTEN = "forget-7f3a-me";

    private static Map<String, List<String>> expected;

    @BeforeAll
    static void undisturbed() {
        CsvWorld world = CsvWorld.published(folder.resolve("undisturbed"));
        Invocation run = world.run(CsvWorld.SECOND);
        assertThat(run.code()).as(run.err()).isZero();
        expected = LiveTables.of(root(world));
    }

    private static String root(CsvWorld world) {
        return world.folder().resolve("lake").toString();
    }

    private static ProcessBuilder run(CsvWorld world, String name, Map<String, String> hadoop) {
        // Tiny data: interpreted.
        Map<String, String> options = new HashMap<>(Map.of(
                "spark.sql.codegen.wholeStage", "false",
                "spark.sql.codegen.factoryMode", "NO_CODEGEN",
                "spark.sql.adaptive.enabled", "false"));
        hadoop.forEach((key, value) -> options.put("spark.hadoop." + key, value));
        return Submission.of(
                        folder,
                        "local[1]",
                        options,
                        "run",
                        "--conf",
                        world.conf().toString(),
                        "--as-of",
                        CsvWorld.SECOND.toString())
                .redirectError(folder.resolve(name).toFile());
    }

    private static void signal(Process process, String signal) throws IOException, InterruptedException {
        assertThat(new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid()))
                        .start()
                        .waitFor())
                .isZero();
    }

    private static String said(String name) throws IOException {
        return Files.readString(folder.resolve(name));
    }

    private static void awaitSaid(Process process, String name, String text) throws IOException, InterruptedException {
        while (process.isAlive()
                && !(Files.exists(folder.resolve(name)) && said(name).contains(text))) {
            TimeUnit.MILLISECONDS.sleep(20);
        }
        assertThat(process.isAlive()).as(said(name)).isTrue();
    }

    /** Looks again and again, as a service does: what it gets is all of the one or all of the other publication. */
    private static final class Reader implements AutoCloseable {

        private final AtomicBoolean ends = new AtomicBoolean();
        private final Set<Map<String, Allocation>> seen = new HashSet<>();
        private final Thread thread;
        private Throwable failed;

        Reader(CsvWorld world, Path snapshots) {
            thread = new Thread(() -> {
                try (FlagcastClient client =
                        FlagcastClient.of(root(world)).snapshots(snapshots).start()) {
                    while (!ends.get()) {
                        client.refresh();
                        seen.add(IntStream.range(0, 1200)
                                .boxed()
                                .collect(toMap(i -> "u" + i, i -> client.allocation("u" + i, "rollout"))));
                        TimeUnit.MILLISECONDS.sleep(50);
                    }
                } catch (Exception | Error e) {
                    failed = e;
                }
            });
            thread.start();
        }

        Set<Map<String, Allocation>> seen() throws InterruptedException {
            ends.set(true);
            thread.join();
            assertThat(failed).isNull();
            return seen;
        }

        @Override
        public void close() {
            ends.set(true);
        }
    }

    /** Kills runs of one as-of, one after the other, beside a reader; the next one makes what an undisturbed one makes. */
    private static void killed(String lake, SplittableRandom random, int kills, Duration within) throws Exception {
        CsvWorld world = CsvWorld.published(folder.resolve(lake));
        List<String> told = new ArrayList<>();
        try (Reader reader = new Reader(world, folder.resolve(lake + "-snapshots"))) {
            for (int i = 0; i < kills; i++) {
                String name = "%s-%d.txt".formatted(lake, i);
                Process process = run(world, name, Map.of()).start();
                awaitSaid(process, name, "run 2026");
                TimeUnit.MILLISECONDS.sleep(random.nextLong(within.toMillis()));
                process.destroyForcibly().waitFor();
                told.add(said(name) + LiveTables.publications(root(world)));
            }
            Invocation again = world.run(CsvWorld.SECOND);
            assertThat(again.code()).as(again.err()).isZero();
            assertThat(LiveTables.of(root(world))).as("%s", told).isEqualTo(expected);
            assertThat(reader.seen().size()).isLessThanOrEqualTo(2);
        }
    }

    @Test
    void aKillAtARandomInstant() throws Exception {
        killed("killed", new SplittableRandom(20261129), 1, Duration.ofSeconds(12));
    }

    @Test
    @Tag("proof")
    void threeKillsAtRandomInstantsInARow() throws Exception {
        killed("killed-thrice", new SplittableRandom(20261129), 3, Duration.ofSeconds(12));
    }

    @Test
    @Tag("proof")
    void aHundredKillsAtRandomInstants() throws Exception {
        SplittableRandom random = new SplittableRandom(20261130);
        for (int i = 0; i < 100; i++) {
            killed("killed" + i, random, 1, Duration.ofSeconds(40));
        }
    }

    @Test
    @Tag("proof")
    void aMinuteOfUpkeepBesideAReader() throws Exception {
        CsvWorld world = CsvWorld.published(folder.resolve("tended"));
        Map<String, List<String>> before = LiveTables.of(root(world));
        try (Reader reader = new Reader(world, folder.resolve("tended-snapshots"))) {
            long until = System.nanoTime() + Duration.ofMinutes(1).toNanos();
            while (System.nanoTime() < until) {
                Invocation tended = world.command("maintain", "--keep", "1h");
                assertThat(tended.code()).as(tended.err()).isZero();
                assertThat(LiveTables.of(root(world))).isEqualTo(before);
            }
            assertThat(reader.seen()).hasSize(1);
        }
    }

    /** On a local disk a process that stands still keeps its lease: who comes second is told so, and changes nothing. */
    private static void suspended(String stage) throws Exception {
        CsvWorld world = CsvWorld.published(folder.resolve("suspended-" + stage.charAt(1)));
        String name = "suspended-" + stage.charAt(1) + ".txt";
        Process first = run(world, name, Map.of()).start();
        awaitSaid(first, name, stage);
        signal(first, "STOP");

        Invocation second = world.run(CsvWorld.SECOND);
        assertThat(second.code()).as(second.err()).isEqualTo(75);
        assertThat(second.err())
                .contains("run of 2026-03-11T00:00:00Z is going on (process " + first.pid() + " on ", ", begun 20");

        signal(first, "CONT");
        assertThat(first.waitFor(3, TimeUnit.MINUTES)).isTrue();
        assertThat(first.exitValue()).as(said(name)).isZero();
        assertThat(LiveTables.of(root(world))).isEqualTo(expected);
        assertThat(world.run(CsvWorld.SECOND).err())
                .contains("is published already as run 20260311T000000Z-g1: nothing");
        assertThat(LiveTables.publications(root(world))).hasSize(2);
    }

    @Test
    void aSecondStartWhileTheFirstStandsStillEndsWithoutAChange() throws Exception {
        suspended("[4/6] allocate");
    }

    @ParameterizedTest
    @Tag("proof")
    @ValueSource(strings = {"[1/6] features", "[2/6] train", "[3/6] score", "[5/6] measure", "[6/6] govern"})
    void aSecondStartInEveryStage(String stage) throws Exception {
        suspended(stage);
    }

    private static void whoBeatsIsNotReplaced(String root) {
        Duration expiry = Duration.ofSeconds(2);
        try (Session session = Session.open(Path.of("target"))) {
            Lake one = new Lake(session.spark(), root);
            Lake other = new Lake(session.spark(), root);
            one.leased(
                    "one",
                    expiry,
                    () -> assertThatThrownBy(() -> other.leased("other", expiry, () -> "both"))
                            .isInstanceOf(Refusal.class)
                            .hasMessageContaining("one is going on (process "
                                    + ProcessHandle.current().pid() + " on "));
            assertThat(other.<String>leased("other", expiry, () -> "the next")).isEqualTo("the next");
        }
    }

    /** On S3 nobody knows whether it is there: after its expiry the second takes over, and the first writes nothing more. */
    private static void takenOver(String stage, Consumer<CsvWorld> further) throws Exception {
        Path store =
                Files.createDirectories(folder.resolve("s3-" + stage.charAt(1)).resolve("store"));
        Files.createDirectory(store.resolve("bucket"));
        CsvWorld world = CsvWorld.published(store.resolveSibling("world"));
        world.write(
                "flagcast.conf",
                world.read("flagcast.conf").stream()
                        .map(line -> line.contains("lake.root")
                                ? "lake { root = \"s3a://bucket/lake\", lease-expiry = 3s }"
                                : line)
                        .toList());
        world.append("users.csv", FORGOTTEN + ",40,pro,f");
        String root = "s3a://bucket/lake";
        String name = "taken-over-" + stage.charAt(1) + ".txt";
        Configuration ours = SparkSession.active().sparkContext().hadoopConfiguration();
        try (S3Server server = S3Server.over(store)) {
            server.hadoop().forEach(ours::set);
            org.apache.hadoop.fs.Path there = new org.apache.hadoop.fs.Path(root);
            there.getFileSystem(ours)
                    .copyFromLocalFile(
                            new org.apache.hadoop.fs.Path(
                                    world.folder().resolve("lake").toUri()),
                            there);
            whoBeatsIsNotReplaced(root);

            Process first = run(world, name, server.hadoop()).start();
            awaitSaid(first, name, stage);
            signal(first, "STOP");
            Invocation second = world.run(CsvWorld.SECOND);
            assertThat(second.code()).as(second.err()).isZero();
            Map<String, List<String>> live = LiveTables.of(root);
            List<String> all = LiveTables.publications(root);

            signal(first, "CONT");
            assertThat(first.waitFor(3, TimeUnit.MINUTES)).isTrue();
            assertThat(first.exitValue()).as(said(name)).isEqualTo(75);
            assertThat(said(name)).contains("another has taken its place");
            assertThat(LiveTables.of(root))
                    .as("what was published is as it was")
                    .isEqualTo(live);
            assertThat(LiveTables.publications(root)).isEqualTo(all).hasSize(2);
            further.accept(world);
        }
    }

    /** What people do with a lake now and then: a day made up for, the day before again, upkeep, and a user who is forgotten. */
    private static void tended(CsvWorld world) {
        for (List<String> words : List.of(
                List.of("backfill", "--from", "2026-03-09", "--to", "2026-03-09"),
                List.of("rollback", "--publication", "1"),
                List.of("maintain"))) {
            Invocation done = world.command(words.toArray(String[]::new));
            assertThat(done.code()).as("%s: %s", words, done.err()).isZero();
        }
        Path bucket = world.folder().resolveSibling("store").resolve("bucket");
        assertThat(ErasureIT.holding(bucket, FORGOTTEN)).isNotEmpty();
        Invocation erased = world.command("erase", "--user", FORGOTTEN);
        assertThat(erased.err()).contains("publication 4 is live without the user");
        assertThat(erased.code()).as("the input files have it still").isEqualTo(1);
        assertThat(ErasureIT.holding(bucket, FORGOTTEN)).isEmpty();
    }

    @Test
    void onS3WhoIsSilentIsReplacedAndStopsAndEveryCommandWorks() throws Exception {
        takenOver("[4/6] allocate", TrustIT::tended);
    }

    @ParameterizedTest
    @Tag("proof")
    @ValueSource(strings = {"[1/6] features", "[2/6] train", "[3/6] score", "[5/6] measure", "[6/6] govern"})
    void onS3InEveryStage(String stage) throws Exception {
        takenOver(stage, world -> {});
    }
}
