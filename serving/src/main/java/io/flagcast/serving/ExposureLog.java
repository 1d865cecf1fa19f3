package io.flagcast.serving;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.StringWriter;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;

/**
 * The exposures of a service: JSON lines with the columns of table {@code exposures}, in files that appear in the lake whole.
 *
 * <p>An exposure goes to a file on local disk at once. Every {@link Builder#every} the file is ended, copied into the lake and
 * deleted here; what another process has left behind when it was killed is copied, too. So an exposure arrives at least once
 * unless the machine is lost, and one that arrives twice has one {@code exposure_id} and counts once. Nothing is kept in memory;
 * where the lake cannot be reached, files stay on disk up to {@link Builder#spoolBytes}, beyond which exposures are rejected and
 * counted.
 */
public final class ExposureLog implements AutoCloseable {

    private static final Logger LOG = System.getLogger(ExposureLog.class.getName());
    private static final JsonFactory JSON = new JsonFactory();
    private static final String OPEN = ".open";
    private static final String READY = ".jsonl";

    private final Path spool;
    private final org.apache.hadoop.fs.Path target;
    private final Configuration hadoop;
    private final long spoolBytes;
    private final Clock clock;
    private final AtomicLong logged = new AtomicLong();
    private final AtomicLong rejected = new AtomicLong();
    private final ScheduledExecutorService copies = Executors.newSingleThreadScheduledExecutor(work -> {
        Thread thread = new Thread(work, "flagcast exposures");
        thread.setDaemon(true);
        return thread;
    });

    private Optional<OpenFile> open = Optional.empty();
    private boolean isClosed;
    private volatile boolean isFull;

    /** A file that is written: its lock says that the process lives. */
    private record OpenFile(Path path, FileChannel channel, FileLock lock) {

        static OpenFile in(Path spool) throws IOException {
            Path path = spool.resolve("exposures-" + UUID.randomUUID() + OPEN);
            FileChannel channel = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            return new OpenFile(path, channel, channel.lock());
        }
    }

    /** What a log is made of. */
    public static final class Builder {

        private final String target;
        private final Map<String, String> hadoop = new HashMap<>();
        private Path spool = Path.of(System.getProperty("java.io.tmpdir"), "flagcast-exposures");
        private Duration every = Duration.ofSeconds(10);
        private long spoolBytes = 1L << 30;
        private Clock clock = Clock.systemUTC();

        private Builder(String target) {
            this.target = target;
        }

        /** Folder on a local disk that survives a restart; {@code flagcast-exposures} in the temporary folder otherwise. */
        public Builder spool(Path folder) {
            this.spool = folder;
            return this;
        }

        /**
         * How often a file is ended and copied into the lake, where anything was logged; every ten seconds otherwise.
         *
         * @throws IllegalArgumentException where it is not positive
         */
        public Builder every(Duration duration) {
            if (duration.isNegative() || duration.isZero()) {
                throw new IllegalArgumentException("every is " + duration + ", it must be positive");
            }
            this.every = duration;
            return this;
        }

        /** Most bytes on local disk while the lake cannot be reached; a gibibyte otherwise. */
        public Builder spoolBytes(long bytes) {
            this.spoolBytes = bytes;
            return this;
        }

        /** A key of the Hadoop file system, as {@code fs.s3a.endpoint}. */
        public Builder hadoop(String key, String value) {
            hadoop.put(key, value);
            return this;
        }

        Builder clock(Clock other) {
            this.clock = other;
            return this;
        }

        /**
         * Starts the log.
         *
         * @throws IOException where the local folder cannot be made
         */
        public ExposureLog start() throws IOException {
            Configuration configuration = new Configuration();
            hadoop.forEach(configuration::set);
            ExposureLog log = new ExposureLog(this, configuration);
            long nanos = every.toNanos();
            var unused = log.copies.scheduleWithFixedDelay(log::copyQuietly, nanos, nanos, TimeUnit.NANOSECONDS);
            return log;
        }
    }

    private ExposureLog(Builder builder, Configuration hadoop) throws IOException {
        this.spool = Files.createDirectories(builder.spool);
        this.target = new org.apache.hadoop.fs.Path(builder.target);
        this.hadoop = hadoop;
        this.spoolBytes = builder.spoolBytes;
        this.clock = builder.clock;
    }

    /**
     * A log that copies into a folder of the lake, which the pipeline reads as source {@code exposures} of format json.
     *
     * @param target folder on local disk or S3
     */
    public static Builder to(String target) {
        return new Builder(Objects.requireNonNull(target, "target"));
    }

    /**
     * Logs that a user has met an experiment just now. It does not throw.
     *
     * @return whether it is logged; false where the disk has no room for it, which is counted
     */
    public boolean shown(Allocation allocation) {
        try {
            byte[] line = line(allocation, clock.instant(), UUID.randomUUID());
            synchronized (this) {
                if (isClosed || isFull) {
                    throw new IOException(isClosed ? "the log is closed" : "the spool is full");
                }
                if (open.isEmpty()) {
                    open = Optional.of(OpenFile.in(spool));
                }
                write(open.get().channel(), line);
            }
            logged.incrementAndGet();
            return true;
        } catch (IOException | RuntimeException e) {
            if (rejected.getAndIncrement() == 0) {
                LOG.log(Level.ERROR, "flagcast: an exposure is not logged; further ones are only counted", e);
            }
            return false;
        }
    }

