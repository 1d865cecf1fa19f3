package io.flagcast.serving.lake;

import java.io.IOException;
import java.io.UncheckedIOException;

/** A publication or a snapshot that must not be served. */
public final class RefusedException extends IOException {

    private static final long serialVersionUID = 1;

    public RefusedException(String message) {
        super(message);
    }

    /** For those who read rows, which throw nothing checked. */
    public static UncheckedIOException unchecked(String message) {
        return new UncheckedIOException(new RefusedException(message));
    }
}
