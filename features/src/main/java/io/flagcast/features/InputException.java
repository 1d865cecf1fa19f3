package io.flagcast.features;

/** The input cannot be used: the message names table, column, value and remedy. The data is at fault, not the code. */
public final class InputException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    public InputException(String message) {
        super(message);
    }
}
