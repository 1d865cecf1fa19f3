package io.flagcast.statistics.ranking;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.statistics.Bootstrap;
import io.flagcast.statistics.Interval;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.apache.commons.math3.distribution.PoissonDistribution;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PoissonBootstrapTest {

    /** Of m evenly spread uniform numbers, those that become k are m · P(k), but for the one at each of its two ends. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7, 40, 1_000, 250_000})
    void evenlySpreadNumbersFollowThePoissonLaw(int mean) {
        int m = 50_000;
        Map<Long, Integer> drawn = new HashMap<>();
        for (int i = 0; i < m; i++) {
            drawn.merge(PoissonBootstrap.poisson(mean, PoissonBootstrap.mode(mean), (i + 0.5) / m), 1, Integer::sum);
        }

        PoissonDistribution law = new PoissonDistribution(mean);
        drawn.forEach((k, count) -> assertThat((double) count)
                .as("count of " + k)
                .isCloseTo(m * law.probability(k.intValue()), within(1.001)));
        assertThat(drawn.keySet()).allMatch(k -> k >= 0);
        assertThat(PoissonBootstrap.poisson(mean, PoissonBootstrap.mode(mean), Math.nextDown(1.0)))
                .isNotNegative();
    }

    /**
     * n = 2,000 rows with 20 scores, 2,000 resamples each, seeds 3, 4 and 5: the width of a 90 % interval has an error of
     * about 2 %, and the Poisson law adds a spread of the order of 1/n to that of drawing n rows.
     */
    @Test
    void theIntervalIsThatOfResamplingRows() {
        SplittableRandom random = new SplittableRandom(3);
        int n = 2_000;
        double[] score = new double[n];
        double[] response = new double[n];
        boolean[] treated = new boolean[n];
        for (int row = 0; row < n; row++) {
            score[row] = random.nextInt(20);
            treated[row] = random.nextBoolean();
            response[row] = random.nextDouble() < 0.2 + (treated[row] ? score[row] / 100 : 0) ? 1 : 0;
        }

        UpliftCurve curve = UpliftCurve.of(score, response, treated);
        Interval interval = curve.interval(UpliftCurve::qini, 0.9, 2_000, 4);

        Interval ofRows = Bootstrap.of(
                n,
                rows -> {
                    boolean[] treatedOf = new boolean[n];
                    for (int i = 0; i < n; i++) {
                        treatedOf[i] = treated[rows[i]];
                    }
                    return UpliftCurve.of(
                                    Arrays.stream(rows)
                                            .mapToDouble(row -> score[row])
                                            .toArray(),
                                    Arrays.stream(rows)
                                            .mapToDouble(row -> response[row])
                                            .toArray(),
                                    treatedOf)
                            .qini();
                },
                0.9,
                2_000,
                5);
        assertThat(interval.contains(curve.qini())).isTrue();
        assertThat(interval.lower()).isCloseTo(ofRows.lower(), within(0.1 * ofRows.width()));
        assertThat(interval.upper()).isCloseTo(ofRows.upper(), within(0.1 * ofRows.width()));
        assertThat(curve.interval(UpliftCurve::qini, 0.9, 100, 4))
                .isEqualTo(curve.interval(UpliftCurve::qini, 0.9, 100, 4))
                .isNotEqualTo(curve.interval(UpliftCurve::qini, 0.9, 100, 5));
    }

    @Test
    void samplesWithoutAnArmAreDrawnAgainAsOftenAsThereAreSamples() {
        // An arm of one row is missing from 1/e = 37 % of the samples; each of two from 1 − (1 − 1/e)² = 60 %.
        double[] score = {5, 4, 3, 2, 1};
        double[] response = {1, 1, 0, 1, 0};
        UpliftCurve oneTreated = UpliftCurve.of(score, response, new boolean[] {true, false, false, false, false});
        UpliftCurve twoRows = UpliftCurve.of(new double[] {2, 1}, new double[] {1, 0}, new boolean[] {true, false});

        assertThat(oneTreated.interval(UpliftCurve::qiniGain, 0.9, 200, 1).width())
                .isPositive();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> twoRows.interval(UpliftCurve::qiniGain, 0.9, 200, 1))
                .withMessageContaining("undefined for 201 samples")
                .withStackTraceContaining("uplift needs both");
    }
}
