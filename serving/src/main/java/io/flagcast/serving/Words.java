package io.flagcast.serving;

import java.util.Arrays;
import java.util.List;

/**
 * The words of a user: for every experiment the number of a verdict, in as many bits as the largest takes, then for every feature a
 * {@link PackedPrediction} of 32 bits; one after the other from the lowest bit on, up to a whole byte.
 */
final class Words {

    /** A word is read as eight bytes, which may end behind the last user. */
    static final int READ_BEYOND = Long.BYTES;

    /** The first bit of every word, and behind the last. */
    private final int[] bits;

    /** @param verdicts how many, for every experiment */
    Words(List<Integer> verdicts, int features) {
        this.bits = new int[verdicts.size() + features + 1];
        for (int i = 0; i < bits.length - 1; i++) {
            int width =
                    i < verdicts.size() ? Integer.SIZE - Integer.numberOfLeadingZeros(verdicts.get(i)) : Integer.SIZE;
            bits[i + 1] = bits[i] + width;
        }
    }

    /** Bytes of a user. */
    int bytes() {
        return (bits[bits.length - 1] + Byte.SIZE - 1) / Byte.SIZE;
    }

    /**
     * A word.
     *
     * @param at where the user's begin
     * @param word experiments first, then features
     */
    int get(MappedFile file, long at, int word) {
        int bit = bits[word];
        long read = file.getLong(at + (bit >> 3)) >>> (bit & 7);
        return (int) (read & ((1L << (bits[word + 1] - bit)) - 1));
    }

    /**
     * Packs the words of a user.
     *
     * @param words experiments first, then features
     * @param into of {@link #bytes()}
     */
    void pack(int[] words, byte[] into) {
        Arrays.fill(into, (byte) 0);
        for (int i = 0; i < words.length; i++) {
            long shifted = (words[i] & 0xFFFF_FFFFL) << (bits[i] & 7);
            for (int at = bits[i] >> 3; shifted != 0; at++, shifted >>>= Byte.SIZE) {
                into[at] |= (byte) shifted;
            }
        }
    }
}
