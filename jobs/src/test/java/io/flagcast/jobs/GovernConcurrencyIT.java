package io.flagcast.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.allocation.Cell;
import io.flagcast.allocation.ParameterChange.Cause;
import io.flagcast.jobs.pipeline.Pipeline;
import io.flagcast.jobs.pipeline.Stage;
import io.flagcast.jobs.records.DecisionTable;
import io.flagcast.jobs.records.ParameterTable;
import io.flagcast.jobs.run.Progress;
import io.flagcast.lake.Interruption;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.lake.Session;
import io.flagcast.settings.ConfiguredExperiments;
import io.flagcast.settings.Settings;
import io.flagcast.settings.SettingsReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One change, however many processes evaluate the same as-of and wherever one dies. */
class GovernConcurrencyIT {

    @TempDir
    private static Path folder;

    private static CsvWorld measured;

    /** All stages but the last, over users of whom the high segment converts clearly too seldom. */
    @BeforeAll
    static void measure() {
        measured = CsvWorld.in(folder.resolve("measured"));
        List<String> exposures =
                new ArrayList<>(List.of("experiment_id,user_id,enabled,exposed_at,propensity,score,segment"));
        measured.read("exposures.csv").stream().skip(1).forEach(line -> exposures.add(line + ",,"));
        for (int i = 0; i < 5_000; i++) {
            exposures.add("rollout,v%d,true,2026-03-05T10:00:00Z,0.975,90,high".formatted(i));
        }
        measured.write("exposures.csv", exposures);
        Settings settings = SettingsReader.read(Optional.of(measured.conf()), List.of(), Map.of());
        try (Session session = Session.open(Path.of("target"))) {
            Pipeline pipeline = new Pipeline(
                    settings,
                    ConfiguredExperiments.read(settings),
                    new Lake(session.spark(), settings.lake().root()),
                    Clock.systemUTC(),
                    Progress.on(System.err),
                    new Interruption());
            Stage.ORDER.stream()
                    .takeWhile(stage -> stage != Stage.GOVERN)
                    .forEach(stage -> pipeline.runStage(stage, CsvWorld.FIRST, Pipeline.Repeat.SKIP));
        }
    }

    private static ProcessBuilder govern(CsvWorld world, String said) {
        return Submission.of(
                        folder,
                        "local[1]",
                        "govern",
                        "--conf",
                        world.conf().toString(),
                        "--as-of",
                        CsvWorld.FIRST.toString())
                .redirectError(folder.resolve(said).toFile());
    }

    private static void assertOneChangeAndOnePublication(CsvWorld world, String reason) {
        try (Session session = Session.open(Path.of("target"))) {
            Lake lake = new Lake(session.spark(), world.folder().resolve("lake").toString());
            assertThat(ParameterTable.read(lake).changes()).singleElement().satisfies(change -> {
                assertThat(change.version()).isEqualTo(1);
                assertThat(change.cell()).isEqualTo(Cell.whole("high"));
                assertThat(change.share()).isEqualTo(0.8);
                assertThat(change.origin().cause()).isEqualTo(Cause.RULE);
            });
            assertThat(lake.publications()).extracting(Publication::runId).containsExactly("20260310T000000Z-g1");
            assertThat(DecisionTable.history(lake).rows()).singleElement().satisfies(row -> {
                assertThat(row.<String>getAs("outcome")).isEqualTo("fired");
                assertThat(row.<Double>getAs("share_after")).isEqualTo(0.8);
                assertThat(row.<String>getAs("reason")).contains(reason);
            });
        }
    }

    @Test
    void twoProcessesAtOnceMakeOneChange() throws Exception {
        CsvWorld world = measured.copy(folder.resolve("two"));
        Process one = govern(world, "one.txt").start();
        Process other = govern(world, "other.txt").start();
        assertThat(one.waitFor(5, TimeUnit.MINUTES) && other.waitFor(5, TimeUnit.MINUTES))
                .isTrue();

        assertThat(List.of(one.exitValue(), other.exitValue()))
                .as(Files.readString(folder.resolve("one.txt")) + Files.readString(folder.resolve("other.txt")))
                .contains(0)
                .isSubsetOf(0, 75);
        assertOneChangeAndOnePublication(world, "upper bound");
    }

    @Tag("proof")
    @Test
    void aProcessKilledBetweenDecisionAndPublicationIsGoneOnFromWithTheSameDecision() throws Exception {
        CsvWorld world = measured.copy(folder.resolve("killed"));
        Path decided = world.folder().resolve("lake/allocation_parameters/_delta_log/00000000000000000001.json");
        Process process = govern(world, "killed.txt").start();
        while (!Files.exists(decided) && process.isAlive()) {
            Thread.sleep(1);
        }
        process.destroyForcibly().waitFor();
        assertThat(decided).exists();
        assertThat(world.folder().resolve("lake/publications"))
                .as("it was killed before the publication")
                .doesNotExist();

        Invocation again =
                Invocation.of("govern", "--conf", world.conf().toString(), "--as-of", CsvWorld.FIRST.toString());
        assertThat(again.code()).as(again.err()).isZero();
        assertOneChangeAndOnePublication(world, "but decided at this as-of already, with parameters version 1");
    }
}
