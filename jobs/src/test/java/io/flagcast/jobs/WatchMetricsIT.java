package io.flagcast.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.pipeline.WatchMetrics;
import io.flagcast.jobs.run.Progress;
import io.flagcast.lake.Lake;
import io.flagcast.lake.LakeViews;
import io.flagcast.lake.Publication;
import io.flagcast.lake.Session;
import io.flagcast.settings.ConfiguredExperiments;
import io.flagcast.settings.Settings;
import io.flagcast.settings.SettingsReader;
import io.flagcast.tables.Table;
import io.flagcast.tables.Tables;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Metrics between runs: what is new is published within a look, and the end is what measuring everything at once gives. */
class WatchMetricsIT {

    private static final String METRICS = "SELECT experiment_id, segment, cell, population, metric, `window`,"
            + " window_start, n, sum, sum_squares, weighted, covariate, metric_value, m2, effect, adjusted_effect"
            + " FROM segment_metrics ORDER BY ALL";

    @TempDir
    private Path folder;

    /** Exposures and outcomes come as files into folders; two dimensions and a pre-period are measured, too. */
    private CsvWorld world() {
        CsvWorld world = CsvWorld.inFolders(folder);
        world.append("experiments/rollout.yaml", "dimensions: [plan, gender]", "pre_period: 3d");
        return world;
    }

    /** Users who meet the experiment at an hour, some for the second time, and what they do. */
    private static void arrive(CsvWorld world, String name, Instant at, int seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<String> exposures = new ArrayList<>(List.of("experiment_id,user_id,enabled,exposed_at,propensity"));
        List<String> outcomes = new ArrayList<>(List.of("user_id,outcome,value,occurred_at"));
        for (int i = 0; i < 200; i++) {
            String user = "u" + random.nextInt(1200);
            exposures.add("rollout,%s,%b,%s,0.5".formatted(user, random.nextBoolean(), at.plusSeconds(i)));
            if (random.nextInt(4) == 0) {
                // Most of what they do belongs to windows that are closed, or open, or to a pre-period.
                outcomes.add("%s,purchase,%d,%s"
                        .formatted(user, 1 + random.nextInt(90), at.minus(Duration.ofHours(random.nextInt(200)))));
            }
        }
        // Every tenth row twice.
        for (int i = 1; i < 200; i += 10) {
            exposures.add(exposures.get(i));
        }
        world.write("exposures/" + name + ".csv", exposures);
        world.write("outcomes/" + name + ".csv", outcomes);
    }

    @Test
    void looksPublishWhatIsNewAndEndWhereARunEnds() {
        CsvWorld world = world();
        assertThat(world.run(CsvWorld.FIRST).code()).isZero();
        Instant morning = CsvWorld.FIRST.plus(Duration.ofHours(8));
        Instant evening = CsvWorld.FIRST.plus(Duration.ofHours(20));
        Settings settings = SettingsReader.read(Optional.of(world.conf()), List.of(), Map.of());
        List<Experiment> experiments = ConfiguredExperiments.read(settings);
        List<Row> metrics;
        try (Session session = Session.open(Path.of("target"))) {
            Lake lake = new Lake(session.spark(), settings.lake().root());
            Publication run = lake.requireLive();
            Now now = new Now(morning);
            WatchMetrics watch = new WatchMetrics(settings, experiments, lake, now, Progress.on(System.err));

            arrive(world, "morning", morning.minus(Duration.ofHours(1)), 1);
            assertThat(watch.look()).hasValueSatisfying(look -> {
                assertThat(look.kind()).isEqualTo(Publication.Kind.METRICS);
                assertThat(look.asOf()).isEqualTo(morning);
                assertThat(look.tables().get(Tables.SEGMENT_METRICS.name()).runId())
                        .isEqualTo(look.runId());
                assertThat(look.tables().get(Tables.ALLOCATIONS.name()))
                        .isEqualTo(run.tables().get(Tables.ALLOCATIONS.name()));
            });
            now.instant = morning.plusSeconds(60);
            assertThat(watch.look()).as("nothing has come since").isEmpty();
            now.instant = CsvWorld.FIRST.plus(Duration.ofHours(12));
            arrive(world, "noon", morning.minus(Duration.ofDays(2)), 2);
            assertThat(watch.look()).as("late rows").isPresent();

            // Another process goes on from what is on disk.
            now.instant = evening;
            arrive(world, "evening", evening.minus(Duration.ofHours(2)), 3);
            assertThat(new WatchMetrics(settings, experiments, lake, now, Progress.on(System.err)).look())
                    .isPresent();
            metrics = metrics(lake);
        }
        // The next run is of an earlier instant than the last look, and replaces it.
        assertThat(world.run(evening.minus(Duration.ofHours(1))).code()).isZero();
        assertThat(Invocation.rows(world.conf(), "SELECT kind FROM publications ORDER BY publish_seq"))
                .extracting(row -> row.get("kind").asText())
                .containsExactly("publish", "metrics", "metrics", "metrics", "publish");

        String other = "--set=flagcast.lake.root=" + folder.resolve("other");
        assertThat(world.run(evening, other).code()).isZero();
        try (Session session = Session.open(Path.of("target"))) {
            assertThat(metrics)
                    .isNotEmpty()
                    .isEqualTo(metrics(
                            new Lake(session.spark(), folder.resolve("other").toString())));
        }
    }

