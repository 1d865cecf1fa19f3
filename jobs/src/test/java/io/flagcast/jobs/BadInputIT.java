package io.flagcast.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One message that names place, value, limit and remedy, the right exit code, nothing lost, nothing half-written. */
class BadInputIT {

    @TempDir
    private Path folder;

    private static void assertRefused(Invocation run, int code, String... parts) {
        assertThat(run.code()).as(run.err()).isEqualTo(code);
        assertThat(run.err())
                .contains(parts)
                .doesNotContain("\tat ", "Exception")
                .doesNotContain("published");
        assertThat(run.err().lines().filter(line -> line.startsWith("flagcast:")))
                .hasSize(1);
        assertThat(run.out()).isEmpty();
    }

    @Test
    void badRowsAreQuarantinedWithTheirReasonAndEveryRowIsCounted() {
        CsvWorld world = CsvWorld.in(folder);
        world.append("users.csv", "u0,33,free,f", ",40,free,m");
        world.append(
                "exposures.csv",
                "rollout,u1,perhaps,2026-03-02T10:00:00Z,0.5",
                "rollout,u2,true,yesterday,0.5",
                "rollout,u3,true,2026-03-02T10:00:00Z,1.5",
                "rollout,u4,true,2026-03-02T10:00:00Z,NaN");
        world.append("outcomes.csv", "u5,purchase,Infinity,2026-03-02T12:00:00Z", "u6,purchase");

        Invocation run = world.run(CsvWorld.FIRST);
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.err()).contains("8 rows quarantined");
        assertThat(Invocation.rows(
                        world.conf(), "SELECT source_table, reason FROM quarantine ORDER BY source_table, reason"))
                .extracting(row -> row.get("source_table").asText() + ": "
                        + row.get("reason").asText())
                .containsExactly(
                        "exposures: enabled 'perhaps' is no BOOLEAN",
                        "exposures: exposed_at 'yesterday' is no TIMESTAMP",
                        "exposures: propensity 1.5 breaks propensity BETWEEN 0 AND 1",
                        "exposures: propensity is NaN",
                        "outcomes: malformed row: u6,purchase",
                        "outcomes: value is Infinity",
                        "users: duplicate user_id",
                        "users: user_id is null");
        JsonNode counts = Invocation.rows(
                        world.conf(), "SELECT rows_in, rows_out, rows_quarantined FROM runs WHERE stage = 'features'")
                .get(0);
        long in = List.of("users.csv", "exposures.csv", "outcomes.csv").stream()
                .mapToLong(name -> world.read(name).size() - 1L)
                .sum();
        assertThat(counts.get("rows_in").asLong()).isEqualTo(in);
        assertThat(counts.get("rows_out").asLong()
                        + counts.get("rows_quarantined").asLong())
                .isEqualTo(in);
    }

    @Test
    void moreBadRowsThanTheLimitRefuseTheRunAndLeaveThePublicationLive() {
        CsvWorld world = CsvWorld.published(folder);
        List<JsonNode> before = Invocation.rows(world.conf(), "SELECT * FROM allocations ORDER BY user_id");
        List<String> outcomes = world.read("outcomes.csv");
        for (int i = 0; i < 100; i++) {
            world.append("exposures.csv", "rollout,u%d,true,2026-03-10T10:00:00Z,7".formatted(i));
            world.append("outcomes.csv", "u%d,purchase,\"%d,96\",2026-03-10T12:00:00Z".formatted(i, i));
        }

        assertRefused(
                world.run(CsvWorld.SECOND),
                65,
                "exposures (" + folder.resolve("exposures.csv") + "): 100 of 1,300 rows are bad",
                "flagcast.quality.max-quarantined 5.0 %",
                "propensity 7.0 breaks propensity BETWEEN 0 AND 1 (100)",
                "Mend the source",
                "outcomes (" + folder.resolve("outcomes.csv") + "): 100 of ",
                "value '0,96' is no DOUBLE (100)");
        assertThat(Invocation.rows(world.conf(), "SELECT * FROM allocations ORDER BY user_id"))
                .isEqualTo(before);
        Invocation typo = Invocation.of("sql", "SELEC 1", "--conf", world.conf().toString());
        assertThat(typo.code()).isEqualTo(64);
        assertThat(typo.err()).doesNotContain("\tat ");
        assertThat(Invocation.rows(world.conf(), "SELECT run_id, exit_reason FROM runs WHERE state = 'failed'"))
                .hasSize(1);
        // What is mended runs, under the same name, as if nothing had been.
        world.write("exposures.csv", world.read("exposures.csv").subList(0, 1201));
        world.write("outcomes.csv", outcomes);
        assertThat(world.run(CsvWorld.SECOND).err()).contains("run 20260311T000000Z-g1", "published 2");
    }

    /** Exposures of yesterday cannot have never been: the publication with them stays, and with it whoever was enabled. */
    @Test
    void anInputThatHasLostAllItsRowsRefusesTheRunUnlessDeclared() {
        CsvWorld world = CsvWorld.published(folder);
        world.write("exposures.csv", world.read("exposures.csv").subList(0, 1));

        assertRefused(
                world.run(CsvWorld.SECOND),
                65,
                "exposures (" + folder + "/exposures.csv) is empty, run 20260310T000000Z-g1 read 1,200 rows of it",
                "flagcast.quality.may-be-empty = [exposures]");
        Invocation declared = Invocation.of(
                "features",
                "--conf",
                world.conf().toString(),
                "--as-of",
                CsvWorld.SECOND.toString(),
                "--set",
                "flagcast.quality.may-be-empty=[exposures]");
        assertThat(declared.code()).as(declared.err()).isZero();
    }

    @Test
    void aMissingSourceIsNoInput() {
        CsvWorld world = CsvWorld.in(folder);
        assertRefused(
                world.run(CsvWorld.FIRST, "--set", "flagcast.sources.exposures.path=" + folder + "/absent.csv"),
                66,
                "flagcast.sources.exposures.path " + folder + "/absent.csv: there is nothing",
                "correct the path");
    }

    @Test
    void anEmptySourceOfUsersIsNoInput() {
        CsvWorld world = CsvWorld.in(folder);
        world.write("users.csv", List.of("user_id,age,plan,gender"));
        assertRefused(world.run(CsvWorld.FIRST), 66, "no user before the as-of", "flagcast.sources.users");
    }

    @Test
    void aMissingColumnIsRefused() {
        CsvWorld world = CsvWorld.in(folder);
        world.write("exposures.csv", List.of("experiment_id,user_id,enabled,met_at", "rollout,u1,true,2026-03-02"));
        assertRefused(
                world.run(CsvWorld.FIRST),
                65,
                "exposures: column 'exposed_at' is missing",
                "met_at",
                "map it with flagcast.sources.exposures.columns.exposed_at");
    }

    @Test
    void aRetypedColumnIsRefused() {
        CsvWorld world = CsvWorld.in(folder);
        assertRefused(
                world.run(CsvWorld.FIRST, "--set", "flagcast.sources.exposures.columns.exposed_at=\"length(user_id)\""),
                65,
                "1,200 of 1,200 rows are bad",
                "is no TIMESTAMP",
                "its columns in flagcast.sources.exposures");
        world.write(
                "users.csv",
                world.read("users.csv").stream()
                        .map(line -> line.replaceAll("^(u\\d+),\\d+,", "$1,old,"))
                        .toList());
        assertRefused(
                world.run(CsvWorld.FIRST, "--set", "flagcast.sources.users.schema=\"age DOUBLE\""),
                65,
                "1,200 of 1,200 rows are bad",
                "malformed row");
    }

    @Test
    void configurationIsCheckedWholeBeforeSparkStarts() {
        CsvWorld world = CsvWorld.in(folder);
        world.append("flagcast.conf", "flagcast.trainings.folds = 3", "flagcast.training.seed = x");
        assertThat(Invocation.of("validate", "--conf", world.conf().toString())).satisfies(validate -> {
            assertThat(validate.code()).isEqualTo(78);
            assertThat(validate.err())
                    .contains("unknown key 'flagcast.trainings': did you mean 'training'?", "seed is 'x'");
        });
        world.append("flagcast.conf", "flagcast.training.seed = 7");
        assertThat(world.run(CsvWorld.FIRST).err()).contains("key 'flagcast.training.seed' stands more than once");
    }

    @Test
    void anExperimentFileWithProblemsNamesThemAll() {
        CsvWorld world = CsvWorld.in(folder);
        world.append("experiments/rollout.yaml", "salt: another", "statsu: active");
        Invocation validate = Invocation.of("validate", "--conf", world.conf().toString());
        assertThat(validate.code()).isEqualTo(78);
        assertThat(validate.err()).contains("rollout.yaml", "salt");
    }

    @Test
    void aWrongCommandLineIsUsage() {
        CsvWorld world = CsvWorld.in(folder);
        assertThat(Invocation.of("runn").code()).isEqualTo(64);
        assertThat(world.run(CsvWorld.FIRST, "--as-off", "x").code()).isEqualTo(64);
        Invocation future = Invocation.of("run", "--conf", world.conf().toString(), "--as-of", "2030-01-01");
        assertThat(future.code()).isEqualTo(64);
        assertThat(future.err()).contains("'2030-01-01' is in the future: it is 2026-06-01T06:00:00Z now");
        Invocation early =
                Invocation.of("sql", "SELECT 1", "--conf", world.conf().toString());
        assertThat(early.code()).isEqualTo(66);
        assertThat(early.err()).contains("lake: there is no lake");
    }
}
