package io.flagcast.serving;

import io.flagcast.allocation.Decision;
import io.flagcast.serving.Layout.Contents;
import io.flagcast.serving.ServedExperiment.Definition;
import java.io.IOException;
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
    private final UserIndex index;
    private final Words words;
    private final long wordsAt;
    /** Where the verdicts of every experiment begin. */
    private final long[] verdictsAt;

    private final int users;
    private final Contents contents;
    private final UserHash hash;
    private final List<ServedExperiment> served;
    private final Map<String, Integer> experiments = new HashMap<>();
    private final Map<String, Integer> features = new HashMap<>();
    private final String[] names;

    private Snapshot(Path path, MappedFile file, Layout layout) throws IOException {
        this.path = path;
        this.file = file;
        this.index = new UserIndex(file, layout.indexAt(), layout.index());
        this.words = layout.words();
        this.wordsAt = layout.wordsAt();
        this.verdictsAt = new long[layout.experiments()];
        long at = layout.verdictsAt();
        for (int i = 0; i < verdictsAt.length; i++) {
            verdictsAt[i] = at;
            at += (long) Layout.VERDICT * layout.verdicts().get(i);
        }
        this.users = (int) layout.users();
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
            Layout layout = Layout.of(channel);
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

    UserIndex index() {
        return index;
    }

    /** How many users it has. */
    int users() {
        return users;
    }

    private long find(String userId) {
        return index.find(hash.of(userId));
    }

    private int word(long place, int word) {
        return words.get(file, wordsAt + index.user(place) * words.bytes(), word);
    }

    private boolean isDecided(long place, int experiment) {
        return place != UserIndex.ABSENT && (!index.answer(place, served.size()) || word(place, experiment) != 0);
    }

    /** Whether a user is enabled; false in an experiment that is not there. */
    boolean enables(String userId, String experimentId) {
        // First, as it waits for memory, and what comes next does not.
        long place = find(userId);
        Integer experiment = experiments.get(experimentId);
        if (experiment == null) {
            return false;
        }
        if (isDecided(place, experiment)) {
            return index.answer(place, experiment);
        }
        return served.get(experiment).decide(userId).enabled();
    }

    /** The decision for a user; off in an experiment that is not there. */
    Allocation allocation(String userId, String experimentId) {
        Integer experiment = experiments.get(experimentId);
        if (experiment == null) {
            return Allocation.none(userId, experimentId, Allocation.UNKNOWN_EXPERIMENT, contents);
        }
        ServedExperiment own = served.get(experiment);
        long place = find(userId);
        int verdict = place == UserIndex.ABSENT ? 0 : word(place, experiment);
        return verdict == 0
                ? unknown(userId, own)
                : known(
                        userId,
                        own,
                        index.answer(place, experiment),
                        verdictsAt[experiment] + (long) Layout.VERDICT * (verdict - 1));
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

    private Allocation known(String userId, ServedExperiment experiment, boolean isEnabled, long at) {
        double score = file.getDouble(at);
        int segment = file.getInt(at + 40) & 0xFFFF;
        int model = file.getInt(at + 40) >>> 16;
        int tier = file.getInt(at + 44) >> 8;
        Decision decision = new Decision(
                isEnabled,
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
        long place = feature == null ? UserIndex.ABSENT : find(userId);
        return place == UserIndex.ABSENT
                ? Prediction.NONE
                : PackedPrediction.unpack(
                        word(place, served.size() + feature),
                        contents.features().get(feature).unit());
    }
}
