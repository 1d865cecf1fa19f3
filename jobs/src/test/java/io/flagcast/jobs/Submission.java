package io.flagcast.jobs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** A command under the real spark-submit, in a process of its own, and what else of Spark runs in one. */
final class Submission {

    private static final Path LIB = Path.of(System.getProperty("flagcast.home")).resolve("target/lib");
    /** As the tests themselves: a process that runs once on tiny data does not live to see what the second compiler makes. */
    private static final String TINY = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m -XX:+UseSerialGC";

    private static final String JAVA =
            Path.of(System.getProperty("java.home"), "bin/java").toString();

    private Submission() {}

    /**
     * A process that is not started yet.
     *
     * @param folder where it works
     * @param master of Spark
     * @param arguments of the command
     */
    static ProcessBuilder of(Path folder, String master, String... arguments) {
        return of(folder, master, Map.of(), arguments);
    }

    /**
     * The same with further options of spark-submit.
     *
     * @param options by their names without the hyphens; a {@code spark.…} is given by {@code --conf}
     */
    static ProcessBuilder of(Path folder, String master, Map<String, String> options, String... arguments) {
        List<String> submit = new ArrayList<>(
                List.of("org.apache.spark.deploy.SparkSubmit", "--master", master, "--class", "io.flagcast.jobs.Main"));
        Map<String, String> small = Map.of(
                "spark.ui.enabled", "false",
                "spark.driver.memory", "1g",
                "spark.driver.defaultJavaOptions", TINY,
                "spark.executor.defaultJavaOptions", TINY,
                "spark.executor.memory", "512m",
                "spark.sql.shuffle.partitions", "3",
                "spark.databricks.delta.stats.collect", "false",
                "spark.driver.bindAddress", "127.0.0.1",
                "spark.driver.host", "127.0.0.1");
        Stream.concat(small.entrySet().stream(), options.entrySet().stream())
                .forEach(option -> submit.addAll(
                        option.getKey().startsWith("spark.")
                                ? List.of("--conf", option.getKey() + "=" + option.getValue())
                                : List.of("--" + option.getKey(), option.getValue())));
        submit.add(System.getProperty("flagcast.jar"));
        submit.addAll(List.of(arguments));
        return spark(folder, submit.toArray(String[]::new));
    }

    /**
     * A program of Spark's as its own script {@code spark-class} starts it.
     *
     * @param command its class and arguments
     */
    static ProcessBuilder spark(Path folder, String... command) {
        List<String> launcher = new ArrayList<>(List.of(JAVA, "-cp", LIB + "/*", "org.apache.spark.launcher.Main"));
        launcher.addAll(List.of(command));
        ProcessBuilder builder =
                in(folder, new ProcessBuilder(launcher).redirectError(ProcessBuilder.Redirect.INHERIT));
        try {
            Process asked = builder.start();
            String answer = new String(asked.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (asked.waitFor() != 0) {
                throw new IllegalStateException(answer);
            }
            // A first line for the script, and then parts that end with a zero each.
            return in(
                    folder,
                    new ProcessBuilder(
                            List.of(answer.substring(answer.indexOf('\n') + 1).split("\0"))));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static ProcessBuilder in(Path folder, ProcessBuilder builder) {
        builder.directory(folder.toFile())
                .environment()
                .putAll(Map.of(
                        "SPARK_HOME",
                        sparkHome(folder).toString(),
                        "SPARK_SCALA_VERSION",
                        "2.13",
                        "SPARK_DAEMON_JAVA_OPTS",
                        TINY,
                        "SPARK_DAEMON_MEMORY",
                        "256m",
                        "JAVA_HOME",
                        System.getProperty("java.home"),
                        "SPARK_LOCAL_IP",
                        "127.0.0.1"));
        return builder;
    }

    private static Path sparkHome(Path folder) {
        try {
            Path home = Files.createDirectories(folder.resolve("spark"));
            if (!Files.exists(home.resolve("jars"))) {
                Files.createSymbolicLink(home.resolve("jars"), LIB.toRealPath());
            }
            return home;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
