package io.flagcast.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class BootstrapTest {

    private static final double[] VALUES = new SplittableRandom(1).doubles(400).toArray();

    @Test
    void theSameSeedGivesTheSameInterval() {
        Interval first = Bootstrap.mean(VALUES, 0.9, 500, 7);

        assertThat(Bootstrap.mean(VALUES, 0.9, 500, 7)).isEqualTo(first);
        assertThat(Bootstrap.mean(VALUES, 0.9, 500, 8)).isNotEqualTo(first);
    }

    /** n = 400, 20,000 resamples, seed 1: a tenth of the half width of about 0.028 is far above the noise of an end. */
    @Test
    void theIntervalOfAMeanOfManyValuesIsTheNormalOne() {
        Interval bootstrap = Bootstrap.mean(VALUES, 0.95, 20_000, 1);

        Moments moments = Moments.of(VALUES);
        Interval normal = Interval.normal(moments.mean(), moments.standardError(), 0.95);
        assertThat(bootstrap.lower()).isCloseTo(normal.lower(), within(0.0028));
        assertThat(bootstrap.upper()).isCloseTo(normal.upper(), within(0.0028));
    }

    @Test
    void aStatisticSeesAsManyRowsAsThereAreAndOnlyThose() {
        Interval interval = Bootstrap.of(
                5,
                rows -> {
                    assertThat(rows).hasSize(5);
                    assertThat(Arrays.stream(rows)).allMatch(row -> row >= 0 && row < 5);
                    return Arrays.stream(rows).max().orElseThrow();
                },
                0.95,
                200,
                3);

        assertThat(interval.upper()).isEqualTo(4);
    }

    /** Two statistics that move together: their difference hardly moves, each of them does. */
    @Test
    void severalStatisticsSeeTheSameSamples() {
        List<Interval> intervals = Bootstrap.ofEach(
                VALUES.length,
                rows -> {
                    double mean = Arrays.stream(rows)
                            .mapToDouble(row -> VALUES[row])
                            .average()
                            .orElseThrow();
                    return new double[] {mean, mean + 1, 1};
                },
                0.95,
                500,
                7);

        assertThat(intervals).hasSize(3);
        assertThat(intervals.get(0).lower())
                .isCloseTo(Bootstrap.mean(VALUES, 0.95, 500, 7).lower(), within(1e-12));
        assertThat(intervals.get(1).lower()).isCloseTo(1 + intervals.get(0).lower(), within(1e-12));
        assertThat(intervals.get(2)).isEqualTo(new Interval(1, 1));
    }

    @Test
    void valuesWithoutSpreadHaveAnIntervalWithoutWidth() {
        assertThat(Bootstrap.mean(new double[] {2, 2, 2}, 0.95, 100, 1)).isEqualTo(new Interval(2, 2));
    }

    @Test
    void whatCannotBeResampledIsRefusedByName() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Bootstrap.mean(new double[0], 0.95, 100, 1))
                .withMessageContaining("n is 0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Bootstrap.mean(VALUES, 0.95, 1, 1))
                .withMessageContaining("resamples is 1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Bootstrap.mean(VALUES, 1, 100, 1))
                .withMessageContaining("confidence is 1.0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Bootstrap.mean(new double[] {Double.NaN}, 0.95, 100, 1))
                .withMessageContaining("resample 0 is NaN");
    }
}
