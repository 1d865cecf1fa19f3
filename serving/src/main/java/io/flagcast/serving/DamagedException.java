package io.flagcast.serving;

import java.io.IOException;

/** A snapshot whose bytes are not those that were written. */
final class DamagedException extends IOException {

    private static final long serialVersionUID = 1;

    DamagedException(String message) {
        super(message);
    }
}
