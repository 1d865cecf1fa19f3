package io.flagcast.statistics;

import static io.flagcast.fixtures.Cases.cases;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class PopulationStabilityTest {

    /** Shares of a half each against 0.6 and 0.4: 0.1 log 1.2 − 0.1 log 0.8 = 0.1 log 1.5. */
    @Test
    void withManyRowsItIsTheTextbooksIndex() {
        PopulationStability stability = index(new long[] {5_000_000, 5_000_000}, new long[] {6_000_000, 4_000_000});

        assertThat(stability.index()).isCloseTo(0.1 * Math.log(1.5), within(1e-6));
        assertThat(stability.bins()).isEqualTo(2);
        assertThat(stability.expected()).isEqualTo(10_000_000);
        assertThat(stability.actual()).isEqualTo(10_000_000);
    }

    @Test
    void equalSharesHaveNone() {
        record Rows(long seed, int times) {}
        cases(1, 300, dice -> new Rows(dice.seed(), dice.integer(1, 9))).allSatisfy(rows -> {
            long[] expected = counts(rows.seed());
            long[] actual =
                    Arrays.stream(expected).map(count -> rows.times() * count).toArray();

            assertThat(index(expected, actual).index()).isCloseTo(0, within(1e-12));
        });
    }

    @Test
    void itIsSymmetricAndSmoothingOnlyLowersIt() {
        record Seeds(long one, long other) {}
        cases(1, 300, dice -> new Seeds(dice.seed(), dice.seed())).allSatisfy(seeds -> {
            long[] expected = counts(seeds.one());
            long[] actual = counts(seeds.other());

            double index = index(expected, actual).index();
            assertThat(index(actual, expected).index()).isCloseTo(index, within(1e-12));
            assertThat(index).isBetween(0.0, unsmoothed(expected, actual) + 1e-12);
        });
    }

    private static long[] counts(long seed) {
        return new SplittableRandom(seed).longs(5, 1, 500).toArray();
    }

    private static double unsmoothed(long[] expected, long[] actual) {
        double n = 0;
        double m = 0;
        for (int bin = 0; bin < expected.length; bin++) {
            n += expected[bin];
            m += actual[bin];
        }
        double index = 0;
        for (int bin = 0; bin < expected.length; bin++) {
            index += (actual[bin] / m - expected[bin] / n) * Math.log(actual[bin] / m / (expected[bin] / n));
        }
        return index;
    }

    @Test
    void anEmptyBinIsAFiniteDifferenceAndOneEmptyOnBothSidesNone() {
        PopulationStability stability = index(new long[] {100, 100, 0}, new long[] {100, 0, 0});

        // One pseudo-row on either side, 200/300 of it in the first bin: e = (100.667, 100.333) / 201, a likewise of
        // 101.
        double e = (100 + 2.0 / 3) / 201;
        double a = (100 + 2.0 / 3) / 101;
        assertThat(stability.index())
                .isCloseTo((a - e) * Math.log(a / e) + (e - a) * Math.log((1 - a) / (1 - e)), within(1e-12));
        assertThat(stability.bins()).isEqualTo(2);
    }

    @Test
    void withoutRowsOnASideThereIsNone() {
        assertThat(PopulationStability.of(new long[] {0, 0}, new long[] {1, 2})).isEmpty();
        assertThat(PopulationStability.of(new long[] {1, 2}, new long[] {0, 0})).isEmpty();
    }

    /** The 95 % point of chi-squared with 9 degrees of freedom is 16.919, by the tables. */
    @Test
    void theNoiseIsAChiSquaredQuantile() {
        assertThat(new PopulationStability(0, 10, 1_000, 500).noise(0.05))
                .isCloseTo(16.919 * (1 / 1_000.0 + 1 / 500.0), within(1e-5));
        assertThat(new PopulationStability(0, 1, 1_000, 500).noise(0.05)).isZero();
    }

    /**
     * 4,000 pairs of samples (seed 1) from the same ten shares, 5,000 and 800 rows: the part above the noise at 5 %
     * must lie in the 99.9 % interval of a binomial, 0.05 ± 3.29 √(0.05 · 0.95 / 4000) = 0.05 ± 0.0113.
     */
    @Test
    @Tag("simulation")
    void chanceExceedsTheNoiseAsOftenAsItSays() {
        SplittableRandom random = new SplittableRandom(1);
        int above = 0;
        for (int pair = 0; pair < 4_000; pair++) {
            PopulationStability stability = index(sample(random, 5_000), sample(random, 800));
            above += stability.index() > stability.noise(0.05) ? 1 : 0;
        }

        assertThat(above / 4_000.0).isBetween(0.0387, 0.0613);
    }

    private static long[] sample(SplittableRandom random, int rows) {
        long[] counts = new long[10];
        for (int row = 0; row < rows; row++) {
            // The bins are not alike: shares rise from 1 % to 19 %.
            counts[(int) (10 * Math.sqrt(random.nextDouble()))]++;
        }
        return counts;
    }

    private static PopulationStability index(long[] expected, long[] actual) {
        return PopulationStability.of(expected, actual).orElseThrow();
    }

    @Test
    void whatIsNoDistributionIsRefusedByName() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PopulationStability.of(new long[] {1}, new long[] {1, 2}))
                .withMessageContaining("1 bins of the reference and 2 at hand");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PopulationStability.of(new long[] {1, -1}, new long[] {1, 2}))
                .withMessageContaining("[1, -1]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new PopulationStability(-1, 1, 1, 1))
                .withMessageContaining("index is -1.0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new PopulationStability(0, 1, 0, 1))
                .withMessageContaining("0 and 1 rows");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new PopulationStability(0, 2, 1, 1).noise(0))
                .withMessageContaining("must lie between 0 and 1");
    }
}
