package io.flagcast.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class EmpiricalLikelihoodTest {

    private static double[] ones(int n) {
        double[] ones = new double[n];
        Arrays.fill(ones, 1);
        return ones;
    }

    /** Of n rows, the first of them 1 and the others 0. */
    private static double[] binary(int n, int successes) {
        double[] rows = new double[n];
        Arrays.fill(rows, 0, successes, 1);
        return rows;
    }

    /** Weights that give the mean θ are θ/k for each success, and (1 − θ)/(n − k) for each other row. */
    @Test
    void ofZerosAndOnesItIsTheLikelihoodRatioOfTheBinomial() {
        for (double theta : new double[] {0.05, 0.2, 0.3, 0.31, 0.7}) {
            double binomial = 2 * (6 * Math.log(0.3 / theta) + 14 * Math.log(0.7 / (1 - theta)));
            assertThat(EmpiricalLikelihood.statistic(binary(20, 6), ones(20), theta))
                    .isCloseTo(binomial, within(1e-9));
        }
        assertThat(EmpiricalLikelihood.statistic(binary(20, 6), ones(20), 0)).isInfinite();
        assertThat(EmpiricalLikelihood.statistic(binary(20, 6), ones(20), 1)).isInfinite();
    }

    /**
     * Two rows a and b: weights w and 1 − w make the mean, −2 log(2w · 2(1 − w)) ≤ t² gives
     * (a + b)/2 ± (b − a)/2 · √(1 − e^(−t²/2)). Student's t of one degree at 50 % is 1.
     */
    @Test
    void theIntervalOfTwoRowsIsThatOfTheClosedForm() {
        Interval interval = EmpiricalLikelihood.ratio(new double[] {3, 7}, ones(2), 0.5);

        double half = 2 * Math.sqrt(1 - Math.exp(-0.5));
        assertThat(interval.lower()).isCloseTo(5 - half, within(1e-9));
        assertThat(interval.upper()).isCloseTo(5 + half, within(1e-9));
    }

    /** A common factor of the denominators divides the closed form's values, whether it is above or below 1. */
    @Test
    void aCommonDenominatorDividesTheInterval() {
        for (double denominator : new double[] {10, 0.1}) {
            Interval interval = EmpiricalLikelihood.ratio(
                    new double[] {0.1 * denominator, 0.9 * denominator}, new double[] {denominator, denominator}, 0.5);

            double half = 0.4 * Math.sqrt(1 - Math.exp(-0.5));
            assertThat(interval.lower()).isCloseTo(0.5 - half, within(1e-9));
            assertThat(interval.upper()).isCloseTo(0.5 + half, within(1e-9));
        }
    }

    /** Against the greatest Σ log(1 + λ z), searched for. */
    @Test
    void aRatioHasTheWeightsThatMakeItsEquationZero() {
        double[] numerators = {1, 0, 2, 5, 1};
        double[] denominators = {1, 2, 1, 3, 4};
        double theta = 0.7;
        double[] z = IntStream.range(0, 5)
                .mapToDouble(i -> numerators[i] - theta * denominators[i])
                .toArray();
        // By ternary search: the sum is concave in λ.
        double low = -1 / Arrays.stream(z).max().orElseThrow();
        double high = -1 / Arrays.stream(z).min().orElseThrow();
        for (int i = 0; i < 300; i++) {
            double one = low + (high - low) / 3;
            double other = high - (high - low) / 3;
            if (dual(z, one) < dual(z, other)) {
                low = one;
            } else {
                high = other;
            }
        }

        assertThat(EmpiricalLikelihood.statistic(numerators, denominators, theta))
                .isCloseTo(2 * dual(z, low), within(1e-9));
        Interval interval = EmpiricalLikelihood.ratio(numerators, denominators, 0.95);
        // t of four degrees at 95 %, R: qt(.975, 4).
        double crit = 2.7764451051977934 * 2.7764451051977934;
        assertThat(EmpiricalLikelihood.statistic(numerators, denominators, interval.lower()))
                .isCloseTo(crit, within(1e-6));
        assertThat(EmpiricalLikelihood.statistic(numerators, denominators, interval.upper()))
                .isCloseTo(crit, within(1e-6));
        assertThat(interval.contains(9.0 / 11)).isTrue();
    }

    private static double dual(double[] z, double lambda) {
        return Arrays.stream(z).map(one -> Math.log(1 + lambda * one)).sum();
    }

    @Test
    void rowsThatAgreeLeaveNoDoubt() {
        assertThat(EmpiricalLikelihood.ratio(new double[] {0.3, 0.6, 0}, new double[] {1, 2, 0}, 0.95)
                        .width())
                .isZero();
        assertThat(EmpiricalLikelihood.ratio(new double[] {0, 0}, ones(2), 0.95))
                .isEqualTo(new Interval(0, 0));
    }

    @Test
    void aRowWithoutADenominatorSaysNothingButCounts() {
        Interval three = EmpiricalLikelihood.ratio(new double[] {0, 1, 0}, new double[] {1, 1, 0}, 0.5);

        // t of two degrees at 50 % is √(2/3): closed form of F for two degrees.
        double half = 0.5 * Math.sqrt(1 - Math.exp(-(2.0 / 3) / 2));
        assertThat(three.lower()).isCloseTo(0.5 - half, within(1e-9));
        assertThat(three.upper()).isCloseTo(0.5 + half, within(1e-9));
    }

    @Test
    void whatCannotBeRowsIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EmpiricalLikelihood.ratio(new double[1], ones(1), 0.95))
                .withMessage(
                        "EmpiricalLikelihood: 1 numerators and 1 denominators, there must be as many of both and at"
                                + " least 2");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EmpiricalLikelihood.ratio(new double[3], ones(2), 0.95))
                .withMessageStartingWith("EmpiricalLikelihood: 3 numerators and 2 denominators");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EmpiricalLikelihood.ratio(new double[] {1, Double.NaN}, ones(2), 0.95))
                .withMessageStartingWith("EmpiricalLikelihood: a row has NaN and 1.0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EmpiricalLikelihood.ratio(new double[] {1, 1}, new double[] {1, -1}, 0.95))
                .withMessageStartingWith("EmpiricalLikelihood: a row has 1.0 and -1.0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EmpiricalLikelihood.ratio(
                        new double[] {1, 1}, new double[] {1, Double.POSITIVE_INFINITY}, 0.95))
                .withMessageStartingWith("EmpiricalLikelihood: a row has 1.0 and Infinity");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EmpiricalLikelihood.ratio(new double[] {1, 1}, new double[] {1, 0}, 0.95))
                .withMessage("EmpiricalLikelihood: a row has the numerator 1.0 without a denominator");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EmpiricalLikelihood.ratio(new double[2], new double[2], 0.95))
                .withMessage("EmpiricalLikelihood: every denominator is 0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EmpiricalLikelihood.ratio(new double[2], ones(2), 1))
                .withMessageStartingWith("confidence is 1.0");
    }

    /** Means of 60 squares of normal numbers, whose mean is 1: 2,000 intervals, seed 1. 93 % is within four errors of 95 %. */
    @Test
    @Tag("simulation")
    void itCoversASkewedMeanAsOftenAsItSays() {
        SplittableRandom random = new SplittableRandom(1);
        int covered = 0;
        for (int i = 0; i < 2_000; i++) {
            double[] rows = new double[60];
            Arrays.setAll(rows, ignored -> Math.pow(random.nextGaussian(), 2));
            covered += EmpiricalLikelihood.ratio(rows, ones(60), 0.95).contains(1) ? 1 : 0;
        }
        assertThat(covered / 2_000.0).isBetween(0.93, 0.97);
    }
}
