package io.flagcast.jobs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.launcher.JavaModuleOptions;

/** A command under the real spark-submit, in a process of its own. */
final class Submission {

    private static final Path HOME = Path.of(System.getProperty("flagcast.home"));
    private static final Path LIB = HOME.resolve("target/lib");
    /** As the tests themselves: a process that runs once on tiny data does not live to see what the second compiler makes. */
    private static final List<String> TINY =
            List.of("-XX:TieredStopAtLevel=1", "-XX:ReservedCodeCacheSize=256m", "-XX:+UseSerialGC");

    private Submission() {}

    /**
     * A process that is not started yet.
     *
     * @param folder where it works
     * @param master of Spark
     * @param arguments of the command
     */
    static ProcessBuilder of(Path folder, String master, String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin/java").toString());
        command.addAll(List.of(JavaModuleOptions.defaultModuleOptionArray()));
        command.addAll(TINY);
        command.add("-Dlog4j2.configurationFile=" + HOME.resolve("jobs/src/main/resources/log4j2.properties"));
        command.addAll(List.of("-Xmx1g", "-cp", LIB + "/*", "org.apache.spark.deploy.SparkSubmit"));
        command.addAll(List.of("--master", master, "--class", "io.flagcast.jobs.Main"));
        for (String conf : List.of(
                "spark.ui.enabled=false",
                "spark.executor.extraJavaOptions=" + String.join(" ", TINY),
                "spark.sql.shuffle.partitions=3",
                "spark.databricks.delta.snapshotPartitions=1",
                "spark.databricks.delta.stats.collect=false",
                "spark.databricks.delta.stats.skipping=false",
                "spark.driver.bindAddress=127.0.0.1",
                "spark.driver.host=127.0.0.1")) {
            command.addAll(List.of("--conf", conf));
        }
        command.add(System.getProperty("flagcast.jar"));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
        builder.environment().put("SPARK_HOME", sparkHome(folder).toString());
        builder.environment().put("SPARK_SCALA_VERSION", "2.13");
        builder.environment().put("SPARK_LOCAL_IP", "127.0.0.1");
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
