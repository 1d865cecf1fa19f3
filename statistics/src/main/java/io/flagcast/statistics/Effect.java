package io.flagcast.statistics;

import java.util.Optional;
import java.util.OptionalDouble;

/**
 * The effect of being enabled: the difference of two Hájek means, enabled minus control, or another contrast of the
 * two. Not a relative lift: the estimate is in the unit of the outcome, for a proportion 0.01 being one percentage
 * point.
 *
 * @param estimate mean of the enabled − mean of the control, this one times the factor of the contrast
 * @param standardError of the estimate, at least 0. 0 means that the outcome varied in neither arm, which says
 *     nothing of how well the effect is known
 * @param effectiveSampleSize sum of both arms' {@linkplain WeightedMoments#effectiveSampleSize effective sizes},
 *     in rows
 * @param n rows of both arms together
 */
public record Effect(double estimate, double standardError, double effectiveSampleSize, long n) {

    /** Half of 1.96², for an interval at 95 %. */
    private static final double PSEUDO_ROWS = 1.92;

    /** @throws IllegalArgumentException if a number is not finite, or one other than the estimate is negative */
    public Effect {
        if (!Double.isFinite(estimate)) {
            throw new IllegalArgumentException("Effect: estimate is " + estimate + ", it must be finite");
        }
        if (!Double.isFinite(standardError) || standardError < 0) {
            throw new IllegalArgumentException(
                    "Effect: standard error is " + standardError + ", it must be finite and at least 0");
        }
        if (!Double.isFinite(effectiveSampleSize) || effectiveSampleSize < 0) {
            throw new IllegalArgumentException(
                    "Effect: effective sample size is " + effectiveSampleSize + ", it must be finite and at least 0");
        }
        if (n < 0) {
            throw new IllegalArgumentException("Effect: n is " + n + ", a count cannot be negative");
        }
    }

    /**
     * The effect between two independent arms: their {@linkplain #contrast contrast} with the factor 1.
     *
     * @return absent if either arm has fewer than two rows: an effect that cannot be estimated is not 0
     */
    public static Optional<Effect> difference(WeightedMoments enabled, WeightedMoments control) {
        return contrast(enabled, control, 1);
    }

    /**
     * The mean of the enabled less {@code factor} times that of the control, as 0.9 asks for what is left after a loss
     * of a tenth. The arms are independent: the variance is that of the enabled plus factor² times that of the control
     * (Lunceford and Davidian 2004, with the propensities known).
     *
     * @param factor finite
     * @return absent as {@link #difference}
     * @throws IllegalArgumentException if the factor is not finite
     */
    public static Optional<Effect> contrast(WeightedMoments enabled, WeightedMoments control, double factor) {
        if (!Double.isFinite(factor)) {
            throw new IllegalArgumentException("Effect: factor is " + factor + ", it must be finite");
        }
        if (enabled.variance().isEmpty() || control.variance().isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new Effect(
                enabled.mean().orElseThrow() - factor * control.mean().orElseThrow(),
                Math.sqrt(enabled.variance().orElseThrow()
                        + factor * factor * control.variance().orElseThrow()),
                enabled.effectiveSampleSize() + control.effectiveSampleSize(),
                Math.addExact(enabled.n(), control.n())));
    }

    /**
     * The {@link #difference} for one look, with room for what few rows of a proportion do not show: in its standard error
     * each arm's variance is taken with {@value #PSEUDO_ROWS} pseudo-rows of 1 and as many of 0 (A. Agresti, B. A. Coull,
     * The American Statistician 52 (1998), half the squared 95 % quantile each). An arm without a success is then no
     * certainty.
     *
     * @return absent as {@link #difference}
     * @throws IllegalArgumentException if a proportion has a mean outside [0, 1]
     */
    public static Optional<Effect> difference(WeightedMoments enabled, WeightedMoments control, Metric.Kind kind) {
        return difference(enabled, control)
                .map(effect -> new Effect(
                        effect.estimate,
                        Math.sqrt(enabled.spread(kind, PSEUDO_ROWS).variance().orElseThrow()
                                + control.spread(kind, PSEUDO_ROWS).variance().orElseThrow()),
                        effect.effectiveSampleSize,
                        effect.n));
    }

    /**
     * The effect on what the covariate leaves of the outcome, y − θx, known as CUPED: A. Deng, Y. Xu, R. Kohavi, T.
     * Walker, "Improving the Sensitivity of Online Controlled Experiments by Utilizing Pre-Experiment Data", WSDM 2013,
     * section 3.2. As x is from before the exposure, its mean is the same in both arms and the effect keeps its
     * meaning, while the variance shrinks to 1 − ρ² of itself, ρ being the correlation of the two arms' differences in
     * y and in x.
     *
     * <p>θ is their control variate's: the covariance of those differences over the variance of that in x, both with
     * the weights and pooled over the arms. It makes the variance reported the least there is, so never above that of
     * {@link #difference(WeightedMoments, WeightedMoments, Metric.Kind)}; being estimated, it biases the effect by a
     * multiple of 1/n.
     *
     * @param enabledCovariate of the rows of {@code enabled}
     * @param controlCovariate of the rows of {@code control}
     * @param kind of the outcome
     * @return absent as {@link #difference}, and where the covariate differs between the rows of neither arm or has no mean in
     *     one
     */
    public static Optional<Effect> adjusted(
            WeightedMoments enabled,
            Covariate enabledCovariate,
            WeightedMoments control,
            Covariate controlCovariate,
            Metric.Kind kind) {
        Optional<Effect> plain = difference(enabled, control, kind);
        OptionalDouble enabledMean = enabledCovariate.mean(enabled);
        OptionalDouble controlMean = controlCovariate.mean(control);
        if (plain.isEmpty()
                || enabledMean.isEmpty()
                || controlMean.isEmpty()
                || !(enabledCovariate.varies(enabled) || controlCovariate.varies(control))) {
            return Optional.empty();
        }
        Effect effect = plain.get();
        double varianceOfX = enabledCovariate.variance(enabled) + controlCovariate.variance(control);
        double covariance = enabledCovariate.covariance(enabled) + controlCovariate.covariance(control);
        double theta = covariance / varianceOfX;
        double differenceOfX = enabledMean.getAsDouble() - controlMean.getAsDouble();
        // What the covariate explains in full can leave a rounding error below 0.
        double variance = Math.max(0, effect.standardError * effect.standardError - theta * covariance);
        return Optional.of(new Effect(
                effect.estimate - theta * differenceOfX, Math.sqrt(variance), effect.effectiveSampleSize, effect.n));
    }

    /**
     * The two-sided normal interval of the estimate, for one look (see {@link Interval#normal}).
     *
     * @param confidence in (0, 1)
     */
    public Interval interval(double confidence) {
        return Interval.normal(estimate, standardError, confidence);
    }
}
