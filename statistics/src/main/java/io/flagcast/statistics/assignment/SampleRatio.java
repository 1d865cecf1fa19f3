package io.flagcast.statistics.assignment;

import org.apache.commons.math3.special.Erf;

/**
 * Whether rows were enabled as often as their propensities say: the test for a sample ratio mismatch, exact for any
 * number of rows and any propensities, and valid however often one looks. A mismatch says that rows were lost, doubled
 * or assigned otherwise than recorded, and that no effect of these rows can be trusted; it does not say which. See A.
 * Fabijan et al., "Diagnosing Sample Ratio Mismatch in Online Controlled Experiments", KDD 2019, on its causes.
 *
 * <p>Where a row is enabled (A = 1) with its propensity p, given all rows before it, e^(θA) has the mean 1 + p(e^θ −
 * 1). So for each shift θ of the log odds the product over the rows
 *
 * <pre>
 *   M(θ) = exp(θ · ΣA − Σ log(1 + p(e^θ − 1)))
 * </pre>
 *
 * is a martingale that starts at 1: the likelihood ratio of rows whose odds are all e^θ times those logged. So is the
 * mean of M over the fixed {@link Assignment#TILTS}, and by Ville's inequality (1939) it ever reaches 1/alpha with a
 * probability of at most alpha. Sources: M. Lindon, A. Malek, "Anytime-Valid Inference for Multinomial Count Data",
 * NeurIPS 2022, arXiv 2011.03567, who test sample ratios by such a mixture of likelihood ratios, over a Dirichlet law
 * and for one propensity of all rows; the exponential tilting, S. R. Howard, A. Ramdas, J. McAuliffe, J. Sekhon,
 * "Time-uniform Chernoff bounds via nonnegative supermartingales", Probability Surveys 17 (2020), arXiv 1808.03204. A
 * mixture over a few tilts instead of a law keeps the state to one sum for each, whatever the propensities.
 *
 * <p>A loss of rows in one direction only is what it sees: where one part of the rows gains as many enabled as another
 * loses, the parts are to be tested apart.
 *
 * @param enabled enabled rows, at least 0
 * @param control other rows, at least 0
 * @param deviation of the enabled share from the mean propensity, in [−1, 1]: 0.01 is one point of enabled too many; 0
 *     without rows
 * @param logEvidence natural logarithm of the martingale's mean: above log(1/alpha) for a mismatch, below 0 where the
 *     propensities explain the rows better than the bets do
 * @param chiSquaredPValue of Pearson's test beside it, (ΣA − Σp)² / Σp(1 − p) with one degree of freedom: for a single
 *     look at a number of rows chosen in advance; 1 without rows
 * @param mismatch whether the evidence suffices and the deviation is not below the minimum in size
 */
public record SampleRatio(
        long enabled, long control, double deviation, double logEvidence, double chiSquaredPValue, boolean mismatch) {

    /** @throws IllegalArgumentException if a component is outside its range */
    public SampleRatio {
        if (enabled < 0 || control < 0) {
            throw new IllegalArgumentException("SampleRatio: " + enabled + " enabled and " + control
                    + " control rows, a count cannot be negative");
        }
        if (!(deviation >= -1 && deviation <= 1)) {
            throw new IllegalArgumentException(
                    "SampleRatio: deviation is " + deviation + ", one of a share lies in [-1, 1]");
        }
        if (!Double.isFinite(logEvidence)) {
            throw new IllegalArgumentException("SampleRatio: logEvidence is " + logEvidence + ", it must be finite");
        }
        if (!(chiSquaredPValue >= 0 && chiSquaredPValue <= 1)) {
            throw new IllegalArgumentException(
                    "SampleRatio: p-value is " + chiSquaredPValue + ", a probability lies in [0, 1]");
        }
    }

    /**
     * The test.
     *
     * @param alpha probability to ever report a mismatch where there is none, in (0, 1); 0.001 suits a test that looks
     *     at every experiment on every day
     * @param minimumDeviation of the share, in [0, 1): a smaller one is never reported, however certain it is. What
     *     matters depends on the propensities: half a point is 1 % of an arm at p = 0.5 and half of it at 0.01
     * @throws IllegalArgumentException if a parameter is outside its range
     */
    public static SampleRatio of(Assignment rows, double alpha, double minimumDeviation) {
        if (!(alpha > 0 && alpha < 1)) {
            throw new IllegalArgumentException(
                    "SampleRatio: alpha is " + alpha + ", it must be above 0 and below 1, as 0.001 for 0.1 %");
        }
        if (!(minimumDeviation >= 0 && minimumDeviation < 1)) {
            throw new IllegalArgumentException("SampleRatio: minimum deviation is " + minimumDeviation
                    + ", it must be at least 0 and below 1, as 0.005 for half a percentage point");
        }
        if (rows.n() == 0) {
            return new SampleRatio(0, 0, 0, 0, 1, false);
        }
        double excess = rows.enabled() - rows.expected();
        double deviation = excess / rows.n();
        double logEvidence = logEvidence(rows);
        return new SampleRatio(
                rows.enabled(),
                rows.control(),
                deviation,
                logEvidence,
                Erf.erfc(Math.abs(excess) / Math.sqrt(2 * rows.variance())),
                logEvidence >= -Math.log(alpha) && Math.abs(deviation) >= minimumDeviation);
    }

    /** Logarithm of the mean of M over the tilts, relative to the largest so that nothing overflows. */
    private static double logEvidence(Assignment rows) {
        double[] logs = new double[Assignment.TILTS.size()];
        double largest = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < logs.length; i++) {
            logs[i] =
                    Assignment.TILTS.get(i) * rows.enabled() - rows.logTilted().get(i);
            largest = Math.max(largest, logs[i]);
        }
        double sum = 0;
        for (double log : logs) {
            sum += Math.exp(log - largest);
        }
        return largest + Math.log(sum / logs.length);
    }
}
