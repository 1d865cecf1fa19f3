package io.flagcast.serving;

import io.flagcast.serving.Verdicts.Names;
import io.flagcast.serving.Verdicts.Verdict;
import io.flagcast.serving.lake.RefusedException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.util.Arrays;
import java.util.List;

/**
 * A snapshot that is written: as long as verdicts come, every word has four bytes, and the one of an experiment the answer, too.
 * Many threads put words at once.
 */
final class UnfinishedSnapshot {

    /** What is added to the number of a verdict that enables. */
    static final int ENABLED = Integer.MIN_VALUE;

    private static final int MOST_NAMES = 0xFFFF;

    private final FileChannel channel;
    private final MappedFile file;
    private final Layout layout;
    private final UserIndex index;
    private final UserHash hash;

    UnfinishedSnapshot(FileChannel channel, Layout layout, long seed) throws IOException {
        this.channel = channel;
        this.file = new MappedFile(channel, MapMode.READ_WRITE, end(layout));
        this.layout = layout;
        this.index = new UserIndex(file, layout.indexAt(), layout.index());
        this.hash = new UserHash(seed);
    }

    /** Bytes that the unfinished file takes. */
    static long end(Layout layout) {
        return layout.wordsAt() + layout.users() * Integer.BYTES * words(layout) + Words.READ_BEYOND;
    }

    private static long words(Layout layout) {
        return (long) layout.experiments() + layout.features();
    }

    /** Puts the contents and an index of users, and says whether each can be found. */
    boolean begin(byte[] contents, SnapshotUsers users) {
        file.put(layout.contentsAt(), contents);
        return users.puts().test(index);
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
    private void pack(Words packing) {
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

    /**
     * Packs the words, puts everything else behind them, and forces the file to disk.
     *
     * @param verdicts per experiment
     * @throws RefusedException where there are too many names
     */
    void finish(List<Verdicts> verdicts, Names names) throws IOException {
        if (names.all().size() > MOST_NAMES) {
            throw new RefusedException("%,d segments and models, a snapshot has room for %,d"
                    .formatted(names.all().size(), MOST_NAMES));
        }
        byte[] bytes = Snapshot.names(names.all());
        Layout whole = layout.withVerdicts(
                verdicts.stream().map(own -> own.all().size()).toList(), bytes.length);
        pack(whole.words());
        long checksumsAt = whole.checksumsAt();
        long length = checksumsAt + MappedFile.checksumBytes(checksumsAt);
        channel.truncate(length);
        MappedFile end = new MappedFile(channel, MapMode.READ_WRITE, length);
        end.put(0, whole.header());
        for (int i = 0; i < verdicts.size(); i++) {
            end.putInt(
                    Layout.numbersAt() + (long) Integer.BYTES * i,
                    whole.verdicts().get(i));
        }
        long at = whole.verdictsAt();
        for (Verdicts own : verdicts) {
            for (Verdict verdict : own.all()) {
                put(end, at, verdict);
                at += Layout.VERDICT;
            }
        }
        end.put(whole.namesAt(), bytes);
        int[] checksums = end.checksums(checksumsAt);
        for (int i = 0; i < checksums.length; i++) {
            end.putInt(checksumsAt + (long) Integer.BYTES * i, checksums[i]);
        }
        end.force();
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

    /** A row of a user who is not among the users. */
    static final class NewUser extends RuntimeException {
        private static final long serialVersionUID = 1;

        NewUser() {
            super(null, null, false, false);
        }
    }
}
