package io.flagcast.tables;

import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.security.InvalidKeyException;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * What stands for a user's id where the id itself is to be nowhere: {@value #PREFIX} and its HMAC-SHA-256 (RFC 2104,
 * FIPS 198-1) in 64 lower-case hexadecimal digits. What is a pseudonym already stays one, so that sources may have either. Whoever has
 * the key can find the pseudonym of an id, and nobody can find the id of a pseudonym but by trying.
 */
public final class Pseudonym implements Serializable {

    /** Characters of the shortest key: a shorter one can be tried out. */
    public static final int SHORTEST_KEY = 16;

    /** How every pseudonym begins. */
    public static final String PREFIX = "hmac-sha256:";

    private static final Pattern MADE = Pattern.compile(PREFIX + "[0-9a-f]{64}");
    private static final String ALGORITHM = "HmacSHA256";

    private final SecretKeySpec key;

    /** @throws IllegalArgumentException where the key is shorter than {@value #SHORTEST_KEY} characters */
    public Pseudonym(String key) {
        if (key.length() < SHORTEST_KEY) {
            throw new IllegalArgumentException("a key of %d characters can be tried out: it must have %d or more"
                    .formatted(key.length(), SHORTEST_KEY));
        }
        this.key = new SecretKeySpec(key.getBytes(StandardCharsets.UTF_8), ALGORITHM);
    }

    /**
     * The pseudonym of an id.
     *
     * @return an id that names nobody ({@link Ids#isBlank}), or is a pseudonym, as it is
     */
    public String of(String userId) {
        if (Ids.isBlank(userId) || MADE.matcher(userId).matches()) {
            return userId;
        }
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(key);
            return PREFIX + HexFormat.of().formatHex(mac.doFinal(userId.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException | InvalidKeyException e) {
            throw new IllegalStateException("every JVM has HMAC-SHA-256", e);
        }
    }
}
