package io.flagcast.statistics.assignment;

import java.io.Serializable;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Mergeable sums over rows that were enabled or not, each with its logged propensity p strictly between 0 and 1: all
 * that {@link SampleRatio} needs. Outcomes do not matter.
 *
 * @param n number of rows, at least 0
 * @param enabled how many of them are enabled
 * @param expected Σ p: how many were to be expected
 * @param variance Σ p(1 − p): the variance of their number
 * @param logTilted for each θ of {@link #TILTS}, in their order, Σ log(1 + p(e^θ − 1)): the logarithm of the mean of
 *     e^(θ · enabled)
 */
public record Assignment(long n, long enabled, double expected, double variance, List<Double> logTilted)
        implements Serializable {

    /**
     * Shifts of the log odds of being enabled that the test bets on, five in either direction. The smallest is half a
     * percentage point at p = 0.5, beneath which no mismatch matters; the largest multiplies the odds by five. With a
     * factor of 3 between them, whatever the shift, a bet wins three quarters of what a bet on that very shift would:
     * at r times the best small θ it wins 2r − r², and r is between ½ and 3/2 for one of them.
     */
    public static final List<Double> TILTS = List.of(-1.62, -0.54, -0.18, -0.06, -0.02, 0.02, 0.06, 0.18, 0.54, 1.62);

    /** The sums over no rows; the neutral element of {@link #merge}. */
    public static final Assignment EMPTY =
            new Assignment(0, 0, 0, 0, TILTS.stream().map(tilt -> 0.0).toList());

    /** What rounding may add to a sum. */
    private static final double ROUNDING = 1 + 1e-9;

    /** @throws IllegalArgumentException for counts or sums that no rows have */
    public Assignment {
        logTilted = List.copyOf(logTilted);
        if (n < 0 || enabled < 0 || enabled > n) {
            throw new IllegalArgumentException(
                    "Assignment: " + enabled + " enabled of " + n + " rows, they must lie between 0 and the count");
        }
        if (!(expected >= 0 && expected <= n * ROUNDING) || !(variance >= 0 && variance <= n * ROUNDING / 4)) {
            throw new IllegalArgumentException("Assignment: over " + n + " rows the propensities sum to " + expected
                    + " and p(1 - p) to " + variance + ", at most that count and a quarter of it");
        }
        if (n > 0 && variance == 0) {
            throw new IllegalArgumentException("Assignment: p(1 - p) sums to 0 over " + n
                    + " rows, each propensity must be strictly between 0 and 1");
        }
        if (logTilted.size() != TILTS.size()) {
            throw new IllegalArgumentException("Assignment: " + logTilted.size()
                    + " logarithmic sums, there must be one for each of the " + TILTS.size() + " tilts");
        }
        if (!logTilted.stream().allMatch(Double::isFinite)) {
            throw new IllegalArgumentException("Assignment: a logarithmic sum is not finite, of " + logTilted);
        }
    }

    /**
     * The sums over rows of one propensity.
     *
     * @param propensity of each row, strictly between 0 and 1
     * @throws IllegalArgumentException if it is not, or a count is negative
     */
    public static Assignment of(long enabled, long control, double propensity) {
        if (!(propensity > 0 && propensity < 1)) {
            throw new IllegalArgumentException("Assignment: propensity is " + propensity
                    + ", it must be strictly between 0 and 1: a row that could not be otherwise tells nothing");
        }
        long n = Math.addExact(enabled, control);
        if (n == 0) {
            return EMPTY;
        }
        return new Assignment(
                n,
                enabled,
                n * propensity,
                n * propensity * (1 - propensity),
                TILTS.stream()
                        .map(tilt -> n * Math.log1p(propensity * Math.expm1(tilt)))
                        .toList());
    }

    /** The sums over the rows of both. */
    public Assignment merge(Assignment other) {
        return new Assignment(
                Math.addExact(n, other.n),
                Math.addExact(enabled, other.enabled),
                expected + other.expected,
                variance + other.variance,
                IntStream.range(0, TILTS.size())
                        .mapToObj(i -> logTilted.get(i) + other.logTilted.get(i))
                        .toList());
    }

    /** How many rows are not enabled. */
    public long control() {
        return n - enabled;
    }
}
