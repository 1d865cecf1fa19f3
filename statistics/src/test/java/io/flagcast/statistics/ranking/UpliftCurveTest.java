package io.flagcast.statistics.ranking;

import static io.flagcast.fixtures.Cases.cases;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.statistics.ranking.UpliftCurve.Bin;
import io.flagcast.statistics.ranking.UpliftCurve.Cell;
import io.flagcast.statistics.ranking.UpliftCurve.Point;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.assertj.core.util.DoubleComparator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UpliftCurveTest {

    private static final double[] SCORE = {0.9, 0.7, 0.7, 0.5, 0.3, 0.1};
    private static final double[] RESPONSE = {1, 1, 0, 1, 0, 0};
    private static final boolean[] TREATED = {true, true, false, false, true, false};

    private static final UpliftCurve CURVE = UpliftCurve.of(SCORE, RESPONSE, TREATED);

    @Test
    void theQiniAreaIsThatOfTheDefinitionByHand() {
        // r − s·t/c at x = 1, 3 (a tie), 4, 5, 6: 1, 2, 2 − 1·2/2 = 1, 2 − 1·3/2 = 0.5, 2 − 1·3/3 = 1.
        // Trapezoids 0.5 + 3 + 1.5 + 0.75 + 0.75 = 6.5; random line 6·1/2 = 3; between them 3.5.
        // Perfect: treated responders (2 rows), then who did not respond (3), then the control responder (1).
        // At x = 2, 5, 6: 2, 2, 1. Trapezoids 2 + 6 + 1.5 = 9.5; between 6.5.
        assertThat(CURVE.qini()).isCloseTo(3.5 / 6.5, within(1e-12));
    }

    @Test
    void theUpliftAreaIsThatOfTheDefinitionByHand() {
        // (r/t − s/c)·x at x = 1, 3, 4, 5, 6: 1, 3, (1 − 1/2)·4 = 2, (2/3 − 1/2)·5 = 5/6, (2/3 − 1/3)·6 = 2.
        // Trapezoids 1/2 + 4 + 5/2 + 17/12 + 17/12 = 59/6; random line 6·2/2 = 6; between them 23/6.
        // Perfect: one control responder does not outnumber the one treated that did not respond, so among equals the
        // treated come first: 2 treated responders, 2 controls without response, 1 treated without, 1 control
        // responder.
        // At x = 2, 4, 5, 6: 2, 4, 2/3·5 = 10/3, 2. Trapezoids 2 + 6 + 11/3 + 8/3 = 43/3; between 25/3.
        assertThat(CURVE.upliftAuc()).isCloseTo(23.0 / 6 / (25.0 / 3), within(1e-12));
    }

    @Test
    void upliftAtAShareIsTheDifferenceOfRatesAmongTheFirst() {
        // ⌊0.5·6⌋ = 3 rows: treated 1, 1; control 0. ⌊0.7·6⌋ = 4 rows: control 0, 1.
        assertThat(CURVE.upliftAt(0.5)).isEqualTo(1);
        assertThat(CURVE.upliftAt(0.7)).isEqualTo(0.5);
        // ⌊0.34·6⌋ = 2 rows: the first and half of each tied row, treated 1 and half of 1, control half of 0.
        assertThat(CURVE.upliftAt(0.34)).isEqualTo(1);
    }

    @Test
    void tiedRowsThatAreNotAllNeededCountInPart() {
        // ⌊0.5·6⌋ = 3 rows: the first and half of each of the four tied. Treated 1 of 1.5, control 0.5 of 1.5.
        UpliftCurve curve = UpliftCurve.of(
                new double[] {0.9, 0.7, 0.7, 0.7, 0.7, 0.1},
                new double[] {1, 0, 1, 0, 0, 0},
                new boolean[] {true, true, false, false, false, false});

        assertThat(curve.upliftAt(0.5)).isCloseTo(1 / 1.5 - 0.5 / 1.5, within(1e-12));
    }

    @Test
    void theGainIsTheAreaOverTheSquareOfTheRowsInTheUnitOfTheResponse() {
        // The area between the curve and the line is 3.5, as above; 6 rows.
        assertThat(CURVE.qiniGain()).isCloseTo(3.5 / 36, within(1e-12));
        assertThat(UpliftCurve.of(SCORE, new double[] {20, 20, 0, 20, 0, 0}, TREATED)
                        .qiniGain())
                .isCloseTo(20 * 3.5 / 36, within(1e-12));
    }

    @Test
    void thePointsLieOnTheQiniCurve() {
        // Heights 0, 1, 2, 1, 0.5, 1 at x = 0, 1, 3, 4, 5, 6, as above; 1.5 half way up the tie.
        assertThat(CURVE.qiniPoints(6))
                .extracting(Point::share)
                .usingElementComparator(new DoubleComparator(1e-12))
                .containsExactly(0.0, 1.0 / 6, 2.0 / 6, 3.0 / 6, 4.0 / 6, 5.0 / 6, 1.0);
        assertThat(CURVE.qiniPoints(6))
                .extracting(point -> 6 * point.gain())
                .usingElementComparator(new DoubleComparator(1e-12))
                .containsExactly(0.0, 1.0, 1.5, 2.0, 1.0, 0.5, 1.0);
        assertThat(CURVE.qiniPoints(1)).containsExactly(new Point(0, 0), new Point(1, 1.0 / 6));
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
        double[] response = new double[200];
        for (int i = 0; i < 200; i++) {
            treated[i] = i * 53 % 97 % 2 == 1;
            int lowered = !treated[i] && score[i] > 11 ? threshold - 2 : threshold;
            response[i] = (i * i * 7 + i * 3) % 11 < lowered ? 1 : 0;
        }

        UpliftCurve curve = UpliftCurve.of(score, response, treated);
        assertThat(curve.bins()).hasSize(23);
        assertThat(curve.qini()).isCloseTo(qini, within(1e-12));
        assertThat(curve.upliftAuc()).isCloseTo(uplift, within(1e-12));
        // The first 60 rows are the seven highest scores: no tie is cut.
        assertThat(curve.upliftAt(0.3)).isCloseTo(atK, within(1e-12));
    }

    @Test
    void aScoreThatTellsNothingIsRandom() {
        UpliftCurve constant = UpliftCurve.of(new double[] {0, -0.0, 0, 0, 0, 0}, RESPONSE, TREATED);

        assertThat(constant.bins()).hasSize(1);
        assertThat(constant.qini()).isCloseTo(0, within(1e-12));
        assertThat(constant.qiniGain()).isCloseTo(0, within(1e-12));
        assertThat(constant.upliftAuc()).isCloseTo(0, within(1e-12));
    }

    @Test
    void thePerfectRankingHasAreaOne() {
        double[] perfect = {3, 3, 2, 0, 1, 2};

        assertThat(UpliftCurve.of(perfect, RESPONSE, TREATED).upliftAuc()).isCloseTo(1, within(1e-12));
        assertThat(UpliftCurve.of(new double[] {1, 1, 0, -1, 0, 0}, RESPONSE, TREATED)
                        .qini())
                .isCloseTo(1, within(1e-12));
    }

    /** n = 20,000, seed 11: uplift rises with the score in one ranking and falls in the other. */
    @Test
    void rankingByTrueUpliftIsPositiveAndItsReverseNegative() {
        SplittableRandom random = new SplittableRandom(11);
        double[] score = random.doubles(20_000).toArray();
        double[] reversed = new double[score.length];
        boolean[] treated = new boolean[score.length];
        double[] response = new double[score.length];
        for (int row = 0; row < score.length; row++) {
            reversed[row] = -score[row];
            treated[row] = random.nextBoolean();
            response[row] = random.nextDouble() < 0.3 + (treated[row] ? 0.3 * (score[row] - 0.5) : 0) ? 1 : 0;
        }

        UpliftCurve curve = UpliftCurve.of(score, response, treated);
        assertThat(curve.qini()).isPositive();
        assertThat(UpliftCurve.of(reversed, response, treated).qini()).isNegative();
        // Uplift averaged over the best fifth: 0.3 · (0.9 − 0.5) = 0.12; standard error about 0.015.
        assertThat(curve.upliftAt(0.2)).isCloseTo(0.12, within(0.05));
    }

    /** Rows of small whole weights, as often as the weight says and as one cell each. */
    @Test
    void aRowOfWeightTwoIsTwoRows() {
        record Rows(int n, long seed) {}
        cases(1, 100, dice -> new Rows(dice.integer(6, 40), dice.seed())).allSatisfy(rows -> {
            SplittableRandom random = new SplittableRandom(rows.seed());
            List<Bin> weighted = new ArrayList<>();
            List<Bin> repeated = new ArrayList<>();
            for (int row = 0; row < rows.n(); row++) {
                int weight = 1 + random.nextInt(3);
                int score = random.nextInt(5);
                // Every arm and response occurs.
                boolean treated = row < 4 ? row % 2 == 0 : random.nextBoolean();
                boolean responded = row < 4 ? row / 2 == 0 : random.nextBoolean();
                weighted.add(bin(score, treated, responded, new Cell(1, weight, responded ? weight : 0)));
                repeated.add(bin(score, treated, responded, new Cell(weight, weight, responded ? weight : 0)));
            }
            UpliftCurve ofWeights = new UpliftCurve(weighted);
            UpliftCurve ofRows = new UpliftCurve(repeated);

            assertThat(ofWeights.qini()).isCloseTo(ofRows.qini(), within(1e-9));
            assertThat(ofWeights.qiniGain()).isCloseTo(ofRows.qiniGain(), within(1e-12));
            assertThat(ofWeights.upliftAuc()).isCloseTo(ofRows.upliftAuc(), within(1e-9));
            assertThat(ofWeights.qiniPoints(7)).isEqualTo(ofRows.qiniPoints(7));
        });
    }

    @Test
    void binsInAnyOrderAndInPartsAreOneCurve() {
        Cell one = new Cell(1, 1, 1);
        Cell none = new Cell(1, 1, 0);
        Cell empty = Cell.EMPTY;

        UpliftCurve curve = new UpliftCurve(List.of(
                new Bin(0.1, empty, empty, empty, none),
                new Bin(0.7, empty, empty, empty, none),
                new Bin(0.3, empty, none, empty, empty),
                new Bin(0.6, empty, empty, empty, empty),
                new Bin(0.9, one, empty, empty, empty),
                new Bin(0.7, one, empty, empty, empty),
                new Bin(0.5, empty, empty, one, empty)));

        assertThat(curve).isEqualTo(CURVE);
        assertThat(curve.bins()).extracting(Bin::score).containsExactly(0.9, 0.7, 0.5, 0.3, 0.1);
        assertThat(curve.bins().get(1)).isEqualTo(new Bin(0.7, one, empty, empty, none));
    }

    @Test
    void rowsThatTellNothingAreRefusedByName() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> UpliftCurve.of(SCORE, new double[6], TREATED).qini())
                .withMessageContaining("cannot tell rankings apart");
        // The only treated row responded: the perfect uplift curve is the random line.
        UpliftCurve oneTreated = UpliftCurve.of(
                SCORE, new double[] {1, 0, 0, 0, 0, 0}, new boolean[] {true, false, false, false, false, false});
        assertThatIllegalArgumentException()
                .isThrownBy(oneTreated::upliftAuc)
                .withMessageContaining("cannot tell rankings apart");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> UpliftCurve.of(SCORE, RESPONSE, new boolean[6]))
                .withMessageContaining("0 enabled rows and 6 of the control");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> CURVE.upliftAt(0.2))
                .withMessageContaining("first 1 of 6 rows have a weight of 1.0 enabled and of 0.0 in the control");
    }

    @Test
    void whatIsNoCurveOrMeasureIsRefusedByName() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> UpliftCurve.of(SCORE, new double[5], TREATED))
                .withMessageContaining("6 scores, 5 responses");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> UpliftCurve.of(new double[] {0, 0, 0, 0, 0, Double.NaN}, RESPONSE, TREATED))
                .withMessageContaining("score is NaN");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> UpliftCurve.of(SCORE, new double[] {0, 0, 1 / 0.0, 0, 0, 0}, TREATED))
                .withMessageContaining("sum Infinity");
        UpliftCurve revenue = UpliftCurve.of(SCORE, new double[] {0, 0, 2, 0, 0, 0}, TREATED);
        assertThatIllegalArgumentException()
                .isThrownBy(revenue::qini)
                .withMessageContaining("sum to 2.0 over a weight of 1.0");
        assertThatIllegalArgumentException()
                .isThrownBy(revenue::upliftAuc)
                .withMessageContaining("sum to 2.0 over a weight of 1.0");
        assertThatIllegalArgumentException().isThrownBy(() -> CURVE.upliftAt(1)).withMessageContaining("share is 1.0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> CURVE.qiniPoints(0))
                .withMessageContaining("count is 0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> CURVE.interval(UpliftCurve::qini, 0.9, 1, 1))
                .withMessageContaining("resamples is 1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> CURVE.interval(curve -> Double.NaN, 0.9, 10, 1))
                .withMessageContaining("statistic of the curve is NaN");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Cell(-1, 0, 0))
                .withMessageContaining("rows is -1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Cell(1, 0, 0))
                .withMessageContaining("1 rows with weight 0.0");
        assertThatIllegalArgumentException().isThrownBy(() -> new Cell(0, 0, 1)).withMessageContaining("no rows");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Bin(1, Cell.EMPTY, new Cell(1, 1, 1), Cell.EMPTY, Cell.EMPTY))
                .withMessageContaining("sums 1.0 and 0.0");
    }

    private static Bin bin(double score, boolean treated, boolean responded, Cell cell) {
        Cell positive = responded ? cell : Cell.EMPTY;
        Cell zero = responded ? Cell.EMPTY : cell;
        return treated
                ? new Bin(score, positive, zero, Cell.EMPTY, Cell.EMPTY)
                : new Bin(score, Cell.EMPTY, Cell.EMPTY, positive, zero);
    }
}
