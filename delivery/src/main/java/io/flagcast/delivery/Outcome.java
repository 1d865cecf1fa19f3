package io.flagcast.delivery;

import java.util.Objects;

/**
 * What came of telling a receiver.
 *
 * @param state whether it knows
 * @param detail what it answered; never its address, which may be a secret
 */
record Outcome(State state, String detail) {

    /** Whether a receiver knows. */
    enum State {
        DELIVERED,
        /** It refuses this message, and would again. */
        REFUSED,
        /** It was not reached or could not take it: another attempt may do. */
        FAILED;

        /** What the table says. */
        String label() {
            return this == DELIVERED ? "delivered" : "failed";
        }
    }

    Outcome {
        Objects.requireNonNull(state, "state");
        Objects.requireNonNull(detail, "detail");
    }

    static Outcome delivered(String detail) {
        return new Outcome(State.DELIVERED, detail);
    }

    static Outcome failed(String detail) {
        return new Outcome(State.FAILED, detail);
    }

    static Outcome of(int status) {
        String detail = "HTTP " + status;
        if (status >= 200 && status < 300) {
            return delivered(detail);
        }
        boolean mayPass = status >= 500 || status == 408 || status == 429;
        return new Outcome(mayPass ? State.FAILED : State.REFUSED, detail);
    }
}
