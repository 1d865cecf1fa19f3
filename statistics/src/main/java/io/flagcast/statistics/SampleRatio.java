package io.flagcast.statistics;

import org.apache.commons.math3.special.Erf;

/**
 * Whether the rows came to the two arms as often as their propensities say: the test for a sample ratio mismatch, valid
 * however often one looks. A mismatch says that rows were lost, doubled or assigned otherwise than recorded, and that no
 * effect of these rows can be trusted; it does not say which. See A. Fabijan et al., "Diagnosing Sample Ratio Mismatch in
 * Online Controlled Experiments", KDD 2019, on its causes.
 *
 * <p>A row is enabled with its propensity p, and then weighs w = 1/p, else 1/(1 − p). Over n rows each arm's sum of
 * weights has the mean n where the assignment is right (D. G. Horvitz, D. J. Thompson, JASA 47 (1952)), and the variance
 * of n times the mean of 1/p − 1, or of 1/(1 − p) − 1:
 *
 * <pre>
 *   Z = (Σw − n) / √(n(m − 1)),   m = Σw² / Σw
 * </pre>
 *
 * for each arm, as m estimates the mean of its inverse probability over all rows. For one constant p the m are exact, the
 * two Z are opposite and their square is Pearson's chi-squared. An arm that is short of rows with a large weight also
 * seems to vary too little, and would for p = 0.5 here and p = 0.999 there most often pass for a mismatch; the other arm
 * then has no excess. So the verdict takes both: an excess in one arm and a shortfall in the other, and of the two the
 * weaker evidence. An arm without rows has no Z and leaves the verdict to the other.
 *
 * <p>Always valid: |Z| is compared to the multiplier of the two-sided asymptotic {@link ConfidenceSequence} on the mean of
 * w − 1 over all rows (w being 0 outside the arm), alpha/2 for each side. Counted exactly over the binomial paths of one
 * constant p, with a look at each of 5,000 rows or at every thousandth of 30,000, a right assignment is reported with a
 * probability of at most alpha/2 for p from 0.5 to 0.99 (but 3.2 alpha at p = 0.999 and alpha = 0.1 %, which ask for more
 * rows). The price of taking the weaker evidence: a loss of only such rows as are rare in their arm, as the control's at p
 * = 0.9 beside others at 0.5, shows late.
 *
 * @param enabled rows of the enabled arm, at least 0
 * @param control rows of the control arm, at least 0
 * @param deviation of the enabled share from the propensities, in [−1, 1]: the mean of A − p, A being 1 for an enabled
 *     row and 0 for others, estimated as (Σw − n) / (nm) with the rows weighted by 1/p from the enabled, and likewise by
 *     1/(1 − p) from the control; the one nearer 0. For one constant p both are the enabled share − p. 0 where the arms
 *     contradict each other, both in excess or both short, and without rows
 * @param chiSquaredPValue of the smaller Z² with one degree of freedom, for a single look at a number of rows chosen in
 *     advance; 1 where the deviation is 0
 * @param mismatch whether Z is outside the sequence and the deviation is not below the minimum in size
 */
public record SampleRatio(long enabled, long control, double deviation, double chiSquaredPValue, boolean mismatch) {

    /** Rows where the test is the most sensitive: fewer show only gross mismatches, and more show the small ones. */
    private static final long TUNED_AT = 10_000;

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
        if (!(chiSquaredPValue >= 0 && chiSquaredPValue <= 1)) {
            throw new IllegalArgumentException(
                    "SampleRatio: p-value is " + chiSquaredPValue + ", a probability lies in [0, 1]");
        }
    }

    /**
     * The test of two arms whose rows all had a propensity strictly between 0 and 1.
     *
     * @param enabled sums over the enabled rows, each of weight 1/p; their outcome does not matter
     * @param control sums over the control rows, each of weight 1/(1 − p)
     * @param alpha probability to ever report a mismatch where there is none, in (0, 1); 0.001 suits a test that looks
     *     at every experiment on every day
     * @param minimumDeviation in [0, 1): a smaller one is never reported, however certain it is
     * @throws IllegalArgumentException if a parameter is outside its range, or an arm's weights are not above 1
     */
    public static SampleRatio of(
            WeightedMoments enabled, WeightedMoments control, double alpha, double minimumDeviation) {
        if (!(alpha > 0 && alpha < 1)) {
            throw new IllegalArgumentException(
                    "SampleRatio: alpha is " + alpha + ", it must be above 0 and below 1, as 0.001 for 0.1 %");
        }
        if (!(minimumDeviation >= 0 && minimumDeviation < 1)) {
            throw new IllegalArgumentException("SampleRatio: minimum deviation is " + minimumDeviation
                    + ", it must be at least 0 and below 1, as 0.005 for half a percentage point");
        }
        requireInverseProbabilities("enabled", enabled);
        requireInverseProbabilities("control", control);
        long n = Math.addExact(enabled.n(), control.n());
        if (n == 0) {
            return new SampleRatio(0, 0, 0, 1, false);
        }
        double z = agreed(z(enabled, n), -z(control, n));
        double deviation = agreed(deviation(enabled, n), -deviation(control, n));
        boolean outside = Math.abs(z) > new ConfidenceSequence(alpha / 2, TUNED_AT).multiplier(n);
        return new SampleRatio(
                enabled.n(),
                control.n(),
                deviation,
                Erf.erfc(Math.abs(z) / Math.sqrt(2)),
                outside && Math.abs(deviation) >= minimumDeviation);
    }

    private static double z(WeightedMoments arm, long n) {
        return (arm.w() - n) / Math.sqrt(n * (arm.w2() / arm.w() - 1));
    }

    private static double deviation(WeightedMoments arm, long n) {
        return (arm.w() - n) / (n * (arm.w2() / arm.w()));
    }

    /** What both arms say; NaN is that of one without rows. */
    private static double agreed(double ofEnabled, double ofControl) {
        if (Double.isNaN(ofEnabled) || Double.isNaN(ofControl)) {
            return Double.isNaN(ofEnabled) ? ofControl : ofEnabled;
        }
        return ofEnabled * ofControl <= 0
                ? 0
                : Math.signum(ofEnabled) * Math.min(Math.abs(ofEnabled), Math.abs(ofControl));
    }

    private static void requireInverseProbabilities(String name, WeightedMoments arm) {
        if (arm.n() > 0 && !(arm.w2() > arm.w())) {
            throw new IllegalArgumentException("SampleRatio: the weights of the " + name + " arm sum to " + arm.w()
                    + " over " + arm.n() + " rows and their squares to " + arm.w2()
                    + "; each must be above 1, the inverse of a probability below 1");
        }
    }
}
