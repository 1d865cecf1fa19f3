package io.flagcast.serving;

import io.flagcast.allocation.Decision;
import io.flagcast.serving.Layout.Contents;
import io.flagcast.serving.ServedExperiment.Definition;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/** All decisions and predictions of one publication, in a file that is mapped into memory: processes share it. */
final class Snapshot {

    private final Path path;
    private final MappedFile file;
    private final Layout layout;
    // What every lookup needs, as fields: the layout works it out.
    private final long directoryAt;
    private final int directoryBits;
    private final long headsAt;
    private final int headStride;
    private final Contents contents;
    private final UserHash hash;
    private final List<ServedExperiment> served;
    private final Map<String, Integer> experiments = new HashMap<>();
    private final Map<String, Integer> features = new HashMap<>();
    private final String[] names;

    private Snapshot(Path path, MappedFile file, Layout layout) throws IOException {
        this.path = path;
        this.file = file;
        this.layout = layout;
        this.directoryAt = layout.directoryAt();
        this.directoryBits = layout.directoryBits();
        this.headsAt = layout.headsAt();
        this.headStride = layout.headStride();
        this.contents = Contents.of(file.get(layout.contentsAt(), layout.contents()));
        this.hash = new UserHash(contents.hashSeed());
        this.served = contents.experiments().stream().map(ServedExperiment::new).toList();
        for (int i = 0; i < served.size(); i++) {
            experiments.put(served.get(i).definition().experimentId(), i);
        }
        for (int i = 0; i < contents.features().size(); i++) {
            features.put(contents.features().get(i).id(), i);
        }
        this.names = names(file.get(layout.namesAt(), layout.names()));
    }

    static byte[] names(List<String> names) {
        return String.join("\0", names).getBytes(StandardCharsets.UTF_8);
    }

