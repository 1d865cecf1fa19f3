package io.flagcast.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code flagcast} of an unpacked archive starts Java with. */
class LauncherTest {

    @TempDir
    private Path home;

    /** The arguments of a Java that says nothing but them. */
    private List<String> arguments(Map<String, String> environment) throws IOException {
        for (String folder : List.of("bin", "conf", "lib", "java/bin")) {
            Files.createDirectories(home.resolve(folder));
        }
        Files.writeString(home.resolve("conf/jvm.options"), "");
        Files.writeString(home.resolve("lib/flagcast.jar"), "");
        Path java = Files.writeString(home.resolve("java/bin/java"), """
                #!/bin/sh
                if [ "$1" = -version ]; then echo 'openjdk version "17.0.1"' >&2; else printf '%s\\n' "$@"; fi
                """);
        Files.setPosixFilePermissions(java, PosixFilePermissions.fromString("rwx------"));
        Path launcher = home.resolve("bin/flagcast");
        if (!Files.exists(launcher)) {
            Files.copy(Path.of("..", "flagcast"), launcher);
        }
        ProcessBuilder builder = new ProcessBuilder("bash", launcher.toString(), "sql", "SELECT 1");
        builder.environment().keySet().removeIf(name -> name.startsWith("FLAGCAST_"));
        builder.environment().put("JAVA_HOME", home.resolve("java").toString());
        builder.environment().putAll(environment);
        Process process = builder.redirectErrorStream(true).start();
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                .lines()
                .toList();
    }

    @Test
    void furtherJarsComeBehindItsOwn() throws IOException {
        String own = home.toRealPath() + "/lib/flagcast.jar:" + home.toRealPath() + "/lib/*";

        assertThat(arguments(Map.of())).containsSequence("-cp", own, "io.flagcast.jobs.Main", "sql", "SELECT 1");
        assertThat(arguments(Map.of("FLAGCAST_JARS", "/opt/a.jar:/opt/my jars/*")))
                .containsSequence("-cp", own + ":/opt/a.jar:/opt/my jars/*", "io.flagcast.jobs.Main");
    }
}
