package io.flagcast.settings.hocon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A configuration file and what it includes. */
class ConfigurationFileTest {

    @TempDir
    private Path above;

    private void write(String name, String text) throws IOException {
        Path file = above.resolve("conf").resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    private Config read(Path file) {
        return new Layers(Optional.of(ConfFile.of(file)), List.of(), Variables.of(Map.of("PLACE", "here")))
                .resolved()
                .config();
    }

    private Config read(String text) throws IOException {
        write("flagcast.conf", text);
        return read(above.resolve("conf/flagcast.conf"));
    }

    private void refuses(String text, String... messages) {
        assertThatThrownBy(() -> read(text)).isInstanceOfSatisfying(Refusal.class, refusal -> {
            assertThat(refusal.exitCode()).isEqualTo(ExitCode.CONFIGURATION);
            assertThat(refusal.getMessage()).contains(messages);
        });
    }

    @Test
    void anIncludeIsRelativeToTheFileThatNamesIt() throws IOException {
        write("parts/a.conf", "include \"deeper/b.conf\"\na = ${PLACE}");
        write("parts/deeper/b.conf", "include file(\"../../c\"), b = 1");
        write("c.conf", "c = ${d.e}");
        write("d.json", "{\"e\": 1}");

        Config config = read("include required(\"parts/a.conf\")\nd { include required(file(\"d\")) }");

        assertThat(config.getString("a")).isEqualTo("here");
        assertThat(config.getInt("b")).isEqualTo(1);
        assertThat(config.getInt("c")).isEqualTo(1);
    }

    /** The working directory of a test is its module's. */
    @Test
    void itIsSoWhereTheConfigurationIsNamedRelativelyToo() throws IOException {
        write("a.conf", "a = 1");
        write("flagcast.conf", "include \"a.conf\"");
        Path relative =
                Path.of("").toAbsolutePath().relativize(above.toRealPath().resolve("conf/flagcast.conf"));

        assertThat(relative).isRelative();
        assertThat(read(relative).getInt("a")).isEqualTo(1);
    }

    @Test
    void whatIsIncludedStandsWhereTheStatementDoes() throws IOException {
        write("a.conf", "x = 1, y = 2");

        Config config = read("g { x = 0 }\ng { include \"a.conf\", y = 3 }");

        assertThat(config.getInt("g.x")).isEqualTo(1);
        assertThat(config.getInt("g.y")).isEqualTo(3);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"users.conf\"",
                "file(\"users.conf\")",
                "required(\"users.conf\")",
                "required(file(\"users.conf\"))"
            })
    void anIncludedFileThatIsNotThereIsNamedWithThePlaceAndThePath(String statement) {
        refuses(
                "a = 1\n\ng { include " + statement + " }",
                "flagcast.conf: 3: include ",
                "users.conf\"",
                "there is no file " + above.resolve("conf/users.conf") + ": correct the name, or create it");
    }

    @Test
    void aNameWithoutAnEndingIsLookedForWithEach() {
        refuses("include \"users\"", "conf/users or ", "conf/users.conf or ", "conf/users.json:");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "url(\"http://127.0.0.1:1/x.conf\")",
                "\"http://127.0.0.1:1/x.conf\"",
                "\"file:/etc/hosts\"",
                "required(url(\"file:///etc/hosts\"))",
                "classpath(\"reference.conf\")",
                "required(classpath(\"reference.conf\"))"
            })
    void whatIsNoFileBelowTheFolderIsRefused(String statement) {
        refuses(
                "\ninclude " + statement,
                "flagcast.conf: 2: include ",
                "only files below",
                "write include \"name.conf\"");
    }

    @Test
    void aPackageIsNoFile() {
        refuses("\ninclude package(\"a\", \"b\")", "flagcast.conf: 2: include takes the quoted name of a file");
    }

    @Test
    void filesOutsideOfTheFolderAreRefused() throws IOException {
        Path outside = Files.writeString(above.resolve("outside.conf"), "a = 1");
        write("inside.conf", "a = 2");
        Files.createSymbolicLink(above.resolve("conf/link.conf"), outside);
        Files.createSymbolicLink(above.resolve("conf/folder"), above);

        for (String name : List.of("../outside.conf", outside.toString(), "link.conf", "folder/outside.conf")) {
            refuses("include \"" + name + "\"", "flagcast.conf: 1: include ", outside.toRealPath() + " is outside of");
        }
        assertThat(read("include \"folder/conf/inside.conf\"").getInt("a")).isEqualTo(2);
    }

    /** As Kubernetes mounts configuration. */
    @Test
    void linksWithinTheFolderAreFollowed() throws IOException {
        write("..data/a.conf", "a = 1");
        write("..data/real.conf", "include \"a.conf\"");
        Files.createSymbolicLink(above.resolve("conf/a.conf"), Path.of("..data/a.conf"));
        Path link = Files.createSymbolicLink(above.resolve("conf/flagcast.conf"), Path.of("..data/real.conf"));

        assertThat(read(link).getInt("a")).isEqualTo(1);
    }

    @Test
    void filesThatIncludeOneAnotherAreNamed() throws IOException {
        write("a.conf", "\ninclude \"./b.conf\"");
        write("b.conf", "include \"flagcast.conf\"");

        refuses(
                "include \"a.conf\"",
                "b.conf: 1: include \"flagcast.conf\": the files include one another, ",
                "flagcast.conf → ",
                "conf/a.conf → ",
                "b.conf → flagcast.conf: leave one of the statements out");
        refuses("include \"flagcast.conf\"", "flagcast.conf: 1: include", "the files include one another");
    }

    @Test
    void aFaultInAnIncludedFileNamesThatFile() throws IOException {
        write("a.conf", "\nx = {");
        refuses("g { include \"a.conf\" }", "conf/a.conf: 2: ");

        write("a.conf", "x = 1\ny.x = 1, y { x = 2 }");
        refuses("g { include \"a.conf\" }", "conf/a.conf: 2: key 'g.y.x' stands more than once: keep one");
    }

    @Test
    void theIncludingFileMaySayAnotherValue() throws IOException {
        write("a.conf", "x = 1");

        assertThat(read("include \"a.conf\"\nx = 2").getInt("x")).isEqualTo(2);
    }

    @Test
    void whatIsNoTextIsRefused() throws IOException {
        write("a.properties", "a = 1");
        refuses("include \"a.properties\"", "a.properties: properties are not read: write HOCON or JSON");

        Files.write(above.resolve("conf/a.conf"), "a = \"é\"".getBytes(StandardCharsets.ISO_8859_1));
        refuses("include \"a.conf\"", "a.conf: it is not UTF-8 text: save it as UTF-8");
        refuses("include \"a\\u0000b\"", "flagcast.conf: 1: include ", "it is no path");
        refuses("include \".\"", "there is no file");
    }

    @Test
    void onlyAFileIncludes() {
        assertThatThrownBy(() ->
                        new Layers(Optional.empty(), List.of("a=1, include \"x\""), Variables.of(Map.of())).resolved())
                .isInstanceOf(Refusal.class)
                .hasMessage("--set a=1, include \"x\": only a configuration file includes others");
    }
}
