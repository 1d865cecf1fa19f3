package io.flagcast.serving;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.StringWriter;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
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
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
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

    /** What this process writes: opening such a file once more would let go of its lock. */
    private static final Set<Path> OPEN_HERE = ConcurrentHashMap.newKeySet();

    private final Path spool;
    private final org.apache.hadoop.fs.Path target;
    private final Configuration hadoop;
    private final long spoolBytes;
    private final Clock clock;
    private final AtomicLong logged = new AtomicLong();
    private final AtomicLong rejected = new AtomicLong();
    private final AtomicLong spooled = new AtomicLong();
    private final ScheduledExecutorService copies = Executors.newSingleThreadScheduledExecutor(work -> {
        Thread thread = new Thread(work, "flagcast exposures");
        thread.setDaemon(true);
        return thread;
    });

    private Optional<OpenFile> open = Optional.empty();
    private Optional<FileSystem> lake = Optional.empty();
    private boolean isClosed;

    /** A file that is written: its lock says that the process lives. */
    private record OpenFile(Path path, FileOutputStream out) {

        static OpenFile in(Path spool) throws IOException {
            // It has the name by which others find it once it is locked.
            Path fresh = spool.resolve("exposures-" + UUID.randomUUID() + ".new");
            Path path = renamed(fresh, ".new", OPEN);
            FileOutputStream out = new FileOutputStream(fresh.toFile());
            try {
                OPEN_HERE.add(path);
                // Not lock(), which an interrupt of the caller ends.
                FileLock lock = out.getChannel().tryLock();
                LOG.log(Level.DEBUG, "flagcast: {0} is held", lock);
                Files.move(fresh, path);
                return new OpenFile(path, out);
            } catch (IOException | RuntimeException e) {
                OPEN_HERE.remove(path);
                out.close();
                Files.deleteIfExists(fresh);
                throw e;
            }
        }

        /** Ends the file, with or without all of its last line. */
        void end() throws IOException {
            try (out) {
                out.getFD().sync();
                Files.move(path, renamed(path, OPEN, READY));
            } finally {
                OPEN_HERE.remove(path);
            }
        }
    }

    private static Path renamed(Path path, String ending, String to) {
        String name = path.getFileName().toString();
        return path.resolveSibling(name.substring(0, name.length() - ending.length()) + to);
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
            configuration.setBoolean("fs.automatic.close", false);
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
     * @return whether it is logged; false for what is no decision of an experiment, and where the disk has no room, which is
     *     counted
     */
    public boolean shown(Allocation allocation) {
        try {
            if (!allocation.isDecided()) {
                throw new IOException("'%s' is no decision: nobody was exposed to it".formatted(allocation.reason()));
            }
            append(line(allocation, clock.instant(), UUID.randomUUID()));
            logged.incrementAndGet();
            return true;
        } catch (IOException | RuntimeException e) {
            if (rejected.getAndIncrement() == 0) {
                LOG.log(Level.ERROR, "flagcast: an exposure is not logged; further ones are only counted", e);
            }
            return false;
        }
    }

    private synchronized void append(byte[] line) throws IOException {
        if (isClosed) {
            throw new IOException("the log is closed");
        }
        if (spooled.get() + line.length > spoolBytes) {
            throw new IOException("%s has %,d bytes that the lake has not taken yet".formatted(spool, spooled.get()));
        }
        if (open.isEmpty()) {
            open = Optional.of(OpenFile.in(spool));
        }
        try {
            // One write, which no interrupt of the caller closes the file by.
            open.get().out().write(line);
            spooled.addAndGet(line.length);
        } catch (IOException e) {
            // Part of the line may be there: nothing is written behind it, and whoever copies the file cuts it off.
            OpenFile broken = open.get();
            open = Optional.empty();
            OPEN_HERE.remove(broken.path());
            broken.out().close();
            throw e;
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
        } catch (Throwable e) {
            // Whatever it is: what is not tried again would never arrive.
            LOG.log(
                    Level.WARNING,
                    "flagcast: exposures stay in %s for now, %s cannot be written: %s".formatted(spool, target, e),
                    e);
        }
    }

    /**
     * Ends the open file and copies everything into the lake now; where another process of this folder is copying, it copies
     * this, too, the next time.
     *
     * @throws IOException where the lake cannot be written: nothing is lost, the next copy goes on
     */
    public void copy() throws IOException {
        synchronized (copies) {
            Optional<OpenFile> ended;
            synchronized (this) {
                ended = open;
                open = Optional.empty();
            }
            if (ended.isPresent()) {
                ended.get().end();
            }
            try {
                copyAlone();
            } finally {
                spooled.set(bytes());
            }
        }
    }

    private void copyAlone() throws IOException {
        // A lock of a file is the process's: two logs of one process need this one, too.
        synchronized (ExposureLog.class) {
            try (FileChannel channel = FileChannel.open(
                            spool.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                    FileLock lock = channel.tryLock()) {
                if (lock != null) {
                    adopt();
                    copyReady();
                }
            }
        }
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
            if (OPEN_HERE.contains(file)) {
                continue;
            }
            try (RandomAccessFile orphan = new RandomAccessFile(file.toFile(), "rw");
                    FileLock lock = orphan.getChannel().tryLock()) {
                if (lock != null) {
                    orphan.setLength(wholeLines(orphan));
                    Files.move(file, renamed(file, OPEN, READY));
                }
            }
        }
    }

    /** Where the last line ends that is whole. */
    private static long wholeLines(RandomAccessFile file) throws IOException {
        long end = file.length();
        while (end > 0) {
            file.seek(end - 1);
            if (file.read() == '\n') {
                return end;
            }
            end--;
        }
        return 0;
    }

    private void copyReady() throws IOException {
        for (Path file : files(READY)) {
            FileSystem to = lake();
            String name = file.getFileName().toString();
            // Spark leaves out names that begin with an underscore. The same file again replaces itself.
            org.apache.hadoop.fs.Path unfinished = new org.apache.hadoop.fs.Path(target, "_" + name);
            org.apache.hadoop.fs.Path whole = new org.apache.hadoop.fs.Path(target, name);
            to.copyFromLocalFile(false, true, new org.apache.hadoop.fs.Path(file.toUri()), unfinished);
            if (to.exists(whole)) {
                to.delete(unfinished, false);
            } else if (!to.rename(unfinished, whole)) {
                throw new IOException("%s cannot be renamed to %s".formatted(unfinished, whole));
            }
            Files.deleteIfExists(file);
        }
    }

    /** Its own: cached ones have the keys of whoever was first, and are closed before the last files are copied. */
    private FileSystem lake() throws IOException {
        if (lake.isEmpty()) {
            lake = Optional.of(FileSystem.newInstance(target.toUri(), hadoop));
        }
        return lake.get();
    }

    /** Copies what is left. What cannot be copied stays on disk for the next log with the same spool. */
    @Override
    public void close() {
        copies.shutdown();
        synchronized (this) {
            isClosed = true;
        }
        copyQuietly();
        synchronized (copies) {
            if (lake.isPresent()) {
                try {
                    lake.get().close();
                } catch (IOException e) {
                    LOG.log(Level.WARNING, "flagcast: the lake of the exposures cannot be closed", e);
                }
            }
        }
    }
}
