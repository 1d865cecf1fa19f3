package io.flagcast.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.statistics.Metric.Kind;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Scale;
import org.apache.commons.math3.distribution.NormalDistribution;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConfidenceSequenceTest {

    private static final ConfidenceSequence SEQUENCE = ConfidenceSequence.atConfidence(0.95, 10_000);

    @Test
    void aClearlyLowConversionIsBelowFivePercentAndABarelyLowOneIsNot() {
        // By the formula with the empirical variance: 0.04388 and 0.05421.
        assertThat(SEQUENCE.upperBound(Moments.ofProportion(800, 20_000))).hasValueCloseTo(0.0439, within(1e-4));
        assertThat(SEQUENCE.upperBound(Moments.ofProportion(998, 20_000))).hasValueCloseTo(0.0542, within(1e-4));
    }

    /**
     * The bound is Ville's inequality for M = ∫ exp(λS − λ²t/2) 2φ(λ/ρ)/ρ dλ over λ > 0, in closed form
     * 2 exp(x²/2) Φ(x) / √(tρ² + 1) with x = ρS/√(tρ² + 1). Where S is the sum of t values of variance 1 that puts the
     * bound on the true mean, M must have reached 1/α, and by the bound's own algebra overshoots it by at most 2.
     */
    @Property(tries = 500)
    void atTheBoundTheMixtureMartingaleHasReachedOneOverAlpha(
            @ForAll @LongRange(min = 2, max = 10_000_000) long t,
            @ForAll @Scale(6) @DoubleRange(min = 0.0005, max = 0.45) double alpha,
            @ForAll @LongRange(min = 1, max = 1_000_000) long tunedAt) {
        Moments unitVariance = new Moments(t, 0, t - 1);
        double sum = t
                * new ConfidenceSequence(alpha, tunedAt)
                        .upperBound(unitVariance, Kind.MEAN)
                        .orElseThrow();

        double rho = Math.sqrt((-2 * Math.log(2 * alpha) + Math.log(-2 * Math.log(2 * alpha) + 1)) / tunedAt);
        double scale = Math.sqrt(t * rho * rho + 1);
        double x = rho * sum / scale;
        double martingale =
                2 * Math.exp(x * x / 2) * new NormalDistribution(null, 0, 1).cumulativeProbability(x) / scale;
        assertThat(martingale).isBetween((1 - 1e-9) / alpha, 2 + (1 + 1e-9) / alpha);
    }

    @Test
    void theBoundIsTightestWhereItIsTuned() {
        Moments moments = new Moments(10_000, 0, 9_999);

        double tuned = SEQUENCE.upperBound(moments).orElseThrow();
        assertThat(ConfidenceSequence.atConfidence(0.95, 3_000)
                        .upperBound(moments)
                        .orElseThrow())
                .isGreaterThan(tuned);
        assertThat(ConfidenceSequence.atConfidence(0.95, 30_000)
                        .upperBound(moments)
                        .orElseThrow())
                .isGreaterThan(tuned);
    }

    @Property(tries = 200)
    void theLowerBoundOfSuccessesMirrorsTheUpperBoundOfFailures(
            @ForAll @IntRange(min = 2, max = 100_000) int n, @ForAll @Scale(6) @DoubleRange(max = 1) double rate) {
        long successes = Math.round(rate * n);

        assertThat(SEQUENCE.lowerBound(Moments.ofProportion(successes, n)))
                .hasValueCloseTo(
                        1
                                - SEQUENCE.upperBound(Moments.ofProportion(n - successes, n))
                                        .orElseThrow(),
                        within(1e-9));
    }

    @Property(tries = 200)
    void oneMoreSuccessRaisesBothBoundsOfAProportion(
            @ForAll @IntRange(min = 2, max = 100_000) int n, @ForAll @Scale(6) @DoubleRange(max = 0.5) double rate) {
        long successes = Math.round(rate * n * 0.9);
        Moments fewer = Moments.ofProportion(successes, n);
        Moments more = Moments.ofProportion(successes + 1, n);

        assertThat(SEQUENCE.upperBound(more).orElseThrow())
                .isGreaterThan(SEQUENCE.upperBound(fewer).orElseThrow());
        assertThat(SEQUENCE.lowerBound(more).orElseThrow())
                .isGreaterThan(SEQUENCE.lowerBound(fewer).orElseThrow());
    }

    @ParameterizedTest
    @ValueSource(longs = {2, 10, 1_000, 1_000_000})
    void withoutAnySuccessABoundStillHasWidth(long n) {
        // P(no success in n) at the bound is below alpha: (1 − upper)^n < 0.05 means upper > 1 − 0.05^(1/n).
        assertThat(SEQUENCE.upperBound(Moments.ofProportion(0, n)).orElseThrow())
                .isGreaterThan(1 - Math.pow(0.05, 1.0 / n));
        assertThat(SEQUENCE.lowerBound(Moments.ofProportion(n, n)).orElseThrow())
                .isLessThan(Math.pow(0.05, 1.0 / n));
    }

    /**
     * Exact, not simulated: the binomial paths of 100 to 2,000 users under the true rate, with a look after every user;
     * a path that crosses is taken out. Few expected successes are the hard case.
     */
    @ParameterizedTest
    @ValueSource(doubles = {0.002, 0.01, 0.05, 0.2, 0.5})
    void aProportionIsPassedAtAnyOfAllLooksWithAtMostAlpha(double rate) {
        ConfidenceSequence sequence = ConfidenceSequence.atConfidence(0.95, 1_000);

        assertThat(probabilityThatABoundPasses(rate, sequence, 100, 2_000, +1)).isLessThan(0.05);
        assertThat(probabilityThatABoundPasses(rate, sequence, 100, 2_000, -1)).isLessThan(0.05);
    }

    /**
     * 2,000 seeds (0 to 1,999) of exponential values with mean 1, which are skew; 20 daily looks after 500 users each.
     * At most α = 5 % of the seeds may ever see a bound on the wrong side, for the upper and for the lower alike. The
     * 95 % interval of a single look, for comparison, is wrong at some look in more than every fifth.
     */
    @Test
    void aMeanIsPassedAtAnyOfAllDailyLooksWithAtMostAlpha() {
        ConfidenceSequence sequence = ConfidenceSequence.atConfidence(0.95, 5_000);
        int upperWrong = 0;
        int lowerWrong = 0;
        int naiveWrong = 0;
        for (int seed = 0; seed < 2_000; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            double sum = 0;
            double sumOfSquares = 0;
            boolean upper = false;
            boolean lower = false;
            boolean naive = false;
            for (int day = 1; day <= 20; day++) {
                for (int user = 0; user < 500; user++) {
                    double value = -Math.log(1 - random.nextDouble());
                    sum += value;
                    sumOfSquares += value * value;
                }
                Moments moments = Moments.ofSums(500L * day, sum, sumOfSquares);
                upper |= sequence.upperBound(moments).orElseThrow() < 1;
                lower |= sequence.lowerBound(moments).orElseThrow() > 1;
                naive |= !Interval.normal(moments.mean(), moments.standardError(), 0.95)
                        .contains(1);
            }
            upperWrong += upper ? 1 : 0;
            lowerWrong += lower ? 1 : 0;
            naiveWrong += naive ? 1 : 0;
        }

        assertThat(upperWrong).isLessThanOrEqualTo(100);
        assertThat(lowerWrong).isLessThanOrEqualTo(100);
        assertThat(naiveWrong).isGreaterThan(400);
    }

    @Test
    void whatTheMomentsCannotTellIsAbsent() {
        assertThat(SEQUENCE.upperBound(Moments.EMPTY)).isEmpty();
        assertThat(SEQUENCE.lowerBound(Moments.ofProportion(1, 1))).isEmpty();
        assertThat(SEQUENCE.upperBound(Moments.of(7, 7, 7))).isEmpty();
    }

    @Test
    void revenueBeforeTheFirstPurchaseHasNoBoundButAConversionRateHas() {
        Moments allZero = Moments.of(0, 0, 0, 0);

        assertThat(SEQUENCE.upperBound(allZero, Kind.MEAN)).isEmpty();
        assertThat(SEQUENCE.upperBound(allZero, Kind.PROPORTION)).isPresent();
        assertThat(SEQUENCE.upperBound(allZero)).isEqualTo(SEQUENCE.upperBound(allZero, Kind.PROPORTION));
    }

    @Property(tries = 200)
    void theKindIsReadOffTheMoments(
            @ForAll @IntRange(min = 2, max = 10_000_000) int n, @ForAll @Scale(6) @DoubleRange(max = 1) double rate) {
        long successes = Math.round(rate * n);
        Moments proportion = Moments.ofProportion(successes, n);
        Moments inParts = Moments.ofProportion(successes / 3, n / 2)
                .merge(Moments.ofProportion(successes - successes / 3, n - n / 2 + successes));

        assertThat(SEQUENCE.upperBound(proportion)).isEqualTo(SEQUENCE.upperBound(proportion, Kind.PROPORTION));
        assertThat(SEQUENCE.lowerBound(inParts)).isEqualTo(SEQUENCE.lowerBound(inParts, Kind.PROPORTION));
        Moments doubled = new Moments(n, 2 * proportion.mean(), 4 * proportion.m2());
        if (proportion.m2() > 0) {
            assertThat(SEQUENCE.upperBound(doubled)).isEqualTo(SEQUENCE.upperBound(doubled, Kind.MEAN));
        }
    }

    @Test
    void theBoundOnAnEffectIsThatOfAMeanWithTheSameError() {
        Moments moments = Moments.of(1, 2, 4, 9);
        Effect effect = new Effect(moments.mean(), moments.standardError(), 3, 4);

        assertThat(SEQUENCE.upperBound(effect))
                .hasValueCloseTo(SEQUENCE.upperBound(moments).orElseThrow(), within(1e-12));
        assertThat(SEQUENCE.lowerBound(effect))
                .hasValueCloseTo(SEQUENCE.lowerBound(moments).orElseThrow(), within(1e-12));
        assertThat(SEQUENCE.lowerBound(new Effect(0, 0, 4, 4))).isEmpty();
    }

    @Test
    void whatIsNoSequenceIsRefusedByName() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ConfidenceSequence.atConfidence(0.5, 100))
                .withMessageContaining("alpha is 0.5");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new ConfidenceSequence(0, 100))
                .withMessageContaining("alpha is 0.0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new ConfidenceSequence(Double.NaN, 100))
                .withMessageContaining("alpha is NaN");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ConfidenceSequence.atConfidence(0.95, 0))
                .withMessageContaining("tunedAt is 0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SEQUENCE.upperBound(Moments.of(2, 3), Kind.PROPORTION))
                .withMessageContaining("not 2.5");
    }

    private static double probabilityThatABoundPasses(
            double rate, ConfidenceSequence sequence, int firstLook, int lastLook, int side) {
        double[] probability = new double[lastLook + 2];
        probability[0] = 1;
        double passed = 0;
        for (int n = 1; n <= lastLook; n++) {
            for (int successes = n; successes > 0; successes--) {
                probability[successes] = probability[successes] * (1 - rate) + probability[successes - 1] * rate;
            }
            probability[0] *= 1 - rate;
            if (n < firstLook) {
                continue;
            }
            // The upper bound rises with the successes, so those that pass are the fewest; the lower bound mirrors it.
            for (int i = 0; i <= n; i++) {
                int successes = side > 0 ? i : n - i;
                Moments moments = Moments.ofProportion(successes, n);
                boolean passes = side > 0
                        ? sequence.upperBound(moments).orElseThrow() < rate
                        : sequence.lowerBound(moments).orElseThrow() > rate;
                if (!passes) {
                    break;
                }
                passed += probability[successes];
                probability[successes] = 0;
            }
        }
        return passed;
    }
}
