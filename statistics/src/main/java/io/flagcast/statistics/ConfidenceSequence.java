package io.flagcast.statistics;

import java.util.Optional;
import java.util.OptionalDouble;

/**
 * One-sided bounds that stay valid however often one looks: over all sample sizes together, the lower (or the upper)
 * bound passes the truth with a probability of at most {@code alpha}. One bound, one alpha; whoever uses both spends it
 * twice.
 *
 * <p><b>The bound on a proportion is exact</b>: it holds for every rate and from the first value on, where all values
 * have the same mean, given those before. The upper bound is the lowest rate that a mixture of bets rules out, the
 * one-sided beta-binomial of S. R. Howard, A. Ramdas, J. McAuliffe, J. Sekhon, Annals of Statistics 49 (2021), arXiv
 * 1810.08240, section 3.2 (formula in {@code BernoulliMartingale}); the lower bound is 1 less that of the failures.
 * The prior of the mixture counts for 1/ρ² values, ρ² as below: as much as the half-normal there. Between share and
 * bound lie up to 6 % more than the formula below leaves (8 % at a tenth and at ten times tunedAt; its σ̂² being p̃(1
 * − p̃), p̃ as below), and without a success half as much.
 *
 * <p><b>The bounds on a mean of values in [0, limit] are exact</b> as well, for values of every law: see {@link
 * #lowerBound(Moments, Metric)}.
 *
 * <p><b>The bounds on any other mean and on a contrast are asymptotic</b>: the guarantee is approached as the first look moves to
 * larger samples. Source: I. Waudby-Smith, D. Arbour, R. Sinha, E. H. Kennedy, A. Ramdas, "Time-uniform central limit
 * theory and asymptotic confidence sequences", Annals of Statistics 52 (2024), arXiv 2103.06476, appendix on one-sided
 * sequences (equation (134) of version 7). After t values with mean μ̂ and standard deviation σ̂ the lower bound is
 *
 * <pre>
 *   μ̂ − σ̂ √( 2(tρ² + 1)/(t²ρ²) · log(1 + √(tρ² + 1)/(2α)) ),   ρ² = (−2 log 2α + log(1 − 2 log 2α)) / tunedAt
 * </pre>
 *
 * and the upper its mirror image. Behind it stands Ville's inequality for the sub-Gaussian martingale mixed over
 * a half-normal of scale ρ, with 2Φ(x) ≥ 2 − exp(−x²/2) to solve it. For a contrast, t counts the rows of both arms and
 * σ̂ is √t times the standard error, as the estimate is a mean over the rows up to a vanishing remainder (section 3 of
 * the paper).
 *
 * <p><b>The variance of a contrast of proportions</b> is not the empirical one, which is 0 while an arm has no success
 * and too small while it has few. Each arm's is p̃(1 − p̃) / n with p̃ = (successes + z²) / (n + 2z²), z the multiplier
 * of the standard error at this t (2.8 where tuned, at 95 %): the pseudo-observations of A. Agresti, B. A. Coull, The
 * American Statistician 52 (1998), twice as many. For weighted rows n is the effective sample size (Σw)² / Σw²: the
 * pseudo-rows have the weight Σw² / Σw, as this many equal rows with the same two sums would have. As z² / n vanishes,
 * the variance stays consistent, which is what the theorem asks for.
 *
 * @param alpha probability to be wrong, in (0, ½)
 * @param tunedAt number of values at which the bound is about as tight as it can be made, at least 1
 */
public record ConfidenceSequence(double alpha, long tunedAt) {

    /** Above it rounding would show in the logarithms of {@link BernoulliMartingale}; a wider prior is valid too. */
    private static final double MAX_CONCENTRATION = 1e9;

    /** @throws IllegalArgumentException unless 0 &lt; 2 alpha &lt; 1 and tunedAt is at least 1 */
    public ConfidenceSequence {
        if (!(alpha > 0 && 2 * alpha < 1)) {
            throw new IllegalArgumentException("ConfidenceSequence: alpha is " + alpha
                    + ", it must be above 0 and below 0.5: a one-sided bound needs a confidence above 50 %");
        }
        if (tunedAt < 1) {
            throw new IllegalArgumentException("ConfidenceSequence: tunedAt is " + tunedAt + ", it must be at least 1");
        }
    }

    /**
     * The sequence with alpha = 1 − confidence.
     *
     * @param confidence of the one side, in (½, 1)
     * @throws IllegalArgumentException if the confidence is outside (½, 1) or tunedAt below 1
     */
    public static ConfidenceSequence atConfidence(double confidence, long tunedAt) {
        return new ConfidenceSequence(1 - confidence, tunedAt);
    }

