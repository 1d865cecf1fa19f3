package io.flagcast.delivery;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import io.flagcast.delivery.Lineage.DataSet;
import io.flagcast.delivery.Lineage.End;
import io.flagcast.delivery.Lineage.Job;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LineageTest {

    private static final Clock CLOCK = Clock.fixed(Instant.parse("2026-03-10T06:00:00Z"), ZoneOffset.UTC);
    private static final Job JOB = new Job("run", "s3a://bucket/lake", "20260310T000000Z-g1");
    private static final List<DataSet> READ =
            List.of(new DataSet("s3a://bucket/events", Optional.empty(), Optional.of("7"), Optional.empty()));

    @TempDir
    private Path folder;

    private final List<String> said = new ArrayList<>();

    private Lineage lineage(Optional<Path> file, Optional<URI> url, Optional<String> key) {
        return new Lineage(new LineageSettings(file, url, key, "flagcast"), CLOCK, said::add);
    }

    private static JsonNode json(String text) {
        try {
            return new ObjectMapper().readTree(text);
        } catch (IOException e) {
            throw new AssertionError(text, e);
        }
    }

    @Test
    void aFileHasAnEventALineOfOneRunWithItsDataSets() throws IOException {
        Path file = folder.resolve("lineage.jsonl");
        Lineage lineage = lineage(Optional.of(file), Optional.empty(), Optional.empty());
        lineage.begun(JOB, READ);
        lineage.ended(
                End.COMPLETE,
                JOB,
                READ,
                List.of(new DataSet(
                        "s3a://bucket/lake/allocations",
                        Optional.empty(),
                        Optional.of(JOB.runId()),
                        Optional.of(1200L))),
                Optional.empty());
        lineage.ended(End.FAIL, JOB, READ, List.of(), Optional.of("jdbc:x://ada:hunter2@db is down"));

        List<JsonNode> events =
                Files.readAllLines(file).stream().map(LineageTest::json).toList();
        assertThat(events)
                .extracting(event -> event.get("eventType").asText())
                .containsExactly("START", "COMPLETE", "FAIL");
        assertThat(events)
                .extracting(event -> event.at("/run/runId").asText())
                .as("of one run")
                .containsOnly(events.get(0).at("/run/runId").asText());
        JsonNode complete = events.get(1);
        assertThat(complete.get("eventTime").asText()).startsWith("2026-03-10T06:00:00");
        assertThat(complete.at("/inputs/0/namespace").asText()).isEqualTo("s3://bucket");
        assertThat(complete.at("/inputs/0/name").asText()).isEqualTo("events");
        assertThat(complete.at("/inputs/0/facets/version/datasetVersion").asText())
                .isEqualTo("7");
        assertThat(complete.at("/outputs/0/facets/version/datasetVersion").asText())
                .isEqualTo(JOB.runId());
        assertThat(complete.at("/outputs/0/outputFacets/outputStatistics/rowCount")
                        .asLong())
                .isEqualTo(1200);
        assertThat(complete.at("/run/facets/flagcast/runId").asText()).isEqualTo(JOB.runId());
        assertThat(events.get(2).at("/run/facets/errorMessage/message").asText())
                .isEqualTo("jdbc:x://…@db is down");
        assertThat(said).isEmpty();
    }

    @Test
    void aServerIsToldWithItsKey() throws IOException {
        List<String> posted = new CopyOnWriteArrayList<>();
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/api/v1/lineage", exchange -> {
            posted.add(exchange.getRequestHeaders().getFirst("Authorization") + " "
                    + json(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8))
                            .get("eventType")
                            .asText());
            exchange.sendResponseHeaders(201, -1);
            exchange.close();
        });
        server.start();
        try {
            URI url = URI.create("http://127.0.0.1:" + server.getAddress().getPort());
            lineage(Optional.empty(), Optional.of(url), Optional.of("k1")).begun(JOB, READ);
        } finally {
            server.stop(0);
        }
        assertThat(said).isEmpty();
        assertThat(posted).containsExactly("Bearer k1 START");
    }

    @Test
    void whatIsNotDeliveredIsSaidAndFailsNothing() {
        lineage(Optional.empty(), Optional.of(URI.create("http://127.0.0.1:9")), Optional.empty())
                .begun(JOB, READ);
        assertThat(said).singleElement().asString().startsWith("note: lineage: START of run " + JOB.runId());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            s3a://bucket/a/b          |           | s3://bucket        | a/b
            s3a://bucket/day=*/{a,b}  |           | s3://bucket        | day=*/{a,b}
            file:/data/users.csv      |           | file               | /data/users.csv
            /data/{2026,2027}/*.csv   |           | file               | /data/{2026,2027}/*.csv
            jdbc:postgresql://db/shop | customers | postgres://db:5432 | shop.customers
            """)
    void dataSetsAreNamedAsOpenLineageDoes(String address, String table, String namespace, String name)
            throws IOException {
        JsonNode input = named(address, Optional.ofNullable(table));
        assertThat(input.get("namespace").asText() + " " + input.get("name").asText())
                .isEqualTo(namespace + " " + name);
    }

    @Test
    void aRelativePathIsNamedByWhereItIs() throws IOException {
        assertThat(named("data/users.csv", Optional.empty()).get("name").asText())
                .isEqualTo(Path.of("data/users.csv").toAbsolutePath().toString());
    }

    private JsonNode named(String address, Optional<String> table) throws IOException {
        Path file = folder.resolve("names.jsonl");
        lineage(Optional.of(file), Optional.empty(), Optional.empty())
                .begun(JOB, List.of(new DataSet(address, table, Optional.empty(), Optional.empty())));
        assertThat(said).isEmpty();
        return json(Files.readString(file)).at("/inputs/0");
    }

    /** As the thin jar on a cluster is, to which nobody gave the client. */
    @Test
    void withoutTheClientARunIsToldOfOnlyWhereNobodyAsks() throws Exception {
        Path file = folder.resolve("lineage.jsonl");
        assertThat(withoutClient()).isEqualTo("done");
        assertThat(withoutClient(file.toString()))
                .contains("flagcast.lineage needs the client of OpenLineage: add --packages io.openlineage");
    }

    private static String withoutClient(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                "-cp",
                Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
                        .filter(jar -> !jar.contains("openlineage"))
                        .collect(joining(File.pathSeparator)),
                WithoutClient.class.getName()));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        return out.strip();
    }

    /** Tells a file of a run, where one is named. */
    static final class WithoutClient {

        private WithoutClient() {}

        public static void main(String[] file) {
            Lineage lineage = new Lineage(
                    new LineageSettings(
                            Stream.of(file).map(Path::of).findFirst(), Optional.empty(), Optional.empty(), "flagcast"),
                    CLOCK,
                    System.out::println);
            lineage.begun(JOB, READ);
            lineage.ended(End.COMPLETE, JOB, READ, List.of(), Optional.empty());
            System.out.println("done");
        }
    }
}
