package io.flagcast.rules;

import io.flagcast.statistics.ConfidenceSequence;

/** What a health check calls beyond chance. */
final class Chance {

    /** Probability that a check is ever wrong about an experiment, over all that it compares and however often. */
    static final double ALPHA = 0.001;

    /** Fewer users say nothing, and are too few to be shown as a group. */
    static final long LEAST_USERS = 100;

    /** Of an interval that is shown beside a value, for one look. */
    static final double SHOWN_CONFIDENCE = 0.95;

    private static final long TUNED_AT = 10_000;

    private Chance() {}

    /** The sequence of one of so many comparisons, whose two ends share its part of the error. */
    static ConfidenceSequence twoSided(int comparisons) {
        return new ConfidenceSequence(ALPHA / (2 * comparisons), TUNED_AT);
    }
}
