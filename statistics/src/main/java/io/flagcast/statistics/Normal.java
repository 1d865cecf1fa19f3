package io.flagcast.statistics;

/**
 * A normal law.
 *
 * @param mean finite
 * @param variance above 0, finite
 */
public record Normal(double mean, double variance) {

    /** @throws IllegalArgumentException if a number is outside its range */
    public Normal {
        if (!Double.isFinite(mean)) {
            throw new IllegalArgumentException("Normal: mean is " + mean + ", it must be finite");
        }
        if (!(variance > 0 && Double.isFinite(variance))) {
            throw new IllegalArgumentException("Normal: variance is " + variance + ", it must be above 0");
        }
    }

    /** Logarithm of the density, up to a constant: 0 at the mean. */
    public double logDensity(double x) {
        return -(x - mean) * (x - mean) / (2 * variance);
    }
}
