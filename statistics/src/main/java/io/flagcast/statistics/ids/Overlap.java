package io.flagcast.statistics.ids;

/**
 * How many ids two sides have in common.
 *
 * @param own distinct ids of one side
 * @param other distinct ids of the other
 * @param both of them those that both sides have, at most as many as either has
 */
public record Overlap(long own, long other, long both) {

    public Overlap {
        if (both < 0 || both > own || both > other) {
            throw new IllegalArgumentException(
                    "%d ids of both sides, where one has %d and the other %d".formatted(both, own, other));
        }
    }

    /** Distinct ids of the smaller side. */
    public long smaller() {
        return Math.min(own, other);
    }

    /** Those of {@link #own} that the other side lacks. */
    public long unmet() {
        return own - both;
    }

    /**
     * The common part of the smaller side, in [0, 1]: 1 where one side is part of the other, however large that is (the overlap
     * coefficient of D. Szymkiewicz 1934 and G. G. Simpson 1943). 0 where a side has no id.
     */
    public double coefficient() {
        return smaller() == 0 ? 0 : (double) both / smaller();
    }
}
