package io.flagcast.serving;

import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.allocation.Decision.Reason;
import io.flagcast.allocation.Layer;
import io.flagcast.serving.Layout.Contents;
import io.flagcast.serving.Layout.Contents.Feature;
import io.flagcast.serving.Prediction.Source;
import io.flagcast.serving.PublishedLake.Batch;
import io.flagcast.serving.ServedExperiment.Definition;
import io.flagcast.serving.Verdicts.Verdict;
import io.flagcast.tables.Table;
import io.flagcast.tables.Tables;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Makes the snapshot of a publication: one pass over the users' ids, sorted by key in memory (24 to 70 bytes a user), and one
 * over decisions and predictions, each written where its user lies.
 */
final class SnapshotWriter {

    private static final List<String> EXPERIMENT = List.of(
            "experiment_id",
            "feature_id",
            "activity",
            "treatment",
            "salt",
            "holdout_salt",
            "holdout",
            "layer",
            "eligibility",
            "exploration",
            "unscored",
            "parameters_version");
    private static final List<String> ALLOCATION = List.of(
            "experiment_id",
            "user_id",
            "enabled",
            "score",
            "segment",
            "tier",
            "base_probability",
            "share",
            "propensity",
            "reason",
            "parameters_version",
            "model_id");
    private static final List<String> SCORE =
            List.of("feature_id", "user_id", "score", "uplift", "no_benefit", "source");
    private static final Map<String, Reason> REASONS =
            Layout.REASONS.stream().collect(Collectors.toUnmodifiableMap(Reason::label, Function.identity()));
    /** How often two users of one lake may have one key before something else is wrong. */
    private static final int SEEDS = 3;

    private static final int MOST_NAMES = 0xFFFF;

    private final PublishedLake lake;
    private final Published published;

    SnapshotWriter(PublishedLake lake, Published published) {
        this.lake = lake;
        this.published = published;
    }

    /**
     * Writes the snapshot, whole and forced to disk.
     *
     * @param before a snapshot whose users this one probably has: they are not gathered again as long as no other one comes
     * @throws RefusedException where a table is missing or of another run, has more or fewer rows than were published, or a row
     *     twice
     * @throws IOException where the lake cannot be read or the file not be written
     */
    void write(Path path, Optional<Snapshot> before) throws IOException {
        String runId = published.runId();
        List<Definition> experiments = experiments();
        List<Feature> features = features();
        if (before.isPresent()) {
            try {
                write(path, experiments, features, Users.of(before.get()));
                return;
            } catch (NewUser e) {
                // The users are not those of before.
            }
        }
        for (long seed = 0; seed < SEEDS; seed++) {
            Optional<Users> users = users(seed);
            if (users.isPresent()) {
                write(path, experiments, features, users.get());
                return;
            }
        }
        throw new RefusedException(
                "%d ways to number the users of run %s each give two users one number".formatted(SEEDS, runId));
    }

    /** A row of a user who is not among the users. */
    private static final class NewUser extends RuntimeException {
        private static final long serialVersionUID = 1;

        NewUser() {
            super(null, null, false, false);
        }
    }

    /** The users of a snapshot, by their keys. */
    private static final class Users {

        private final long seed;
        private final long[] keys;

        /** @param keys unsigned, ascending */
        Users(long seed, long[] keys) {
            this.seed = seed;
            this.keys = keys;
        }

        static Users of(Snapshot snapshot) {
            return new Users(snapshot.contents().hashSeed(), snapshot.keys());
        }
    }

    private List<Definition> experiments() throws IOException {
        List<Definition> experiments = Collections.synchronizedList(new ArrayList<>());
        read(Tables.EXPERIMENTS, EXPERIMENT, batch -> {
            for (int row = 0; row < batch.rows(); row++) {
                experiments.add(definition(batch, row));
            }
        });
        return experiments.stream()
                .sorted((one, other) -> one.experimentId().compareTo(other.experimentId()))
                .toList();
    }

