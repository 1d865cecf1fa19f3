package io.flagcast.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ReferenceTest {

    private static final Reference FOUR = Reference.of(new double[] {0.3, 0.1, 0.2, 0.2});

    @Test
    void aScoreIsTheMidRank() {
        // One of four below 0.2 and two equal: 100 (1/4 + 2/8).
        assertThat(FOUR.score(0.2)).isEqualTo(50);
        assertThat(FOUR.score(0.1)).isEqualTo(12.5);
        assertThat(FOUR.score(0.3)).isEqualTo(87.5);
        assertThat(FOUR.score(0.25)).isEqualTo(75);
    }

    @Test
    void theEndsAreZeroAndHundred() {
        assertThat(FOUR.score(0.0999)).isZero();
        assertThat(FOUR.score(Double.NEGATIVE_INFINITY)).isZero();
        assertThat(FOUR.score(0.3001)).isEqualTo(100);
        assertThat(FOUR.score(Double.POSITIVE_INFINITY)).isEqualTo(100);
    }

    @Test
    void aScoreIsRoundedToAHundredth() {
        Reference three = Reference.of(new double[] {1, 2, 3});
        assertThat(three.score(1.5)).isEqualTo(33.33);
        assertThat(three.score(2.5)).isEqualTo(66.67);
        assertThat(three.score(1)).isEqualTo(16.67);
    }

    @Test
    void zeroAndMinusZeroAreOneValue() {
        Reference zeros = Reference.of(new double[] {-0.0, 0.0});
        assertThat(zeros.score(0.0)).isEqualTo(50);
        assertThat(zeros.score(-0.0)).isEqualTo(50);
    }

    @Test
    void nothingButFinitePredictionsMakeAReference() {
        assertThatThrownBy(() -> Reference.of(new double[0])).hasMessage("a reference needs at least one prediction");
        for (double odd : new double[] {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY}) {
            assertThatThrownBy(() -> Reference.of(new double[] {0, odd}))
                    .hasMessage("a reference holds finite predictions only");
        }
        assertThatThrownBy(() -> FOUR.score(Double.NaN)).hasMessage("NaN has no score");
    }
}
