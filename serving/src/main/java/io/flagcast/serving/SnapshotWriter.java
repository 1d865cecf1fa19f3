package io.flagcast.serving;

import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.allocation.Decision.Reason;
import io.flagcast.allocation.Layer;
import io.flagcast.serving.Layout.Contents;
import io.flagcast.serving.Layout.Contents.Feature;
import io.flagcast.serving.Prediction.Source;
import io.flagcast.serving.PublishedLake.Batch;
import io.flagcast.serving.ServedExperiment.Definition;
import io.flagcast.serving.Verdicts.Names;
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
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

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
                if (write(path, experiments, features, Users.of(before.get()))) {
                    return;
                }
            } catch (NewUser e) {
                // The users are not those of before.
            }
        }
        for (long seed = 0; seed < SEEDS; seed++) {
            Optional<Users> users = users(seed);
            if (users.isPresent() && write(path, experiments, features, users.get())) {
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

    /**
     * The users of a snapshot.
     *
     * @param seed of their keys
     * @param number how many
     * @param puts writes them into an index, and says whether each can be found
     */
    private record Users(long seed, int number, Predicate<UserIndex> puts) {

        /** @param keys unsigned, ascending */
        static Users of(long seed, long[] keys) {
            return new Users(seed, keys.length, index -> index.put(keys));
        }

        /** The users of a snapshot; they fit where as many bytes hold an answer. */
        static Users of(Snapshot snapshot) {
            return new Users(snapshot.contents().hashSeed(), snapshot.users(), index -> index.put(snapshot.index()));
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
        return collided[0] ? Optional.empty() : Optional.of(Users.of(seed, keys.ascending()));
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

    /** Writes the snapshot of so many users, unless one of them cannot be told from another. */
    private boolean write(Path path, List<Definition> experiments, List<Feature> features, Users users)
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
        Layout unfinished = Layout.of(users.number, bytes.length, experiments.size(), features.size());
        try (FileChannel channel = FileChannel.open(
                path,
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE)) {
            requireRoom(path, Rows.end(unfinished));
            Rows rows = new Rows(channel, unfinished, users.seed);
            rows.file.put(unfinished.contentsAt(), bytes);
            if (!users.puts.test(rows.index)) {
                return false;
            }
            Names names = new Names();
            List<Verdicts> verdicts = fill(rows, contents, names);
            finish(channel, rows, verdicts, names);
            return true;
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

    private List<Verdicts> fill(Rows rows, Contents contents, Names names) throws IOException {
        Map<String, Integer> experiments = numbered(
                contents.experiments().stream().map(Definition::experimentId).toList());
        Map<String, Integer> features =
                numbered(contents.features().stream().map(Feature::id).toList());
        List<Verdicts> verdicts =
                Stream.generate(Verdicts::new).limit(experiments.size()).toList();
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
                int number = verdicts.get(experiment).number(verdict(batch, row, names));
                if (!userId.equals(last)) {
                    user = rows.of(userId);
                    last = userId;
                }
                if (!rows.put(user, experiment, batch.flag(row, 2) ? number | Rows.ENABLED : number)) {
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
                if (!rows.put(rows.of(userId), experiments.size() + feature, packed)) {
                    throw refused("responsiveness_scores has user '%s' and feature '%s' twice"
                            .formatted(userId, batch.text(row, 0)));
                }
            }
        });
        return verdicts;
    }

    private static UncheckedIOException refused(String problem) {
        return new UncheckedIOException(new RefusedException(problem));
    }

    private static Map<String, Integer> numbered(List<String> names) {
        Map<String, Integer> numbers = new HashMap<>();
        names.forEach(name -> numbers.put(name, numbers.size()));
        return numbers;
    }

    /** An unfinished file: as long as verdicts come, every word has four bytes, and the one of an experiment the answer, too. */
    private static final class Rows {

        static final int ENABLED = Integer.MIN_VALUE;

        private final MappedFile file;
        private final Layout layout;
        private final UserIndex index;
        private final UserHash hash;

        Rows(FileChannel channel, Layout layout, long seed) throws IOException {
            this.file = new MappedFile(channel, MapMode.READ_WRITE, end(layout));
            this.layout = layout;
            this.index = new UserIndex(file, layout.indexAt(), layout.index());
            this.hash = new UserHash(seed);
        }

        static long end(Layout layout) {
            return layout.wordsAt() + layout.users() * Integer.BYTES * words(layout) + Words.READ_BEYOND;
        }

        private static long words(Layout layout) {
            return (long) layout.experiments() + layout.features();
        }

        /**
         * The number of a user.
         *
         * @throws NewUser where the user is not among the users
         */
        long of(String userId) {
            long place = index.find(hash.of(userId));
            if (place == UserIndex.ABSENT) {
                throw new NewUser();
            }
            return index.user(place);
        }

        /** Puts a word where none is yet. */
        boolean put(long user, int word, int value) {
            long at = at(user, word);
            boolean isFree = file.getInt(at) == 0;
            file.putInt(at, value);
            return isFree;
        }

        private long at(long user, int word) {
            return layout.wordsAt() + Integer.BYTES * (user * words(layout) + word);
        }

        /** Packs all words, from the first user on: they need no more room than before. Answers go into the index. */
        void pack(Words packing) {
            int experiments = layout.experiments();
            int[] words = new int[(int) words(layout)];
            byte[] answer = new byte[layout.index().answerBytes()];
            byte[] packed = new byte[packing.bytes()];
            index.forEach(place -> {
                long user = index.user(place);
                Arrays.fill(answer, (byte) 0);
                boolean isIncomplete = false;
                for (int i = 0; i < words.length; i++) {
                    int word = file.getInt(at(user, i));
                    if (i < experiments) {
                        set(answer, i, (word & ENABLED) != 0);
                        isIncomplete |= word == 0;
                        word &= ~ENABLED;
                    }
                    words[i] = word;
                }
                set(answer, experiments, isIncomplete);
                index.put(place, answer);
                packing.pack(words, packed);
                file.put(layout.wordsAt() + user * packing.bytes(), packed);
            });
        }

        private static void set(byte[] answer, int bit, boolean value) {
            if (value) {
                answer[bit >> 3] |= (byte) (1 << (bit & 7));
            }
        }
    }

    private static Verdict verdict(Batch batch, int row, Names names) {
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

    private static void finish(FileChannel channel, Rows rows, List<Verdicts> verdicts, Names names)
            throws IOException {
        if (names.all().size() > MOST_NAMES) {
            throw new RefusedException("%,d segments and models, a snapshot has room for %,d"
                    .formatted(names.all().size(), MOST_NAMES));
        }
        byte[] bytes = Snapshot.names(names.all());
        Layout layout = rows.layout.withVerdicts(
                verdicts.stream().map(own -> own.all().size()).toList(), bytes.length);
        rows.pack(layout.words());
        long checksumsAt = layout.checksumsAt();
        long length = checksumsAt + MappedFile.checksumBytes(checksumsAt);
        channel.truncate(length);
        MappedFile file = new MappedFile(channel, MapMode.READ_WRITE, length);
        file.put(0, layout.header());
        for (int i = 0; i < verdicts.size(); i++) {
            file.putInt(
                    Layout.numbersAt() + (long) Integer.BYTES * i,
                    layout.verdicts().get(i));
        }
        long at = layout.verdictsAt();
        for (Verdicts own : verdicts) {
            for (Verdict verdict : own.all()) {
                put(file, at, verdict);
                at += Layout.VERDICT;
            }
        }
        file.put(layout.namesAt(), bytes);
        int[] checksums = file.checksums(checksumsAt);
        for (int i = 0; i < checksums.length; i++) {
            file.putInt(checksumsAt + (long) Integer.BYTES * i, checksums[i]);
        }
        file.force();
    }

    private static void put(MappedFile file, long at, Verdict verdict) {
        file.putDouble(at, verdict.score());
        file.putDouble(at + 8, verdict.baseProbability());
        file.putDouble(at + 16, verdict.share());
        file.putDouble(at + 24, verdict.propensity());
        file.putLong(at + 32, verdict.parametersVersion());
        file.putInt(at + 40, verdict.segment() | (verdict.model() << 16));
        file.putInt(at + 44, Layout.REASONS.indexOf(verdict.reason()) | (verdict.tier() << 8));
    }
}
