package io.flagcast.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.statistics.Metric.Direction;
import io.flagcast.statistics.Metric.HeavyTails;
import io.flagcast.statistics.Metric.Kind;
import java.time.Duration;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Against the bets themselves: M is never more than what a gambler would hold who sees every value. */
class BoundedMartingaleTest {

    private static final ConfidenceSequence SEQUENCE = new ConfidenceSequence(0.05, 10_000);
    private static final double STAKE = Math.sqrt(2 * Math.log(20) / (10_000 * 0.01));

    private static Metric capped(double cap) {
        return new Metric(
                "revenue",
                Kind.MEAN,
                "purchase",
                Duration.ofDays(1),
                Direction.HIGHER_IS_BETTER,
                Optional.of(new Cap.At(cap)),
                HeavyTails.NOT_ACCEPTED);
    }

    /** Of every law: uniform to a power, so that most values are small where it is large. */
    private static double[] values(SplittableRandom random, int n, double power) {
        double[] values = new double[n];
        for (int i = 0; i < n; i++) {
            values[i] = Math.pow(random.nextDouble(), power);
        }
        return values;
    }

    /** The gamblers' capital, ∏ (1 + κ(x − m)) mixed over the stakes with the weights of a Cauchy density. */
    private static double capital(double[] values, double m) {
        double mean = Moments.of(values).mean();
        double weights = 0;
        double capital = 0;
        for (double shift = -9; shift <= 9; shift += 0.5) {
            double kappa = STAKE * Math.exp(shift);
            double product = 1 / (1 + shift * shift);
            weights += product;
            for (double value : values) {
                product *= 1 + kappa * (value - m);
            }
            capital += kappa * mean > 1 ? 0 : product;
        }
        return capital / weights;
    }

    @Test
    void theCapitalIsAtMostThatOfTheGamblersWhoSeeEveryValue() {
        SplittableRandom random = new SplittableRandom(1);
        for (double power : new double[] {0.2, 1, 3, 10}) {
            for (int n : new int[] {1, 3, 30, 300}) {
                double[] values = values(random, n, power);
                Moments moments = Moments.of(values);
                for (double m = 0; m <= moments.mean(); m += moments.mean() / 7) {
                    double capital = Math.exp(BoundedMartingale.logCapital(n, moments.mean(), moments.m2(), m, STAKE));
                    assertThat(capital)
                            .describedAs("power %s, n %d, m %s", power, n, m)
                            .isLessThanOrEqualTo(capital(values, m) * (1 + 1e-9));
                }
            }
        }
    }

    @Test
    void itFallsAsTheMeanRisesSoThatWhatIsNotRuledOutIsAnInterval() {
        SplittableRandom random = new SplittableRandom(2);
        for (double power : new double[] {0.1, 1, 5, 30}) {
            for (int n : new int[] {2, 50, 5_000}) {
                Moments moments = Moments.of(values(random, n, power));
                double before = Double.POSITIVE_INFINITY;
                for (int step = 0; step <= 200; step++) {
                    double capital = BoundedMartingale.logCapital(
                            n, moments.mean(), moments.m2(), moments.mean() * step / 200, STAKE);
                    assertThat(capital).isLessThanOrEqualTo(before + 1e-9);
                    before = capital;
                }
            }
        }
    }

    @Test
    void theBoundIsTheMeanAtWhichTheCapitalIsOneOverAlpha() {
        Moments values = new Moments(5_000, 0.02, 5_000 * 0.003);

        double bound = BoundedMartingale.lowerBound(5_000, 0.02, 15, 10_000, Math.log(20));

        assertThat(bound).isBetween(0.01, 0.02);
        assertThat(BoundedMartingale.logCapital(5_000, 0.02, 15, bound, STAKE)).isCloseTo(Math.log(20), within(1e-6));
        assertThat(SEQUENCE.lowerBound(new Moments(5_000, 10, 15 * 250_000), capped(500))
                        .orElseThrow())
                .isCloseTo(500 * bound, within(1e-6));
        assertThat(SEQUENCE.upperBound(new Moments(5_000, 490, 15 * 250_000), capped(500))
                        .orElseThrow())
                .isCloseTo(500 - 500 * bound, within(1e-6));
        assertThat(SEQUENCE.lowerBound(values, capped(1)).orElseThrow()).isCloseTo(bound, within(1e-9));
    }

    @Test
    void withManyValuesItComesCloseToTheAsymptoticBoundAndAGenerousCapCostsLittle() {
        Moments values = new Moments(100_000, 20, 100_000 * 900.0);
        double asymptotic = SEQUENCE.upperBound(values, Kind.MEAN).orElseThrow() - 20;

        assertThat(SEQUENCE.upperBound(values, capped(100)).orElseThrow() - 20)
                .isBetween(asymptotic, 1.25 * asymptotic);
        assertThat(SEQUENCE.upperBound(values, capped(1_000)).orElseThrow() - 20)
                .isBetween(asymptotic, 1.35 * asymptotic);
    }