    private static void write(FileChannel channel, byte[] line) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(line);
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    /** How many exposures were logged since the start. */
    public long logged() {
        return logged.get();
    }

    /** How many were not. */
    public long rejected() {
        return rejected.get();
    }

    private static byte[] line(Allocation allocation, Instant at, UUID id) throws IOException {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = JSON.createGenerator(text)) {
            json.writeStartObject();
            json.writeStringField("experiment_id", allocation.experimentId());
            json.writeStringField("user_id", allocation.userId());
            json.writeBooleanField("enabled", allocation.enabled());
            json.writeStringField("exposed_at", at.toString());
            json.writeNumberField("propensity", allocation.propensity());
            json.writeStringField("exposure_id", id.toString());
            if (allocation.score().isPresent()) {
                json.writeNumberField("score", allocation.score().getAsDouble());
            }
            if (allocation.segment().isPresent()) {
                json.writeStringField("segment", allocation.segment().get());
            }
            json.writeStringField("reason", allocation.reason());
            json.writeNumberField("parameters_version", allocation.parametersVersion());
            json.writeStringField("run_id", allocation.runId());
            json.writeEndObject();
        }
        return text.append('\n').toString().getBytes(StandardCharsets.UTF_8);
    }

    private void copyQuietly() {
        try {
            copy();
        } catch (IOException | RuntimeException e) {
            LOG.log(
                    Level.WARNING,
                    "flagcast: exposures stay in %s for now, %s cannot be written: %s".formatted(spool, target, e),
                    e);
        }
    }

    /**
     * Ends the open file and copies everything into the lake now.
     *
     * @throws IOException where the lake cannot be written: nothing is lost, the next copy goes on
     */
    public void copy() throws IOException {
        synchronized (copies) {
            synchronized (this) {
                if (open.isPresent()) {
                    OpenFile ended = open.get();
                    open = Optional.empty();
                    end(ended);
                }
            }
            adopt();
            try {
                copyReady();
            } finally {
                isFull = bytes() >= spoolBytes;
            }
        }
    }

    private static void end(OpenFile ended) throws IOException {
        ended.channel().force(true);
        Files.move(ended.path(), ready(ended.path()));
        ended.channel().close();
    }

    private static Path ready(Path path) {
        String name = path.getFileName().toString();
        return path.resolveSibling(name.substring(0, name.length() - OPEN.length()) + READY);
    }

    private List<Path> files(String ending) throws IOException {
        try (Stream<Path> files = Files.list(spool)) {
            return files.filter(file -> file.toString().endsWith(ending))
                    .sorted()
                    .toList();
        }
    }

    private long bytes() throws IOException {
        long bytes = 0;
        for (Path file : files("")) {
            bytes += file.toFile().length();
        }
        return bytes;
    }

    /** Takes over files whose process does not live any more. A last line that was cut short is left out. */
    private void adopt() throws IOException {
        for (Path file : files(OPEN)) {
            synchronized (this) {
                if (open.isPresent() && open.get().path().equals(file)) {
                    continue;
                }
            }
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
                    FileLock lock = channel.tryLock()) {
                if (lock != null) {
                    channel.truncate(wholeLines(Files.readAllBytes(file)));
                    Files.move(file, ready(file));
                }
            } catch (NoSuchFileException | OverlappingFileLockException e) {
                // Another log has it.
                LOG.log(Level.DEBUG, "flagcast: {0} belongs to another log", file);
            }
        }
    }

    private static int wholeLines(byte[] bytes) {
        int end = bytes.length;
        while (end > 0 && bytes[end - 1] != '\n') {
            end--;
        }
        return end;
    }

    private void copyReady() throws IOException {
        List<Path> ready = files(READY);
        if (ready.isEmpty()) {
            return;
        }
        FileSystem lake = target.getFileSystem(hadoop);
        for (Path file : ready) {
            String name = file.getFileName().toString();
            org.apache.hadoop.fs.Path unfinished = new org.apache.hadoop.fs.Path(target, "_" + name);
            // Spark leaves out names that begin with an underscore. The same file again replaces itself.
            lake.copyFromLocalFile(false, true, new org.apache.hadoop.fs.Path(file.toUri()), unfinished);
            org.apache.hadoop.fs.Path whole = new org.apache.hadoop.fs.Path(target, name);
            if (lake.exists(whole)) {
                lake.delete(unfinished, false);
            } else if (!lake.rename(unfinished, whole)) {
                throw new IOException("%s cannot be renamed to %s".formatted(unfinished, whole));
            }
            Files.deleteIfExists(file);
        }
    }

    /** Copies what is left. What cannot be copied stays on disk for the next log with the same spool. */
    @Override
    public void close() {
        copies.shutdown();
        copyQuietly();
        synchronized (this) {
            isClosed = true;
        }
        copyQuietly();
    }
}
