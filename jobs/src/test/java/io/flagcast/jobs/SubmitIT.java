package io.flagcast.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** The thin jar under the real spark-submit on a real cluster, as a data engineer would submit it. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class SubmitIT {

    private static final String KEY = "a key of more than sixteen characters";

    @TempDir
    private static Path folder;

    private static CsvWorld world;
    /** The same, run in this process. */
    private static CsvWorld here;

    private static StandaloneCluster cluster;

    /**
     * What came of a submission.
     *
     * @param code exit code of spark-submit
     */
    private record Submitted(int code, String out, String err) {

        JsonNode result() throws IOException {
            return lastLine(out);
        }
    }

    private static JsonNode lastLine(String out) throws IOException {
        List<String> lines = out.lines().toList();
        return new ObjectMapper().readTree(lines.get(lines.size() - 1));
    }

    @BeforeAll
    static void start() throws IOException, InterruptedException {
        world = SameTablesIT.world(folder.resolve("world"));
        world.append(
                "flagcast.conf",
                "flagcast.users.pseudonym-key = ${?PSEUDONYM_KEY}",
                "flagcast.lineage.file = ${flagcast.conf-dir}\"/lineage.jsonl\"",
                "flagcast.alerts.receivers.metrics { type = textfile, path = ${flagcast.conf-dir}\"/flagcast.prom\" }");
        here = world.copy(Files.createDirectories(folder.resolve("here")));
        System.setProperty("flagcast.users.pseudonym-key", KEY);
        try {
            Invocation run = here.run(SameTablesIT.AS_OF);
            assertThat(run.code()).as(run.err()).isZero();
        } finally {
            System.clearProperty("flagcast.users.pseudonym-key");
        }
        cluster = StandaloneCluster.in(folder.resolve("cluster"));
    }

    @AfterAll
    static void stop() {
        if (cluster != null) {
            cluster.close();
        }
    }

    private static Submitted submit(Map<String, String> options, Map<String, String> environment, String... arguments)
            throws IOException, InterruptedException {
        Path elsewhere = Files.createTempDirectory(folder, "elsewhere");
        Path out = elsewhere.resolve("out.txt");
        Path err = elsewhere.resolve("err.txt");
        ProcessBuilder submission = Submission.of(elsewhere, cluster.master(), options, arguments)
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        submission.environment().putAll(environment);
        int code = submission.start().waitFor();
        return new Submitted(code, Files.readString(out), Files.readString(err));
    }

    private static Map<String, String> files() {
        return Map.of("files", world.conf().toString());
    }

    private static List<String> users() {
        return Invocation.rows(world.conf(), "SELECT user_id FROM allocations LIMIT 3").stream()
                .map(row -> row.get("user_id").asText())
                .toList();
    }

    @Test
    @Order(1)
    void aRunInClientModeIsPublishedWithConfigurationAndSecretFromWhereItIsSubmitted() throws Exception {
        Map<String, String> options = new HashMap<>(files());
        options.put("spark.sql.shuffle.partitions", "7");
        Submitted run = submit(
                options,
                Map.of("PSEUDONYM_KEY", KEY, "FLAGCAST_LOG", "json", "TZ", "America/New_York"),
                "run",
                "--conf",
                "flagcast.conf",
                "--as-of",
                "2026-03-31",
                "--format",
                "json");

        assertThat(run.code()).as(run.err()).isZero();
        JsonNode result = run.result();
        assertThat(result.get("state").asText()).isEqualTo("published");
        assertThat(result.get("exit_code").asInt()).isZero();
        assertThat(result.get("publication").asLong()).isEqualTo(1);
        assertThat(result.get("rows").get("allocations").asLong()).isEqualTo(1200);
        assertThat(result.get("seconds").size()).isEqualTo(6);
        assertThat(users()).allMatch(user -> user.startsWith("hmac-sha256:"));
        assertThat(SameTablesIT.tables(world))
                .as("in New York, on two workers in seven partitions, as here in one process")
                .isEqualTo(SameTablesIT.tables(here));

        List<JsonNode> events = new ArrayList<>();
        for (String line : world.read("lineage.jsonl")) {
            events.add(new ObjectMapper().readTree(line));
        }
        assertThat(events)
                .extracting(event -> event.get("eventType").asText() + " "
                        + event.at("/job/name").asText())
                .containsExactly("START flagcast.run", "COMPLETE flagcast.run");
        assertThat(events.get(1).findValuesAsText("name"))
                .contains(
                        world.folder().resolve("users.csv").toString(),
                        world.folder().resolve("lake/allocations").toString());
        assertThat(events.get(1).findValuesAsText("datasetVersion")).contains("20260331T000000Z-g1");
        assertThat(world.read("flagcast.prom"))
                .contains(
                        "flagcast_live_rows{table=\"allocations\"} 1200",
                        "flagcast_stage_total{stage=\"govern\",state=\"done\"} 1",
                        "flagcast_stage_rows_total{rows=\"out\",stage=\"score\",state=\"done\"} 1200");

        // What spark-submit says before it hands over is its own.
        List<String> lines =
                run.err().lines().dropWhile(line -> !line.startsWith("{")).toList();
        assertThat(lines).hasSizeBetween(13, 60);
        JsonNode scored = null;
        for (String line : lines) {
            JsonNode said = new ObjectMapper().readTree(line);
            assertThat(said.get("level").asText()).isIn("INFO", "WARN", "ERROR");
            if (said.path("stage").asText().equals("score") && said.has("seconds")) {
                scored = said;
            }
        }
        assertThat(scored.get("run_id").asText()).isEqualTo("20260331T000000Z-g1");
        assertThat(scored.get("as_of").asText()).isEqualTo("2026-03-31T00:00:00Z");
        assertThat(scored.get("rows_out").asLong()).isEqualTo(1200);
    }

    @Test
    @Order(2)
    void aSecondSubmissionHasNothingToDo() throws Exception {
        Submitted again = submit(
                files(),
                Map.of("PSEUDONYM_KEY", KEY),
                "run",
                "--config",
                "flagcast.conf",
                "--as-of",
                "2026-03-31",
                "--format",
                "json");

        assertThat(again.code()).as(again.err()).isZero();
        assertThat(again.result().get("state").asText()).isEqualTo("nothing_to_do");
        assertThat(again.result().get("publication").asLong()).isEqualTo(1);
        assertThat(again.err()).contains("is published already").doesNotContain(" INFO ");
    }

    @Test
    @Order(3)
    void aRunInClusterModeHasItsConfigurationFromFilesAndItsSecretFromAProperty() throws Exception {
        Map<String, String> options = new HashMap<>(files());
        options.put("deploy-mode", "cluster");
        options.put("spark.driver.extraJavaOptions", "\"-Dflagcast.users.pseudonym-key=" + KEY + "\"");
        Submitted run = submit(
                options, Map.of(), "run", "--conf", "flagcast.conf", "--as-of", "2026-04-01", "--format", "json");

        assertThat(run.code()).as(run.err()).isZero();
        String driver = cluster.drivers().get(0);
        String err = cluster.said(driver, "stderr");
        JsonNode result = lastLine(cluster.said(driver, "stdout"));
        assertThat(result.get("state").asText()).as(err).isEqualTo("published");
        assertThat(result.get("publication").asLong()).isEqualTo(2);
        assertThat(result.get("rows").get("allocations").asLong()).isEqualTo(1200);
        assertThat(err.substring(err.indexOf("run 20260401T000000Z-g1")))
                .as("below what Spark says before it hands over: the command, and that it found its worker")
                .contains("published 2")
                .doesNotContain(KEY)
                .doesNotContain(" INFO ");
    }

    @Test
    @Order(4)
    void inClusterModeSparkSubmitEndsWellWhateverTheDriverDoes() throws Exception {
        Submitted run = submit(
                Map.of("deploy-mode", "cluster"),
                Map.of(),
                "run",
                "--conf",
                "flagcast.conf",
                "--as-of",
                "2026-04-02",
                "--format",
                "json");

        assertThat(run.code()).as(run.err()).isZero();
        String driver = cluster.drivers().get(1);
        assertThat(cluster.said(driver, "stderr"))
                .contains("--conf flagcast.conf: there is no such file in ", "name it in its --files");
        assertThat(lastLine(cluster.said(driver, "stdout")).get("exit_code").asInt())
                .isEqualTo(78);

        String[] look = {"status", "--max-age", "26h", "--conf", world.conf().toString()};
        assertThat(Invocation.at(Instant.parse("2026-04-02T01:00:00Z"), look).code())
                .isZero();
        assertThat(Invocation.at(Instant.parse("2026-04-02T03:00:00Z"), look).code())
                .isEqualTo(1);
    }

    @Test
    @Order(5)
    void configurationExperimentsAndInputsMayLieTogetherInAStore() throws Exception {
        CsvWorld stored =
                world.copy(Files.createDirectories(folder.resolve("store")).resolve("bucket"));
        stored.write(
                "flagcast.conf",
                List.of("include \"more/inputs\"", "flagcast.users.pseudonym-key = ${?PSEUDONYM_KEY}"));
        stored.write("more/inputs.conf", world.read("flagcast.conf"));
        try (S3Server server = S3Server.over(folder.resolve("store"))) {
            server.hadoop().forEach((key, value) -> System.setProperty("spark.hadoop." + key, value));
            // Files that were not written through the server have no ETag there.
            System.setProperty("spark.hadoop.fs.s3a.change.detection.version.required", "false");
            Invocation valid = Invocation.of("validate", "--conf", "s3a://bucket/flagcast.conf");
            assertThat(valid.code()).as(valid.err()).isZero();
            Invocation shown = Invocation.of("config", "show", "--changed", "--conf", "s3a://bucket/flagcast.conf");
            assertThat(shown.out()).contains("s3a://bucket/experiments", "s3a://bucket/more/inputs.conf: 3");

            stored.write("experiments/rollout.yaml", List.of("experiment_id: rollout", "salts: x"));
            Invocation wrong = Invocation.of("validate", "--conf", "s3a://bucket/flagcast.conf");
            assertThat(wrong.code()).isEqualTo(78);
            assertThat(wrong.err()).contains("rollout.yaml:2", "salts");
            Invocation absent = Invocation.of("validate", "--conf", "s3a://bucket/flagcst.conf");
            assertThat(absent.code()).isEqualTo(78);
            assertThat(absent.err()).contains("--conf s3a://bucket/flagcst.conf: there is no such file");
        } finally {
            System.getProperties().keySet().removeIf(key -> key.toString().startsWith("spark.hadoop.fs.s3a."));
        }
    }

    @Test
    @Order(6)
    @Tag("proof")
    void aRunInClusterModeHasItsConfigurationFromAStoreAndItsSecretFromAFile() throws Exception {
        CsvWorld stored = world.copy(
                Files.createDirectories(folder.resolve("cluster-store")).resolve("bucket"));
        Path secret = Files.writeString(folder.resolve("pseudonym.key"), KEY + "\n");
        stored.write("more/inputs.conf", world.read("flagcast.conf"));
        stored.write(
                "flagcast.conf",
                List.of(
                        "include \"more/inputs\"",
                        "flagcast.lake.root = \"%s\"".formatted(world.folder().resolve("lake")),
                        "flagcast.users.pseudonym-key { secret-file = \"%s\" }".formatted(secret)));
        try (S3Server server = S3Server.over(folder.resolve("cluster-store"))) {
            Map<String, String> options = new HashMap<>(Map.of("deploy-mode", "cluster"));
            server.hadoop().forEach((key, value) -> options.put("spark.hadoop." + key, value));
            options.put("spark.hadoop.fs.s3a.change.detection.version.required", "false");
            Submitted run = submit(
                    options,
                    Map.of(),
                    "run",
                    "--conf",
                    "s3a://bucket/flagcast.conf",
                    "--as-of",
                    "2026-04-02",
                    "--format",
                    "json");

            assertThat(run.code()).as(run.err()).isZero();
            String driver = cluster.drivers().get(2);
            String err = cluster.said(driver, "stderr");
            JsonNode result = lastLine(cluster.said(driver, "stdout"));
            assertThat(result.get("state").asText()).as(err).isEqualTo("published");
            assertThat(result.get("publication").asLong()).isEqualTo(3);
            assertThat(users()).allMatch(user -> user.startsWith("hmac-sha256:"));
            assertThat(err).doesNotContain(KEY);
        }
    }
}
