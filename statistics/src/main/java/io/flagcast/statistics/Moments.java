package io.flagcast.statistics;

/**
 * Count, mean and sum of squared deviations of a set of values. Two disjoint sets merge into one without
 * their values, so an engine computes parts and the parts add up.
 *
 * <p>Source: T. F. Chan, G. H. Golub, R. J. LeVeque, "Updating Formulae and a Pairwise Algorithm for
 * Computing Sample Variances", Stanford report STAN-CS-79-773 (1979), the formulae for two samples of any size.
 *
 * @param n number of values, at least 0
 * @param mean arithmetic mean, in the unit of the values; 0 when there are none
 * @param m2 sum over the values of (value − mean)², at least 0; 0 when there are none
 */
public record Moments(long n, double mean, double m2) {

    /** The moments of no values; the neutral element of {@link #merge}. */
    public static final Moments EMPTY = new Moments(0, 0, 0);

    /** @throws IllegalArgumentException for a negative count, a number that is not finite, or a negative {@code m2} */
    public Moments {
        if (n < 0) {
            throw new IllegalArgumentException("Moments: n is " + n + ", a count cannot be negative");
        }
        if (!Double.isFinite(mean)) {
            throw new IllegalArgumentException("Moments: mean is " + mean + ", every value must be finite");
        }
        if (!Double.isFinite(m2) || m2 < 0) {
            throw new IllegalArgumentException("Moments: m2 is " + m2 + ", a sum of squares is finite and at least 0");
        }
        if (n == 0 && (mean != 0 || m2 != 0)) {
            throw new IllegalArgumentException(
                    "Moments: no values, yet mean is " + mean + " and m2 is " + m2 + "; both must be 0");
        }
    }

    /**
     * The moments of the given values.
     *
     * @throws IllegalArgumentException if a value is not finite
     */
    public static Moments of(double... values) {
        Moments moments = EMPTY;
        for (double value : values) {
            moments = moments.plus(value);
        }
        return moments;
    }

    /**
     * The moments from the sums that SQL aggregates give. Accurate where the standard deviation is not tiny
     * beside the mean; otherwise the difference of two large sums loses digits, and is floored at 0.
     *
     * @param n number of values
     * @param sum sum of the values
     * @param sumOfSquares sum of the squared values
     * @throws IllegalArgumentException for a negative count, sums that are not finite, or sums without values
     */
    public static Moments ofSums(long n, double sum, double sumOfSquares) {
        if (n == 0) {
            return new Moments(0, sum, sumOfSquares);
        }
        double m2 = sumOfSquares - sum * sum / n;
        return new Moments(n, sum / n, Math.max(0, m2));
    }

    /**
     * The moments of {@code successes} ones and {@code n - successes} zeros.
     *
     * @throws IllegalArgumentException unless 0 ≤ successes ≤ n
     */
    public static Moments ofProportion(long successes, long n) {
        requireProportion(successes, n);
        return n == 0 ? EMPTY : new Moments(n, (double) successes / n, (double) successes * (n - successes) / n);
    }

    /**
     * These moments with one more value.
     *
     * @throws IllegalArgumentException if {@code x} is not finite
     */
    public Moments plus(double x) {
        return merge(new Moments(1, x, 0));
    }

    /** The moments of both sets together (Chan, Golub, LeVeque 1979). */
    public Moments merge(Moments other) {
        if (n == 0) {
            return other;
        }
        if (other.n == 0) {
            return this;
        }
        long total = Math.addExact(n, other.n);
        double delta = other.mean - mean;
        double otherShare = (double) other.n / total;
        return new Moments(total, mean + delta * otherShare, m2 + other.m2 + delta * delta * otherShare * n);
    }

    /** Sum of the values. */
    public double sum() {
        return n * mean;
    }

    /** Unbiased sample variance m2 / (n − 1). Fewer than two values have none: then 0, so look at {@link #n} first. */
    public double variance() {
        return n < 2 ? 0 : m2 / (n - 1);
    }

    /** Standard error of the mean, √(variance / n); 0 for fewer than two values, as {@link #variance}. */
    public double standardError() {
        return n < 2 ? 0 : Math.sqrt(variance() / n);
    }

    static void requireProportion(long successes, long n) {
        if (n < 0 || successes < 0 || successes > n) {
            throw new IllegalArgumentException(
                    successes + " successes of " + n + ": successes must lie between 0 and the count");
        }
    }
}
