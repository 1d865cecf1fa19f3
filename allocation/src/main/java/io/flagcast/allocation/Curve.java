package io.flagcast.allocation;

import java.io.Serializable;

/** A non-decreasing function from score, 0 to 100, to a weight in [0, 1]. */
public sealed interface Curve extends Serializable {

    double weight(double score);

    /** {@code score / 100}. */
    record Linear() implements Curve {
        @Override
        public double weight(double score) {
            return score / 100;
        }
    }

    /**
     * {@code 1 / (1 + exp(-steepness * (score - midpoint)))}.
     *
     * @param midpoint score with weight one half, 0 to 100
     * @param steepness slope at the midpoint times four, per point of score, above 0
     */
    record Logistic(double midpoint, double steepness) implements Curve {
        public Logistic {
            if (!(midpoint >= 0 && midpoint <= 100)) {
                throw new IllegalArgumentException("midpoint " + midpoint + " is outside [0, 100]");
            }
            if (!(steepness > 0 && Double.isFinite(steepness))) {
                throw new IllegalArgumentException("steepness " + steepness + " is not above 0");
            }
        }

        @Override
        public double weight(double score) {
            // StrictMath: the same bits on every machine.
            return 1 / (1 + StrictMath.exp(-steepness * (score - midpoint)));
        }
    }

    /**
     * {@code (score / 100) ^ exponent}.
     *
     * @param exponent above 0; above 1 it favours high scores
     */
    record Power(double exponent) implements Curve {
        public Power {
            if (!(exponent > 0 && Double.isFinite(exponent))) {
                throw new IllegalArgumentException("exponent " + exponent + " is not above 0");
            }
        }

        @Override
        public double weight(double score) {
            return StrictMath.pow(score / 100, exponent);
        }
    }
}
