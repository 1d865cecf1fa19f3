package io.flagcast.experiments.document;

import java.util.Objects;

/**
 * Something wrong in a file: where, what, the limit and the remedy.
 *
 * @param file the file, as it was named
 * @param line line in it, from 1; 0 where the whole file is meant
 * @param message one sentence that names key, value, limit and remedy
 */
public record Problem(String file, int line, String message) {

    public Problem {
        Objects.requireNonNull(file, "file");
        Objects.requireNonNull(message, "message");
    }

    @Override
    public String toString() {
        return line > 0 ? file + ":" + line + ": " + message : file + ": " + message;
    }
}