    private static String[] names(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8).split("\0", -1);
    }

    /**
     * Opens a snapshot, after every byte of it has been checked.
     *
     * @throws DamagedException where it is damaged
     * @throws RefusedException where it is of another format
     * @throws IOException where it cannot be read
     */
    static Snapshot open(Path path) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            ByteBuffer header = ByteBuffer.allocate(Layout.HEADER);
            while (header.hasRemaining()) {
                if (channel.read(header) < 0) {
                    throw new DamagedException(path + " ends within its header");
                }
            }
            Layout layout = Layout.of(header.array());
            long length = layout.checksumsAt() + MappedFile.checksumBytes(layout.checksumsAt());
            if (channel.size() != length) {
                throw new DamagedException("%s has %,d bytes, its header says %,d: it was cut short or added to"
                        .formatted(path, channel.size(), length));
            }
            MappedFile file = new MappedFile(channel, MapMode.READ_ONLY, length);
            requireChecksums(path, file, layout);
            return new Snapshot(path, file, layout);
        }
    }

    private static void requireChecksums(Path path, MappedFile file, Layout layout) throws DamagedException {
        int[] actual = file.checksums(layout.checksumsAt());
        int[] written = new int[actual.length];
        for (int i = 0; i < written.length; i++) {
            written[i] = file.getInt(layout.checksumsAt() + (long) Integer.BYTES * i);
        }
        int differs = Arrays.mismatch(actual, written);
        if (differs >= 0) {
            throw new DamagedException(
                    "%s: the checksum of its mebibyte %d is wrong: it is damaged".formatted(path, differs));
        }
    }

    Path path() {
        return path;
    }

    Contents contents() {
        return contents;
    }

    List<String> experimentIds() {
        return contents.experiments().stream().map(Definition::experimentId).toList();
    }

    /** The number of a user; -1 for one whom the run has not met. */
    private long find(String userId) {
        long key = hash.of(userId);
        long entry = directoryAt + (key >>> (64 - directoryBits)) * Integer.BYTES;
        int from = file.getInt(entry);
        int to = file.getInt(entry + Integer.BYTES);
        if (from == to) {
            return -1;
        }
        // Keys are uniform: the rest of it says about where the user is.
        long share = (key << directoryBits) >>> 32;
        int user = from + (int) (((to - from) * share) >>> 32);
        long lower = key & Layout.KEY_MASK;
        long found = key(user);
        while (found < lower && user + 1 < to) {
            found = key(++user);
        }
        while (found > lower && user > from) {
            found = key(--user);
        }
        return found == lower ? user : -1;
    }

    /** The lower bits of a user's key; they ascend among the users of an entry of the directory. */
    private long key(long user) {
        long at = headsAt + user * headStride;
        return (file.getInt(at) & 0xFFFF_FFFFL) | (file.getShort(at + Integer.BYTES) & 0xFFFFL) << 32;
    }

    private boolean bit(long user, int bit) {
        return (file.getByte(headsAt + user * headStride + Layout.KEY + (bit >> 3)) >> (bit & 7) & 1) == 1;
    }

    /** The keys of all users, unsigned, ascending. */
    long[] keys() {
        long[] keys = new long[(int) layout.users()];
        long entries = 1L << layout.directoryBits();
        for (long entry = 0; entry < entries; entry++) {
            long at = layout.directoryAt() + entry * Integer.BYTES;
            for (int user = file.getInt(at); user < file.getInt(at + Integer.BYTES); user++) {
                keys[user] = key(user) | entry << (64 - layout.directoryBits());
            }
        }
        return keys;
    }

    /** Whether a user is enabled; false in an experiment that is not there. */
    boolean enables(String userId, String experimentId) {
        Integer experiment = experiments.get(experimentId);
        if (experiment == null) {
            return false;
        }
        long user = find(userId);
        if (user >= 0) {
            if (bit(user, experiment)) {
                return true;
            }
            boolean isIncomplete = bit(user, layout.experiments());
            if (!isIncomplete || file.getInt(layout.experimentAt(user, experiment)) != 0) {
                return false;
            }
        }
        return served.get(experiment).decide(userId).enabled();
    }

    private int word(String userId, int experiment) {
        long user = find(userId);
        return user < 0 ? 0 : file.getInt(layout.experimentAt(user, experiment));
    }

    /** The decision for a user; off in an experiment that is not there. */
    Allocation allocation(String userId, String experimentId) {
        Integer experiment = experiments.get(experimentId);
        if (experiment == null) {
            return Allocation.none(userId, experimentId, Allocation.UNKNOWN_EXPERIMENT, contents);
        }
        ServedExperiment own = served.get(experiment);
        int word = word(userId, experiment);
        return word == 0 ? unknown(userId, own) : known(userId, own, word);
    }

    private Allocation unknown(String userId, ServedExperiment experiment) {
        return Allocation.of(
                userId,
                experiment.definition(),
                experiment.decide(userId),
                OptionalDouble.empty(),
                Optional.empty(),
                experiment.definition().parametersVersion(),
                contents);
    }

    private Allocation known(String userId, ServedExperiment experiment, int word) {
        long at = layout.verdictsAt() + (long) Layout.VERDICT * ((word & Integer.MAX_VALUE) - 1);
        double score = file.getDouble(at);
        int segment = file.getInt(at + 40) & 0xFFFF;
        int model = file.getInt(at + 40) >>> 16;
        int tier = file.getInt(at + 44) >> 8;
        Decision decision = new Decision(
                word < 0,
                Layout.REASONS.get(file.getInt(at + 44) & 0xFF),
                name(segment),
                tier < 0 ? OptionalInt.empty() : OptionalInt.of(tier),
                experiment.bucket(userId),
                file.getDouble(at + 8),
                file.getDouble(at + 16),
                file.getDouble(at + 24));
        return Allocation.of(
                userId,
                experiment.definition(),
                decision,
                Double.isNaN(score) ? OptionalDouble.empty() : OptionalDouble.of(score),
                name(model),
                file.getLong(at + 32),
                contents);
    }

    /** Names are numbered from 1 on in verdicts. */
    private Optional<String> name(int number) {
        return number == 0 ? Optional.empty() : Optional.of(names[number - 1]);
    }

    /** How a user is expected to respond to a feature. */
    Prediction prediction(String userId, String featureId) {
        Integer feature = features.get(featureId);
        long user = feature == null ? -1 : find(userId);
        return user < 0
                ? Prediction.NONE
                : PackedPrediction.unpack(
                        file.getInt(layout.featureAt(user, feature)),
                        contents.features().get(feature).unit());
    }
}
