package io.flagcast.statistics;

import java.util.OptionalDouble;
import java.util.SplittableRandom;

/**
 * A law that stands for what a metric counts of a user, where no more of it is known than mean and variance: of two values,
 * 0 and a top, or normal.
 *
 * <p>Of all laws on values that are never negative, that on 0 and (σ² + μ²)/μ is the least skewed with this mean and variance
 * (K. Pearson, Philosophical Transactions A 216 (1916), p. 433). It ties the variance of users to their mean, as purchases
 * do: few buyers are worth little and differ little. That of a proportion has the top 1. Where the standard deviation is less
 * than the mean, most users have a value, and the normal law with a variance of its own is closer.
 *
 * @param mean of a user, finite; in [0, top] where there is one
 * @param variance of a user, finite, at least 0
 * @param top the value that is not 0, above 0; absent for the normal law
 */
public record ValueLaw(double mean, double variance, OptionalDouble top) {

    /** Up to as much variance a count is drawn success by success; above, its normal law is close. */
    private static final double FEW = 12;

    /** @throws IllegalArgumentException if a number is outside its range */
    public ValueLaw {
        if (!Double.isFinite(mean) || !(variance >= 0 && Double.isFinite(variance))) {
            throw new IllegalArgumentException(
                    "ValueLaw: mean %s and variance %s, they must be finite".formatted(mean, variance));
        }
        if (top.isPresent() && !(top.getAsDouble() > 0 && mean >= 0 && mean <= top.getAsDouble())) {
            throw new IllegalArgumentException(
                    "ValueLaw: mean %s is outside [0, %s]".formatted(mean, top.getAsDouble()));
        }
    }

    /**
     * The law of values of which the mean and the variance are known.
     *
     * @param variance at least 0; of a proportion it is not asked
     */
    public static ValueLaw of(double mean, double variance, Metric.Kind kind) {
        if (kind == Metric.Kind.PROPORTION) {
            return twoValues(mean, 1);
        }
        return mean > 0 && variance >= mean * mean
                ? twoValues(mean, mean + variance / mean)
                : new ValueLaw(mean, variance, OptionalDouble.empty());
    }

    private static ValueLaw twoValues(double mean, double top) {
        return new ValueLaw(mean, mean * (top - mean), OptionalDouble.of(top));
    }

    /**
     * The law after its mean has changed: as many more or fewer users have the top; the variance of a normal law stays.
     *
     * @param mean where there is a top at least 0; above the top it takes the top along
     */
    public ValueLaw withMean(double mean) {
        return top.isPresent() ? twoValues(mean, Math.max(mean, top.getAsDouble())) : new ValueLaw(mean, variance, top);
    }

    /** Whether a mean is one that this law can have. */
    public boolean canHave(double mean) {
        return top.isEmpty() || (mean >= 0 && mean <= top.getAsDouble());
    }

    /** Draws the sum of the values of so many users. */
    public double sum(SplittableRandom random, long users) {
        if (users == 0) {
            return 0;
        }
        if (top.isEmpty()) {
            return users * mean + Math.sqrt(users * variance) * random.nextGaussian();
        }
        double share = mean / top.getAsDouble();
        return top.getAsDouble()
                * (share <= 0.5 ? count(random, users, share) : users - count(random, users, 1 - share));
    }

    private static long count(SplittableRandom random, long users, double share) {
        double expected = users * share;
        double variance = expected * (1 - share);
        if (variance > FEW) {
            long drawn = Math.round(expected + Math.sqrt(variance) * random.nextGaussian());
            return Math.min(users, Math.max(0, drawn));
        }
        if (share <= 0) {
            return 0;
        }
        // The users from one success to the next have a geometric law.
        double logFailure = Math.log1p(-share);
        long count = 0;
        double at = Math.floor(Math.log(1 - random.nextDouble()) / logFailure);
        while (at < users) {
            count++;
            at += 1 + Math.floor(Math.log(1 - random.nextDouble()) / logFailure);
        }
        return count;
    }
}
