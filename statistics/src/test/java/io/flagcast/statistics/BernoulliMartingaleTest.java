package io.flagcast.statistics;

import static io.flagcast.fixtures.Cases.cases;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.fixtures.Generator;
import io.flagcast.statistics.BernoulliMartingale.Rate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BernoulliMartingaleTest {

    /**
     * By hand for one value and the prior Beta(1, 1), c = 2 at the rate ½: M after a failure is the mean of (1 − p)/½
     * over p uniform on (0, ½), 1.5, and after a success that of p/½, 0.5. Their mean under the rate is 1.
     */
    @Test
    void oneFailureRaisesTheCapitalByTheMeanOfTheBets() {
        assertThat(Math.exp(logCapital(0, 1, 0.5, 2))).isCloseTo(1.5, within(1e-12));
        assertThat(Math.exp(logCapital(1, 0, 0.5, 2))).isCloseTo(0.5, within(1e-12));
    }

    /** Under the rate itself the next value leaves the capital where it is, on average: M is a martingale. */
    @Test
    void underTheRateTheNextValueNeitherRaisesNorLowersTheCapitalOnAverage() {
        record Bet(int successes, int failures, double position, double concentration) {}
        Generator<Bet> generator = dice -> new Bet(
                dice.integer(0, 100_000), dice.integer(0, 100_000), dice.real(0.001, 0.999), dice.real(0.01, 10_000));
        cases(1, 300, generator).allSatisfy(bet -> {
            int successes = bet.successes();
            int failures = bet.failures();
            double concentration = bet.concentration();
            double share = (successes + 1.0) / (successes + failures + 2.0);
            double rate = share + bet.position() * (1 - share);
            double now = logCapital(successes, failures, rate, concentration);
            double afterSuccess = logCapital(successes + 1, failures, rate, concentration);
            double afterFailure = logCapital(successes, failures + 1, rate, concentration);

            assertThat(rate * Math.exp(afterSuccess - now) + (1 - rate) * Math.exp(afterFailure - now))
                    .isCloseTo(1, within(1e-7));
        });
    }

    /** Against quadrature over the log odds below the rate, with the prior's own integral by quadrature too. */
    @ParameterizedTest
    @CsvSource({
        "0, 1, 0.1, 0.2",
        "0, 1000, 0.996, 1580",
        "1, 1, 0.01, 1",
        "50, 950, 0.93, 160",
        "800, 19200, 0.956, 1580",
        "950, 50, 0.03, 30",
        "9000, 1000, 0.09, 100000",
        "5000000, 95000000, 0.9499, 1580",
        "20, 99999980, 0.9999996, 1580",
        "500000000000, 500000000000, 0.499997, 0.02",
        "999999999900, 100, 0.00000000003, 0.02",
        "0, 1000000000000, 0.99999999997, 0.5",
        "9, 1, 0.0000000000001, 0.0173",
        "999, 1, 0.0000000000000002, 0.1",
        "99999, 1, 0.000000000000000000003, 0.35",
        "999, 1, 0.00000001, 50",
        "999, 1, 0.0000018, 50",
        "9, 1, 0.00009, 0.9",
        "9, 3, 0.00001, 7.9",
        "9, 3, 0.00001, 8.1"
    })
    void theClosedFormAgreesWithQuadrature(double successes, double failures, double rest, double concentration) {
        Rate rate = new Rate(1 - rest, rest);
        double a = concentration * rate.value();
        double b = concentration * rate.rest();

        double logCapital = logIntegral(a + successes, b + failures, rate) - logIntegral(a, b, rate);

        assertThat(BernoulliMartingale.logCapital(successes, failures, rate, concentration))
                .isCloseTo(logCapital, within(1e-7));
    }

    /** log (x − 1)! of whole numbers, by multiplication. */
    @Test
    void stirlingsErrorIsThatOfTheFactorial() {
        long factorial = 1;
        for (int x = 1; x <= 20; x++) {
            double stirling = (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI);
            assertThat(BernoulliMartingale.stirlingError(x))
                    .as("x = %s", x)
                    .isCloseTo(Math.log((double) factorial) - stirling, within(1e-13));
            factorial *= x;
        }
    }

    /**
     * However few values the prior counts for and however many there are: of 3,000 cases each has a bound, at which the
     * capital is 1/α, and a higher confidence has a higher bound.
     */
    @Test
    void everyTuningHasABoundAtAnyNumberOfValuesAndAnyConfidence() {
        record Bet(long n, double failed, double log10Alpha, long tunedAt) {}
        Generator<Bet> generator = dice -> new Bet(
                dice.whole(1, 1_000_000_000_000L),
                dice.real(-13, 0),
                dice.real(-12, Math.log10(0.499)),
                dice.whole(1, 100_000));
        cases(1, 3_000, generator).allSatisfy(bet -> {
            double failures = Math.ceil(Math.pow(10, bet.failed()) * bet.n());
            double successes = bet.n() - failures;
            double alpha = Math.pow(10, bet.log10Alpha());
            double logTwoAlpha = Math.log(2 * alpha);
            double concentration = bet.tunedAt() / (-2 * logTwoAlpha + Math.log1p(-2 * logTwoAlpha));
            double share = successes / bet.n();

            double bound = BernoulliMartingale.upperBound(successes, failures, concentration, -Math.log(alpha));
            double surer = BernoulliMartingale.upperBound(successes, failures, concentration, -Math.log(alpha / 2));

            assertThat(bound).isGreaterThan(share).isLessThanOrEqualTo(1);
            assertThat(surer).isGreaterThanOrEqualTo(bound).isLessThanOrEqualTo(1);
            if (bound < 0.99999) {
                assertThat(surer).isGreaterThan(bound);
                assertThat(BernoulliMartingale.logCapital(
                                successes, failures, new Rate(bound, 1 - bound), concentration))
                        .isCloseTo(-Math.log(alpha), within(1e-6));
            }
        });
    }

    /** What lets one root bound all rates above it: M rises with the rate from the successes' share upwards. */
    @Test
    void aboveTheShareAHigherRateHasAHigherCapital() {
        record Bet(long n, double share, double position, double log10Concentration) {}
        Generator<Bet> generator =
                dice -> new Bet(dice.whole(1, 1_000_000), dice.real(0, 0.999999), dice.real(1e-6, 1), dice.real(-3, 6));
        cases(1, 2_000, generator).allSatisfy(bet -> {
            long n = bet.n();
            double successes = Math.floor(bet.share() * n);
            double failures = n - successes;
            double concentration = Math.pow(10, bet.log10Concentration());
            double step = (1 - successes / n) / 100;
            double rate = successes / n + step * 98 * bet.position();

            assertThat(logCapital(successes, failures, rate + step, concentration))
                    .isGreaterThan(logCapital(successes, failures, rate, concentration));
        });
    }

    @Test
    void atTheBoundTheCapitalIsOneOverAlpha() {
        record Bet(long n, double share, double alpha, double concentration) {}
        Generator<Bet> generator = dice -> new Bet(
                dice.whole(1, 10_000_000), dice.real(0, 0.999), dice.real(1e-6, 0.499), dice.real(0.1, 1_000_000));
        cases(1, 500, generator).allSatisfy(bet -> {
            double successes = Math.floor(bet.share() * bet.n());
            double failures = bet.n() - successes;

            double bound =
                    BernoulliMartingale.upperBound(successes, failures, bet.concentration(), -Math.log(bet.alpha()));

            assertThat(Math.exp(logCapital(successes, failures, bound, bet.concentration())) * bet.alpha())
                    .isCloseTo(1, within(1e-3));
        });
    }

    @Test
    void withoutAnyFailureNothingBoundsTheRateFromAbove() {
        assertThat(BernoulliMartingale.upperBound(7, 0, 100, 3)).isEqualTo(1);
        assertThat(BernoulliMartingale.upperBound(1e8, 1e-8, 100, 3)).isEqualTo(1);
    }

    private static double logCapital(double successes, double failures, double rate, double concentration) {
        return BernoulliMartingale.logCapital(successes, failures, new Rate(rate, 1 - rate), concentration);
    }

    /** Of exp(a d − (a + b) log(1 + rate (e^d − 1))) over d < 0, d being the log odds of p less those of the rate. */
    private static double logIntegral(double a, double b, Rate rate) {
        double mode = Math.min(0, Math.log(a / b) - Math.log(rate.value() / rate.rest()));
        double highest = logIntegrand(a, b, rate, mode);
        double width = 0.5 * Math.min(1, Math.sqrt((a + b) / a / b));
        double from = mode;
        // Down to where the second term is that at a rate of 0, up to the last digit.
        double flat = Math.log(rate.rest()) - 45;
        while (from > flat && logIntegrand(a, b, rate, from) - highest > Quadrature.NEGLIGIBLE_LOG_DENSITY) {
            from -= width;
        }
        int panels = (int) Math.ceil(-from / width);
        double sum = Math.exp(logIntegrand(a, b, rate, from) - highest) / a;
        for (int panel = 0; panel < panels; panel++) {
            for (int i = 0; i < Quadrature.NODES; i++) {
                double d = Quadrature.node(from - from * panel / panels, -from / panels, i);
                sum += Quadrature.weight(-from / panels, i) * Math.exp(logIntegrand(a, b, rate, d) - highest);
            }
        }
        return highest + Math.log(sum);
    }

    private static double logIntegrand(double a, double b, Rate rate, double d) {
        // The form whose logarithm has an argument above ½, so that large counts do not cancel each other's digits.
        return rate.value() <= rate.rest()
                ? a * d - (a + b) * Math.log1p(rate.value() * Math.expm1(d))
                : -b * d - (a + b) * Math.log1p(rate.rest() * Math.expm1(-d));
    }
}
