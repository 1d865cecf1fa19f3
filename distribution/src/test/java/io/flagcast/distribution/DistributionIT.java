package io.flagcast.distribution;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The archive, unpacked where there is neither a checkout nor Maven. */
final class DistributionIT {

    private static final Path CHECKOUT = Path.of(System.getProperty("flagcast.home"));
    private static final Path ARCHIVE = Path.of(System.getProperty("flagcast.archive"));
    private static final String VERSION = System.getProperty("flagcast.version");

    @TempDir
    private static Path folder;

    /** All programs that there are: a shell, Java, and what Hadoop asks of the system. */
    private static Path programs;

    private static Path installation;

    @BeforeAll
    static void unpack() throws IOException, InterruptedException {
        Process tar = new ProcessBuilder("tar", "xzf", ARCHIVE.toString(), "-C", folder.toString())
                .inheritIO()
                .start();
        assertThat(tar.waitFor()).isZero();
        installation = folder.resolve("flagcast-" + VERSION);
        programs = Files.createDirectory(folder.resolve("programs"));
        program("java", Path.of(System.getProperty("java.home"), "bin/java"));
        for (String name : List.of("bash", "dirname", "readlink", "chmod", "ls", "id", "uname")) {
            program(
                    name,
                    Stream.of(System.getenv("PATH").split(":", -1))
                            .map(place -> Path.of(place, name))
                            .filter(Files::isExecutable)
                            .findFirst()
                            .orElseThrow());
        }
    }

    private static void program(String name, Path real) throws IOException {
        Path program = Files.writeString(programs.resolve(name), "#!/bin/sh\nexec '%s' \"$@\"\n".formatted(real));
        assertThat(program.toFile().setExecutable(true)).isTrue();
    }

    @Test
    void theLauncherIsThatOfTheCheckout() {
        assertThat(installation.resolve("bin/flagcast"))
                .isExecutable()
                .hasSameBinaryContentAs(CHECKOUT.resolve("flagcast"));
    }

    @Test
    void theJarsAreThoseOfTheCheckoutAndEachHasALicenceAndIsInTheBillOfMaterials() throws IOException {
        List<String> jars = names(installation.resolve("lib"));

        List<String> expected = new ArrayList<>(names(CHECKOUT.resolve("target/lib")));
        expected.add("flagcast.jar");
        assertThat(jars).containsExactlyInAnyOrderElementsOf(expected);

        List<String> listed = new ArrayList<>();
        for (String row : Files.readAllLines(installation.resolve("licenses/README.md"))) {
            // | group:artifact | version | licence | terms |
            String[] cells = row.split("\\|", -1);
            if (cells.length == 6 && cells[1].contains(":")) {
                assertThat(cells[3]).as("licence of %s", cells[1]).isNotBlank().doesNotContain("Unknown");
                assertThat(cells[4]).as("terms of %s", cells[1]).isNotBlank();
                listed.add(cells[1].substring(cells[1].indexOf(':') + 1).strip() + "-" + cells[2].strip());
            }
        }
        List<String> components = Pattern.compile("pkg:maven/[^/]+/([^@]+)@([^?\"]+)")
                .matcher(Files.readString(installation.resolve("licenses/sbom.json")))
                .results()
                .map(component -> component.group(1) + "-" + component.group(2))
                .toList();
        assertThat(jars).filteredOn(jar -> !jar.equals("flagcast.jar")).allSatisfy(jar -> {
            assertThat(listed).anyMatch(jar::startsWith);
            assertThat(components).anyMatch(jar::startsWith);
        });
    }

    @Test
    void docsConfigurationAndLicencesAreThere() {
        for (String file : List.of(
                "README.md",
                "LICENSE",
                "NOTICE",
                "docs/serving.md",
                "conf/examples/demo.conf",
                "conf/schema/experiment.schema.json",
                "licenses/MIT.txt",
                "licenses/scala-library-2.13.17/NOTICE")) {
            assertThat(installation.resolve(file)).isNotEmptyFile();
        }
    }

    @Test
    void aLinkToTheLauncherStartsIt() throws Exception {
        Path link = Files.createSymbolicLink(folder.resolve("link"), installation.resolve("bin/flagcast"));

        assertThat(run(Files.createDirectory(folder.resolve("empty")), link.toString(), "--version"))
                .isEqualTo("flagcast " + VERSION);
    }

    @Test
    void aCommandWritesBelowTheWorkingDirectoryAndLeavesTheInstallationAlone() throws Exception {
        Path elsewhere = Files.createDirectory(folder.resolve("else where ü"));
        List<String> before = tree(installation);

        run(
                elsewhere,
                installation.resolve("bin/flagcast").toString(),
                "simulate",
                "--conf",
                installation.resolve("conf/examples/demo.conf").toString(),
                "--set",
                "flagcast.simulation.users=1000");

        assertThat(elsewhere.resolve("target/demo/world/users")).isNotEmptyDirectory();
        assertThat(tree(installation)).isEqualTo(before);
    }

    @Test
    @Tag("proof")
    void theDemoRunsInAnyFolder() throws Exception {
        Path elsewhere = Files.createDirectory(folder.resolve("demo"));

        String out = run(
                elsewhere,
                installation.resolve("bin/flagcast").toString(),
                "demo",
                "--set",
                "flagcast.simulation.users=1000",
                "--set",
                "flagcast.simulation.days=1");

        assertThat(out).contains("2 publications");
        assertThat(elsewhere.resolve("target/demo/report.html")).isNotEmptyFile();
    }

    private static String run(Path where, String... command) throws IOException, InterruptedException {
        Path log = folder.resolve("log");
        ProcessBuilder builder =
                new ProcessBuilder(command).directory(where.toFile()).redirectError(log.toFile());
        builder.environment().clear();
        builder.environment().put("PATH", programs.toString());
        Process process = builder.start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        assertThat(process.waitFor()).as(Files.readString(log)).isZero();
        return out;
    }

    private static List<String> names(Path place) throws IOException {
        try (Stream<Path> files = Files.list(place)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private static List<String> tree(Path place) throws IOException {
        try (Stream<Path> files = Files.walk(place)) {
            return files.map(Path::toString).sorted().toList();
        }
    }
}
