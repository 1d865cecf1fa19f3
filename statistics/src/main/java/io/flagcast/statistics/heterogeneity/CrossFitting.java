package io.flagcast.statistics.heterogeneity;

import io.flagcast.statistics.Interval;
import io.flagcast.statistics.Quadrature;
import java.util.OptionalInt;
import org.apache.commons.math3.special.Gamma;

/**
 * What the slope of a {@link BestLinearPrediction} is by chance where each row's prediction was learned from the other
 * folds of the same rows.
 *
 * <p>Where effects do not differ, a prediction is but a sum over the rows it was learned from, Σ h(i, j) e<sub>j</sub>
 * over rows j of other folds for a linear smoother, and the numerator of the slope the sum of h(i, j) e<sub>i</sub>
 * e<sub>j</sub>: every pair of rows of two folds stands in it twice, once with either as the one that is predicted. Its
 * variance is Σ (h(i, j) + h(j, i))² σ⁴ over the pairs, at most twice the Σ (h(i, j)² + h(j, i)²) σ⁴ that the error of the
 * slope sees, and just that where h is symmetric, as for regressions (a degenerate U-statistic: W. Hoeffding, "A Class of
 * Statistics with Asymptotically Normal Distribution", Annals of Mathematical Statistics 19 (1948), section 5). The slope
 * over its error is no standard normal then: 1 % becomes 3 %.
 *
 * <p>For least squares in d directions and m + 1 folds of one size it is, with S<sub>k</sub> the whitened sum of fold k, a
 * standard normal in d dimensions, and S the sum of all,
 *
 * <pre>
 *   z = (|S|² − Σ |S<sub>k</sub>|²) / √Σ |S − S<sub>k</sub>|² = (mA − Q) / √(m²A + Q),
 *   A = |S|² / (m + 1) ~ χ²(d),   Q = Σ |S<sub>k</sub>|² − A ~ χ²(md)
 * </pre>
 *
 * independent of one another (W. G. Cochran, "The distribution of quadratic forms in a normal system", Proceedings of
 * the Cambridge Philosophical Society 30 (1934)). Hence P(z &gt; x) = E P(A &gt; Q/m + x²/2 + x √(x²m² + 4(m + 1)Q) / 2m). A
 * penalty makes directions count less, as if there were fewer, and so does the mean of the predictions, which cross-fitting
 * ties to that of the other folds. With more and more directions z approaches a normal of variance 2. Up to 1,000 directions
 * and 2 to 10 folds that one has the larger tail at p-values below 0.6 %, so it is the bound where the number is unknown.
 *
 * @param folds of one size, at least 2
 * @param directions numbers that the learner fits to the effect, at least 1; absent where it is not linear in what it reads
 */
public record CrossFitting(int folds, OptionalInt directions) {

    /** Beyond it the limit is as good. */
    private static final int MOST_DIRECTIONS = 500;

    /** Length of a panel in units of χ, whose standard deviation is about 0.7. */
    private static final double PANEL = 0.5;

    /** Panels end so far above the mean of χ: eleven standard deviations. */
    private static final double BEYOND = 8;

    /** @throws IllegalArgumentException for fewer than 2 folds, or directions below 1 */
    public CrossFitting {
        if (folds < 2) {
            throw new IllegalArgumentException("CrossFitting: folds are " + folds + ", there must be at least 2");
        }
        if (directions.isPresent() && directions.getAsInt() < 1) {
            throw new IllegalArgumentException(
                    "CrossFitting: directions are " + directions.getAsInt() + ", there must be at least 1");
        }
    }

    /**
     * The one-sided p-value of slope &gt; 0 against effects that do not differ, for one look.
     *
     * @return in [0, 1]; asymptotic in the rows
     */
    public double p(BestLinearPrediction line) {
        return line.slopeError() == 0 ? line.p() : tail(line.slope() / line.slopeError());
    }

    /** The standard error of a slope by chance: √2 times the one that does not know of the other folds. */
    double slopeError(BestLinearPrediction line) {
        return Math.sqrt(2) * line.slopeError();
    }

    /** P(z &gt; x). */
    double tail(double x) {
        if (directions.isEmpty() || directions.getAsInt() > MOST_DIRECTIONS) {
            return Interval.STANDARD_NORMAL.cumulativeProbability(-x / Math.sqrt(2));
        }
        double d = directions.getAsInt();
        double m = folds - 1;
        double degrees = m * d;
        double constant = (degrees / 2 - 1) * Math.log(2) + Gamma.logGamma(degrees / 2);
        int panels = (int) Math.ceil((Math.sqrt(degrees) + BEYOND) / PANEL);
        double tail = 0;
        for (int panel = 0; panel < panels; panel++) {
            for (int i = 0; i < Quadrature.NODES; i++) {
                double chi = Quadrature.node(panel * PANEL, PANEL, i);
                double density = Math.exp((degrees - 1) * Math.log(chi) - chi * chi / 2 - constant);
                double q = chi * chi;
                double a = q / m + x * x / 2 + x * Math.sqrt(x * x * m * m + 4 * folds * q) / (2 * m);
                tail += Quadrature.weight(PANEL, i) * density * upperTail(d, a);
            }
        }
        return Math.min(1, tail);
    }

    /** P(χ²(d) &gt; a). */
    private static double upperTail(double d, double a) {
        return a <= 0 ? 1 : Gamma.regularizedGammaQ(d / 2, a / 2);
    }
}
