package io.flagcast.jobs;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.decision.DecideUsers;
import io.flagcast.jobs.run.Rollout;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Session;
import io.flagcast.serving.Allocation;
import io.flagcast.serving.ExposureLog;
import io.flagcast.serving.FlagcastClient;
import io.flagcast.serving.Prediction;
import io.flagcast.settings.ConfiguredExperiments;
import io.flagcast.settings.Settings;
import io.flagcast.settings.SettingsReader;
import io.flagcast.tables.Tables;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;

/** What a service without Spark answers from a lake that a run has published. */
@TestInstance(Lifecycle.PER_CLASS)
class ServingIT {

    private static final Path HOME = Path.of(System.getProperty("flagcast.home"));

    @TempDir
    private static Path folder;

    private CsvWorld world;

    /** Every kind of allocation; exposures come as the client logs them. */
    @BeforeAll
    void run() {
        world = CsvWorld.in(folder);
        world.append("experiments/rollout.yaml", "treatment: {layout: one_page}");
        world.write("experiments/weights.yaml", """
                experiment_id: weights
                feature_id: checkout
                salt: weights-2026
                eligibility: "plan = 'pro'"
                layer: {name: shop, from: 0.2, to: 0.9}
                allocation:
                  type: weighted_random
                  stickiness: none
                  weight_parameters: {curve: logistic, midpoint: 60, steepness: 0.1, floor: 5%, ceiling: 90%}
                metrics:
                  conversion_rate: {kind: proportion, outcome: purchase, within: 1d}
                """.lines().toList());
        world.write("experiments/bandit.yaml", """
                experiment_id: bandit
                feature_id: checkout
                salt: bandit-2026
                segments: {low: [0, 50], high: [50, 100]}
                allocation:
                  type: bandit
                  bandit: {algorithm: thompson, reward: conversion_rate, context: [plan], floor: 5%, max_step: 10pp, min_users: 100}
                metrics:
                  conversion_rate: {kind: proportion, outcome: purchase, within: 1d}
                """.lines().toList());
        List<String> exposures = new ArrayList<>();
        for (String line : world.read("exposures.csv").subList(1, 1201)) {
            String[] values = line.split(",", -1);
            exposures.add(
                    "{\"experiment_id\": \"%s\", \"user_id\": \"%s\", \"enabled\": %s, \"exposed_at\": \"%s\", \"propensity\": %s}"
                            .formatted((Object[]) values));
        }
        world.write("exposures/pilot.jsonl", exposures);
        List<String> conf = new ArrayList<>(world.read("flagcast.conf"));
        conf.replaceAll(line -> line.contains("exposures {")
                ? "exposures { format = json, path = ${flagcast.conf-dir}\"/exposures\" }"
                : line);
        world.write("flagcast.conf", conf);
        Invocation run = world.run(CsvWorld.FIRST);
        assertThat(run.code()).as(run.err()).isZero();
    }

    private FlagcastClient client(String name) throws IOException {
        return FlagcastClient.of(folder.resolve("lake").toString())
                .snapshots(folder.resolve(name))
                .start();
    }

    @Test
    void everyAnswerIsThatOfTheTables() throws IOException {
        try (FlagcastClient client = client("agreement");
                Session session = Session.open(Path.of("target"))) {
            Lake lake = new Lake(session.spark(), folder.resolve("lake").toString());
            List<Row> allocations = lake.published(Tables.ALLOCATIONS, Optional.of(lake.requireLive()))
                    .collectAsList();
            assertThat(allocations).hasSize(3 * 1200);
            allocations.forEach(row -> requireSame(row, client));
            List<Row> scores = lake.published(Tables.RESPONSIVENESS_SCORES, Optional.of(lake.requireLive()))
                    .collectAsList();
            assertThat(scores).hasSize(1200);
            scores.forEach(row -> requirePredicted(row, client));
        }
    }

    /** Every field of a row of allocations. Assertions only where one fails: a million of them take minutes. */
    static void requireSame(Row row, FlagcastClient client) {
        String user = row.getAs("user_id");
        String experiment = row.getAs("experiment_id");
        Allocation allocation = client.allocation(user, experiment);
        Map<String, Object> answered = new HashMap<>();
        answered.put("enabled", allocation.enabled());
        answered.put("reason", allocation.reason());
        answered.put(
                "score", allocation.score().isPresent() ? allocation.score().getAsDouble() : null);
        answered.put("segment", allocation.segment().orElse(null));
        answered.put("tier", allocation.tier().isPresent() ? allocation.tier().getAsInt() : null);
        answered.put("bucket", allocation.bucket());
        answered.put("base_probability", allocation.baseProbability());
        answered.put("share", allocation.share());
        answered.put("propensity", allocation.propensity());
        answered.put("parameters_version", allocation.parametersVersion());
        answered.put("model_id", allocation.modelId().orElse(null));
        answered.forEach((column, value) -> {
            if (!Objects.equals(value, row.getAs(column))) {
                assertThat(value).as("%s of %s", column, row).isEqualTo(row.<Object>getAs(column));
            }
        });
        if (client.allocateFeature(user, experiment) != allocation.enabled()) {
            throw new AssertionError("allocateFeature says another thing than " + allocation);
        }
    }

