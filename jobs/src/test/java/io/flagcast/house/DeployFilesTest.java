package io.flagcast.house;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** The files for schedulers are what their programs read, and say what matters of each. */
class DeployFilesTest {

    private static final Path DEPLOY = Path.of("..", "conf", "deploy");

    /** Five fields of numbers, and a command. */
    private static final Pattern CRON = Pattern.compile("(?:[0-9*,/-]+ ){5}\\S.*");

    private static String text(String name) throws IOException {
        return Files.readString(DEPLOY.resolve(name));
    }

    private static List<String> lines(String name) throws IOException {
        return text(name)
                .lines()
                .filter(line -> !line.isBlank() && !line.startsWith("#"))
                .toList();
    }

    @Test
    void everyFileHasARowOnThePage() throws IOException {
        String page = Files.readString(Path.of("..", "docs", "deploy.md"));
        try (Stream<Path> files = Files.list(DEPLOY)) {
            assertThat(files)
                    .hasSizeGreaterThan(5)
                    .allSatisfy(file -> assertThat(page).contains("(../conf/deploy/" + file.getFileName() + ")"));
        }
    }

    @Test
    void aLineOfTheCrontabIsAVariableOrFiveFieldsAndACommand() throws IOException {
        assertThat(lines("crontab"))
                .allMatch(line ->
                        line.matches("[A-Z_]+=\\S+") || CRON.matcher(line).matches());
        // cron takes a bare per cent sign for the end of the line.
        assertThat(lines("crontab")).noneMatch(line -> line.matches(".*[^\\\\]%.*"));
    }

    @Test
    void theUnitsTryAgainOn75Alone() throws IOException {
        for (String unit : List.of("flagcast.service", "flagcast.timer")) {
            assertThat(lines(unit)).allMatch(line -> line.matches("\\[[A-Z][a-z]+]|[A-Z][A-Za-z]+=.*"));
        }
        assertThat(lines("flagcast.service"))
                .contains("[Unit]", "[Service]", "Type=oneshot", "RestartForceExitStatus=75")
                .noneMatch(line -> line.startsWith("Restart="));
        assertThat(lines("flagcast.timer")).contains("[Timer]", "[Install]", "Persistent=true");
    }

    @Test
    void theApplicationIsYamlThatStartsOneAtATime() throws IOException {
        Map<?, ?> application =
                (Map<?, ?>) new Load(LoadSettings.builder().build()).loadFromString(text("spark-application.yaml"));
        Map<?, ?> spec = (Map<?, ?>) application.get("spec");
        assertThat(spec.get("concurrencyPolicy")).isEqualTo("Forbid");
        Map<?, ?> template = (Map<?, ?>) spec.get("template");
        assertThat(template.get("mainClass")).isEqualTo("io.flagcast.jobs.Main");
    }

    @Test
    void theDagIsPythonWithOneRunAtATime() throws IOException, InterruptedException {
        assertThat(text("flagcast_dag.py"))
                .contains("max_active_runs=1", "data_interval_end", "TRY_AGAIN_LATER = 75", "AirflowFailException");
        assumeTrue(isThere("python3"), "skipped: there is no python3 here to read the DAG");
        Process python = new ProcessBuilder(
                        "python3",
                        "-c",
                        "import ast, sys; ast.parse(open(sys.argv[1]).read())",
                        DEPLOY.resolve("flagcast_dag.py").toString())
                .redirectErrorStream(true)
                .start();
        assertThat(new String(python.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                .isEmpty();
        assertThat(python.waitFor()).isZero();
    }

    private static boolean isThere(String program) {
        return Stream.of(System.getenv("PATH").split(":", -1))
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
    }

    @Test
    void theImageIsMadeOfTheArchive() throws IOException {
        assertThat(lines("Dockerfile")).first().asString().startsWith("FROM ");
        assertThat(lines("Dockerfile")).contains("ENTRYPOINT [\"/opt/flagcast/bin/flagcast\"]");
        assertThat(text("Dockerfile")).contains("flagcast-0.1.0.tar.gz");
    }
}
