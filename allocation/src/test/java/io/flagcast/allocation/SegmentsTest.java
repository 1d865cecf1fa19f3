package io.flagcast.allocation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.flagcast.allocation.Segments.Band;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SegmentsTest {

    private static final Segments SEGMENTS =
            new Segments(List.of(new Band("high", 70, 100), new Band("low", 0, 30), new Band("mid", 30, 70)));

    @ParameterizedTest
    @CsvSource({"0, low", "0.01, low", "30, low", "30.01, mid", "70, mid", "70.01, high", "100, high"})
    void aBandEndsWithItsUpperScoreAndTheFirstIncludesZero(double score, String segment) {
        assertThat(SEGMENTS.of(score)).isEqualTo(segment);
    }

    @Test
    void bandsAreInAscendingOrderHoweverTheyAreDeclared() {
        assertThat(SEGMENTS.names()).containsExactly("low", "mid", "high");
    }

    @Test
    void withoutDeclaredSegmentsThereIsOneForEverybody() {
        assertThat(Segments.SINGLE.of(0)).isEqualTo(Segments.SINGLE.of(100)).isEqualTo("scored");
    }

    @ParameterizedTest
    @ValueSource(doubles = {-0.01, 100.01, Double.NaN, Double.POSITIVE_INFINITY})
    void aScoreOutsideZeroToAHundredIsRefused(double score) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SEGMENTS.of(score))
                .withMessage("score " + score + " is outside [0, 100]");
    }

    @Test
    void bandsThatDoNotPartitionTheScoresAreRefused() {
        assertRefused(
                "segments leave a gap between 30.0 and 40.0: they must partition [0, 100]",
                new Band("low", 0, 30),
                new Band("high", 40, 100));
        assertRefused(
                "segments overlap between 30.0 and 40.0: they must partition [0, 100]",
                new Band("low", 0, 40),
                new Band("high", 30, 100));
        assertRefused(
                "segments leave a gap between 0.0 and 10.0: they must partition [0, 100]", new Band("every", 10, 100));
        assertRefused("segments end at 90.0: they must partition [0, 100]", new Band("every", 0, 90));
        assertRefused("segments end at 0.0: they must partition [0, 100]");
        assertRefused("segment 'low' is declared twice", new Band("low", 0, 30), new Band("low", 30, 100));
    }

    @Test
    void aBandOutsideTheScoresOrTurnedAroundIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Band("high", 70, 101))
                .withMessage("segment 'high' is [70.0, 101.0]: a band is [from, to] with 0 <= from < to <= 100");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Band("mid", 70, 30))
                .withMessage("segment 'mid' is [70.0, 30.0]: a band is [from, to] with 0 <= from < to <= 100");
    }

    private static void assertRefused(String message, Band... bands) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Segments(List.of(bands)))
                .withMessage(message);
    }
}
