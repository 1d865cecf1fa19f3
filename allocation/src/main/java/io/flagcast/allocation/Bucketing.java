package io.flagcast.allocation;

import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import net.openhft.hashing.LongHashFunction;

/**
 * A user's fixed point in [0, 1) for one salt and purpose.
 *
 * <p>{@code h = XXH64(utf8(user_id), seed = XXH64(utf8(salt + ":" + purpose), 42))}, {@code bucket = (h >>> 11) / 2^53}
 * (XXH64: Collet, xxHash fast digest algorithm, section "XXH64"). In Spark SQL the same number is
 * {@code shiftrightunsigned(xxhash64(concat(salt, ':', purpose), user_id), 11) / 9007199254740992}.
 */
public final class Bucketing implements Serializable {

    private static final double TWO_TO_53 = 0x1p53;
    private static final LongHashFunction SEEDS = LongHashFunction.xx(42);

    private final LongHashFunction hash;

    private Bucketing(long seed) {
        this.hash = LongHashFunction.xx(seed);
    }

    /** The buckets of one salt and purpose. */
    public static Bucketing of(String salt, Purpose purpose) {
        return new Bucketing(SEEDS.hashBytes((salt + ":" + purpose.label()).getBytes(StandardCharsets.UTF_8)));
    }

    /** The bucket of a user, in [0, 1). */
    public double bucket(String userId) {
        return bucket(userId.getBytes(StandardCharsets.UTF_8));
    }

    /** The same of a user whose id is UTF-8. */
    public double bucket(byte[] userId) {
        return (hash.hashBytes(userId) >>> 11) / TWO_TO_53;
    }

    /** What a bucket decides. Two purposes of one salt are independent. */
    public enum Purpose {
        /** Whether the lake's holdout keeps the user out of every experiment; salt: the lake's holdout salt. */
        HOLDOUT,
        /** Where the user lies in a layer; salt: the layer's name. */
        LAYER,
        /** Whether the user is in the exploration slice; salt: the experiment's. */
        EXPLORATION,
        /** The fair coin of that slice; salt: the experiment's. */
        COIN,
        /** The bucket that probabilities are compared with; salt: the experiment's. */
        ENROLMENT;

        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
