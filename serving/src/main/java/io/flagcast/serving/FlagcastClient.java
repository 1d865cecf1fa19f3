package io.flagcast.serving;

import io.flagcast.serving.lake.KernelLake;
import io.flagcast.serving.lake.Published;
import io.flagcast.serving.lake.PublishedLake;
import io.flagcast.serving.lake.RefusedException;
import io.flagcast.tables.Ids;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * Decisions and predictions of the live publication of a lake, from memory.
 *
 * <p>Every lookup is answered from one publication and none throws. The client looks for a newer publication in the background and
 * switches to it at once; where that fails it goes on with what it has, and {@link #status} says for how long. Safe for many
 * threads; one client per process is enough, and processes share what is on disk.
 *
 * <pre>{@code
 * try (FlagcastClient flagcast = FlagcastClient.of("s3a://lake/flagcast").snapshots(Path.of("/var/cache/flagcast")).start()) {
 *     if (flagcast.allocateFeature("user-17", "checkout_v2_rollout")) { ... }
 * }
 * }</pre>
 */
public final class FlagcastClient implements AutoCloseable {

    private static final Logger LOG = System.getLogger(FlagcastClient.class.getName());

    private static final AtomicLong LOGGED = new AtomicLong();

    private final PublishedLake lake;
    private final SnapshotFolder folder;
    private final Clock clock;
    private final List<Consumer<Status>> listeners = new CopyOnWriteArrayList<>();
    private final ScheduledExecutorService refreshes = Executors.newSingleThreadScheduledExecutor(work -> {
        Thread thread = new Thread(work, "flagcast refresh");
        thread.setDaemon(true);
        return thread;
    });

    private volatile Snapshot snapshot;
    private volatile Status status;

    /**
     * How a client is.
     *
     * @param publication sequence of the publication that it answers from
     * @param runId run that decided
     * @param publishedAt when that publication became live
     * @param checkedAt when it was last known to be the live one; absent where the lake has not been reached since the start
     * @param problem why the last look at the lake failed; absent where it did not
     */
    public record Status(
            long publication,
            String runId,
            Instant publishedAt,
            Optional<Instant> checkedAt,
            Optional<String> problem) {

        /** How long it is since the answers were known to be those of the live publication. */
        public Duration age(Instant now) {
            return Duration.between(checkedAt.orElse(publishedAt), now);
        }
    }

    /** What a client is made of. */
    public static final class Builder {

        private final String root;
        private final Map<String, String> hadoop = new HashMap<>();
        private Optional<Path> snapshots = Optional.empty();
        private Duration refreshEvery = Duration.ofMinutes(1);
        private int threads = Math.max(1, Runtime.getRuntime().availableProcessors() / 2);
        private Clock clock = Clock.systemUTC();

        private Builder(String root) {
            // One lake has one name, however it is written.
            String path = root.contains(":/")
                    ? root
                    : Path.of(root).toAbsolutePath().normalize().toString();
            this.root = path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
        }

        /**
         * Folder of the snapshots of this lake, on a local disk; processes may share it. One in the temporary folder
         * otherwise.
         */
        public Builder snapshots(Path folder) {
            this.snapshots = Optional.of(folder);
            return this;
        }

        private Path folder() {
            return snapshots.orElseGet(() -> Path.of(
                    System.getProperty("java.io.tmpdir"), "flagcast-" + Long.toHexString(new UserHash(0).of(root))));
        }

        /**
         * How often it looks for a newer publication; every minute otherwise.
         *
         * @throws IllegalArgumentException where it is not positive
         */
        public Builder refreshEvery(Duration duration) {
            if (duration.isNegative() || duration.isZero()) {
                throw new IllegalArgumentException("refreshEvery is " + duration + ", it must be positive");
            }
            this.refreshEvery = duration;
            return this;
        }

        /** A key of the Hadoop file system, as {@code fs.s3a.endpoint}. */
        public Builder hadoop(String key, String value) {
            hadoop.put(key, value);
            return this;
        }

        /** Threads that read the lake while a snapshot is made; half of the cores otherwise. */
        public Builder threads(int number) {
            this.threads = number;
            return this;
        }

        Builder clock(Clock other) {
            this.clock = other;
            return this;
        }

        /**
         * Starts the client: with the newest snapshot on disk, or, where there is none, with one of the live publication.
         *
         * @throws IOException where there is none and the lake cannot be read, or has nothing to serve
         */
        public FlagcastClient start() throws IOException {
            return start(new KernelLake(root, hadoop, threads));
        }

        FlagcastClient start(PublishedLake lake) throws IOException {
            FlagcastClient client = new FlagcastClient(lake, new SnapshotFolder(folder(), lake), clock);
            client.begin(refreshEvery);
            return client;
        }
    }

    private FlagcastClient(PublishedLake lake, SnapshotFolder folder, Clock clock) {
        this.lake = lake;
        this.folder = folder;
        this.clock = clock;
    }

    /**
     * A client of a lake.
     *
     * @param root of the lake on local disk or S3, as in {@code flagcast.lake.root}
     */
    public static Builder of(String root) {
        return new Builder(Objects.requireNonNull(root, "root"));
    }

    private void begin(Duration refreshEvery) throws IOException {
        Optional<Snapshot> known = folder.newest();
        if (known.isPresent()) {
            switchTo(known.get(), Optional.empty());
        } else {
            Published published =
                    lake.newest().orElseThrow(() -> new RefusedException("the lake has no publication yet"));
            switchTo(folder.of(published, Optional.empty()), Optional.of(clock.instant()));
        }
        long nanos = refreshEvery.toNanos();
        var unused = refreshes.scheduleWithFixedDelay(
                this::refreshQuietly, known.isPresent() ? 0 : nanos, nanos, TimeUnit.NANOSECONDS);
    }

    private void switchTo(Snapshot next, Optional<Instant> checkedAt) {
        snapshot = next;
        status = status(next, checkedAt, Optional.empty());
    }

    private static Status status(Snapshot of, Optional<Instant> checkedAt, Optional<String> problem) {
        return new Status(
                of.contents().sequence(), of.contents().runId(), of.contents().publishedAt(), checkedAt, problem);
    }

    private void refreshQuietly() {
        try {
            refresh();
        } catch (Throwable e) {
            // Whatever it is: a look that is not made again would leave the answers to grow old in silence.
            LOG.log(Level.WARNING, "flagcast: goes on with publication %d: %s".formatted(status.publication(), e), e);
        }
    }

    /**
     * Looks for a newer publication now, and switches to it.
     *
     * @throws IOException where the lake cannot be read or the publication is refused: the client goes on with what it has
     */
    public void refresh() throws IOException {
        try {
            look();
        } catch (Throwable e) {
            status = status(snapshot, status.checkedAt(), Optional.of(String.valueOf(e.getMessage())));
            throw e;
        } finally {
            tell();
        }
    }

    private synchronized void look() throws IOException {
        Published published = lake.newest().orElseThrow(() -> new RefusedException("the lake has no publication"));
        Instant checked = clock.instant();
        Snapshot current = snapshot;
        boolean isSameRun = published.runId().equals(current.contents().runId());
        if (isSameRun && published.sequence() >= current.contents().sequence()) {
            // The same publication, or one of metrics: the decisions are those of before.
            status = status(current, Optional.of(checked), Optional.empty());
        } else {
            switchTo(folder.of(published, Optional.of(current)), Optional.of(checked));
        }
    }

    private void tell() {
        for (Consumer<Status> listener : listeners) {
            try {
                listener.accept(status);
            } catch (RuntimeException e) {
                LOG.log(Level.WARNING, "flagcast: a listener failed", e);
            }
        }
    }

    /**
     * Calls a listener after every look, whether it found something or failed.
     *
     * @return ends it
     */
    public Runnable onRefresh(Consumer<Status> listener) {
        listeners.add(listener);
        return () -> listeners.remove(listener);
    }

    /** The published experiments. */
    public List<String> experimentIds() {
        return snapshot.experimentIds();
    }

    /** How the client is. */
    public Status status() {
        return status;
    }

    /**
     * Whether a user has the feature of an experiment. A user whom the run has not met is decided as one without a score; a
     * blank id is nobody's, and as an experiment that is not published it is off.
     */
    public boolean allocateFeature(String userId, String experimentId) {
        try {
            return !Ids.isBlank(userId) && snapshot.enables(userId, experimentId);
        } catch (RuntimeException | InternalError e) {
            log(userId, e);
            return false;
        }
    }

    /** The same with its reasons. */
    public Allocation allocation(String userId, String experimentId) {
        return allocation(snapshot, userId, experimentId);
    }

    private static Allocation allocation(Snapshot from, String userId, String experimentId) {
        if (Ids.isBlank(userId)) {
            return Allocation.none("", experimentId, Allocation.NO_USER, from.contents());
        }
        try {
            return from.allocation(userId, experimentId);
        } catch (RuntimeException | InternalError e) {
            log(userId, e);
            return Allocation.none(userId, experimentId, Allocation.FAILURE, from.contents());
        }
    }

    /** What a user gets in every published experiment, by {@code experiment_id}: all of one publication. */
    public Map<String, Allocation> allocations(String userId) {
        Snapshot from = snapshot;
        Map<String, Allocation> all = new LinkedHashMap<>();
        from.experimentIds().forEach(id -> all.put(id, allocation(from, userId, id)));
        return all;
    }

    /** How a user is expected to respond to a feature; {@link Prediction#NONE} for a user or feature without a score. */
    public Prediction predictResponsiveness(String userId, String featureId) {
        return prediction(snapshot, userId, featureId);
    }

    private static Prediction prediction(Snapshot from, String userId, String featureId) {
        try {
            return Ids.isBlank(userId) ? Prediction.NONE : from.prediction(userId, featureId);
        } catch (RuntimeException | InternalError e) {
            log(userId, e);
            return Prediction.NONE;
        }
    }

    /** How a user is expected to respond to every scored feature, by {@code feature_id}: all of one publication. */
    public Map<String, Prediction> predictions(String userId) {
        Snapshot from = snapshot;
        Map<String, Prediction> all = new LinkedHashMap<>();
        from.contents().features().forEach(feature -> all.put(feature.id(), prediction(from, userId, feature.id())));
        return all;
    }

    /**
     * The features that a user is likeliest to use, best first, with the affinity of each: those with a collaborative score, whether the user
     * knows them already or not. None for a user of whom neither usage nor group is known.
     *
     * @param most how many at most, 1 or more
     */
    public Map<String, Double> rankFeatures(String userId, int most) {
        if (most < 1) {
            throw new IllegalArgumentException("rankFeatures: " + most + " features are none; ask for 1 or more");
        }
        Map<String, Double> ranked = new LinkedHashMap<>();
        predictions(userId).entrySet().stream()
                .filter(entry -> entry.getValue().affinity().isPresent())
                .map(entry ->
                        Map.entry(entry.getKey(), entry.getValue().affinity().getAsDouble()))
                .sorted(Map.Entry.<String, Double>comparingByValue()
                        .reversed()
                        .thenComparing(Map.Entry.comparingByKey()))
                .limit(most)
                .forEach(entry -> ranked.put(entry.getKey(), entry.getValue()));
        return ranked;
    }

    /** Once a minute: a page that cannot be read would fill the log otherwise. */
    private static void log(String userId, Throwable failure) {
        long now = System.nanoTime();
        long last = LOGGED.get();
        if ((last == 0 || now - last > TimeUnit.MINUTES.toNanos(1)) && LOGGED.compareAndSet(last, now)) {
            LOG.log(Level.ERROR, "flagcast: the lookup of user '%s' failed".formatted(userId), failure);
        }
    }

    /** Ends the background work. Lookups go on being answered. */
    @Override
    public void close() {
        refreshes.shutdownNow();
    }
}
