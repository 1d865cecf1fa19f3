package io.flagcast.jobs;

import java.io.IOException;
import java.io.InputStream;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.xz.XZCompressorInputStream;

/**
 * A PostgreSQL server in processes of its own, which asks everybody for a password and logs every statement. Its programs come
 * from Maven Central.
 *
 * @param folder of its programs, data and log; nothing is left of it
 * @param port on which it listens
 */
record PostgresServer(Path folder, int port) implements AutoCloseable {

    private static final String SUPERUSER = "postgres";
    private static final String PASSWORD = "correct horse";

    /** PostgreSQL refuses to run as root: it runs as nobody then. */
    private static final List<String> AS_NOBODY =
            List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--");

    static PostgresServer start() throws IOException {
        Path folder = Files.createTempDirectory("flagcast-postgres");
        unpack(folder);
        Path password = Files.writeString(folder.resolve("password"), PASSWORD);
        if (isRoot()) {
            run(folder, List.of("chown", "-R", "65534:65534", folder.toString()));
        }
        Path data = folder.resolve("data");
        run(
                folder,
                List.of(
                        folder.resolve("bin/initdb").toString(),
                        "--pgdata=" + data,
                        "--username=" + SUPERUSER,
                        "--auth=scram-sha-256",
                        "--pwfile=" + password,
                        "--encoding=UTF8",
                        "--locale=C",
                        "--no-sync"));
        int port;
        try (ServerSocket socket = new ServerSocket(0)) {
            port = socket.getLocalPort();
        }
        Files.writeString(data.resolve("postgresql.auto.conf"), """
                port = %d
                listen_addresses = '127.0.0.1'
                unix_socket_directories = ''
                fsync = off
                log_statement = all
                log_connections = on
                log_disconnections = on
                log_line_prefix = '%%p '
                """.formatted(port));
        control(folder, "--wait", "--log=" + folder.resolve("log"), "start");
        return new PostgresServer(folder, port);
    }

    private static boolean isRoot() {
        return System.getProperty("user.name").equals("root");
    }

    private static void unpack(Path folder) throws IOException {
        String system = System.getProperty("os.name").toLowerCase(Locale.ROOT).startsWith("mac") ? "darwin" : "linux";
        String machine = System.getProperty("os.arch").equals("aarch64") ? "arm_64" : "x86_64";
        String archive = "/postgres-%s-%s.txz".formatted(system, machine);
        try (InputStream packed = Objects.requireNonNull(
                        PostgresServer.class.getResourceAsStream(archive),
                        () -> archive + " is not there: build with -Dpostgres.platform, see pom.xml");
                TarArchiveInputStream tar = new TarArchiveInputStream(new XZCompressorInputStream(packed))) {
            for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                Path target = folder.resolve(entry.getName());
                if (entry.isDirectory()) {
                    Files.createDirectories(target);
                    continue;
                }
                Files.createDirectories(target.getParent());
                if (entry.isSymbolicLink()) {
                    Files.createSymbolicLink(target, Path.of(entry.getLinkName()));
                } else {
                    Files.copy(tar, target);
                    if (entry.getName().startsWith("bin/")) {
                        Files.setPosixFilePermissions(target, PosixFilePermissions.fromString("rwx------"));
                    }
                }
            }
        }
    }

    private static void control(Path folder, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(
                List.of(folder.resolve("bin/pg_ctl").toString(), "--silent", "--pgdata=" + folder.resolve("data")));
        command.addAll(List.of(arguments));
        run(folder, command);
    }

    private static void run(Path folder, List<String> command) throws IOException {
        List<String> all = new ArrayList<>();
        if (isRoot() && !command.get(0).equals("chown")) {
            all.addAll(AS_NOBODY);
        }
        all.addAll(command);
        Path log = folder.resolveSibling(folder.getFileName() + ".log");
        ProcessBuilder builder = new ProcessBuilder(all).directory(folder.toFile());
        // A server that goes on would hold a pipe open.
        Process process = builder.redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
        if (process.onExit().join().exitValue() != 0) {
            throw new IOException(String.join(" ", all) + ": " + Files.readString(log));
        }
    }

    /** The address of its database, without a login. */
    String url() {
        return "jdbc:postgresql://127.0.0.1:%d/postgres".formatted(port);
    }

    /** A connection of who may do everything. */
    Connection connection() throws SQLException {
        return DriverManager.getConnection(url(), SUPERUSER, PASSWORD);
    }

    /** What the server has logged so far. */
    List<String> log() throws IOException {
        return Files.readAllLines(folder.resolve("log"));
    }

    /** Ends it at once; it keeps its data. */
    void stop() throws IOException {
        if (Files.exists(folder.resolve("data/postmaster.pid"))) {
            control(folder, "--mode=immediate", "stop");
        }
    }

    @Override
    public void close() throws IOException {
        stop();
        Files.deleteIfExists(folder.resolveSibling(folder.getFileName() + ".log"));
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
