package io.flagcast.statistics.posterior;

import static io.flagcast.fixtures.Cases.cases;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.fixtures.Generator;
import org.apache.commons.math3.special.Beta;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BetaPosteriorTest {

    private static final Offset<Double> PROMISED = within(1e-9);

    /** Whole counts: P(A > B) = Σ over i < a of B(a' + i, b + b') / ((b + i) B(1 + i, b) B(a', b')) (Miller 2015). */
    @Test
    void theProbabilityIsThatOfTheClosedForm() {
        record Counts(int successes, int failures, int otherSuccesses, int otherFailures) {}
        Generator<Counts> generator = dice ->
                new Counts(dice.integer(0, 300), dice.integer(0, 300), dice.integer(0, 300), dice.integer(0, 300));
        cases(1, 300, generator).allSatisfy(counts -> {
            BetaPosterior one = BetaPosterior.of(counts.successes(), counts.failures());
            BetaPosterior other = BetaPosterior.of(counts.otherSuccesses(), counts.otherFailures());

            double expected = 0;
            for (int i = 0; i < one.alpha(); i++) {
                expected += Math.exp(Beta.logBeta(other.alpha() + i, one.beta() + other.beta())
                                - Beta.logBeta(1 + i, one.beta())
                                - Beta.logBeta(other.alpha(), other.beta()))
                        / (one.beta() + i);
            }
            assertThat(one.probabilityGreaterThan(other)).isCloseTo(expected, PROMISED);
        });
    }

    /** Expected values: the same integral over the rate itself, in 40 digits (mpmath 1.3.0). */
    @ParameterizedTest
    @CsvSource({
        "  50200,  949800,   50000,  950000, 0.741594356938977012",
        "5000500, 4999500, 5000000, 5000000, 0.588468358535119617",
        "     30,    9970,   50000, 9950000, 0.00156305796019117979",
    })
    void countsInTheMillionsKeepNineDigits(
            double successes, double failures, double otherSuccesses, double otherFailures, double expected) {
        BetaPosterior one = BetaPosterior.of(successes, failures);
        BetaPosterior other = BetaPosterior.of(otherSuccesses, otherFailures);

        assertThat(one.probabilityGreaterThan(other)).isCloseTo(expected, PROMISED);
        assertThat(other.probabilityGreaterThan(one)).isCloseTo(1 - expected, PROMISED);
    }

    @Test
    void oneOfTwoIsGreater() {
        record Counts(double successes, double failures, double factor, double more) {}
        Generator<Counts> generator =
                dice -> new Counts(dice.real(0, 1e7), dice.real(0, 1e7), dice.real(0.5, 2), dice.real(0, 1e3));
        cases(1, 300, generator).allSatisfy(counts -> {
            BetaPosterior one = BetaPosterior.of(counts.successes(), counts.failures());
            BetaPosterior other = BetaPosterior.of(
                    counts.successes() * counts.factor() + counts.more(), counts.failures() * counts.factor());

            assertThat(one.probabilityGreaterThan(other) + other.probabilityGreaterThan(one))
                    .isCloseTo(1, PROMISED);
            assertThat(one.probabilityGreaterThan(one)).isCloseTo(0.5, PROMISED);
        });
    }

    /** P(A > B) = 1 − E (1 − A)^b = b / (a + b) for A of Beta(1, a), B of Beta(1, b): densities far from normal. */
    @Test
    void withoutAnySuccessTheOneWithFewerFailuresIsLikelierGreater() {
        record Failures(double ofOne, double ofOther) {}
        Generator<Failures> generator = dice -> new Failures(dice.real(0, 1e7), dice.real(0, 1e7));
        cases(1, 300, generator).allSatisfy(failures -> {
            assertThat(BetaPosterior.of(0, failures.ofOne())
                            .probabilityGreaterThan(BetaPosterior.of(0, failures.ofOther())))
                    .isCloseTo((failures.ofOther() + 1) / (failures.ofOne() + failures.ofOther() + 2), PROMISED);
        });
    }

    @Test
    void posteriorsFarApartAreCertain() {
        BetaPosterior low = BetaPosterior.of(1_000_000, 9_000_000);
        BetaPosterior high = BetaPosterior.of(9_000_000, 1_000_000);

        assertThat(high.probabilityGreaterThan(low)).isCloseTo(1, PROMISED).isLessThanOrEqualTo(1);
        assertThat(low.probabilityGreaterThan(high)).isCloseTo(0, PROMISED).isGreaterThanOrEqualTo(0);
    }

    @Test
    void oneSuccessAgainstOneFailureIsFiveToOne() {
        // Densities 2x and 2(1 − x): P(A > B) = ∫ 2x (2x − x²) dx = 4/3 − 1/2 = 5/6.
        assertThat(BetaPosterior.of(1, 0).probabilityGreaterThan(BetaPosterior.of(0, 1)))
                .isCloseTo(5.0 / 6, PROMISED);
    }

    @Test
    void theMeanIsTheRuleOfSuccession() {
        assertThat(BetaPosterior.of(3, 6).mean()).isCloseTo(4.0 / 11, within(1e-15));
        assertThat(BetaPosterior.of(0, 0)).isEqualTo(new BetaPosterior(1, 1));
    }

    @Test
    void whatIsNoCountIsRefusedByName() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> BetaPosterior.of(-1, 2))
                .withMessageContaining("-1.0 successes");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> BetaPosterior.of(Double.NaN, 2))
                .withMessageContaining("NaN successes");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new BetaPosterior(0.5, 2))
                .withMessageContaining("alpha is 0.5");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new BetaPosterior(2, 1 / 0.0))
                .withMessageContaining("beta is Infinity");
    }
}