    @Test
    void usersWhoAreAllWorthNothingBoundTheMeanFromAbove() {
        double bound =
                SEQUENCE.upperBound(new Moments(10_000, 0, 0), capped(500)).orElseThrow();

        // Nobody may be worth the cap more often than -log(alpha)/n, and the mixture pays for not knowing.
        assertThat(bound).isBetween(500 * 3.0 / 10_000, 500 * 12.0 / 10_000);
        assertThat(SEQUENCE.lowerBound(new Moments(10_000, 0, 0), capped(500))).hasValue(0);
        assertThat(SEQUENCE.lowerBound(new Moments(10_000, 500, 0), capped(500)).orElseThrow())
                .isCloseTo(500 - bound, within(1e-6));
    }

    @Test
    void withoutValuesThereIsNoBound() {
        assertThat(SEQUENCE.lowerBound(Moments.EMPTY, capped(5))).isEmpty();
        assertThat(SEQUENCE.upperBound(Moments.EMPTY, capped(5))).isEmpty();
        assertThat(SEQUENCE.upperBound(WeightedMoments.EMPTY, WeightedMoments.EMPTY, 1, capped(5)))
                .isEmpty();
    }

    @Test
    void rowsOfOneWeightAreBoundedAsTheirValuesAre() {
        SplittableRandom random = new SplittableRandom(3);
        WeightedMoments enabled = WeightedMoments.EMPTY;
        WeightedMoments control = WeightedMoments.EMPTY;
        Moments enabledValues = Moments.EMPTY;
        Moments controlValues = Moments.EMPTY;
        for (int i = 0; i < 2_000; i++) {
            double one = Math.pow(random.nextDouble(), 4);
            double other = Math.pow(random.nextDouble(), 3);
            enabled = enabled.plus(20, one);
            control = control.plus(1 / 0.95, other);
            enabledValues = enabledValues.plus(one);
            controlValues = controlValues.plus(other);
        }
        ConfidenceSequence half = new ConfidenceSequence(0.025, 10_000);
        Metric metric = capped(1);

        assertThat(SEQUENCE.upperBound(enabled, control, 0.9, metric).orElseThrow())
                .isCloseTo(
                        half.upperBound(enabledValues, metric).orElseThrow()
                                - 0.9 * half.lowerBound(controlValues, metric).orElseThrow(),
                        within(1e-9));
        assertThat(SEQUENCE.lowerBound(enabled, control, 0.9, metric).orElseThrow())
                .isCloseTo(
                        half.lowerBound(enabledValues, metric).orElseThrow()
                                - 0.9 * half.upperBound(controlValues, metric).orElseThrow(),
                        within(1e-9));
    }

    @Test
    void momentsThatNoValuesWithinTheCapHaveAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SEQUENCE.upperBound(new Moments(10, 6, 0), capped(5)))
                .withMessage(
                        "a mean of 6.0 with a standard deviation of 0.0 is not of values between 0 and the cap 5.0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SEQUENCE.upperBound(new Moments(10, -1, 0), capped(5)))
                .withMessageContaining("between 0 and the cap 5.0");
        // Half of them at 0 and half at 5 would have the largest variance, 6.25.
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SEQUENCE.upperBound(new Moments(10, 2.5, 63), capped(5)))
                .withMessageContaining("between 0 and the cap 5.0");
        assertThat(SEQUENCE.upperBound(new Moments(10, 2.5, 62.5), capped(5))).isPresent();
    }

    @Test
    void theIntervalOfOnesAndZerosIsWilsonsWithStudentsQuantile() {
        Interval interval = Interval.limited(Moments.ofProportion(40, 400), capped(1), 0.95);

        // 39.1 degrees of freedom, as the unbiased variance stretches the law: t = 2.0226; Wilson by hand.
        assertThat(interval.lower()).isCloseTo(0.0735, within(5e-4));
        assertThat(interval.upper()).isCloseTo(0.1346, within(5e-4));
        assertThat(Interval.limited(Moments.EMPTY, capped(3), 0.95)).isEqualTo(new Interval(0, 3));
        assertThat(Interval.limited(new Moments(50, 0, 0), capped(3), 0.95).lower())
                .isZero();
        assertThat(Interval.limited(new Moments(50, 0, 0), capped(3), 0.95).upper())
                .isBetween(0.1, 3.0);
        assertThat(Interval.limited(new Moments(50, 3, 0), capped(3), 0.95).upper())
                .isEqualTo(3);
    }
}
