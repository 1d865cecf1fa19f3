package io.flagcast.serving;

import java.nio.ByteBuffer;
import java.util.function.LongConsumer;

/**
 * Where the users of a snapshot lie, and whether they are enabled: what a lookup needs of one user, in one line of memory.
 *
 * <p>A line has room for some users. The upper bits of a user's key name the line, and where it is full already he lies in one of the
 * next, in the order of the keys: a hash table with buckets of the size of a cache line, a quarter of it empty, so that one user in
 * eight is not in his own line. A line begins with the number of its first user, whose highest bit says that users go on in the next
 * line; then come the lower 40 bits of its users' keys, 0 where nobody is, and after them an answer per user: a bit per experiment
 * for whether he is enabled, and one for whether the run has not decided some experiment for him.
 */
final class UserIndex {

    static final long ABSENT = -1;

    private static final int KEY = 5;
    private static final long KEY_MASK = (1L << (Byte.SIZE * KEY)) - 1;
    private static final long NOBODY = 0;
    private static final int GOES_ON = Integer.MIN_VALUE;
    /** A place is the number of a line and, in the lower bits, of a user in it. */
    private static final int SLOT_BITS = 4;

    /**
     * How large the parts of an index are.
     *
     * @param homes lines that keys name
     * @param lineBytes of a line; a multiple of 64
     * @param slots users that a line has room for
     * @param answerBytes of an answer
     */
    record Shape(int homes, int lineBytes, int slots, int answerBytes) {

        private static final int CACHE_LINE = 64;
        private static final int FEWEST_SLOTS = 5;
        private static final double LOAD = 0.75;
        /** Lines behind the last, for those who found it full. */
        private static final int SPARE = 8;

        static Shape of(long users, int experiments) {
            int answer = (experiments + 1 + Byte.SIZE - 1) / Byte.SIZE;
            int fewest = Integer.BYTES + FEWEST_SLOTS * (KEY + answer);
            int line = (fewest + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
            int slots = Math.min(1 << SLOT_BITS, (line - Integer.BYTES) / (KEY + answer));
            return new Shape((int) Math.ceil((users + 1) / (slots * LOAD)), line, slots, answer);
        }

        int lines() {
            return homes + SPARE;
        }

        long bytes() {
            return (long) lines() * lineBytes;
        }

        private int home(long key) {
            return (int) (((key >>> 32) * homes) >>> 32);
        }
    }

    private final MappedFile file;
    private final long from;
    private final Shape shape;
    // What every lookup needs, as fields.
    private final int lineBytes;
    private final int slots;
    private final int answersAt;
    private final int answerBytes;

    /** @param from where it begins in the file */
    UserIndex(MappedFile file, long from, Shape shape) {
        this.file = file;
        this.from = from;
        this.shape = shape;
        this.lineBytes = shape.lineBytes();
        this.slots = shape.slots();
        this.answersAt = Integer.BYTES + KEY * shape.slots();
        this.answerBytes = shape.answerBytes();
    }

    /** The place of a user; {@link #ABSENT} where no user has the key. */
    long find(long key) {
        long lower = key & KEY_MASK;
        if (lower == NOBODY) {
            return ABSENT;
        }
        long line = shape.home(key);
        while (true) {
            long at = at(line);
            ByteBuffer piece = file.piece(at);
            int within = MappedFile.within(at);
            for (int slot = 0; slot < slots; slot++) {
                if ((piece.getLong(within + Integer.BYTES + KEY * slot) & KEY_MASK) == lower) {
                    return line << SLOT_BITS | slot;
                }
            }
            if (piece.getInt(within) >= 0) {
                return ABSENT;
            }
            line++;
        }
    }

    private long key(long line, long slot) {
        return file.getLong(keyAt(line, slot)) & KEY_MASK;
    }

    private long keyAt(long line, long slot) {
        return at(line) + Integer.BYTES + KEY * slot;
    }

    private long at(long line) {
        return from + line * lineBytes;
    }

    /** The number of the user at a place: users are numbered as their keys ascend. */
    long user(long place) {
        return first(place >>> SLOT_BITS) + slot(place);
    }

    private long first(long line) {
        return file.getInt(at(line)) & ~GOES_ON;
    }

    private static long slot(long place) {
        return place & ((1 << SLOT_BITS) - 1);
    }

    /** A bit of the answer at a place. */
    boolean answer(long place, int bit) {
        return (file.getByte(answerAt(place) + (bit >> 3)) >> (bit & 7) & 1) == 1;
    }

    private long answerAt(long place) {
        return at(place >>> SLOT_BITS) + answersAt + slot(place) * answerBytes;
    }

    /** Puts the answer of a place. */
    void put(long place, byte[] answer) {
        file.put(answerAt(place), answer);
    }

    /**
     * Puts users, with answers that are all zero.
     *
     * @param keys unsigned, ascending
     * @return whether every one of them can be found: no two have lower bits in common in one line or the next
     */
    boolean put(long[] keys) {
        int user = 0;
        for (int line = 0; line < shape.lines(); line++) {
            int first = user;
            while (user < keys.length && user - first < slots && shape.home(keys[user]) <= line) {
                long at = keyAt(line, user - first);
                file.putInt(at, (int) keys[user]);
                file.putByte(at + Integer.BYTES, (byte) (keys[user] >>> 32));
                user++;
            }
            boolean goesOn = user < keys.length && shape.home(keys[user]) <= line;
            file.putInt(at(line), goesOn ? first | GOES_ON : first);
        }
        return user == keys.length && findsEach(keys);
    }

    private boolean findsEach(long[] keys) {
        for (int i = 0; i < keys.length; i++) {
            long place = find(keys[i]);
            if (place == ABSENT || user(place) != i) {
                return false;
            }
        }
        return true;
    }

    /**
     * Puts the users of another index, with their answers.
     *
     * @return whether it has the same shape; nothing is put otherwise
     */
    boolean put(UserIndex other) {
        if (!shape.equals(other.shape)) {
            return false;
        }
        for (int line = 0; line < shape.lines(); line++) {
            file.put(at(line), other.file.get(other.at(line), lineBytes));
        }
        return true;
    }

    /** Gives the places of all users, as they are numbered. */
    void forEach(LongConsumer places) {
        for (long line = 0; line < shape.lines(); line++) {
            for (int slot = 0; slot < slots && key(line, slot) != NOBODY; slot++) {
                places.accept(line << SLOT_BITS | slot);
            }
        }
    }
}