    /**
     * The lower bound on the mean of values of the given kind, in their unit. That of a proportion is in [0, 1].
     *
     * @return absent without values, and for a {@linkplain Metric.Kind#MEAN mean} of one value or of values that are all
     *     equal: without a spread and without a limit to the values, nothing bounds their mean
     * @throws IllegalArgumentException if a proportion has a mean outside [0, 1]
     */
    public OptionalDouble lowerBound(Moments moments, Metric.Kind kind) {
        return switch (kind) {
            case MEAN, RATIO -> meanBound(moments, -1);
            case PROPORTION -> mirrored(proportionBound(failures(moments), successes(moments)));
        };
    }

    /**
     * The upper bound on the mean of values of the given kind, in their unit. That of a proportion is in [0, 1].
     *
     * @return absent as {@link #lowerBound(Moments, Metric.Kind)}
     * @throws IllegalArgumentException if a proportion has a mean outside [0, 1]
     */
    public OptionalDouble upperBound(Moments moments, Metric.Kind kind) {
        return switch (kind) {
            case MEAN, RATIO -> meanBound(moments, +1);
            case PROPORTION -> proportionBound(successes(moments), failures(moments));
        };
    }

    /**
     * The lower bound on the contrast of two independent arms, mean(enabled) − factor · mean(control) with Hájek means,
     * in the unit of the outcome.
     *
     * @param factor finite; 1 for the plain difference
     * @param kind of both arms' outcome
     * @return absent where an arm has fewer than two rows or, for a {@linkplain Metric.Kind#MEAN mean}, no spread
     * @throws IllegalArgumentException if a proportion has a mean outside [0, 1], or the factor is not finite
     */
    public OptionalDouble lowerBound(
            WeightedMoments enabled, WeightedMoments control, double factor, Metric.Kind kind) {
        return contrastBound(enabled, control, factor, kind, -1);
    }

    /**
     * The upper bound on the contrast of two independent arms, as {@link #lowerBound(WeightedMoments, WeightedMoments,
     * double, Metric.Kind)}.
     *
     * @return absent as the lower bound
     * @throws IllegalArgumentException as the lower bound
     */
    public OptionalDouble upperBound(
            WeightedMoments enabled, WeightedMoments control, double factor, Metric.Kind kind) {
        return contrastBound(enabled, control, factor, kind, +1);
    }

    /**
     * The lower bound on the mean of what a metric counts, in its unit. With a {@linkplain Metric#limit limit} it is exact
     * ({@code BoundedMartingale}): it holds for values in [0, limit] of every law and from the first on.
     *
     * @return absent as {@link #lowerBound(Moments, Metric.Kind)}; with a limit only without values
     * @throws IllegalArgumentException if the moments are not of values in [0, limit]
     */
    public OptionalDouble lowerBound(Moments moments, Metric metric) {
        return metric.limit().isPresent()
                ? Limited.of(moments, metric).lowerBound(this)
                : lowerBound(moments, metric.kind());
    }

    /** The upper bound, as {@link #lowerBound(Moments, Metric)}. */
    public OptionalDouble upperBound(Moments moments, Metric metric) {
        return metric.limit().isPresent()
                ? Limited.of(moments, metric).upperBound(this)
                : upperBound(moments, metric.kind());
    }

    /**
     * The lower bound on the contrast of two independent arms, as {@link #lowerBound(WeightedMoments, WeightedMoments,
     * double, Metric.Kind)}. With a {@linkplain Metric#limit limit} each arm's own bound spends half of alpha, so that the
     * contrast of the two is exact where the rows of an arm have equal weights. Where they do not, rows count as the
     * effective sample size of rows with the weight Σw² / Σw, which is exact to the second order of the stakes.
     *
     * @return absent as there; with a limit where an arm has fewer than two rows
     * @throws IllegalArgumentException if the sums are not of values in [0, limit], or the factor is below 0 or not finite
     */
    public OptionalDouble lowerBound(WeightedMoments enabled, WeightedMoments control, double factor, Metric metric) {
        return metric.limit().isPresent()
                ? limitedContrast(enabled, control, factor, metric, -1)
                : lowerBound(enabled, control, factor, metric.kind());
    }

