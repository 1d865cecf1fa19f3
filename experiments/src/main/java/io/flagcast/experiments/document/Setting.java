package io.flagcast.experiments.document;

import java.util.Optional;

/**
 * What one key holds.
 *
 * @param line line of the key
 * @param read its value, absent where a problem was reported instead
 */
public record Setting<T>(int line, Optional<T> read) {

    /** The value; only to be asked for where the mapping had no problem, as in {@link Mapping#build}. */
    public T value() {
        return read.orElseThrow(() -> new IllegalStateException("a setting that was refused is used"));
    }
}
