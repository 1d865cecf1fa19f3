package io.flagcast.allocation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.allocation.Curve.Piecewise;
import io.flagcast.allocation.Curve.Piecewise.Point;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CurveTest {

    /** 10 % at 0, 20 % at 60, 20 % at 80, 90 % at 100: by hand, a third of the way to 60 is 0.1 + 0.1 / 3. */
    @ParameterizedTest
    @CsvSource({
        "0, 0.1",
        "20, 0.13333333333333333",
        "60, 0.2",
        "70, 0.2",
        "80, 0.2",
        "85, 0.375",
        "90, 0.55",
        "100, 0.9"
    })
    void aPiecewiseCurveIsStraightBetweenItsPoints(double score, double weight) {
        Piecewise curve =
                new Piecewise(List.of(new Point(0, 0.1), new Point(60, 0.2), new Point(80, 0.2), new Point(100, 0.9)));

        assertThat(curve.weight(score)).isCloseTo(weight, within(1e-15));
    }

    @Test
    void weightsOfPointsMayBeZeroAndOne() {
        assertThat(new Piecewise(List.of(new Point(0, 0), new Point(100, 1))).weight(25))
                .isEqualTo(0.25);
    }

    @Test
    void pointsThatAreNoCurveAreRefused() {
        assertRefused("points: score -1.0 is outside [0, 100]", () -> new Point(-1, 0.5));
        assertRefused("points: score 101.0 is outside [0, 100]", () -> new Point(101, 0.5));
        assertRefused("points: weight -0.1 is outside [0, 1]", () -> new Point(50, -0.1));
        assertRefused("points: weight 1.1 is outside [0, 1]", () -> new Point(50, 1.1));
        String ends = "points must begin with score 0 and end with score 100, as in [[0, 10%], [60, 20%], [100, 90%]]";
        assertRefused(ends, () -> new Piecewise(List.of()));
        assertRefused(ends, () -> new Piecewise(List.of(new Point(0, 0.5))));
        assertRefused(ends, () -> new Piecewise(List.of(new Point(1, 0.1), new Point(100, 0.9))));
        assertRefused(ends, () -> new Piecewise(List.of(new Point(0, 0.1), new Point(99, 0.9))));
        assertRefused(
                "points are out of order: score 50.0 comes after 50.0",
                () -> new Piecewise(
                        List.of(new Point(0, 0.1), new Point(50, 0.2), new Point(50, 0.3), new Point(100, 0.9))));
        assertRefused(
                "points fall from weight 0.3 at score 0.0 to 0.2 at 50.0: a higher score is enabled at least as often",
                () -> new Piecewise(List.of(new Point(0, 0.3), new Point(50, 0.2), new Point(100, 0.9))));
    }

    @Test
    void theMidpointOfALogisticCurveMayBeAnyScore() {
        assertThat(new Curve.Logistic(0, 1).weight(0)).isEqualTo(0.5);
        assertThat(new Curve.Logistic(100, 1).weight(100)).isEqualTo(0.5);
        assertRefused("exponent 0.0 is not above 0", () -> new Curve.Power(0));
    }

    private static void assertRefused(String message, ThrowingCallable construction) {
        assertThatIllegalArgumentException().isThrownBy(construction).withMessage(message);
    }
}
