package io.flagcast.serving;

import java.util.Arrays;

/** The keys of all users, gathered in any order and with repetition: 16 bytes each at a load of at most 0.7. */
final class UserKeys {

    private long[] keys = new long[1 << 16];
    private long[] checks = new long[1 << 16];
    private int size;
    private boolean hasZero;
    private long checkOfZero;

    /**
     * Adds a user.
     *
     * @param key the user's
     * @param check another hash of the same user
     * @return whether another user has this key
     */
    boolean collides(long key, long check) {
        if (key == 0) {
            boolean collides = hasZero && checkOfZero != check;
            size += hasZero ? 0 : 1;
            hasZero = true;
            checkOfZero = check;
            return collides;
        }
        int slot = slot(keys, key);
        if (keys[slot] == key) {
            return checks[slot] != check;
        }
        keys[slot] = key;
        checks[slot] = check;
        size++;
        if (size > keys.length * 0.7) {
            grow();
        }
        return false;
    }

    private static int slot(long[] keys, long key) {
        int mask = keys.length - 1;
        int slot = (int) (key >>> 20) & mask;
        while (keys[slot] != 0 && keys[slot] != key) {
            slot = (slot + 1) & mask;
        }
        return slot;
    }

    private void grow() {
        long[] larger = new long[keys.length * 2];
        long[] largerChecks = new long[keys.length * 2];
        for (int i = 0; i < keys.length; i++) {
            if (keys[i] != 0) {
                int slot = slot(larger, keys[i]);
                larger[slot] = keys[i];
                largerChecks[slot] = checks[i];
            }
        }
        keys = larger;
        checks = largerChecks;
    }

    /** All keys as unsigned numbers, ascending. Nothing can be added after. */
    long[] ascending() {
        checks = new long[0];
        long[] all = new long[size];
        int n = 0;
        if (hasZero) {
            all[n++] = 0;
        }
        for (long key : keys) {
            if (key != 0) {
                all[n++] = key;
            }
        }
        keys = new long[0];
        for (int i = 0; i < all.length; i++) {
            all[i] ^= Long.MIN_VALUE;
        }
        Arrays.parallelSort(all);
        for (int i = 0; i < all.length; i++) {
            all[i] ^= Long.MIN_VALUE;
        }
        return all;
    }
}
