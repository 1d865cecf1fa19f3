package io.flagcast.tables;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * What content is known by in a table: its SHA-256 (NIST FIPS 180-4), in lower-case hexadecimal digits. Content hashes,
 * checksums, fingerprints and the ids that are made of several parts are all this one. No bucket comes of it: those are
 * XXH64.
 */
public final class ContentHash {

    /** Digits of a whole hash. */
    public static final int DIGITS = 64;

    private ContentHash() {}

    /** The 64 digits of some bytes, as those of a file. */
    public static String sha256(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has SHA-256", e);
        }
    }

    /** The 64 digits of a text's UTF-8 bytes. */
    public static String sha256(String text) {
        return sha256(text.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * The first digits of a text's hash, where a whole one is too long to read. 16 digits are 64 bits: some two of n texts
     * share them with a probability of about n² / 2⁶⁵.
     *
     * @param digits how many, 1 to 64
     */
    public static String sha256(String text, int digits) {
        if (digits < 1 || digits > DIGITS) {
            throw new IllegalArgumentException(
                    "a SHA-256 has 1 to %d digits to give, not %d".formatted(DIGITS, digits));
        }
        return sha256(text).substring(0, digits);
    }
}
