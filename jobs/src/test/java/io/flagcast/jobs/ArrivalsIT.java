package io.flagcast.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.flagcast.serving.FlagcastClient;
import io.flagcast.tables.Pseudonym;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rows come as queues deliver them, and ids as people choose them. */
class ArrivalsIT {

    @TempDir
    private Path folder;

    @Test
    void whatComesThriceInAnyOrderOrLaterThanTheAsOfChangesNothing() {
        CsvWorld clean = CsvWorld.published(folder.resolve("clean"));
        CsvWorld world = CsvWorld.in(folder.resolve("delivered"));
        world.append("exposures.csv", "rollout,u3,false," + CsvWorld.FIRST + ",0.5");
        world.append(
                "outcomes.csv",
                "u5,purchase,900," + CsvWorld.FIRST,
                "u6,purchase,900," + CsvWorld.SECOND,
                "u7,refund,900," + CsvWorld.SECOND);
        for (String file : List.of("users.csv", "exposures.csv", "outcomes.csv")) {
            List<String> lines = world.read(file);
            List<String> rows = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                rows.addAll(lines.subList(1, lines.size()));
            }
            Collections.shuffle(rows, new Random(7));
            rows.add(0, lines.get(0));
            world.write(file, rows);
        }

        Invocation run = world.run(CsvWorld.FIRST);

        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.err())
                .contains("users: 2,400 of 3,600 rows repeat another one and count once", "0 rows quarantined");
        // Models are called by the version of the files that they were trained on.
        assertThat(LiveTables.of(world.folder().resolve("lake").toString(), "model_id"))
                .isEqualTo(LiveTables.of(clean.folder().resolve("lake").toString(), "model_id"));
    }

    @Test
    void anIdOfAnyLettersIsAUserLikeOthersAndOneThatIsTooLongIsToldWhy() throws Exception {
        List<String> ids = List.of(
                "O'Brien",
                "say \"hi\"",
                "a/b",
                "../../x",
                "C:\\temp\\%20",
                "\uD83D\uDE00 é\u0301",
                "__HIVE_DEFAULT_PARTITION__",
                "null",
                "'; DROP TABLE users; --",
                "<script>alert(1)</script>");
        CsvWorld world = CsvWorld.in(folder);
        String longest = "x".repeat(10_240);
        Stream.concat(ids.stream(), Stream.of(longest))
                .map(id -> '"' + id.replace("\"", "\"\"") + '"')
                .forEach(id -> {
                    world.append("users.csv", id + ",50,pro,f");
                    world.append("exposures.csv", "rollout," + id + ",true,2026-03-02T10:00:00Z,0.5");
                });

        Invocation run = world.run(CsvWorld.FIRST);

        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.err()).contains("1,210 profiles", "2 rows quarantined").doesNotContain(longest);
        assertThat(Invocation.rows(world.conf(), "SELECT source_table, reason FROM quarantine ORDER BY 1"))
                .extracting(row -> row.get("source_table").asText() + ": "
                        + row.get("reason").asText())
                .containsExactly(
                        "exposures: user_id has 10240 characters, at most 1,000 are an id",
                        "users: user_id has 10240 characters, at most 1,000 are an id");
        List<JsonNode> rows = Invocation.rows(
                world.conf(), "SELECT user_id, enabled FROM allocations WHERE user_id NOT RLIKE '^u[0-9]+$'");
        assertThat(rows).extracting(row -> row.get("user_id").asText()).containsExactlyInAnyOrderElementsOf(ids);
        try (FlagcastClient client = FlagcastClient.of(folder.resolve("lake").toString())
                .snapshots(folder.resolve("snapshots"))
                .start()) {
            assertThat(rows)
                    .allSatisfy(row -> assertThat(
                                    client.allocateFeature(row.get("user_id").asText(), "rollout"))
                            .isEqualTo(row.get("enabled").asBoolean()));
        }
    }

    @Test
    void withAKeyNoIdIsAnywhere() throws IOException {
        CsvWorld world = CsvWorld.in(folder);
        String key = "canary-key-2b7e151628aed2a6";
        String id = "canary-user-9f3c";
        world.append("users.csv", id + ",50,pro,f");
        world.append("exposures.csv", "rollout," + id + ",true,2026-03-02T10:00:00Z,0.5");
        // Quarantined: with a value that is none, and as a row that cannot be read.
        world.append("outcomes.csv", id + ",purchase,Infinity,2026-03-02T12:00:00Z", id + ",purchase");
        world.append("flagcast.conf", "flagcast.users.pseudonym-key { secret-file = ${flagcast.conf-dir}\"/key\" }");
        world.write("key", List.of(key));
        Files.setPosixFilePermissions(folder.resolve("key"), PosixFilePermissions.fromString("rw-------"));

        Invocation run = world.run(CsvWorld.FIRST);

        assertThat(run.code()).as(run.err()).isZero();
        String pseudonym = new Pseudonym(key).of(id);
        assertThat(Invocation.rows(world.conf(), "SELECT enabled FROM allocations WHERE user_id = '" + pseudonym + "'"))
                .hasSize(1);
        assertThat(Invocation.rows(world.conf(), "SELECT reason FROM quarantine ORDER BY reason"))
                .extracting(row -> row.get("reason").asText())
                .containsExactly("malformed row: (withheld)", "value is Infinity");
        Invocation told = Invocation.of("status", "--conf", world.conf().toString());
        Invocation report = Invocation.of(
                "report",
                "--conf",
                world.conf().toString(),
                "--output",
                folder.resolve("lake/report.html").toString());
        assertThat(report.code()).as(report.err()).isZero();
        Invocation erased = world.command("erase", "--user", pseudonym);
        assertThat(erased.err()).contains("user_profiles: 1 rows", "/users.csv", "/outcomes.csv");
        assertThat(run.err() + told.out() + told.err() + report.err() + erased.err())
                .doesNotContain(id)
                .doesNotContain(key);
        try (Stream<Path> files = Files.walk(folder.resolve("lake"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                assertThat(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1))
                        .as("%s", file)
                        .doesNotContain(id)
                        .doesNotContain(key);
            }
        }
    }
}
