package io.flagcast.statistics;

import java.io.Serializable;

/**
 * Where the value of a user stops to count: a capped metric counts min(max(value, 0), cap) of each, so that every value
 * lies in [0, cap] (winsorised: W. J. Dixon, J. W. Tukey, Technometrics 10 (1968), on the upper side). What is then
 * measured and tested is the mean of the capped values, not that of the raw ones; in return its bounds hold for values of
 * any law.
 */
public sealed interface Cap extends Serializable {

    /**
     * A value in the unit of the metric.
     *
     * @param value above 0, finite
     */
    record At(double value) implements Cap {

        /** @throws IllegalArgumentException if the value is not above 0 or not finite */
        public At {
            if (!(value > 0 && Double.isFinite(value))) {
                throw new IllegalArgumentException("cap " + value
                        + " is not above 0 and finite; write the largest value of a user that shall count, as in 500");
            }
        }
    }

    /**
     * A quantile of the users' values that is looked up once, when the evidence begins, and stands from then on as an
     * {@link At}: a cap that followed the data would not leave the mean of a user's value the same from day to day.
     *
     * @param quantile in (0.5, 1)
     */
    record Quantile(double quantile) implements Cap {

        /** @throws IllegalArgumentException if the quantile is outside (0.5, 1) */
        public Quantile {
            if (!(quantile > 0.5 && quantile < 1)) {
                throw new IllegalArgumentException("quantile " + quantile
                        + " is not above 50% and below 100%; write one that few users pass, as in 99.9%");
            }
        }
    }
}
