package io.flagcast.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.jobs.commands.Commands;
import io.flagcast.jobs.commands.options.TestSurroundings;
import io.flagcast.jobs.printing.ResultLine;
import io.flagcast.jobs.run.Progress;
import io.flagcast.lake.Interruption;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** Every configuration that users get is one that {@code validate} accepts: the files, and what the pages show. */
class ShippedConfigurationsTest {

    private static final Path HOME = Path.of("..").toAbsolutePath().normalize();

    private static final Pattern BLOCK = Pattern.compile("(?ms)^```(?:hocon|conf)\\n(.*?)^```$");
    private static final Pattern INCLUDED = Pattern.compile("include \"(.*?)\"");

    @TempDir
    private Path folder;

    @Command(name = "flagcast")
    private static final class Root {}

    private String validated(Path conf) {
        Map<String, String> environment = Map.of(
                "HILLSTROM", "hillstrom",
                "LASTFM", "lastfm",
                "USERS", "users",
                "SECRETS", folder.toString(),
                "PSEUDONYM_KEY", "a key that is long enough",
                "LINEAGE_KEY", "a key",
                "CRM_PASSWORD", "x",
                "SLACK_WEBHOOK", "https://hooks.slack.com/services/T0/B0/x");
        Interruption interruption = new Interruption();
        PrintStream out = System.out;
        PrintStream err = System.err;
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        try (PrintStream both = new PrintStream(said, true, StandardCharsets.UTF_8)) {
            System.setOut(both);
            System.setErr(both);
            CommandLine commands =
                    Commands.of(new Root(), TestSurroundings.of(HOME, folder, environment, interruption));
            int code = Main.execute(
                    commands, Progress.on(both), interruption, new ResultLine(), "validate", "--conf", conf.toString());
            return "exit code " + code + "\n" + said.toString(StandardCharsets.UTF_8);
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
    }

    /** Files of the checkout, but of nothing that is built or tested. */
    private static List<Path> files(String ending) throws IOException {
        try (Stream<Path> files = Files.walk(HOME)) {
            return files.filter(file -> file.toString().endsWith(ending))
                    .filter(file -> Stream.of("/target/", "/.git/", "/src/test/", "/src/main/")
                            .noneMatch(("/" + HOME.relativize(file))::contains))
                    .sorted()
                    .toList();
        }
    }

    private static List<Path> configurations() throws IOException {
        return files(".conf");
    }

    private static List<String> blocks() throws IOException {
        return files(".md").stream()
                .flatMap(page -> BLOCK.matcher(text(page)).results())
                .map((MatchResult block) -> block.group(1))
                .toList();
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void thereAreSome() throws IOException {
        assertThat(configurations())
                .contains(HOME.resolve("benchmarks/lastfm.conf"), HOME.resolve("conf/examples/demo.conf"));
        assertThat(blocks()).hasSizeGreaterThan(2);
    }

    @ParameterizedTest
    @MethodSource("configurations")
    void aFileIsValid(Path conf) {
        assertThat(validated(conf)).startsWith("exit code 0\n");
    }

    /** What a block leaves out is said before it, and the files that it names are there. */
    @ParameterizedTest
    @MethodSource("blocks")
    void aBlockOfAPageIsValid(String block) throws IOException {
        Path experiments = Files.createDirectory(folder.resolve("experiments"));
        Files.writeString(experiments.resolve("e.yaml"), """
                experiment_id: e
                feature_id: known
                salt: e
                allocation: {type: percentage, percentage_allocation: 10%}
                """);
        for (MatchResult included : INCLUDED.matcher(block).results().toList()) {
            Files.writeString(folder.resolve(included.group(1)), "");
        }
        Path password = Files.writeString(folder.resolve("db-password"), "x");
        Files.setPosixFilePermissions(password, PosixFilePermissions.fromString("rw-------"));
        Files.writeString(folder.resolve("block.conf"), block);
        Path conf = Files.writeString(folder.resolve("flagcast.conf"), """
                flagcast {
                  experiments = ${flagcast.conf-dir}"/experiments"
                  sources.users { format = csv, path = "users.csv" }
                  features.known { objective = collaborative }
                }
                include "block.conf"
                """);

        assertThat(validated(conf)).startsWith("exit code 0\n");
    }
}
