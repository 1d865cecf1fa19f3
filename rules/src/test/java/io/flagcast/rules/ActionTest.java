package io.flagcast.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.rules.Action.Amount;
import io.flagcast.rules.Action.Amount.Unit;
import io.flagcast.rules.Action.Increase;
import io.flagcast.rules.Action.Reduce;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ActionTest {

    @ParameterizedTest
    @CsvSource({"1, RELATIVE, 0.8", "0.5, RELATIVE, 0.4", "1, POINTS, 0.8", "0.5, POINTS, 0.3", "0.1, POINTS, 0.05"})
    void reducingBy20PercentMultipliesAndBy20PointsSubtracts(double share, Unit unit, double expected) {
        assertThat(new Reduce(new Amount(0.2, unit), 0.05).apply(share)).isCloseTo(expected, within(1e-12));
    }

    @ParameterizedTest
    @CsvSource({"0.5, RELATIVE, 0.6", "0.5, POINTS, 0.7", "0.8, POINTS, 0.9", "0.95, POINTS, 0.95"})
    void increasingRestoresUpToItsCeilingAndNeverLowers(double share, Unit unit, double expected) {
        assertThat(new Increase(new Amount(0.2, unit), 0.9).apply(share)).isCloseTo(expected, within(1e-12));
    }

    @Test
    void amountsAndBoundsOutsideTheirRangeAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Amount(0, Unit.POINTS))
                .withMessage("amount 0.0 is outside (0, 1]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Amount(20, Unit.RELATIVE))
                .withMessage("amount 20.0 is outside (0, 1]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Reduce(new Amount(0.2, Unit.RELATIVE), -0.1))
                .withMessage("not_below -0.1 is outside [0, 1]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Increase(new Amount(0.2, Unit.RELATIVE), 1.1))
                .withMessage("not_above 1.1 is outside [0, 1]");
    }
}
