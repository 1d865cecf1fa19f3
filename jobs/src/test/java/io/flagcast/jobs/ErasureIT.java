package io.flagcast.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.flagcast.serving.FlagcastClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A user who is erased is in no byte of the lake, and a lake that is tended is what it was. */
class ErasureIT {

    private static final String CANARY = "canary-7f3a9d5e";

    @TempDir
    private Path folder;

    /** Files below a folder in which the id stands, in plain or in a page of Parquet that is not compressed. */
    static List<Path> holding(Path folder, String text) {
        try (Stream<Path> files = Files.walk(folder)) {
            List<Path> found = new ArrayList<>();
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                if (new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1).contains(text)) {
                    found.add(file);
                }
            }
            return found;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private List<Path> holding(String text) {
        return holding(folder.resolve("lake"), text);
    }

    private String table(Path file) {
        return folder.resolve("lake").relativize(file).getName(0).toString();
    }

    private static Invocation features(CsvWorld world) {
        return world.command(
                "features", "--as-of", CsvWorld.SECOND.plusSeconds(86_400).toString());
    }

    @Test
    void aUserIsErasedAndTheLakeGoesOn() throws IOException {
        CsvWorld world = CsvWorld.published(folder);
        world.append("users.csv", CANARY + ",40,pro,f");
        world.append("exposures.csv", "rollout," + CANARY + ",true,2026-03-02T10:00:00Z,0.5");
        world.append("exposures.csv", "rollout," + CANARY + ",true,2026-03-02T10:00:00Z,7");
        world.append("outcomes.csv", CANARY + ",purchase,9,2026-03-02T12:00:00Z");
        Invocation run = world.run(CsvWorld.SECOND);
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.err()).contains("1 rows quarantined").doesNotContain(CANARY);
        // A run that has not come to its end has the user, too.
        assertThat(features(world).code()).isZero();
        Path orphan = Files.writeString(folder.resolve("lake/user_profiles/part-orphan.parquet"), CANARY);
        Path alert = Files.writeString(folder.resolve("lake/alerts/part-of-a-commit-to-come.parquet"), "an alert");
        Path snapshots = folder.resolve("snapshots");
        assertThat(holding(CANARY))
                .as("before")
                .extracting(this::table)
                .contains("user_profiles", "quarantine")
                .isSubsetOf(
                        "user_profiles",
                        "training_examples",
                        "first_exposures",
                        "enrolments",
                        "responsiveness_scores",
                        "allocations",
                        "quarantine");

        Invocation erased = world.command("erase", "--user", CANARY);
        assertThat(erased.code())
                .as("the input files have it still: " + erased.err())
                .isEqualTo(1);
        assertThat(erased.err())
                .contains(
                        "user_profiles: 1 rows",
                        "allocations: 1 rows",
                        "publication 3 is live without the user",
                        "3 input files hold the id still",
                        "/users.csv",
                        "/exposures.csv",
                        "/outcomes.csv")
                .doesNotContain(CANARY);
        assertThat(holding(CANARY)).isEmpty();
        assertThat(orphan).doesNotExist();
        assertThat(alert).as("metrics between runs may be writing it").exists();
        JsonNode proof = Invocation.rows(world.conf(), "SELECT * FROM erasures").get(0);
        assertThat(proof.get("publish_seq").asLong()).isEqualTo(3);
        assertThat(proof.get("input_files").asLong()).isEqualTo(3);
        assertThat(Invocation.rows(world.conf(), "SELECT count(*) AS n FROM allocations")
                        .get(0)
                        .get("n")
                        .asLong())
                .isEqualTo(1200);
        try (FlagcastClient client = FlagcastClient.of(folder.resolve("lake").toString())
                .snapshots(snapshots)
                .start()) {
            assertThat(client.status().publication()).isEqualTo(3);
        }

        for (String file : List.of("users.csv", "exposures.csv", "outcomes.csv")) {
            world.write(
                    file,
                    world.read(file).stream()
                            .filter(line -> !line.contains(CANARY))
                            .toList());
        }
        Invocation next = features(world);
        assertThat(next.code()).as(next.err()).isZero();
        assertThat(holding(CANARY)).isEmpty();

        List<JsonNode> before = Invocation.rows(world.conf(), "SELECT * FROM allocations ORDER BY user_id");
        assertThat(world.command("maintain", "--keep", "10m").code()).isEqualTo(64);
        Invocation tended = world.command("maintain", "--format", "json");
        assertThat(tended.code()).as(tended.err()).isZero();
        assertThat(tended.out().lines()).allSatisfy(line -> assertThat(line).startsWith("{"));
        assertThat(erased.out()).isEmpty();
        assertThat(tended.out().lines().filter(line -> line.contains("\"table\":\"runs\"")))
                .singleElement()
                .satisfies(line -> assertThat(line).contains("\"files\":1"));
        assertThat(Invocation.rows(world.conf(), "SELECT * FROM allocations ORDER BY user_id"))
                .isEqualTo(before);
    }
}
