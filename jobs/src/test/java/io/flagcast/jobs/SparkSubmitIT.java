package io.flagcast.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The thin jar under the real spark-submit, in processes of its own. */
class SparkSubmitIT {

    @TempDir
    private Path folder;

    private ProcessBuilder submit(String master, CsvWorld world, Instant asOf) {
        return Submission.of(folder, master, "run", "--conf", world.conf().toString(), "--as-of", asOf.toString());
    }

    @Test
    void theThinJarRunsThePipelineOnACluster() throws Exception {
        assertPipelineRuns("local-cluster[2,1,1024]");
    }

    @Test
    @Tag("proof")
    void theThinJarRunsThePipelineInOneProcess() throws Exception {
        assertPipelineRuns("local[2]");
    }

    private void assertPipelineRuns(String master) throws Exception {
        CsvWorld world = CsvWorld.in(folder.resolve("world"));
        Path said = folder.resolve("stderr");

        Process process = submit(master, world, CsvWorld.FIRST)
                .redirectError(said.toFile())
                .start();
        assertThat(process.waitFor(5, TimeUnit.MINUTES)).isTrue();

        assertThat(process.exitValue()).as(Files.readString(said)).isZero();
        assertThat(Files.readString(said)).contains("published 1: 1,200 scores, 1,200 allocations");
        JsonNode scores = Invocation.rows(
                        world.conf(),
                        "SELECT count(*) AS n, min(score) AS low, max(score) AS high FROM responsiveness_scores")
                .get(0);
        assertThat(scores.get("n").asLong()).isEqualTo(1200);
        assertThat(scores.get("high").asDouble() - scores.get("low").asDouble()).isGreaterThan(90);
    }

    /** In every verification too, later in a run: GovernConcurrencyIT kills between decision and publication. */
    @Test
    @Tag("proof")
    void aKilledRunLeavesThePublicationLiveAndTheNextOneGoesOn() throws Exception {
        CsvWorld world = CsvWorld.published(folder.resolve("world"));
        List<JsonNode> before = Invocation.rows(world.conf(), "SELECT * FROM allocations ORDER BY user_id");

        Process process = submit("local[2]", world, CsvWorld.SECOND).start();
        try (BufferedReader said = process.errorReader(StandardCharsets.UTF_8)) {
            String line = said.readLine();
            while (line != null && !line.contains("[4/6] allocate")) {
                line = said.readLine();
            }
            assertThat(line).as("the run reached allocate").isNotNull();
            process.destroyForcibly().waitFor();
        }

        assertThat(Invocation.rows(world.conf(), "SELECT * FROM allocations ORDER BY user_id"))
                .isEqualTo(before);
        Invocation next = world.run(CsvWorld.SECOND);
        assertThat(next.code()).as(next.err()).isZero();
        assertThat(next.err()).contains("run 20260311T000000Z-g1", "published 2");
    }
}
