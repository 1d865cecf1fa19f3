package io.flagcast.statistics;

import static io.flagcast.fixtures.Cases.cases;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.fixtures.Generator;
import io.flagcast.statistics.Metric.Kind;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.apache.commons.math3.distribution.NormalDistribution;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfidenceSequenceTest {

    private static final ConfidenceSequence SEQUENCE = ConfidenceSequence.atConfidence(0.95, 10_000);

    @Test
    void aClearlyLowConversionIsBelowFivePercentAndABarelyLowOneIsNot() {
        // The score bounds (Wilson 1927) with z = √log(1/α) = 1.731 are 0.0425 and 0.0526: no bound can be below them.
        assertThat(SEQUENCE.upperBound(Moments.ofProportion(800, 20_000), Kind.PROPORTION)
                        .orElseThrow())
                .isBetween(0.0425, 0.045);
        assertThat(SEQUENCE.upperBound(Moments.ofProportion(998, 20_000), Kind.PROPORTION)
                        .orElseThrow())
                .isBetween(0.0526, 0.055);
    }

    /**
     * The bound is Ville's inequality for M = ∫ exp(λS − λ²t/2) 2φ(λ/ρ)/ρ dλ over λ > 0, in closed form
     * 2 exp(x²/2) Φ(x) / √(tρ² + 1) with x = ρS/√(tρ² + 1). Where S is the sum of t values of variance 1 that puts the
     * bound on the true mean, M must have reached 1/α, and by the bound's own algebra overshoots it by at most 2.
     */
    @Test
    void atTheBoundTheMixtureMartingaleHasReachedOneOverAlpha() {
        record Look(long t, double alpha, long tunedAt) {}
        Generator<Look> generator =
                dice -> new Look(dice.whole(2, 10_000_000), dice.real(0.0005, 0.45), dice.whole(1, 1_000_000));
        cases(1, 500, generator).allSatisfy(look -> {
            long t = look.t();
            double alpha = look.alpha();
            Moments unitVariance = new Moments(t, 0, t - 1);
            double sum = t
                    * new ConfidenceSequence(alpha, look.tunedAt())
                            .upperBound(unitVariance, Kind.MEAN)
                            .orElseThrow();

            double rho =
                    Math.sqrt((-2 * Math.log(2 * alpha) + Math.log(-2 * Math.log(2 * alpha) + 1)) / look.tunedAt());
            double scale = Math.sqrt(t * rho * rho + 1);
            double x = rho * sum / scale;
            double martingale =
                    2 * Math.exp(x * x / 2) * new NormalDistribution(null, 0, 1).cumulativeProbability(x) / scale;
            assertThat(martingale).isBetween((1 - 1e-9) / alpha, 2 + (1 + 1e-9) / alpha);
        });
    }

    @Test
    void theBoundIsTightestWhereItIsTuned() {
        Moments mean = new Moments(10_000, 0, 9_999);
        Moments proportion = Moments.ofProportion(500, 10_000);

        for (long other : new long[] {3_000, 30_000}) {
            ConfidenceSequence tunedElsewhere = ConfidenceSequence.atConfidence(0.95, other);
            assertThat(tunedElsewhere.upperBound(mean, Kind.MEAN).orElseThrow())
                    .isGreaterThan(SEQUENCE.upperBound(mean, Kind.MEAN).orElseThrow());
            assertThat(tunedElsewhere.upperBound(proportion, Kind.PROPORTION).orElseThrow())
                    .isGreaterThan(
                            SEQUENCE.upperBound(proportion, Kind.PROPORTION).orElseThrow());
        }
    }

    @Test
    void theLowerBoundOfSuccessesMirrorsTheUpperBoundOfFailures() {
        record Sample(int n, double rate) {}
        Generator<Sample> generator = dice -> new Sample(dice.integer(1, 100_000), dice.real(0, 1));
        cases(1, 200, generator).allSatisfy(sample -> {
            int n = sample.n();
            long successes = Math.round(sample.rate() * n);

            assertThat(lower(successes, n, SEQUENCE)).isCloseTo(1 - upper(n - successes, n, SEQUENCE), within(1e-9));
        });
    }

    @Test
    void oneMoreSuccessRaisesBothBoundsOfAProportion() {
        record Sample(int n, double rate) {}
        Generator<Sample> generator = dice -> new Sample(dice.integer(2, 100_000), dice.real(0, 1));
        cases(1, 200, generator).allSatisfy(sample -> {
            int n = sample.n();
            long successes = (long) (sample.rate() * (n - 1));

            assertThat(upper(successes + 1, n, SEQUENCE)).isGreaterThan(upper(successes, n, SEQUENCE));
            assertThat(lower(successes + 1, n, SEQUENCE)).isGreaterThan(lower(successes, n, SEQUENCE));
        });
    }

    @Test
    void theBoundsOfAProportionEncloseItWithinZeroAndOne() {
        record Sample(long n, double rate, double alpha, long tunedAt) {}
        Generator<Sample> generator = dice -> new Sample(
                dice.whole(1, 100_000_000), dice.real(0, 1), dice.real(1e-5, 0.499), dice.whole(1, 1_000_000_000_000L));
        cases(1, 500, generator).allSatisfy(sample -> {
            long n = sample.n();
            ConfidenceSequence sequence = new ConfidenceSequence(sample.alpha(), sample.tunedAt());
            long successes = Math.round(sample.rate() * n);
            double share = (double) successes / n;

            if (successes < n) {
                assertThat(upper(successes, n, sequence)).isGreaterThan(share).isLessThan(1);
            }
            if (successes > 0) {
                assertThat(lower(successes, n, sequence)).isLessThan(share).isGreaterThan(0);
            }
            assertThat(upper(n, n, sequence)).isEqualTo(1);
            assertThat(lower(0, n, sequence)).isEqualTo(0);
        });
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 10, 1_000, 1_000_000, 100_000_000})
    void withoutAnySuccessABoundStillHasWidth(long n) {
        // P(no success in n) at the bound is below alpha: (1 − upper)^n < 0.05 means upper > 1 − 0.05^(1/n).
        assertThat(upper(0, n, SEQUENCE))
                .isGreaterThan(1 - Math.pow(0.05, 1.0 / n))
                .isLessThan(1);
        assertThat(lower(n, n, SEQUENCE)).isLessThan(Math.pow(0.05, 1.0 / n)).isGreaterThan(0);
    }

    /**
     * Exact, not simulated: the binomial paths of up to 2,000 users under the true rate, with a look after every user
     * from the first; a path that crosses is taken out. Ville's inequality leaves no room above α.
     */
    @ParameterizedTest
    @CsvSource({
        "0.002, 1000",
        "0.01, 1000",
        "0.05, 1000",
        "0.2, 1000",
        "0.5, 1000",
        "0.01, 1",
        "0.5, 1",
        "0.05, 100",
        "0.5, 100"
    })
    void aProportionIsPassedAtAnyOfAllLooksWithAtMostAlpha(double rate, long tunedAt) {
        for (double alpha : new double[] {0.05, 0.001}) {
            ConfidenceSequence sequence = new ConfidenceSequence(alpha, tunedAt);

            assertThat(probabilityThatABoundPasses(rate, sequence, 2_000, +1)).isLessThan(alpha);
            assertThat(probabilityThatABoundPasses(rate, sequence, 2_000, -1)).isLessThan(alpha);
        }
    }

    /**
     * Beside the asymptotic bound with the standard error √(p̃(1 − p̃)/n), p̃ = (successes + z²)/(n + 2z²) and z the
     * multiplier: at the tuned number of values, exactness costs at most 6 % of the distance between share and bound.
     */
    @ParameterizedTest
    @ValueSource(doubles = {0.002, 0.01, 0.05, 0.2, 0.5, 0.8, 0.95})
    void whereItIsTunedTheExactBoundIsHardlyWiderThanTheAsymptoticOne(double rate) {
        for (double alpha : new double[] {0.05, 0.001}) {
            ConfidenceSequence sequence = new ConfidenceSequence(alpha, 10_000);
            long successes = Math.round(rate * 10_000);

            assertThat(upper(successes, 10_000, sequence) - rate)
                    .isLessThan(1.06 * asymptoticMargin(successes, 10_000, sequence));
        }
    }

    @Test
    void withoutAnySuccessTheExactBoundIsHalfTheAsymptoticOne() {
        assertThat(upper(0, 10_000, SEQUENCE)).isLessThan(0.5 * asymptoticMargin(0, 10_000, SEQUENCE));
    }

    /**
     * 2,000 seeds (0 to 1,999) of exponential values with mean 1, which are skew; 20 daily looks after 500 users each.
     * At most α = 5 % of the seeds may ever see a bound on the wrong side, for the upper and for the lower alike. The
     * 95 % interval of a single look, for comparison, is wrong at some look in more than every fifth.
     */
    @Test
    @Tag("simulation")
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
                upper |= sequence.upperBound(moments, Kind.MEAN).orElseThrow() < 1;
                lower |= sequence.lowerBound(moments, Kind.MEAN).orElseThrow() > 1;
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
    void theBoundOnAContrastOfMeansIsItsMultiplierOfStandardErrors() {
        WeightedMoments enabled = WeightedMoments.EMPTY.plus(2, 1).plus(5, 7).plus(1.25, 3);
        WeightedMoments control = WeightedMoments.EMPTY.plus(2, 4).plus(5, 2);
        Effect contrast = Effect.contrast(enabled, control, 0.9).orElseThrow();
        double margin = SEQUENCE.multiplier(5) * contrast.standardError();

        assertThat(SEQUENCE.upperBound(enabled, control, 0.9, Kind.MEAN))
                .hasValueCloseTo(contrast.estimate() + margin, within(1e-12));
        assertThat(SEQUENCE.lowerBound(enabled, control, 0.9, Kind.MEAN))
                .hasValueCloseTo(contrast.estimate() - margin, within(1e-12));
    }

    @Test
    void theBoundOnAContrastOfProportionsHasTheVarianceWithPseudoRows() {
        double z = SEQUENCE.multiplier(300);
        double enabledRate = z * z / (100 + 2 * z * z);
        double controlRate = (7 + z * z) / (200 + 2 * z * z);
        double margin =
                z * Math.sqrt(enabledRate * (1 - enabledRate) / 100 + 0.81 * controlRate * (1 - controlRate) / 200);

        assertThat(SEQUENCE.upperBound(arm(0, 100, 3), arm(7, 200, 1.5), 0.9, Kind.PROPORTION))
                .hasValueCloseTo(-0.9 * 7 / 200 + margin, within(1e-12));
        assertThat(SEQUENCE.lowerBound(arm(0, 100, 3), arm(7, 200, 1.5), 0.9, Kind.PROPORTION))
                .hasValueCloseTo(-0.9 * 7 / 200 - margin, within(1e-12));
    }

    /** Also where the weights differ, the variance tends to the linearised one that {@link Effect} has. */
    @Test
    void inLargeArmsThePseudoRowsDoNotShow() {
        WeightedMoments enabled = arm(30_000, 500_000, 5).merge(arm(70_000, 500_000, 1.25));
        WeightedMoments control = arm(30_000, 500_000, 1.25).merge(arm(70_000, 500_000, 5));
        double standardError =
                Effect.contrast(enabled, control, 1).orElseThrow().standardError();

        double margin =
                SEQUENCE.upperBound(enabled, control, 1, Kind.PROPORTION).orElseThrow()
                        - Effect.contrast(enabled, control, 1).orElseThrow().estimate();

        assertThat(margin / (SEQUENCE.multiplier(2_000_000) * standardError)).isBetween(1.0, 1.0005);
    }

    /**
     * 2,000 seeds (0 to 1,999), 30 daily looks at 1,000 users with the first where the smaller arm has 100, and a true
     * contrast of 0 with the factors 1 and 0.9. Users have the propensities in turn. Either bound may ever be on the wrong
     * side in at most α = 5 % of the seeds, and 3 binomial standard errors more: 5 % + 3 √(0.05 · 0.95 / 2000) = 6.46 %.
     */
    @ParameterizedTest
    @Tag("simulation")
    @CsvSource({"0.05, 0.5", "0.01, 0.5", "0.05, 0.95", "0.01, 0.95", "0.05, 0.2 0.5 0.9", "0.01, 0.2 0.5 0.9"})
    void aContrastIsPassedAtAnyOfAllDailyLooksWithAtMostAlpha(double rate, String propensities) {
        double[] each = Stream.of(propensities.split(" "))
                .mapToDouble(Double::parseDouble)
                .toArray();
        int[] wrong = new int[4];
        for (int seed = 0; seed < 2_000; seed++) {
            boolean[] everWrong = everWrong(seed, rate, each);
            for (int i = 0; i < 4; i++) {
                wrong[i] += everWrong[i] ? 1 : 0;
            }
        }

        assertThat(Arrays.stream(wrong).max().orElseThrow()).isLessThanOrEqualTo(129);
    }

    /** Whether the upper and the lower bound were wrong with the factor 1, and both with 0.9. */
    private static boolean[] everWrong(int seed, double rate, double[] propensities) {
        SplittableRandom random = new SplittableRandom(seed);
        int groups = propensities.length;
        int[] enabled = new int[groups];
        int[] enabledSuccesses = new int[groups];
        int[] control = new int[groups];
        int[] controlSuccesses = new int[groups];
        int[] betterControlSuccesses = new int[groups];
        boolean[] wrong = new boolean[4];
        for (int day = 0; day < 30; day++) {
            for (int user = 0; user < 1_000; user++) {
                int group = user % groups;
                double outcome = random.nextDouble();
                if (random.nextDouble() < propensities[group]) {
                    enabled[group]++;
                    enabledSuccesses[group] += outcome < rate ? 1 : 0;
                } else {
                    control[group]++;
                    controlSuccesses[group] += outcome < rate ? 1 : 0;
                    betterControlSuccesses[group] += outcome < rate / 0.9 ? 1 : 0;
                }
            }
            WeightedMoments enabledArm = WeightedMoments.EMPTY;
            WeightedMoments equalControl = WeightedMoments.EMPTY;
            WeightedMoments betterControl = WeightedMoments.EMPTY;
            for (int group = 0; group < groups; group++) {
                double p = propensities[group];
                enabledArm = enabledArm.merge(arm(enabledSuccesses[group], enabled[group], 1 / p));
                equalControl = equalControl.merge(arm(controlSuccesses[group], control[group], 1 / (1 - p)));
                betterControl = betterControl.merge(arm(betterControlSuccesses[group], control[group], 1 / (1 - p)));
            }
            if (Math.min(enabledArm.n(), equalControl.n()) < 100) {
                continue;
            }
            wrong[0] |= upper(enabledArm, equalControl, 1) < 0;
            wrong[1] |= lower(enabledArm, equalControl, 1) > 0;
            wrong[2] |= upper(enabledArm, betterControl, 0.9) < 0;
            wrong[3] |= lower(enabledArm, betterControl, 0.9) > 0;
        }
        return wrong;
    }

    @Test
    void aContrastIsAbsentWhereAnArmHasFewerThanTwoRowsOrAMeanNoSpread() {
        WeightedMoments spread = arm(1, 2, 2);
        WeightedMoments zeros = arm(0, 50, 2);

        assertThat(SEQUENCE.upperBound(spread, WeightedMoments.EMPTY, 1, Kind.MEAN))
                .isEmpty();
        assertThat(SEQUENCE.lowerBound(arm(1, 1, 2), spread, 1, Kind.PROPORTION))
                .isEmpty();
        assertThat(SEQUENCE.upperBound(zeros, spread, 1, Kind.MEAN)).isEmpty();
        assertThat(SEQUENCE.upperBound(spread, zeros, 1, Kind.MEAN)).isEmpty();
        assertThat(SEQUENCE.upperBound(zeros, zeros, 1, Kind.PROPORTION)).isPresent();
    }

    @Test
    void whatTheMomentsCannotTellIsAbsent() {
        assertThat(SEQUENCE.upperBound(Moments.EMPTY, Kind.MEAN)).isEmpty();
        assertThat(SEQUENCE.lowerBound(Moments.EMPTY, Kind.PROPORTION)).isEmpty();
        assertThat(SEQUENCE.lowerBound(Moments.of(3), Kind.MEAN)).isEmpty();
        assertThat(SEQUENCE.upperBound(Moments.of(7, 7, 7), Kind.MEAN)).isEmpty();
    }

    @Test
    void revenueBeforeTheFirstPurchaseHasNoBoundButAConversionRateHas() {
        Moments allZero = Moments.of(0, 0, 0, 0);

        assertThat(SEQUENCE.upperBound(allZero, Kind.MEAN)).isEmpty();
        assertThat(SEQUENCE.upperBound(allZero, Kind.PROPORTION)).isPresent();
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
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SEQUENCE.lowerBound(Moments.of(-2, 0), Kind.PROPORTION))
                .withMessageContaining("not -1.0");
        WeightedMoments twos = WeightedMoments.EMPTY.plus(2, 2).plus(2, 2);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SEQUENCE.lowerBound(arm(1, 2, 2), twos, 1, Kind.PROPORTION))
                .withMessageContaining("not 2.0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SEQUENCE.lowerBound(twos, twos, Double.NaN, Kind.MEAN))
                .withMessageContaining("factor is NaN");
    }

    private static double probabilityThatABoundPasses(
            double rate, ConfidenceSequence sequence, int lastLook, int side) {
        double[] probability = new double[lastLook + 2];
        probability[0] = 1;
        double passed = 0;
        // The upper bound rises with the successes, so the paths that pass are those with the fewest: fewer than this.
        // The lower bound mirrors it with the failures. Paths that remain can only come to have more.
        int remaining = 0;
        for (int n = 1; n <= lastLook; n++) {
            for (int successes = n; successes > 0; successes--) {
                probability[successes] = probability[successes] * (1 - rate) + probability[successes - 1] * rate;
            }
            probability[0] *= 1 - rate;
            while (remaining <= n && passes(side > 0 ? remaining : n - remaining, n, rate, sequence, side)) {
                int successes = side > 0 ? remaining : n - remaining;
                passed += probability[successes];
                probability[successes] = 0;
                remaining++;
            }
        }
        return passed;
    }

    private static boolean passes(int successes, int n, double rate, ConfidenceSequence sequence, int side) {
        return side > 0 ? upper(successes, n, sequence) < rate : lower(successes, n, sequence) > rate;
    }

    private static double asymptoticMargin(long successes, long n, ConfidenceSequence sequence) {
        double z = sequence.multiplier(n);
        double p = (successes + z * z) / (n + 2 * z * z);
        return z * Math.sqrt(p * (1 - p) / n);
    }

    private static double upper(long successes, long n, ConfidenceSequence sequence) {
        return sequence.upperBound(Moments.ofProportion(successes, n), Kind.PROPORTION)
                .orElseThrow();
    }

    private static double lower(long successes, long n, ConfidenceSequence sequence) {
        return sequence.lowerBound(Moments.ofProportion(successes, n), Kind.PROPORTION)
                .orElseThrow();
    }

    private static double upper(WeightedMoments enabled, WeightedMoments control, double factor) {
        return SEQUENCE.upperBound(enabled, control, factor, Kind.PROPORTION).orElseThrow();
    }

    private static double lower(WeightedMoments enabled, WeightedMoments control, double factor) {
        return SEQUENCE.lowerBound(enabled, control, factor, Kind.PROPORTION).orElseThrow();
    }

    private static WeightedMoments arm(int successes, int n, double weight) {
        double w2 = weight * weight;
        return new WeightedMoments(
                n, n * weight, n * w2, successes * weight, successes * weight, successes * w2, successes * w2);
    }

    @Test
    void theIntervalOfAnEstimateHasTheBoundsOfAMean() {
        Moments values = Moments.of(1, 4, 2, 8, 5);
        ConfidenceSequence sequence = new ConfidenceSequence(0.01, 10);

        Interval interval = sequence.interval(values.mean(), values.standardError(), values.n());
        assertThat(interval.lower())
                .isEqualTo(sequence.lowerBound(values, Metric.Kind.MEAN).orElseThrow());
        assertThat(interval.upper())
                .isEqualTo(sequence.upperBound(values, Metric.Kind.MEAN).orElseThrow());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> sequence.interval(0, -1, 5))
                .withMessageContaining("standard error -1.0");
    }
}