    /** Score to 0.01, uplift to 0.001, and the rest of a row of responsiveness_scores. */
    static void requirePredicted(Row row, FlagcastClient client) {
        Prediction prediction = client.predictResponsiveness(row.getAs("user_id"), row.getAs("feature_id"));
        Double uplift = row.getAs("uplift");
        boolean same = Math.abs(prediction.score().getAsDouble() - row.<Double>getAs("score")) <= 0.01
                && prediction.uplift().isPresent() == (uplift != null)
                && (uplift == null || Math.abs(prediction.uplift().getAsDouble() - uplift) <= 0.001)
                && prediction.noBenefit() == row.<Boolean>getAs("no_benefit")
                && prediction
                        .source()
                        .orElseThrow()
                        .name()
                        .toLowerCase(Locale.ROOT)
                        .equals(row.getAs("source"));
        assertThat(same).as("%s is not %s", prediction, row).isTrue();
    }

    @Test
    void aStrangerIsDecidedAsSparkDecides() throws IOException {
        Settings settings = SettingsReader.read(Optional.of(world.conf()), List.of(), Map.of());
        List<Experiment> experiments = ConfiguredExperiments.read(settings);
        try (FlagcastClient client = client("strangers");
                Session session = Session.open(Path.of("target"))) {
            Lake lake = new Lake(session.spark(), folder.resolve("lake").toString());
            Dataset<Row> profiles = lake.published(Tables.USER_PROFILES, Optional.of(lake.requireLive()));
            Dataset<Row> strangers = session.spark()
                    .createDataset(
                            IntStream.range(0, 2000)
                                    .mapToObj(i -> "stranger-" + i)
                                    .toList(),
                            Encoders.STRING())
                    .toDF("user_id");
            for (String column : List.of("age", "plan")) {
                strangers = strangers.withColumn(
                        column,
                        functions.lit(null).cast(profiles.schema().apply(column).dataType()));
            }
            List<Row> decided = DecideUsers.decide(
                            strangers,
                            lake.published(Tables.RESPONSIVENESS_SCORES, Optional.of(lake.requireLive())),
                            lake.published(Tables.ENROLMENTS, Optional.of(lake.requireLive())),
                            Rollout.of(experiments, Map.of(), settings.lake(), CsvWorld.FIRST),
                            settings.lake().holdoutSalt())
                    .collectAsList();
            assertThat(decided).hasSize(3 * 2000);
            decided.forEach(row -> requireSame(row, client));
        }
    }

    /**
     * The example of the documentation in a process of its own, with nothing else on its class path than the build lays out for services.
     *
     * @param root address at which it answers
     */
    private record Service(Process process, String root) implements AutoCloseable {

        static Service of(String name, List<String> classPath, String lake, String exposures) throws IOException {
            List<String> jars = new ArrayList<>(List.of("serving/target/flagcast-serving-0.1.0.jar"));
            jars.addAll(classPath);
            Process process = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-Dlocal=" + folder.resolve(name),
                            "-cp",
                            jars.stream()
                                    .map(jar -> jar.startsWith("/") ? jar : HOME + "/" + jar)
                                    .collect(joining(":")),
                            HOME.resolve("docs/examples/CheckoutService.java").toString(),
                            lake,
                            exposures,
                            "0")
                    .redirectErrorStream(true)
                    .start();
            List<String> said = new ArrayList<>();
            BufferedReader out = process.inputReader();
            String line = out.readLine();
            while (line != null && !line.startsWith("listening on ")) {
                said.add(line);
                line = out.readLine();
            }
            assertThat(line).as(String.join("\n", said)).isNotNull();
            return new Service(process, "http://127.0.0.1:" + line.substring("listening on ".length()));
        }