    /** The upper bound, as {@link #lowerBound(WeightedMoments, WeightedMoments, double, Metric)}. */
    public OptionalDouble upperBound(WeightedMoments enabled, WeightedMoments control, double factor, Metric metric) {
        return metric.limit().isPresent()
                ? limitedContrast(enabled, control, factor, metric, +1)
                : upperBound(enabled, control, factor, metric.kind());
    }

    private OptionalDouble limitedContrast(
            WeightedMoments enabled, WeightedMoments control, double factor, Metric metric, int side) {
        if (!(factor >= 0 && Double.isFinite(factor))) {
            throw new IllegalArgumentException(
                    "ConfidenceSequence: factor is " + factor + ", it must be finite and at least 0");
        }
        if (enabled.n() < 2 || control.n() < 2) {
            return OptionalDouble.empty();
        }
        ConfidenceSequence half = new ConfidenceSequence(alpha / 2, tunedAt);
        Limited here = Limited.of(enabled, metric);
        Limited there = Limited.of(control, metric);
        return OptionalDouble.of(
                side < 0
                        ? here.lowerBound(half).orElseThrow()
                                - factor * there.upperBound(half).orElseThrow()
                        : here.upperBound(half).orElseThrow()
                                - factor * there.lowerBound(half).orElseThrow());
    }

    /**
     * Both bounds of an estimate that is a mean over n rows up to a vanishing remainder, as most estimates are (section 3
     * of the paper): asymptotic, and each end spends alpha.
     *
     * @param estimate finite
     * @param standardError of it, at least 0. 0 is no certainty but a lack of spread: look at it first
     * @param n rows behind it, at least 1
     */
    public Interval interval(double estimate, double standardError, long n) {
        if (n < 1 || !(standardError >= 0)) {
            throw new IllegalArgumentException("ConfidenceSequence: " + n + " rows and the standard error "
                    + standardError + ", they must be at least 1 and 0");
        }
        double halfWidth = multiplier(n) * standardError;
        return new Interval(estimate - halfWidth, estimate + halfWidth);
    }

    private OptionalDouble contrastBound(
            WeightedMoments enabled, WeightedMoments control, double factor, Metric.Kind kind, int side) {
        Optional<Effect> contrast = Effect.contrast(enabled, control, factor);
        if (contrast.isEmpty()) {
            return OptionalDouble.empty();
        }
        double z = multiplier(contrast.get().n());
        WeightedMoments enabledSpread = enabled.spread(kind, z * z);
        WeightedMoments controlSpread = control.spread(kind, z * z);
        if (enabledSpread.variance().orElseThrow() == 0
                || controlSpread.variance().orElseThrow() == 0) {
            return OptionalDouble.empty();
        }
        double standardError = Effect.contrast(enabledSpread, controlSpread, factor)
                .orElseThrow()
                .standardError();
        return OptionalDouble.of(contrast.get().estimate() + side * z * standardError);
    }

    private OptionalDouble meanBound(Moments moments, int side) {
        return moments.standardError() > 0
                ? OptionalDouble.of(moments.mean() + side * multiplier(moments.n()) * moments.standardError())
                : OptionalDouble.empty();
    }

    private OptionalDouble proportionBound(double ones, double zeros) {
        return ones + zeros == 0
                ? OptionalDouble.empty()
                : OptionalDouble.of(BernoulliMartingale.upperBound(
                        ones, zeros, Math.min(1 / rho2(), MAX_CONCENTRATION), -Math.log(alpha)));
    }

    private static double successes(Moments moments) {
        return moments.n() * requireProportion(moments.mean());
    }

    private static double failures(Moments moments) {
        return moments.n() * (1 - requireProportion(moments.mean()));
    }

    private static OptionalDouble mirrored(OptionalDouble bound) {
        return bound.isPresent() ? OptionalDouble.of(1 - bound.getAsDouble()) : bound;
    }

    /** How many standard errors the bound lies from the estimate after t values: the paper's root, times √t. */
    double multiplier(long t) {
        double tRho2 = t * rho2();
        return Math.sqrt(2 * (tRho2 + 1) / tRho2 * Math.log1p(Math.sqrt(tRho2 + 1) / (2 * alpha)));
    }

    private double rho2() {
        double logTwoAlpha = Math.log(2 * alpha);
        return (-2 * logTwoAlpha + Math.log1p(-2 * logTwoAlpha)) / tunedAt;
    }

    static double requireProportion(double mean) {
        if (mean < 0 || mean > 1) {
            throw new IllegalArgumentException("ConfidenceSequence: a proportion has a mean in [0, 1], not " + mean);
        }
        return mean;
    }
}
