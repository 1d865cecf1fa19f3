package io.flagcast.serving;

import java.io.IOException;

/** A publication or a snapshot that must not be served. */
final class RefusedException extends IOException {

    private static final long serialVersionUID = 1;

    RefusedException(String message) {
        super(message);
    }
}
