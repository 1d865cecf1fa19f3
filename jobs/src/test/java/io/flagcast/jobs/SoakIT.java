package io.flagcast.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.fixtures.FaultyDisk;
import io.flagcast.fixtures.FaultyDisk.Fault;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Session;
import io.flagcast.lake.Upkeep;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.delta.DeltaLog;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Days on end in one process, on each of which the first run stops at some write for want of room: what a lake costs levels off. */
class SoakIT {

    private static final int DAYS = Integer.getInteger("soak.days", 60);
    /** By how many days files are older the next evening: more where there is no time for sixty. */
    private static final int AGES = Integer.getInteger("soak.ages", 1);
    /** Writes of a run, about: the disk is full after some of them. */
    private static final int WRITES = 120;

    @TempDir
    private Path folder;

    /**
     * A day's end.
     *
     * @param files below the lake
     * @param logs bytes of the Delta logs
     * @param heap bytes in use after a collection
     * @param seconds of the run that came through
     */
    private record Evening(long files, long logs, long heap, double seconds) {}

    private static long heap() {
        System.gc();
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    private Evening evening(double seconds) throws IOException {
        long files = 0;
        long logs = 0;
        try (Stream<Path> all = Files.walk(folder.resolve("lake"))) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                files++;
                logs += file.toString().contains("_delta_log") ? Files.size(file) : 0;
            }
        }
        return new Evening(files, logs, heap(), seconds);
    }

    /** A hundred users come each day. */
    private static void arrive(CsvWorld world, Instant from, SplittableRandom random) {
        List<String> exposures = new ArrayList<>(List.of("experiment_id,user_id,enabled,exposed_at,propensity"));
        List<String> outcomes = new ArrayList<>(List.of("user_id,outcome,value,occurred_at"));
        for (int i = 0; i < 100; i++) {
            Instant at = from.plusSeconds(random.nextInt(80_000));
            String user = "u" + random.nextInt(1200);
            exposures.add("rollout,%s,%b,%s,0.5".formatted(user, random.nextBoolean(), at));
            if (random.nextInt(5) == 0) {
                outcomes.add("%s,purchase,%d,%s".formatted(user, 1 + random.nextInt(90), at.plusSeconds(600)));
            }
        }
        String day = from.toString().substring(0, 10);
        world.write("exposures/" + day + ".csv", exposures);
        world.write("outcomes/" + day + ".csv", outcomes);
    }

    private static Invocation run(CsvWorld world, String root, Instant asOf) {
        Invocation run = Invocation.at(
                asOf.plus(Duration.ofHours(6)),
                "run",
                "--conf",
                world.conf().toString(),
                "--as-of",
                asOf.toString(),
                "--set=flagcast.lake.root=\"" + root + '"',
                // A lease on a disk that was full could not be given back.
                "--set=flagcast.lake.lease-expiry=1s");
        DeltaLog.clearCache();
        return run;
    }

    /** A week's upkeep, as `maintain` does it. */
    private static void tend(String root) {
        try (Session session = Session.open(Path.of("target"))) {
            Upkeep upkeep = new Upkeep(new Lake(session.spark(), root));
            upkeep.tables().forEach(table -> upkeep.tend(table, Duration.ofDays(7)));
        }
    }

    /** All days are one to the clock of the disk: what lies there is made older, as Delta keeps logs for thirty days. */
    private void age() throws IOException {
        try (Stream<Path> all = Files.walk(folder.resolve("lake"))) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                Files.setLastModifiedTime(
                        file,
                        FileTime.from(
                                Files.getLastModifiedTime(file).toInstant().minus(Duration.ofDays(AGES))));
            }
        }
        DeltaLog.clearCache();
    }

    private static double mean(List<Evening> evenings, ToDoubleFunction<Evening> of) {
        return evenings.stream().mapToDouble(of).average().orElseThrow();
    }

    @Test
    @Tag("proof")
    void whatALakeCostsLevelsOff() throws IOException {
        CsvWorld world = CsvWorld.inFolders(folder);
        String root = FaultyDisk.mount(SparkSession.active().sparkContext(), folder.resolve("lake"));
        SplittableRandom random = new SplittableRandom(60);
        List<Evening> evenings = new ArrayList<>();
        int stopped = 0;
        for (int day = 0; day < DAYS; day++) {
            Instant asOf = CsvWorld.FIRST.plus(Duration.ofDays(day));
            arrive(world, asOf.minus(Duration.ofDays(1)), random);
            FaultyDisk.failsAfter(random.nextInt(WRITES), Fault.FULL);
            Invocation broken = run(world, root, asOf);
            stopped += FaultyDisk.hasFailed() ? 1 : 0;
            FaultyDisk.isSound();
            assertThat(broken.code()).as(broken.err()).isIn(0, 75);
            long from = System.nanoTime();
            Invocation whole = run(world, root, asOf);
            assertThat(whole.code()).as(whole.err()).isZero();
            double seconds = (System.nanoTime() - from) / 1e9;
            if (day % 7 == 6) {
                tend(root);
            }
            Evening evening = evening(seconds);
            age();
            evenings.add(evening);
            System.err.printf(
                    "day %2d: %,d files, %,d kB of logs, %,d MB of heap, %.1f s, %s%n",
                    day + 1,
                    evening.files(),
                    evening.logs() / 1024,
                    evening.heap() / (1024 * 1024),
                    evening.seconds(),
                    broken.code() == 75 ? "stopped once" : "not stopped");
        }
        assertThat(stopped).isGreaterThan(DAYS / 2);
        // Logs are kept for thirty days and to the checkpoint before: what they cost levels off after that.
        List<Evening> before = evenings.subList(3 * DAYS / 5, 4 * DAYS / 5);
        List<Evening> last = evenings.subList(4 * DAYS / 5, DAYS);
        assertThat(mean(last, Evening::files)).isLessThan(1.25 * mean(before, Evening::files));
        assertThat(mean(last, Evening::logs)).isLessThan(1.25 * mean(before, Evening::logs));
        assertThat(mean(last, Evening::heap)).isLessThan(1.25 * mean(before, Evening::heap));
        assertThat(mean(last, Evening::seconds)).isLessThan(1.25 * mean(before, Evening::seconds));
    }
}
