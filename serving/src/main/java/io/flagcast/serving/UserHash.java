package io.flagcast.serving;

import net.openhft.hashing.LongHashFunction;

/** The key of a user in a snapshot: XXH64 over the UTF-16 code units of the id. It makes no object. */
final class UserHash {

    private final LongHashFunction function;

    /** @param seed another one where two users of a lake have the same key */
    UserHash(long seed) {
        this.function = LongHashFunction.xx(seed);
    }

    long of(String userId) {
        return function.hashChars(userId);
    }
}
