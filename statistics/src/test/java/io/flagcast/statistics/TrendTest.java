package io.flagcast.statistics;

import static io.flagcast.fixtures.Cases.cases;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.fixtures.Dice;
import io.flagcast.statistics.Trend.Point;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.apache.commons.math3.stat.regression.SimpleRegression;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class TrendTest {

    @Test
    void pointsOnALineHaveThatLine() {
        Trend trend = trend(List.of(new Point(1, 5, 0.1), new Point(2, 7, 0.5), new Point(4, 11, 2)));

        assertThat(trend.points()).isEqualTo(3);
        assertThat(trend.slope()).isCloseTo(2, within(1e-12));
        assertThat(trend.at(0)).isCloseTo(3, within(1e-12));
    }

    /** Two points: the slope is their difference, and so is its variance the sum of theirs. */
    @Test
    void ofTwoPointsItIsTheDifference() {
        Trend trend = trend(List.of(new Point(3, 1, 0.3), new Point(5, 2, 0.4)));

        assertThat(trend.slope()).isCloseTo(0.5, within(1e-12));
        assertThat(trend.slopeError()).isCloseTo(0.5 / 2, within(1e-12));
        assertThat(trend.slopeInterval(0.95)).isEqualTo(Interval.normal(trend.slope(), trend.slopeError(), 0.95));
    }

    /** Equal errors make it ordinary least squares, here that of Commons Math. */
    @Test
    void withEqualErrorsItIsOrdinaryLeastSquares() {
        cases(1, 200, Dice::seed).allSatisfy(seed -> {
            double[] estimates =
                    new SplittableRandom(seed).doubles(6, -100, 100).toArray();
            SimpleRegression regression = new SimpleRegression();
            List<Point> points = new ArrayList<>();
            for (int x = 0; x < estimates.length; x++) {
                regression.addData(x, estimates[x]);
                points.add(new Point(x, estimates[x], 3));
            }

            Trend trend = trend(points);
            assertThat(trend.slope()).isCloseTo(regression.getSlope(), within(1e-9));
            assertThat(trend.at(0)).isCloseTo(regression.getIntercept(), within(1e-9));
            assertThat(trend.slopeError()).isCloseTo(3 / Math.sqrt(regression.getXSumSquares()), within(1e-9));
        });
    }

    /** 4,000 lines (seed 1) through ten points of unequal errors: 95 % ± 3.29 √(0.95 · 0.05 / 4000) = 0.95 ± 0.0113. */
    @Test
    @Tag("simulation")
    void theIntervalCoversTheSlopeAsOftenAsItSays() {
        SplittableRandom random = new SplittableRandom(1);
        int covered = 0;
        for (int line = 0; line < 4_000; line++) {
            List<Point> points = new ArrayList<>();
            for (int x = 0; x < 10; x++) {
                double error = 0.1 * (1 + x);
                points.add(new Point(
                        x,
                        1
                                - 0.2 * x
                                + error * Interval.STANDARD_NORMAL.inverseCumulativeProbability(random.nextDouble()),
                        error));
            }
            covered += trend(points).slopeInterval(0.95).contains(-0.2) ? 1 : 0;
        }

        assertThat(covered / 4_000.0).isBetween(0.9387, 0.9613);
    }

    @Test
    void pointsAtOneXHaveNone() {
        assertThat(Trend.of(List.of())).isEmpty();
        assertThat(Trend.of(List.of(new Point(0.1, 2, 1), new Point(0.1, 3, 1), new Point(0.1, 4, 2))))
                .isEmpty();
    }

    private static Trend trend(List<Point> points) {
        return Trend.of(points).orElseThrow();
    }

    @Test
    void whatIsNoTrendIsRefusedByName() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Point(1, Double.NaN, 1))
                .withMessageContaining("NaN at 1.0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Point(1, 1, 0))
                .withMessageContaining("standard error 0.0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Trend(1, 0, 0, 0, 1))
                .withMessageContaining("1 points");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Trend(2, 0, 0, Double.NaN, 1))
                .withMessageContaining("rises by NaN");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Trend(2, 0, 0, 0, 0))
                .withMessageContaining("slope is 0.0");
    }
}
