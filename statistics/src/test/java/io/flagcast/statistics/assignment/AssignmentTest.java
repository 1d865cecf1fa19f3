package io.flagcast.statistics.assignment;

import static io.flagcast.fixtures.Cases.cases;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.fixtures.Generator;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class AssignmentTest {

    /** By the definition: log((1 − p) + p e^θ) for every row. */
    @Test
    void theSumsAreThoseOfTheRows() {
        record Rows(double first, double second, int enabled, int control) {}
        Generator<Rows> generator = dice ->
                new Rows(dice.real(0.001, 0.999), dice.real(0.001, 0.999), dice.integer(0, 50), dice.integer(0, 50));
        cases(1, 200, generator).allSatisfy(rows -> {
            double first = rows.first();
            double second = rows.second();
            int enabled = rows.enabled();
            int control = rows.control();
            Assignment both = Assignment.of(enabled, control, first).merge(Assignment.of(1, 0, second));

            int n = enabled + control;
            assertThat(both.n()).isEqualTo(n + 1);
            assertThat(both.enabled()).isEqualTo(enabled + 1);
            assertThat(both.control()).isEqualTo(control);
            assertThat(both.expected()).isCloseTo(n * first + second, within(1e-9));
            assertThat(both.variance()).isCloseTo(n * first * (1 - first) + second * (1 - second), within(1e-9));
            for (int i = 0; i < Assignment.TILTS.size(); i++) {
                double odds = Math.exp(Assignment.TILTS.get(i));
                assertThat(both.logTilted().get(i))
                        .isCloseTo(
                                n * Math.log(1 - first + first * odds) + Math.log(1 - second + second * odds),
                                within(1e-9));
            }
        });
    }

    @Test
    void noRowsAddNothing() {
        Assignment rows = Assignment.of(3, 4, 0.3);

        assertThat(rows.merge(Assignment.EMPTY)).isEqualTo(rows);
        assertThat(Assignment.of(0, 0, 0.3)).isEqualTo(Assignment.EMPTY);
    }

    @Test
    void whatNoRowsHaveIsRefusedByName() {
        List<Double> sums = Assignment.EMPTY.logTilted();

        assertThatIllegalArgumentException()
                .isThrownBy(() -> Assignment.of(1, 1, 1))
                .withMessageContaining("propensity is 1.0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Assignment(1, 2, 0.5, 0.25, sums))
                .withMessageContaining("2 enabled of 1 rows");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Assignment(1, 1, 1.5, 0.25, sums))
                .withMessageContaining("the propensities sum to 1.5");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Assignment(1, 1, 0.5, 0.5, sums))
                .withMessageContaining("p(1 - p) to 0.5");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Assignment(1, 1, 1, 0, sums))
                .withMessageContaining("strictly between 0 and 1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Assignment(1, 1, 0.5, 0.25, List.of(0.0)))
                .withMessageContaining("1 logarithmic sums");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Assignment(1, 1, 0.5, 0.25, Collections.nCopies(sums.size(), Double.NaN)))
                .withMessageContaining("not finite");
    }
}