        @Override
        public void close() {
            process.destroy();
            process.onExit().join();
        }
    }

    @Test
    void aServiceLogsExposuresThatTheNextRunCounts() throws Exception {
        Path exposures = folder.resolve("exposures");
        try (Service service = Service.of(
                        "service",
                        List.of("serving/target/lib/*"),
                        folder.resolve("lake").toString(),
                        exposures.toString());
                FlagcastClient client = client("beside")) {
            String root = service.root();
            for (int i = 0; i < 40; i++) {
                HttpResponse<String> page = get(root + "/checkout?user=u" + i);
                assertThat(page.statusCode()).isEqualTo(200);
                Allocation allocation = client.allocation("u" + i, "rollout");
                assertThat(page.body())
                        .startsWith(allocation.enabled() ? "one_page checkout" : "old checkout")
                        .contains(allocation.reason());
            }
            assertThat(get(root + "/health").statusCode()).isEqualTo(200);
            assertThat(get(root + "/checkout").statusCode()).isEqualTo(400);
        }
        List<Path> files = logged(exposures);
        assertThat(files).isNotEmpty();
        // What arrives twice counts once.
        for (Path file : files) {
            Files.copy(file, exposures.resolve("again-" + file.getFileName()));
        }
        requireCounted(40);
    }

    private static HttpResponse<String> get(String uri) throws IOException, InterruptedException {
        return HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(URI.create(uri)).build(), BodyHandlers.ofString());
    }

    private static List<Path> logged(Path exposures) throws IOException {
        try (Stream<Path> files = Files.list(exposures)) {
            return files.filter(file -> file.getFileName().toString().startsWith("exposures-"))
                    .toList();
        }
    }

    /** The exposures were made today, and a run of tomorrow knows them by the run that decided. */
    private void requireCounted(int users) {
        Instant tomorrow = Instant.now().plus(Duration.ofDays(1)).truncatedTo(ChronoUnit.DAYS);
        Invocation run =
                Invocation.at(tomorrow, "run", "--conf", world.conf().toString(), "--as-of", tomorrow.toString());
        assertThat(run.code()).as(run.err()).isZero();
        JsonNode counted = Invocation.rows(
                        world.conf(),
                        "SELECT count(*) AS rows, count(DISTINCT user_id) AS users, bool_or(contradictory) AS contradictory"
                                + " FROM first_exposures WHERE experiment_id = 'rollout' AND decided_by = '%s'"
                                        .formatted("20260310T000000Z-g1"))
                .get(0);
        assertThat(counted.get("users").asInt()).isEqualTo(users);
        assertThat(counted.get("rows").asInt()).isEqualTo(users);
        assertThat(counted.get("contradictory").asBoolean()).isFalse();
    }

    @Test
    void aLakeOnS3IsReadAndExposuresGoThere() throws Exception {
        Path store = Files.createDirectories(folder.resolve("s3"));
        Files.createDirectory(store.resolve("bucket"));
        try (S3Server server = S3Server.over(store);
                FlagcastClient local = client("local")) {
            Configuration hadoop = new Configuration();
            server.hadoop().forEach(hadoop::set);
            try (FileSystem bucket = FileSystem.newInstance(URI.create("s3a://bucket"), hadoop)) {
                bucket.copyFromLocalFile(
                        new org.apache.hadoop.fs.Path(folder.resolve("lake").toUri()),
                        new org.apache.hadoop.fs.Path("s3a://bucket/lake"));
            }
            FlagcastClient.Builder builder =
                    FlagcastClient.of("s3a://bucket/lake").snapshots(folder.resolve("from-s3"));
            ExposureLog.Builder log = ExposureLog.to("s3a://bucket/exposures").spool(folder.resolve("to-s3"));
            server.hadoop().forEach((key, value) -> {
                builder.hadoop(key, value);
                log.hadoop(key, value);
            });
            try (FlagcastClient remote = builder.start();
                    ExposureLog exposures = log.start()) {
                for (int i = 0; i < 1200; i++) {
                    String user = "u" + i;
                    assertThat(remote.allocations(user)).isEqualTo(local.allocations(user));
                    assertThat(remote.predictions(user)).isEqualTo(local.predictions(user));
                }
                exposures.shown(remote.allocation("u1", "rollout"));
            }
            List<Path> arrived = logged(store.resolve("bucket").resolve("exposures"));
            assertThat(arrived).hasSize(1);
            assertThat(Files.readString(arrived.get(0))).contains("\"user_id\":\"u1\"");

            Path site = Files.createDirectories(folder.resolve("site"));
            Files.writeString(
                    site.resolve("core-site.xml"),
                    server.hadoop().entrySet().stream()
                            .map(key -> "<property><name>%s</name><value>%s</value></property>"
                                    .formatted(key.getKey(), key.getValue()))
                            .collect(joining("", "<configuration>", "</configuration>")));
            try (Service service = Service.of(
                    "service-s3",
                    List.of("serving/target/lib/*", "serving/target/lib-s3/*", site.toString()),
                    "s3a://bucket/lake",
                    "s3a://bucket/more")) {
                assertThat(get(service.root() + "/checkout?user=u1").body())
                        .contains(local.allocation("u1", "rollout").reason());
            }
        }
    }
}
