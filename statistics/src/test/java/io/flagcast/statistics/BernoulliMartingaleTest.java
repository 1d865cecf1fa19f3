package io.flagcast.statistics;

import static io.flagcast.fixtures.Cases.cases;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.fixtures.Generator;
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
        assertThat(Math.exp(BernoulliMartingale.logCapital(0, 1, 0.5, 2))).isCloseTo(1.5, within(1e-12));
        assertThat(Math.exp(BernoulliMartingale.logCapital(1, 0, 0.5, 2))).isCloseTo(0.5, within(1e-12));
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
            double now = BernoulliMartingale.logCapital(successes, failures, rate, concentration);
            double afterSuccess = BernoulliMartingale.logCapital(successes + 1, failures, rate, concentration);
            double afterFailure = BernoulliMartingale.logCapital(successes, failures + 1, rate, concentration);

            assertThat(rate * Math.exp(afterSuccess - now) + (1 - rate) * Math.exp(afterFailure - now))
                    .isCloseTo(1, within(1e-7));
        });
    }

    /** Against quadrature over the log odds below the rate, with the prior's own integral by quadrature too. */
    @ParameterizedTest
    @CsvSource({
        "0, 1, 0.9, 0.2",
        "0, 1000, 0.004, 1580",
        "1, 1, 0.99, 1",
        "50, 950, 0.07, 160",
        "800, 19200, 0.044, 1580",
        "950, 50, 0.97, 30",
        "9000, 1000, 0.91, 100000",
        "5000000, 95000000, 0.0501, 1580",
        "20, 99999980, 0.0000004, 1580"
    })
    void theClosedFormAgreesWithQuadrature(double successes, double failures, double rate, double concentration) {
        double a = concentration * rate;
        double b = concentration * (1 - rate);

        double logCapital = logIntegral(a + successes, b + failures, rate) - logIntegral(a, b, rate);

        assertThat(BernoulliMartingale.logCapital(successes, failures, rate, concentration))
                .isCloseTo(logCapital, within(1e-7));
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

            assertThat(BernoulliMartingale.logCapital(successes, failures, rate + step, concentration))
                    .isGreaterThan(BernoulliMartingale.logCapital(successes, failures, rate, concentration));
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

            assertThat(Math.exp(BernoulliMartingale.logCapital(successes, failures, bound, bet.concentration()))
                            * bet.alpha())
                    .isCloseTo(1, within(1e-3));
        });
    }

    @Test
    void withoutAnyFailureNothingBoundsTheRateFromAbove() {
        assertThat(BernoulliMartingale.upperBound(7, 0, 100, 3)).isEqualTo(1);
        assertThat(BernoulliMartingale.upperBound(1e8, 1e-8, 100, 3)).isEqualTo(1);
    }

    /** Of exp(a d − (a + b) log(1 + rate (e^d − 1))) over d < 0, d being the log odds of p less those of the rate. */
    private static double logIntegral(double a, double b, double rate) {
        double mode = Math.min(0, Math.log(a / b) - Math.log(rate / (1 - rate)));
        double highest = logIntegrand(a, b, rate, mode);
        double width = 0.5 * Math.min(1, Math.sqrt((a + b) / a / b));
        double from = mode;
        while (logIntegrand(a, b, rate, from) - highest > Quadrature.NEGLIGIBLE_LOG_DENSITY) {
            from -= width;
        }
        int panels = (int) Math.ceil(-from / width);
        double sum = 0;
        for (int panel = 0; panel < panels; panel++) {
            for (int i = 0; i < Quadrature.NODES; i++) {
                double d = Quadrature.node(from - from * panel / panels, -from / panels, i);
                sum += Quadrature.weight(-from / panels, i) * Math.exp(logIntegrand(a, b, rate, d) - highest);
            }
        }
        return highest + Math.log(sum);
    }

    private static double logIntegrand(double a, double b, double rate, double d) {
        return a * d - (a + b) * Math.log1p(rate * Math.expm1(d));
    }
}
