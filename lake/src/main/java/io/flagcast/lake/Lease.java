package io.flagcast.lake;

import com.fasterxml.jackson.core.type.TypeReference;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Comparator;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/**
 * The right of one process to run stages on a lake. Every lease has a number, greater than those before it: whoever finds a greater
 * one than its own was taken for dead, and writes nothing more (a fencing token: M. Kleppmann, Designing Data-Intensive
 * Applications, 2017, chapter 8).
 *
 * <p>Whether the owner lives is never a matter of clocks. On a local disk the system holds a file lock for as long as the process is
 * there, also while it is suspended. On other stores the owner counts beats, and whoever waits for a lease takes it over where none
 * has come for as long as it may take by its own stopwatch.
 */
public final class Lease implements AutoCloseable {

    private static final String FOLDER = "_lease";
    private static final String OWNER = ".json";
    private static final String BEAT = ".beat";
    private static final String ENDED = "ended";
    private static final int BEATS = 6;
    private static final long LOOK_MILLIS = 500;

    private final LakeFiles files;
    private final long token;
    private final Runnable end;

    private Lease(LakeFiles files, long token, Runnable end) {
        this.files = files;
        this.token = token;
        this.end = end;
    }

    /**
     * Takes the lease of a lake.
     *
     * @param work what it is for, as others are told
     * @param expiry how long an owner on another store than a local disk may be silent
     * @throws Refusal with exit code 75 where another process has it, which is named
     */
    public static Lease take(LakeFiles files, String work, Duration expiry) {
        Objects.requireNonNull(files, "files");
        Optional<FileChannel> lock = files.folder(FOLDER).map(folder -> locked(files, folder));
        try {
            long newest = newest(files);
            if (lock.isEmpty() && newest > 0 && isAlive(files, newest, expiry)) {
                throw held(files, newest);
            }
            return taken(files, newest + 1, work, lock, expiry);
        } catch (RuntimeException e) {
            lock.ifPresent(Lease::unlock);
            throw e;
        }
    }

    private static Lease taken(LakeFiles files, long token, String work, Optional<FileChannel> lock, Duration expiry) {
        if (!files.create(name(token, OWNER), Json.write(owner(work)))) {
            throw held(files, newest(files));
        }
        files.names(FOLDER).stream()
                .filter(name -> number(name).filter(earlier -> earlier < token).isPresent())
                .forEach(name -> files.delete(FOLDER + "/" + name));
        Runnable end =
                lock.<Runnable>map(channel -> () -> unlock(channel)).orElseGet(() -> beats(files, token, expiry));
        return new Lease(files, token, end);
    }

    private static void unlock(FileChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException("a lease cannot be given back", e);
        }
    }

    private static Map<String, String> owner(String work) {
        Map<String, String> owner = new TreeMap<>();
        owner.put("work", work);
        owner.put("host", host());
        owner.put("pid", Long.toString(ProcessHandle.current().pid()));
        ProcessHandle.current().info().startInstant().ifPresent(start -> owner.put("since", start.toString()));
        return owner;
    }

    private static String host() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "a host without a name";
        }
    }

    /** The system gives a lock back where its process has ended, however it did. */
    private static FileChannel locked(LakeFiles files, Path folder) {
        FileChannel channel = null;
        try {
            Files.createDirectories(folder);
            channel = FileChannel.open(folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            if (channel.tryLock() != null) {
                return channel;
            }
        } catch (OverlappingFileLockException e) {
            // By another thread of this process.
        } catch (IOException e) {
            throw new UncheckedIOException(folder + " cannot be locked", e);
        }
        unlock(channel);
        throw held(files, newest(files));
    }

    private static Runnable beats(LakeFiles files, long token, Duration expiry) {
        ScheduledExecutorService beating = Executors.newSingleThreadScheduledExecutor(work -> {
            Thread thread = new Thread(work, "lease");
            thread.setDaemon(true);
            return thread;
        });
        long every = Math.max(1, expiry.toMillis() / BEATS);
        long[] beat = {0};
        ScheduledFuture<?> beats = beating.scheduleAtFixedRate(
                () -> {
                    try {
                        files.write(name(token, BEAT), Long.toString(beat[0]++));
                    } catch (RuntimeException e) {
                        // The next beat may arrive; where none does for long, the lease is another's.
                    }
                },
                0,
                every,
                TimeUnit.MILLISECONDS);
        return () -> {
            beats.cancel(false);
            beating.shutdown();
            try {
                beating.awaitTermination(every, TimeUnit.MILLISECONDS);
                files.write(name(token, BEAT), ENDED);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (RuntimeException e) {
                // What was done is done: the next one waits until this lease has expired.
            }
        };
    }

    private static boolean isAlive(LakeFiles files, long token, Duration expiry) {
        String first = beat(files, token);
        for (long from = System.nanoTime(); !first.equals(ENDED) && System.nanoTime() - from < expiry.toNanos(); ) {
            try {
                Thread.sleep(LOOK_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while a lease was waited for", e);
            }
            String now = beat(files, token);
            if (now.equals(ENDED)) {
                return false;
            }
            if (!now.equals(first)) {
                return true;
            }
        }
        return false;
    }

    private static String beat(LakeFiles files, long token) {
        return files.read(name(token, BEAT)).orElse("");
    }

    private static Refusal held(LakeFiles files, long token) {
        // None where it has just ended, or just begun.
        Map<String, String> owner = files.read(name(token, OWNER))
                .map(text -> Json.read(text, new TypeReference<Map<String, String>>() {}, FOLDER))
                .orElse(Map.of());
        return new Refusal(
                ExitCode.TRY_AGAIN,
                "%s: %s is going on (process %s on %s, begun %s): run it again when that has ended; where that process is gone, this one takes over by itself"
                        .formatted(
                                files.root(),
                                owner.getOrDefault("work", "another run"),
                                owner.getOrDefault("pid", "?"),
                                owner.getOrDefault("host", "?"),
                                owner.getOrDefault("since", "?")));
    }

    private static long newest(LakeFiles files) {
        return files.names(FOLDER).stream()
                .filter(name -> name.endsWith(OWNER))
                .flatMap(name -> number(name).stream())
                .max(Comparator.naturalOrder())
                .orElse(0L);
    }

    private static Optional<Long> number(String name) {
        String digits = name.replaceFirst("\\..*", "");
        return digits.matches("[0-9]{12}") ? Optional.of(Long.parseLong(digits)) : Optional.empty();
    }

    private static String number(long token) {
        return "%012d".formatted(token);
    }

    private static String name(long token, String kind) {
        return FOLDER + "/" + number(token) + kind;
    }

    /**
     * Sees that nobody else has it.
     *
     * @throws Refusal with exit code 75 where this process was taken for dead
     */
    public void require() {
        long newest = newest(files);
        if (newest != token) {
            throw new Refusal(
                    ExitCode.TRY_AGAIN,
                    "%s: this process was silent for so long that another has taken its place (lease %d, its own was %d): it stops, and what it wrote stays unpublished"
                            .formatted(files.root(), newest, token));
        }
    }

    /** Gives it back. */
    @Override
    public void close() {
        end.run();
    }
}
