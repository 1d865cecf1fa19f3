package io.flagcast.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UpliftCurveTest {

    private static final double[] SCORE = {0.9, 0.7, 0.7, 0.5, 0.3, 0.1};
    private static final int[] RESPONSE = {1, 1, 0, 1, 0, 0};
    private static final boolean[] TREATED = {true, true, false, false, true, false};

    @Test
    void theQiniAreaIsThatOfTheDefinitionByHand() {
        // r − s·t/c at x = 1, 3 (a tie), 4, 5, 6: 1, 2, 2 − 1·2/2 = 1, 2 − 1·3/2 = 0.5, 2 − 1·3/3 = 1.
        // Trapezoids 0.5 + 3 + 1.5 + 0.75 + 0.75 = 6.5; random line 6·1/2 = 3; between them 3.5.
        // Perfect: treated responders (2 rows), then who did not respond (3), then the control responder (1).
        // At x = 2, 5, 6: 2, 2, 1. Trapezoids 2 + 6 + 1.5 = 9.5; between 6.5.
        assertThat(UpliftCurve.qiniAuc(SCORE, RESPONSE, TREATED)).isCloseTo(3.5 / 6.5, within(1e-12));
    }

    @Test
    void theUpliftAreaIsThatOfTheDefinitionByHand() {
        // (r/t − s/c)·x at x = 1, 3, 4, 5, 6: 1, 3, (1 − 1/2)·4 = 2, (2/3 − 1/2)·5 = 5/6, (2/3 − 1/3)·6 = 2.
        // Trapezoids 1/2 + 4 + 5/2 + 17/12 + 17/12 = 59/6; random line 6·2/2 = 6; between them 23/6.
        // Perfect: one control responder does not outnumber the one treated that did not respond, so among equals the
        // treated come first: 2 treated responders, 2 controls without response, 1 treated without, 1 control
        // responder.
        // At x = 2, 4, 5, 6: 2, 4, 2/3·5 = 10/3, 2. Trapezoids 2 + 6 + 11/3 + 8/3 = 43/3; between 25/3.
        assertThat(UpliftCurve.upliftAuc(SCORE, RESPONSE, TREATED)).isCloseTo(23.0 / 6 / (25.0 / 3), within(1e-12));
    }

    @Test
    void upliftAtKIsTheDifferenceOfRatesAmongTheFirst() {
        // ⌊0.5·6⌋ = 3 rows: treated 1, 1; control 0. ⌊0.7·6⌋ = 4 rows: control 0, 1.
        assertThat(UpliftCurve.upliftAtK(SCORE, RESPONSE, TREATED, 0.5)).isEqualTo(1);
        assertThat(UpliftCurve.upliftAtK(SCORE, RESPONSE, TREATED, 0.7)).isEqualTo(0.5);
        // ⌊0.34·6⌋ = 2 rows: of the two tied rows the later, a control, comes first.
        assertThat(UpliftCurve.upliftAtK(SCORE, RESPONSE, TREATED, 0.34)).isEqualTo(1);
    }

    /** Expected values: the functions of scikit-uplift's metrics.py (perfect curves included) under NumPy 2.4.6. */
    @ParameterizedTest
    @CsvSource({
        "7, 0.027437465057769783, 0.04476726417674963, 0.11902113459399333",
        "3, 0.14892475506371683, 0.1442310444637773, 0.2146829810901001",
    })
    void manyRowsAgreeWithScikitUplift(int threshold, double qini, double uplift, double atK) {
        double[] score = IntStream.range(0, 200).mapToDouble(i -> i * 37 % 23).toArray();
        boolean[] treated = new boolean[200];
        int[] response = new int[200];
        for (int i = 0; i < 200; i++) {
            treated[i] = i * 53 % 97 % 2 == 1;
            int lowered = !treated[i] && score[i] > 11 ? threshold - 2 : threshold;
            response[i] = (i * i * 7 + i * 3) % 11 < lowered ? 1 : 0;
        }

        assertThat(UpliftCurve.qiniAuc(score, response, treated)).isCloseTo(qini, within(1e-12));
        assertThat(UpliftCurve.upliftAuc(score, response, treated)).isCloseTo(uplift, within(1e-12));
        assertThat(UpliftCurve.upliftAtK(score, response, treated, 0.3)).isCloseTo(atK, within(1e-12));
    }

    @Test
    void aScoreThatTellsNothingIsRandom() {
        double[] constant = new double[6];

        assertThat(UpliftCurve.qiniAuc(constant, RESPONSE, TREATED)).isCloseTo(0, within(1e-12));
        assertThat(UpliftCurve.upliftAuc(constant, RESPONSE, TREATED)).isCloseTo(0, within(1e-12));
    }

    @Test
    void thePerfectRankingHasAreaOne() {
        double[] perfect = {3, 3, 2, 0, 1, 2};

        assertThat(UpliftCurve.upliftAuc(perfect, RESPONSE, TREATED)).isCloseTo(1, within(1e-12));
        assertThat(UpliftCurve.qiniAuc(new double[] {1, 1, 0, -1, 0, 0}, RESPONSE, TREATED))
                .isCloseTo(1, within(1e-12));
    }

    /** n = 20,000, seed 11: uplift rises with the score in one ranking and falls in the other. */
    @Test
    void rankingByTrueUpliftIsPositiveAndItsReverseNegative() {
        SplittableRandom random = new SplittableRandom(11);
        double[] score = random.doubles(20_000).toArray();
        double[] reversed = new double[score.length];
        boolean[] treated = new boolean[score.length];
        int[] response = new int[score.length];
        for (int row = 0; row < score.length; row++) {
            reversed[row] = -score[row];
            treated[row] = random.nextBoolean();
            response[row] = random.nextDouble() < 0.3 + (treated[row] ? 0.3 * (score[row] - 0.5) : 0) ? 1 : 0;
        }

        assertThat(UpliftCurve.qiniAuc(score, response, treated)).isPositive();
        assertThat(UpliftCurve.qiniAuc(reversed, response, treated)).isNegative();
        // Uplift averaged over the best fifth: 0.3 · (0.9 − 0.5) = 0.12; standard error about 0.015.
        assertThat(UpliftCurve.upliftAtK(score, response, treated, 0.2)).isCloseTo(0.12, within(0.05));
    }

    @Test
    void rowsThatTellNothingAreRefusedByName() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> UpliftCurve.qiniAuc(SCORE, new int[6], TREATED))
                .withMessageContaining("cannot tell rankings apart");
        // The only treated row responded: the perfect uplift curve is the random line.
        assertThatIllegalArgumentException()
                .isThrownBy(() -> UpliftCurve.upliftAuc(
                        SCORE, new int[] {1, 0, 0, 0, 0, 0}, new boolean[] {true, false, false, false, false, false}))
                .withMessageContaining("cannot tell rankings apart");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> UpliftCurve.qiniAuc(SCORE, RESPONSE, new boolean[6]))
                .withMessageContaining("0 treated rows and 6 others");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> UpliftCurve.upliftAuc(SCORE, new int[5], TREATED))
                .withMessageContaining("6 scores, 5 responses");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> UpliftCurve.upliftAuc(SCORE, new int[] {0, 0, 2, 0, 0, 0}, TREATED))
                .withMessageContaining("response of row 2 is 2");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> UpliftCurve.qiniAuc(new double[] {0, 0, 0, 0, 0, Double.NaN}, RESPONSE, TREATED))
                .withMessageContaining("score of row 5 is NaN");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> UpliftCurve.upliftAtK(SCORE, RESPONSE, TREATED, 1))
                .withMessageContaining("k is 1.0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> UpliftCurve.upliftAtK(SCORE, RESPONSE, TREATED, 0.2))
                .withMessageContaining("first 1 of 6 rows have 1 treated and 0 others");
    }
}
