package io.flagcast.rules;

import java.time.Instant;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * What the evidence says of one comparison.
 *
 * @param comparison what was compared
 * @param state what the evidence shows
 * @param observed the estimate: a mean, or enabled minus the multiple of control that the margin makes of it; absent
 *     without data
 * @param bound its confidence bound on the side of the threshold, or the estimate itself for method point; absent with
 *     too little data
 * @param threshold what the bound was compared with; absent where it is of data that is missing
 * @param n users behind the estimate, of both arms where two are compared
 * @param compared users of them in the control arm, or users of the baseline; absent for a level
 * @param alpha probability to be wrong that the bound may spend; 0 for method point
 * @param window number of the evidence window, from 1; its first day is {@code windowStart}
 * @param evidenceStart first day of the evidence; absent without data
 * @param windowStart first day of the window
 * @param reason all of it in a sentence
 */
public record Reading(
        Condition.Comparison comparison,
        State state,
        OptionalDouble observed,
        OptionalDouble bound,
        OptionalDouble threshold,
        long n,
        OptionalLong compared,
        double alpha,
        int window,
        Optional<Instant> evidenceStart,
        Optional<Instant> windowStart,
        String reason) {

    /** What the evidence shows. */
    public enum State {
        /** The comparison holds. */
        HOLDS,
        /** Its opposite holds: the metric is sound. */
        OPPOSITE,
        /** Neither: the limit is within what the evidence allows. */
        OPEN,
        /** Too little data, or none that is usable. */
        INCONCLUSIVE;

        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public Reading {
        Objects.requireNonNull(comparison, "comparison");
        Objects.requireNonNull(state, "state");
        Objects.requireNonNull(reason, "reason");
    }
}
