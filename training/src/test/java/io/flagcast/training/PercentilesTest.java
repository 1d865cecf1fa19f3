package io.flagcast.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PercentilesTest {

    private static final Percentiles ONE_VALUE = Percentiles.of(new double[101]);
    /** 0, 1, …, 100: each is its own percentile. */
    private static final Percentiles EVEN = Percentiles.of(shuffled());

    private static double[] shuffled() {
        double[] values = new double[101];
        for (int i = 0; i < values.length; i++) {
            values[i] = 37 * i % 101;
        }
        return values;
    }

    @Test
    void aScoreIsExactAtPercentilesAndOnTheLineBetweenThem() {
        assertThat(EVEN.score(0)).isZero();
        assertThat(EVEN.score(50)).isEqualTo(50);
        assertThat(EVEN.score(50.25)).isEqualTo(50.25);
        assertThat(EVEN.score(99.123)).isEqualTo(99.12);
        assertThat(EVEN.score(100)).isEqualTo(100);
        assertThat(EVEN.score(-1)).isZero();
        assertThat(EVEN.score(Double.NEGATIVE_INFINITY)).isZero();
        assertThat(EVEN.score(101)).isEqualTo(100);
    }

    @Test
    void equalValuesHaveTheMiddleOfTheirPlaces() {
        assertThat(ONE_VALUE.score(0)).isEqualTo(50);
        assertThat(ONE_VALUE.score(0.1)).isEqualTo(100);
        assertThat(ONE_VALUE.score(-0.1)).isZero();
        // 0 of 30, 1 of 40 from 30 to 70, 2 of 31 from 70 on.
        double[] three = new double[101];
        Arrays.fill(three, 30, 70, 1);
        Arrays.fill(three, 70, 101, 2);
        assertThat(Percentiles.of(three).score(0)).isEqualTo(14.5);
        assertThat(Percentiles.of(three).score(1)).isEqualTo(49.5);
        assertThat(Percentiles.of(three).score(2)).isEqualTo(85);
    }

    @Test
    void scoresOfAnyPopulationAreWithinOneOfTheMidRank() {
        Random random = new Random(7);
        for (int round = 0; round < 50; round++) {
            double[] values = new double[200 + random.nextInt(2000)];
            for (int i = 0; i < values.length; i++) {
                values[i] = random.nextInt(3) == 0 ? random.nextInt(20) / 10.0 : Math.exp(random.nextGaussian());
            }
            Percentiles percentiles = Percentiles.of(values);
            Reference exact = Reference.of(values);
            for (double value : values) {
                assertThat(percentiles.score(value)).isCloseTo(exact.score(value), within(1.0));
            }
        }
    }

    @Test
    void aHundredAndOneAscendingNumbersAreReadAsTheyWereWritten() {
        assertThat(Percentiles.read(EVEN.percentiles()).percentiles()).isEqualTo(EVEN.percentiles());
        assertThatThrownBy(() -> Percentiles.read(new float[7])).hasMessage("7 percentiles: there must be 101");
        float[] odd = EVEN.percentiles();
        odd[50] = Float.NaN;
        assertThatThrownBy(() -> Percentiles.read(odd))
                .hasMessage("percentiles are finite, and none is below the one before it");
        odd[50] = 48;
        assertThatThrownBy(() -> Percentiles.read(odd))
                .hasMessage("percentiles are finite, and none is below the one before it");
        assertThatThrownBy(() -> EVEN.score(Double.NaN)).hasMessage("NaN has no score");
    }
}
