package io.flagcast.serving;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
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

    private final ExposureSpool spool;
    private final org.apache.hadoop.fs.Path target;
    private final Configuration hadoop;
    private final Clock clock;
    private final AtomicLong logged = new AtomicLong();
    private final AtomicLong rejected = new AtomicLong();
    private final ScheduledExecutorService copies = Executors.newSingleThreadScheduledExecutor(work -> {
        Thread thread = new Thread(work, "flagcast exposures");
        thread.setDaemon(true);
        return thread;
    });

    private Optional<FileSystem> lake = Optional.empty();

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
        this.spool = new ExposureSpool(builder.spool, builder.spoolBytes);
        this.target = new org.apache.hadoop.fs.Path(builder.target);
        this.hadoop = hadoop;
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
                throw new IOException("'%s' for user '%s' is no decision: nobody was exposed to it"
                        .formatted(allocation.reason(), allocation.userId()));
            }
            spool.append(ExposureLine.of(allocation, clock.instant(), UUID.randomUUID()));
            logged.incrementAndGet();
            return true;
        } catch (IOException | RuntimeException e) {
            if (rejected.getAndIncrement() == 0) {
                LOG.log(Level.ERROR, "flagcast: an exposure is not logged; further ones are only counted", e);
            }
            return false;
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

    private void copyQuietly() {
        try {
            copy();
        } catch (Throwable e) {
            // Whatever it is: what is not tried again would never arrive.
            LOG.log(
                    Level.WARNING,
                    "flagcast: exposures stay in %s for now, %s cannot be written: %s"
                            .formatted(spool.folder(), target, e),
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
            spool.drain(this::copy);
        }
    }

    private void copy(Path file) throws IOException {
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
        spool.close();
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