    /** The process of {@code measure --every}, killed between what it writes and what it publishes. */
    @Tag("proof")
    @Test
    void aKilledLoopLeavesNothingHalfSeenAndTheNextGoesOn() throws Exception {
        CsvWorld world = world();
        assertThat(world.run(CsvWorld.FIRST).code()).isZero();
        Path lake = folder.resolve("lake");
        Process loop = loop(world, "killed.txt");
        int measured = commits(lake, Tables.SEGMENT_METRICS);
        arrive(world, "first", CsvWorld.FIRST.plus(Duration.ofHours(7)), 1);
        await(loop, () -> commits(lake, Tables.SEGMENT_METRICS) > measured);
        loop.destroyForcibly().waitFor();
        try (Session session = Session.open(Path.of("target"))) {
            Lake left = new Lake(session.spark(), lake.toString());
            assertThat(left.publications())
                    .as("it was killed before the publication")
                    .extracting(Publication::kind)
                    .containsExactly(Publication.Kind.PUBLISH);
            Publication live = left.requireLive();
            assertThat(left.published(Tables.SEGMENT_METRICS, Optional.of(live)).count())
                    .isEqualTo(live.tables().get(Tables.SEGMENT_METRICS.name()).rows());
        }

        Process next = loop(world, "next.txt");
        await(next, () -> commits(lake, Tables.PUBLICATIONS) > 1);
        int published = commits(lake, Tables.PUBLICATIONS);
        arrive(world, "second", CsvWorld.FIRST.plus(Duration.ofHours(9)), 2);
        await(next, () -> commits(lake, Tables.PUBLICATIONS) > published);
        next.destroyForcibly().waitFor();

        Instant now = Instant.now();
        Invocation whole = Invocation.at(
                now,
                "run",
                "--conf",
                world.conf().toString(),
                "--as-of",
                now.truncatedTo(ChronoUnit.SECONDS).toString(),
                "--set",
                "flagcast.lake.root=" + folder.resolve("other"));
        assertThat(whole.code()).as(whole.err()).isZero();
        try (Session session = Session.open(Path.of("target"))) {
            assertThat(metrics(new Lake(session.spark(), lake.toString())))
                    .isNotEmpty()
                    .isEqualTo(metrics(
                            new Lake(session.spark(), folder.resolve("other").toString())));
        }
    }

    private Process loop(CsvWorld world, String said) throws IOException {
        return Submission.of(
                        folder,
                        "local[1]",
                        "measure",
                        "--every",
                        "2s",
                        "--conf",
                        world.conf().toString())
                .redirectError(folder.resolve(said).toFile())
                .start();
    }

    /** How often a table was written, its creation among them. */
    private static int commits(Path lake, Table table) {
        String[] log =
                lake.resolve(table.name()).resolve("_delta_log").toFile().list((in, name) -> name.endsWith(".json"));
        return log == null ? 0 : log.length;
    }

    private static void await(Process process, BooleanSupplier happens) throws InterruptedException {
        Instant until = Instant.now().plus(Duration.ofMinutes(5));
        while (!happens.getAsBoolean()) {
            assertThat(process.isAlive() && Instant.now().isBefore(until)).isTrue();
            Thread.sleep(1);
        }
    }

    private static List<Row> metrics(Lake lake) {
        LakeViews.register(lake, METRICS);
        return lake.spark().sql(METRICS).collectAsList();
    }

    /** A clock that a test sets. */
    private static final class Now extends Clock {
        private Instant instant;

        Now(Instant instant) {
            this.instant = instant;
        }

        @Override
        public Instant instant() {
            return instant;
        }

        @Override
        public ZoneOffset getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(java.time.ZoneId zone) {
            throw new UnsupportedOperationException("the tests' clock is in UTC");
        }
    }
}
