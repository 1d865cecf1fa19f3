package io.flagcast.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.flagcast.fixtures.FaultyDisk;
import io.flagcast.fixtures.FaultyDisk.Fault;
import io.flagcast.lake.Interruption;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.delta.DeltaLog;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A run that does not come to its end: nobody sees half of it, the record says why, and the next one goes on. */
class BrokenRunIT {

    /** From one write that fails to the next: all of them, or fewer where time is short. */
    private static final int EVERY = Integer.getInteger("writes.every", 1);

    private static final Instant NOW = Instant.parse("2026-06-01T06:00:00Z");

    @TempDir
    private Path folder;

    private CsvWorld world;
    private List<JsonNode> before;

    @BeforeEach
    void publish() {
        world = CsvWorld.published(folder);
        before = allocations();
    }

    private List<JsonNode> allocations() {
        return Invocation.rows(world.conf(), "SELECT * FROM allocations ORDER BY user_id");
    }

    private Invocation features() {
        return Invocation.of("features", "--conf", world.conf().toString(), "--as-of", CsvWorld.SECOND.toString());
    }

    private void assertGoesOn() {
        assertThat(allocations()).isEqualTo(before);
        Invocation again = features();
        assertThat(again.code()).as(again.err()).isZero();
        assertThat(again.err()).contains("run 20260311T000000Z-g1");
    }

    private static void askWhenThereIs(Path file, Interruption interruption) {
        try {
            while (!Files.exists(file)) {
                TimeUnit.MILLISECONDS.sleep(10);
            }
            interruption.ask(Interruption.Signal.TERM);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void anInterruptedRunIsRecordedAndSaysWhatIsLiveAndHowToGoOn() {
        Interruption interruption = new Interruption();
        Path slice = folder.resolve("lake/user_profiles/run_id=20260311T000000Z-g1");
        CompletableFuture<Void> asked = CompletableFuture.runAsync(() -> askWhenThereIs(slice, interruption));

        Invocation run = Invocation.at(
                NOW, interruption, "run", "--conf", world.conf().toString(), "--as-of", CsvWorld.SECOND.toString());
        asked.join();
        SparkSession.active().sparkContext().setLogLevel("WARN");

        assertThat(run.code()).isEqualTo(143);
        assertThat(run.err())
                .isEqualTo("run 20260311T000000Z-g1\n"
                        + "flagcast: run 20260311T000000Z-g1 was interrupted by SIGTERM in stage features: publication 1, as of"
                        + " 2026-03-10T00:00:00Z, is live as before; give the same command again to go on\n");
        assertThat(Invocation.rows(world.conf(), "SELECT stage, exit_reason FROM runs WHERE state = 'interrupted'"))
                .extracting(row ->
                        row.get("stage").asText() + " " + row.get("exit_reason").asText())
                .containsExactly("features SIGTERM");
        assertThat(Invocation.of("status", "--conf", world.conf().toString()).out())
                .containsPattern("features +2026-03-11T00:00:00Z +interrupted .* SIGTERM");
        assertGoesOn();
    }

    /** A file in the place of its folder. */
    private void breakTable(String table) {
        try {
            Files.move(folder.resolve("lake").resolve(table), folder.resolve(table));
            Files.createFile(folder.resolve("lake").resolve(table));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void whatFailsBesidesIsToldAfterTheFirst() throws IOException {
        Path lake = folder.resolve("lake");
        breakTable("responsiveness_scores");
        // Once the run has read what earlier ones did.
        Path slice = folder.resolve("lake/user_profiles/run_id=20260311T000000Z-g1");
        CompletableFuture<Void> broken = CompletableFuture.runAsync(() -> {
            while (!Files.exists(slice)) {
                Thread.onSpinWait();
            }
            breakTable("runs");
        });

        Invocation failed = world.run(CsvWorld.SECOND);
        broken.join();

        assertThat(failed.code()).as(failed.err()).isEqualTo(75);
        assertThat(failed.err())
                .matches("(?s)run 20260311T000000Z-g1\n.*"
                        + "flagcast: \\S+/responsiveness_scores/_delta_log cannot be read or written \\(.*\\): .*, and run it again\n"
                        + "flagcast: what the stages of run 20260311T000000Z-g1 did is not in table runs: \\S+/runs/_delta_log"
                        + " cannot be read or written \\(.*\\): .*, and run it again\n");
        for (String table : List.of("responsiveness_scores", "runs")) {
            Files.delete(lake.resolve(table));
            Files.move(folder.resolve(table), lake.resolve(table));
        }
        // The next run is another process.
        DeltaLog.clearCache();
        assertGoesOn();
    }

    /** Every write of a run fails once, or is the last for which there is room: as if the process had been killed there. */
    @ParameterizedTest
    @Tag("proof")
    @EnumSource(Fault.class)
    void aWriteThatFailsAnywhereLeavesOneWholePublicationAndARunThatGoesOn(Fault fault) {
        assertThat(world.run(CsvWorld.SECOND).code()).isZero();
        Map<String, List<String>> first =
                LiveTables.of(CsvWorld.published(folder.resolve("first")).folder() + "/lake");
        Map<String, List<String>> second = LiveTables.of(folder + "/lake");
        int failed = 0;
        for (int writes = 0; failed * EVERY == writes; writes += EVERY) {
            CsvWorld broken = CsvWorld.published(folder.resolve("after" + writes));
            String root = FaultyDisk.mount(
                    SparkSession.active().sparkContext(), broken.folder().resolve("lake"));
            String here = "--set=flagcast.lake.root=\"" + root + '"';
            FaultyDisk.failsAfter(writes, fault);
            // A lease on a disk that was full could not be given back.
            Invocation run = broken.run(CsvWorld.SECOND, here, "--set=flagcast.lake.lease-expiry=1s");
            failed += FaultyDisk.hasFailed() ? 1 : 0;
            FaultyDisk.isSound();
            DeltaLog.clearCache();

            String as = "%s after %d writes: %d %s".formatted(fault, writes, run.code(), run.err());
            assertThat(run.code()).as(as).isIn(0, 75);
            assertThat(LiveTables.of(root)).as(as).isIn(first, second);
            Invocation again = broken.run(CsvWorld.SECOND, here, "--set=flagcast.lake.lease-expiry=1s");
            assertThat(again.code()).as(as + again.err()).isZero();
            assertThat(LiveTables.of(root)).as(as).isEqualTo(second);
        }
        assertThat(failed * EVERY).isGreaterThan(40);
    }
}
