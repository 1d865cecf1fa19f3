package io.flagcast.statistics.posterior;

import io.flagcast.statistics.Quadrature;

/**
 * What is believed of the mean of normal values whose variance is unknown too, when before the data every mean and every
 * log variance was as likely as any other: Student's t around the sample mean (A. Gelman and others, "Bayesian Data
 * Analysis", 3rd edition 2013, section 3.2). For values that are not normal it holds as far as their mean is.
 *
 * @param mean sample mean
 * @param scale standard error of that mean, above 0
 * @param degreesOfFreedom (effective) rows less 1, above 2: with fewer the belief has no variance
 */
public record StudentPosterior(double mean, double scale, double degreesOfFreedom) implements Posterior {

    /** @throws IllegalArgumentException if a number is outside its range or not finite */
    public StudentPosterior {
        if (!Double.isFinite(mean)) {
            throw new IllegalArgumentException("StudentPosterior: mean is " + mean + ", it must be finite");
        }
        if (!(scale > 0 && Double.isFinite(scale))) {
            throw new IllegalArgumentException("StudentPosterior: scale is " + scale + ", it must be above 0");
        }
        if (!(degreesOfFreedom > 2 && Double.isFinite(degreesOfFreedom))) {
            throw new IllegalArgumentException(
                    "StudentPosterior: degrees of freedom are " + degreesOfFreedom + ", they must be above 2");
        }
    }

    @Override
    public double variance() {
        return scale * scale * degreesOfFreedom / (degreesOfFreedom - 2);
    }

    /** The density of the mean, up to a factor. */
    Quadrature.Density density() {
        return new Quadrature.Density() {
            @Override
            public double at(double x) {
                double t = (x - mean) / scale;
                return Math.exp(-(degreesOfFreedom + 1) / 2 * Math.log1p(t * t / degreesOfFreedom));
            }

            @Override
            public double[] panelEnds() {
                // The tails fall like a power: panels grow with the distance, as the density's scale does there.
                int panels = 1;
                double reach = 1;
                while (at(mean + reach * scale) > Math.exp(Quadrature.NEGLIGIBLE_LOG_DENSITY)) {
                    reach += Math.max(1, reach / 4);
                    panels++;
                }
                double[] ends = new double[2 * panels + 1];
                double distance = 0;
                ends[panels] = mean;
                for (int i = 1; i <= panels; i++) {
                    distance += Math.max(1, distance / 4);
                    ends[panels - i] = mean - distance * scale;
                    ends[panels + i] = mean + distance * scale;
                }
                return ends;
            }
        };
    }
}
