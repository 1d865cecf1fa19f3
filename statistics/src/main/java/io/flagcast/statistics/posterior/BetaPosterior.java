package io.flagcast.statistics.posterior;

import io.flagcast.statistics.Quadrature;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * What is believed of a response rate after some successes and failures, when before them every rate was as
 * likely as any other: the distribution Beta(alpha, beta).
 *
 * @param alpha successes + 1, at least 1
 * @param beta failures + 1, at least 1
 */
public record BetaPosterior(double alpha, double beta) implements Posterior {

    /** Panels of one standard deviation on each side of the mean. */
    private static final int PANELS = 14;

    /** @throws IllegalArgumentException unless both are finite and at least 1 */
    public BetaPosterior {
        if (!(alpha >= 1 && beta >= 1 && Double.isFinite(alpha) && Double.isFinite(beta))) {
            throw new IllegalArgumentException("BetaPosterior: alpha is " + alpha + " and beta is " + beta
                    + "; both must be finite and at least 1, the uniform prior's own");
        }
    }

    /**
     * The posterior after the given counts under the uniform prior Beta(1, 1).
     *
     * @param successes at least 0; fractions are allowed, as of discounted or weighted counts
     * @param failures at least 0
     * @throws IllegalArgumentException if a count is negative or not finite
     */
    public static BetaPosterior of(double successes, double failures) {
        if (!(successes >= 0 && failures >= 0)) {
            throw new IllegalArgumentException("BetaPosterior: " + successes + " successes and " + failures
                    + " failures; counts must be at least 0");
        }
        return new BetaPosterior(1 + successes, 1 + failures);
    }

    /** Expected rate alpha / (alpha + beta), in (0, 1). */
    @Override
    public double mean() {
        return alpha / (alpha + beta);
    }

    @Override
    public double variance() {
        double size = alpha + beta;
        return alpha * beta / (size * size * (size + 1));
    }

    /** The density of the rate, up to a factor. */
    Quadrature.Density density() {
        double mode = alpha + beta == 2 ? 0.5 : (alpha - 1) / (alpha + beta - 2);
        double deviation = Math.sqrt(variance());
        return new Quadrature.Density() {
            @Override
            public double at(double rate) {
                // A power of 0 has no logarithm to multiply.
                double successes = alpha == 1 ? 0 : (alpha - 1) * Math.log(rate / mode);
                double failures = beta == 1 ? 0 : (beta - 1) * Math.log((1 - rate) / (1 - mode));
                return rate < 0 || rate > 1 ? 0 : Math.exp(successes + failures);
            }

            @Override
            public double[] panelEnds() {
                return DoubleStream.concat(
                                DoubleStream.of(0, 1),
                                IntStream.rangeClosed(-PANELS, PANELS).mapToDouble(i -> mean() + i * deviation))
                        .filter(end -> end >= Math.max(0, mean() - PANELS * deviation)
                                && end <= Math.min(1, mean() + PANELS * deviation))
                        .sorted()
                        .toArray();
            }
        };
    }

    /**
     * The probability that this rate is above the other, the two independent: ∫ f(x) G(x) dx with f the density of
     * this one and G the distribution function of the other.
     *
     * <p>Computed by Gauss-Legendre quadrature over the log odds of the rate: there the density is log-concave and
     * smooth, without the steep ends of [0, 1]. Deterministic; accurate to 1e-9 for counts from none to many millions.
     *
     * @return in [0, 1]; ½ for equal posteriors
     */
    public double probabilityGreaterThan(BetaPosterior other) {
        return Quadrature.probabilityGreater(logOdds(), other.logOdds());
    }

    private Quadrature.Density logOdds() {
        return new Quadrature.Density() {
            @Override
            public double at(double logOdds) {
                return Math.exp(logDensity(logOdds - Math.log(alpha / beta)));
            }

            @Override
            public double[] panelEnds() {
                return logOddsPanelEnds();
            }
        };
    }

    /** Ends of panels, each short against the density's scale, that cover all but a negligible part of it. */
    private double[] logOddsPanelEnds() {
        double mode = Math.log(alpha / beta);
        // The standard deviation of the normal that fits the mode; for few counts it is wide, and one unit stays short
        // against the distance π to the density's nearest complex singularity.
        double width = Math.min(1, Math.sqrt((alpha + beta) / alpha / beta));
        int below = 1;
        while (logDensity(-below * width) > Quadrature.NEGLIGIBLE_LOG_DENSITY) {
            below++;
        }
        int above = 1;
        while (logDensity(above * width) > Quadrature.NEGLIGIBLE_LOG_DENSITY) {
            above++;
        }
        double[] ends = new double[below + above + 1];
        for (int i = 0; i < ends.length; i++) {
            ends[i] = mode + (i - below) * width;
        }
        return ends;
    }

    /**
     * Logarithm of the density of the log odds, {@code distance} from the mode and relative to it: alpha · d −
     * (alpha + beta) · log(1 + m(exp(d) − 1)), m the mean. Written from the mode, and on each side of it in the form
     * whose logarithm has an argument above 0, so that counts in the millions do not cancel each other's digits.
     */
    private double logDensity(double distance) {
        return distance >= 0
                ? alpha * distance - (alpha + beta) * Math.log1p(alpha / (alpha + beta) * Math.expm1(distance))
                : -beta * distance - (alpha + beta) * Math.log1p(beta / (alpha + beta) * Math.expm1(-distance));
    }
}