    private static Definition definition(Batch batch, int row) {
        Map<String, String> treatment = new LinkedHashMap<>();
        batch.entries(row, 3).forEach(entry -> treatment.put(entry[0], entry[1]));
        Batch layer = batch.fields(7);
        return new Definition(
                batch.text(row, 0),
                batch.text(row, 1),
                Activity.valueOf(batch.text(row, 2).toUpperCase(Locale.ROOT)),
                treatment,
                new Definition.Salts(batch.text(row, 4), batch.text(row, 5)),
                batch.real(row, 6),
                new Layer(layer.text(row, 0), layer.real(row, 1), layer.real(row, 2)),
                !batch.isAbsent(row, 8),
                batch.real(row, 9),
                batch.real(row, 10),
                batch.number(row, 11));
    }

    /** The features, with the unit that their largest uplift needs. */
    private List<Feature> features() throws IOException {
        ConcurrentSkipListMap<String, Double> largest = new ConcurrentSkipListMap<>();
        read(Tables.RESPONSIVENESS_SCORES, List.of("feature_id", "uplift"), batch -> {
            Map<String, Double> here = new HashMap<>();
            for (int row = 0; row < batch.rows(); row++) {
                double uplift = batch.isAbsent(row, 1) ? 0 : Math.abs(batch.real(row, 1));
                here.merge(batch.text(row, 0), uplift, Math::max);
            }
            here.forEach((feature, most) -> largest.merge(feature, most, Math::max));
        });
        return largest.entrySet().stream()
                .map(entry -> new Feature(entry.getKey(), PackedPrediction.unit(entry.getValue())))
                .toList();
    }

    /** The users; absent where two have one key. */
    private Optional<Users> users(long seed) throws IOException {
        UserHash hash = new UserHash(seed);
        UserHash other = new UserHash(seed + SEEDS);
        UserKeys keys = new UserKeys();
        boolean[] collided = {false};
        Consumer<Batch> gather = batch -> {
            long[] found = new long[2 * batch.rows()];
            int users = 0;
            String last = null;
            for (int row = 0; row < batch.rows(); row++) {
                String userId = batch.text(row, 0);
                if (!userId.equals(last)) {
                    found[2 * users] = hash.of(userId);
                    found[2 * users + 1] = other.of(userId);
                    users++;
                    last = userId;
                }
            }
            synchronized (keys) {
                for (int i = 0; i < 2 * users; i += 2) {
                    collided[0] |= keys.collides(found[i], found[i + 1]);
                }
            }
        };
        read(Tables.ALLOCATIONS, List.of("user_id"), gather);
        read(Tables.RESPONSIVENESS_SCORES, List.of("user_id"), gather);
        return collided[0] ? Optional.empty() : Optional.of(new Users(seed, keys.ascending()));
    }

