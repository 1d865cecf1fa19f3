package io.flagcast.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.lake.Session;
import java.nio.file.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The simulated lake, by its commands. */
class SimulationIT {

    private static final String CONF = Path.of(System.getProperty("flagcast.home"), "conf/examples/demo.conf")
            .normalize()
            .toString();

    @TempDir
    private Path folder;

    private void simulate(String name, String seed) {
        Invocation simulate = Invocation.of(
                "simulate",
                "--conf",
                CONF,
                "--set",
                "flagcast.simulation.root=\"" + folder.resolve(name) + '"',
                "--set",
                "flagcast.simulation.users=1000",
                "--set",
                "flagcast.simulation.seed=" + seed);
        assertThat(simulate.code()).as(simulate.err()).isZero();
    }

    @Test
    void theSameSeedGivesTheSameLake() {
        simulate("first", "7");
        simulate("second", "7");
        simulate("other", "8");
        try (Session session = Session.open(Path.of("target"))) {
            for (String table : new String[] {"users", "events", "exposures", "outcomes", "truth"}) {
                Dataset<Row> first = table(session, "first", table);
                assertThat(first.isEmpty()).as(table).isFalse();
                assertThat(first.exceptAll(table(session, "second", table)).isEmpty())
                        .as(table)
                        .isTrue();
                assertThat(first.exceptAll(table(session, "other", table)).isEmpty())
                        .as(table)
                        .isFalse();
            }
        }
    }

    @Test
    void ofAFeatureThatTheWorldDoesNotKnowNothingIsWritten() {
        CsvWorld world = CsvWorld.in(folder);
        Invocation simulate = Invocation.of("simulate", "--conf", world.conf().toString());

        assertThat(simulate.code()).isEqualTo(78);
        assertThat(simulate.err())
                .contains("and the simulated world knows only what checkout_v2, dark_mode, express_pay do to users")
                .doesNotContain("\tat ");
    }

    private Dataset<Row> table(Session session, String lake, String table) {
        return session.spark()
                .read()
                .option("recursiveFileLookup", true)
                .parquet(folder.resolve(lake).resolve(table).toString());
    }

    @Test
    @Tag("proof")
    void theWholeDemoEndsWithOneFiringOfTheExampleRule() {
        Invocation demo = Invocation.of(
                "demo",
                "--set",
                "flagcast.lake.root=\"" + folder.resolve("lake") + '"',
                "--set",
                "flagcast.simulation.root=\"" + folder.resolve("world") + '"');

        assertThat(demo.code()).as(demo.err()).isZero();
        assertThat(demo.err()).contains("pull_back_high_responders fired, share of high 100 % -> 80 %");
        assertThat(demo.out())
                .contains("7 publications; rules fired 1 time.")
                .containsPattern("checkout_v2_rollout +high +[0-9,]+ +[0-9.]+ % +80 %");
        assertThat(folder.resolve("report.html")).exists();
    }
}
