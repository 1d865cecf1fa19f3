package io.flagcast.jobs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Spark's own cluster manager: a master and two workers, each in a process of its own.
 *
 * @param folder of what they write
 * @param processes the master first
 * @param master its address
 */
record StandaloneCluster(Path folder, List<Process> processes, String master) implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofMinutes(10);

    static StandaloneCluster in(Path folder) throws IOException, InterruptedException {
        Files.createDirectories(folder);
        Path said = folder.resolve("master.log");
        List<Process> processes = new ArrayList<>();
        processes.add(start(
                said,
                "org.apache.spark.deploy.master.Master",
                "--host",
                "127.0.0.1",
                "--port",
                "0",
                "--webui-port",
                "0"));
        StandaloneCluster cluster = new StandaloneCluster(folder, processes, "");
        try {
            String master = awaited(said, "Starting Spark master at (spark://\\S+)");
            for (int i = 1; i <= 2; i++) {
                processes.add(start(
                        folder.resolve("worker" + i + ".log"),
                        "org.apache.spark.deploy.worker.Worker",
                        "--host",
                        "127.0.0.1",
                        "--webui-port",
                        "0",
                        "--cores",
                        "2",
                        "--memory",
                        "2g",
                        "--work-dir",
                        folder.resolve("work").toString(),
                        master));
            }
            for (int i = 1; i <= 2; i++) {
                awaited(folder.resolve("worker" + i + ".log"), "(Successfully registered with master)");
            }
            return new StandaloneCluster(folder, processes, master);
        } catch (IOException | InterruptedException | RuntimeException e) {
            cluster.close();
            throw e;
        }
    }

    private static Process start(Path said, String... command) throws IOException {
        return Submission.spark(said.getParent(), command)
                .redirectErrorStream(true)
                .redirectOutput(said.toFile())
                .start();
    }

    private static String awaited(Path said, String pattern) throws IOException, InterruptedException {
        Instant until = Instant.now().plus(PATIENCE);
        while (Instant.now().isBefore(until)) {
            Optional<MatchResult> found = Pattern.compile(pattern)
                    .matcher(Files.readString(said))
                    .results()
                    .findFirst();
            if (found.isPresent()) {
                return found.get().group(1);
            }
            TimeUnit.MILLISECONDS.sleep(100);
        }
        throw new IOException("nothing like %s in %s".formatted(pattern, Files.readString(said)));
    }

    /** Ids of the drivers that were submitted, in their order. */
    List<String> drivers() throws IOException {
        try (Stream<Path> work = Files.list(folder.resolve("work"))) {
            return work.map(path -> path.getFileName().toString())
                    .filter(name -> name.startsWith("driver-"))
                    .sorted()
                    .toList();
        }
    }

    /**
     * What a driver said, once it has ended.
     *
     * @param stream {@code stdout} or {@code stderr}
     */
    String said(String driver, String stream) throws IOException, InterruptedException {
        awaited(folder.resolve("master.log"), "(Removing driver: " + driver + ")");
        return Files.readString(folder.resolve("work").resolve(driver).resolve(stream));
    }

    @Override
    public void close() {
        for (int i = processes.size() - 1; i >= 0; i--) {
            processes.get(i).destroyForcibly().onExit().join();
        }
    }
}