    private void read(Table table, List<String> columns, Consumer<Batch> batches) throws IOException {
        Published.Slice slice = published.slice(table);
        AtomicLong rows = new AtomicLong();
        try {
            lake.read(table, slice.runId(), columns, batch -> {
                rows.addAndGet(batch.rows());
                batches.accept(batch);
            });
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        if (rows.get() != slice.rows()) {
            throw new RefusedException("%s of run %s has %,d rows, publication %d says %,d"
                    .formatted(table.name(), slice.runId(), rows.get(), published.sequence(), slice.rows()));
        }
    }

    private void write(Path path, List<Definition> experiments, List<Feature> features, Users users)
            throws IOException {
        Contents contents = new Contents(
                lake.root(),
                published.sequence(),
                published.runId(),
                published.publishedAt(),
                users.seed,
                experiments,
                features);
        byte[] bytes = contents.bytes();
        int bits = Layout.directoryBits(users.keys.length);
        Layout unfinished =
                new Layout(experiments.size(), features.size(), bits, users.keys.length, bytes.length, 0, 0);
        try (FileChannel channel = FileChannel.open(
                path,
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE)) {
            requireRoom(path, unfinished.verdictsAt());
            MappedFile file = new MappedFile(channel, MapMode.READ_WRITE, unfinished.verdictsAt());
            file.put(unfinished.contentsAt(), bytes);
            index(file, unfinished, users.keys);
            Verdicts verdicts = fill(file, unfinished, contents, users);
            summarise(file, unfinished);
            finish(channel, unfinished, verdicts);
        } catch (InternalError e) {
            // What the JVM makes of a page that cannot be written.
            throw new IOException("%s cannot be written: is the disk full?".formatted(path), e);
        }
    }

    /** A mapping takes its room on disk page by page, and where there is none the JVM says no more than that. */
    private static void requireRoom(Path path, long bytes) throws IOException {
        long room = Files.getFileStore(path).getUsableSpace();
        if (room < bytes) {
            throw new IOException(
                    "%s needs %,d bytes, the disk has %,d: make room, or choose another folder of snapshots"
                            .formatted(path, bytes, room));
        }
    }

    private static void index(MappedFile file, Layout layout, long[] keys) {
        int user = 0;
        long entries = 1L << layout.directoryBits();
        for (long entry = 0; entry <= entries; entry++) {
            while (user < keys.length && keys[user] >>> (64 - layout.directoryBits()) < entry) {
                long at = layout.headAt(user);
                file.putInt(at, (int) keys[user]);
                file.putShort(at + Integer.BYTES, (short) (keys[user] >>> 32));
                user++;
            }
            file.putInt(layout.directoryAt() + entry * Integer.BYTES, user);
        }
    }

    private Verdicts fill(MappedFile file, Layout layout, Contents contents, Users users) throws IOException {
        Rows rows = new Rows(file, layout, users);
        Verdicts verdicts = new Verdicts();
        Map<String, Integer> experiments = numbered(
                contents.experiments().stream().map(Definition::experimentId).toList());
        Map<String, Integer> features =
                numbered(contents.features().stream().map(Feature::id).toList());
        read(Tables.ALLOCATIONS, ALLOCATION, batch -> {
            // A run leaves the rows of a user together.
            String last = null;
            long user = -1;
            for (int row = 0; row < batch.rows(); row++) {
                String experimentId = batch.text(row, 0);
                String userId = batch.text(row, 1);
                Integer experiment = experiments.get(experimentId);
                if (experiment == null) {
                    throw refused(
                            "allocations has experiment '%s', which table experiments lacks".formatted(experimentId));
                }
                int number = verdicts.number(verdict(batch, row, verdicts.names()));
                int word = batch.flag(row, 2) ? number | Integer.MIN_VALUE : number;
                if (!userId.equals(last)) {
                    user = rows.of(userId);
                    last = userId;
                }
                if (!rows.put(layout.experimentAt(user, experiment), word)) {
                    throw refused("allocations has user '%s' in experiment '%s' twice".formatted(userId, experimentId));
                }
            }
        });
        read(Tables.RESPONSIVENESS_SCORES, SCORE, batch -> {
            for (int row = 0; row < batch.rows(); row++) {
                String userId = batch.text(row, 1);
                int feature = features.get(batch.text(row, 0));
                int packed =
                        prediction(batch, row, contents.features().get(feature).unit());
                if (!rows.put(layout.featureAt(rows.of(userId), feature), packed)) {
                    throw refused("responsiveness_scores has user '%s' and feature '%s' twice"
                            .formatted(userId, batch.text(row, 0)));
                }
            }
        });
        return verdicts;
    }

    /** What a lookup needs of a user's words, beside his key. */
    private static void summarise(MappedFile file, Layout layout) {
        byte[] bits = new byte[layout.headStride() - Layout.KEY];
        for (long user = 0; user < layout.users(); user++) {
            Arrays.fill(bits, (byte) 0);
            boolean isIncomplete = false;
            for (int experiment = 0; experiment < layout.experiments(); experiment++) {
                int word = file.getInt(layout.experimentAt(user, experiment));
                set(bits, experiment, word < 0);
                isIncomplete |= word == 0;
            }
            set(bits, layout.experiments(), isIncomplete);
            file.put(layout.headAt(user) + Layout.KEY, bits);
        }
    }

    private static void set(byte[] bits, int bit, boolean value) {
        if (value) {
            bits[bit >> 3] |= (byte) (1 << (bit & 7));
        }
    }

    private static UncheckedIOException refused(String problem) {
        return new UncheckedIOException(new RefusedException(problem));
    }

    private static Map<String, Integer> numbered(List<String> names) {
        Map<String, Integer> numbers = new HashMap<>();
        names.forEach(name -> numbers.put(name, numbers.size()));
        return numbers;
    }

    /** Where the users of an unfinished file lie. */
    private static final class Rows {

        private final MappedFile file;
        private final Layout layout;
        private final long[] keys;
        private final UserHash hash;

        Rows(MappedFile file, Layout layout, Users users) {
            this.file = file;
            this.layout = layout;
            this.keys = users.keys;
            this.hash = new UserHash(users.seed);
        }

        /** @throws NewUser where the user is not among the users */
        long of(String userId) {
            long key = hash.of(userId);
            long entry = layout.directoryAt() + (key >>> (64 - layout.directoryBits())) * Integer.BYTES;
            int to = file.getInt(entry + Integer.BYTES);
            for (int user = file.getInt(entry); user < to; user++) {
                if (keys[user] == key) {
                    return user;
                }
            }
            throw new NewUser();
        }

        /** Puts a word where none is yet. */
        boolean put(long at, int word) {
            boolean isFree = file.getInt(at) == 0;
            file.putInt(at, word);
            return isFree;
        }
    }

    private static Verdict verdict(Batch batch, int row, Verdicts.Names names) {
        return new Verdict(
                batch.isAbsent(row, 3) ? Double.NaN : batch.real(row, 3),
                batch.real(row, 6),
                batch.real(row, 7),
                batch.real(row, 8),
                batch.number(row, 10),
                reason(batch.text(row, 9)),
                batch.isAbsent(row, 4) ? 0 : names.number(batch.text(row, 4)),
                batch.isAbsent(row, 5) ? -1 : batch.integer(row, 5),
                batch.isAbsent(row, 11) ? 0 : names.number(batch.text(row, 11)));
    }

    private static Reason reason(String label) {
        Reason reason = REASONS.get(label);
        if (reason == null) {
            throw refused("allocations has reason '%s': another version of Flagcast wrote it".formatted(label));
        }
        return reason;
    }

    private static int prediction(Batch batch, int row, double unit) {
        try {
            return PackedPrediction.pack(
                    batch.real(row, 2),
                    batch.isAbsent(row, 3) ? Double.NaN : batch.real(row, 3),
                    unit,
                    batch.flag(row, 4),
                    Source.valueOf(batch.text(row, 5).toUpperCase(Locale.ROOT)));
        } catch (IllegalArgumentException e) {
            throw refused("responsiveness_scores of user '%s' and feature '%s': %s"
                    .formatted(batch.text(row, 1), batch.text(row, 0), e.getMessage()));
        }
    }

    private static void finish(FileChannel channel, Layout unfinished, Verdicts verdicts) throws IOException {
        List<Verdict> all = verdicts.all();
        if (verdicts.names().all().size() > MOST_NAMES) {
            throw new RefusedException("%,d segments and models, a snapshot has room for %,d"
                    .formatted(verdicts.names().all().size(), MOST_NAMES));
        }
        byte[] names = Snapshot.names(verdicts.names().all());
        Layout layout = unfinished.withVerdicts(all.size(), names.length);
        long checksumsAt = layout.checksumsAt();
        long length = checksumsAt + MappedFile.checksumBytes(checksumsAt);
        MappedFile file = new MappedFile(channel, MapMode.READ_WRITE, length);
        file.put(0, layout.header());
        long at = layout.verdictsAt();
        for (Verdict verdict : all) {
            file.putDouble(at, verdict.score());
            file.putDouble(at + 8, verdict.baseProbability());
            file.putDouble(at + 16, verdict.share());
            file.putDouble(at + 24, verdict.propensity());
            file.putLong(at + 32, verdict.parametersVersion());
            file.putInt(at + 40, verdict.segment() | (verdict.model() << 16));
            file.putInt(at + 44, Layout.REASONS.indexOf(verdict.reason()) | (verdict.tier() << 8));
            at += Layout.VERDICT;
        }
        file.put(layout.namesAt(), names);
        int[] checksums = file.checksums(checksumsAt);
        for (int i = 0; i < checksums.length; i++) {
            file.putInt(checksumsAt + (long) Integer.BYTES * i, checksums[i]);
        }
        file.force();
    }
}
