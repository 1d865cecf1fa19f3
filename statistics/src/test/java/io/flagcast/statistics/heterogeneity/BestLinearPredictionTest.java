package io.flagcast.statistics.heterogeneity;

import static io.flagcast.fixtures.Cases.cases;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.fixtures.Generator;
import io.flagcast.statistics.Interval;
import io.flagcast.statistics.heterogeneity.BestLinearPrediction.Sums;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.apache.commons.math3.stat.regression.SimpleRegression;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class BestLinearPredictionTest {

    private static final double[] PREDICTION = {0, 1, 2, 3};
    private static final double[] OUTCOME = {1, 0, 2, 5};

    @Test
    void fourRowsGiveTheirLineByHand() {
        // Means 1.5 and 2. d = −1.5, −0.5, 0.5, 1.5; Σd² = 5; Σdy = −1.5 − 0 + 1 + 7.5 = 7; slope 1.4.
        // Residuals y − 2 − 1.4 d: 1.1, −1.3, −0.7, 0.9; squares 1.21, 1.69, 0.49, 0.81, together 4.2.
        // Σd²e² = 2.25 · (1.21 + 0.81) + 0.25 · (1.69 + 0.49) = 4.545 + 0.545 = 5.09.
        BestLinearPrediction line = sums(PREDICTION, OUTCOME).interpret().orElseThrow();

        assertThat(line.n()).isEqualTo(4);
        assertThat(line.meanPrediction()).isEqualTo(1.5);
        assertThat(line.effect()).isEqualTo(2);
        assertThat(line.slope()).isCloseTo(1.4, within(1e-12));
        assertThat(line.intercept()).isCloseTo(2 - 1.4 * 1.5, within(1e-12));
        assertThat(line.effectError()).isCloseTo(Math.sqrt(4.2) / 4, within(1e-12));
        assertThat(line.slopeError()).isCloseTo(Math.sqrt(5.09) / 5, within(1e-12));
        assertThat(line.slopeInterval(0.9)).isEqualTo(Interval.normal(line.slope(), line.slopeError(), 0.9));
        assertThat(line.effectInterval(0.9)).isEqualTo(Interval.normal(2, line.effectError(), 0.9));
    }

    @Test
    void theDeviationIsThatOfThePredictions() {
        // Σd² / 4 = 5 / 4.
        assertThat(sums(PREDICTION, OUTCOME).deviation()).isCloseTo(Math.sqrt(1.25), within(1e-12));
        assertThat(Sums.EMPTY.deviation()).isZero();
    }

    @Test
    void theSumsStandInTheOrderOfTheirExponents() {
        double[] ofOneRow =
                Sums.EXPONENTS.stream().mapToDouble(power -> power.of(2, 3)).toArray();

        assertThat(Sums.of(ofOneRow))
                .isEqualTo(Sums.EMPTY.plus(2, 3))
                .isEqualTo(new Sums(1, 2, 4, 8, 16, 3, 6, 12, 24, 9, 18, 36));
    }

    @Test
    void aOneSidedPIsTheUpperTailAndStaysAboveZeroWhereItIsTiny() {
        assertThat(new BestLinearPrediction(100, 0, 0, 1, 0, 1).p()).isEqualTo(0.5);
        assertThat(new BestLinearPrediction(100, 0, 0, 1, 1.959964, 1).p()).isCloseTo(0.025, within(1e-7));
        assertThat(new BestLinearPrediction(100, 0, 0, 1, -1.959964, 1).p()).isCloseTo(0.975, within(1e-7));
        // Mills' ratio at z = 20: φ(z)/z · (1 − 1/z² + 3/z⁴ − 15/z⁶), with an error of about 105/z⁸ = 4e-9.
        double tail = Math.exp(-200) / Math.sqrt(2 * Math.PI) / 20 * (1 - 1.0 / 400 + 3.0 / 160_000 - 15.0 / 64e6);
        assertThat(new BestLinearPrediction(100, 0, 0, 1, 20, 1).p() / tail).isCloseTo(1, within(1e-7));
        assertThat(new BestLinearPrediction(100, 0, 0, 0, 1, 0).p()).isZero();
        assertThat(new BestLinearPrediction(100, 0, 0, 0, 0, 0).p()).isEqualTo(1);
    }

    /** 8 to 60 rows in two parts: predictions as of uplifts, within 0.1 ± 0.025, outcomes with noise of ± 0.5. */
    @Test
    void mergingPartsEqualsTheWholeAndTheDefinition() {
        record Rows(int n, int at, long seed) {}
        Generator<Rows> generator = dice -> new Rows(dice.integer(8, 60), dice.integer(0, 60), dice.seed());
        cases(1, 100, generator).allSatisfy(rows -> {
            int n = rows.n();
            SplittableRandom random = new SplittableRandom(rows.seed());
            double[] x = random.doubles(n).map(u -> 0.1 + 0.05 * (u - 0.5)).toArray();
            double[] y = Arrays.stream(x)
                    .map(prediction -> 2 * prediction + random.nextDouble() - 0.5)
                    .toArray();
            int cut = Math.min(rows.at(), n);

            Sums merged = sums(Arrays.copyOfRange(x, 0, cut), Arrays.copyOfRange(y, 0, cut))
                    .plus(sums(Arrays.copyOfRange(x, cut, n), Arrays.copyOfRange(y, cut, n)));
            BestLinearPrediction line = merged.interpret().orElseThrow();

            SimpleRegression oracle = new SimpleRegression();
            for (int row = 0; row < n; row++) {
                oracle.addData(x[row], y[row]);
            }
            double meanX = Arrays.stream(x).average().orElseThrow();
            double d2 = 0;
            double e2 = 0;
            double d2e2 = 0;
            for (int row = 0; row < n; row++) {
                double d = x[row] - meanX;
                double e = y[row] - oracle.predict(x[row]);
                d2 += d * d;
                e2 += e * e;
                d2e2 += d * d * e * e;
            }
            assertThat(line.slope()).isCloseTo(oracle.getSlope(), within(1e-6));
            assertThat(line.intercept()).isCloseTo(oracle.getIntercept(), within(1e-6));
            assertThat(line.effect()).isCloseTo(Arrays.stream(y).average().orElseThrow(), within(1e-12));
            assertThat(line.effectError()).isCloseTo(Math.sqrt(e2) / n, within(1e-6));
            assertThat(line.slopeError()).isCloseTo(Math.sqrt(d2e2) / d2, within(1e-4 * (1 + line.slopeError())));
            assertThat(merged.plus(Sums.EMPTY)).isEqualTo(merged);
        });
    }

    /**
     * 2,000 samples (seeds 0 to 1,999) of n = 500: predictions uniform, outcomes independent of them in the mean but
     * with a standard deviation of 0.2 + prediction. The number with p &lt; 0.01 must lie in the 99.9 % interval of a
     * binomial of 2,000 at 0.01: 20 ± 3.29 √(2000 · 0.01 · 0.99) = 20 ± 14.6.
     */
    @Test
    @Tag("simulation")
    void aPredictionThatTellsNothingIsFoundAsOftenAsTheLevelSays() {
        int found = 0;
        for (int seed = 0; seed < 2_000; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            double[] x = random.doubles(500).toArray();
            double[] y = Arrays.stream(x)
                    .map(prediction -> (0.2 + prediction) * (random.nextDouble() - 0.5))
                    .toArray();
            if (sums(x, y).interpret().orElseThrow().p() < 0.01) {
                found++;
            }
        }

        assertThat(found).isBetween(6, 34);
    }

    @Test
    void whatTheRowsCannotTellIsAbsent() {
        assertThat(Sums.EMPTY.interpret()).isEmpty();
        assertThat(sums(new double[] {0, 1}, new double[] {1, 2}).interpret()).isEmpty();
        assertThat(sums(new double[] {0.1, 0.1, 0.1, 0.1}, OUTCOME).interpret()).isEmpty();
        assertThat(sums(PREDICTION, new double[] {0.1, 0.1, 0.1, 0.1}).interpret())
                .isEmpty();
        assertThat(sums(PREDICTION, new double[4]).interpret()).isEmpty();
    }

    @Test
    void aLineThroughEveryRowLeavesNoError() {
        BestLinearPrediction line =
                sums(PREDICTION, new double[] {1, 3, 5, 7}).interpret().orElseThrow();

        assertThat(line).isEqualTo(new BestLinearPrediction(4, 1.5, 4, 0, 2, 0));
        assertThat(line.intercept()).isEqualTo(1);
        assertThat(line.p()).isZero();
    }

    @Test
    void whatIsNoLineIsRefusedByName() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new BestLinearPrediction(2, 0, 0, 1, 0, 1))
                .withMessageContaining("n is 2");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new BestLinearPrediction(3, 0, 0, 1, Double.NaN, 1))
                .withMessageContaining("slope NaN");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new BestLinearPrediction(3, 0, 0, 1, 0, -1))
                .withMessageContaining("standard error of the slope is -1.0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new BestLinearPrediction(3, 0, 0, -1, 0, 1))
                .withMessageContaining("standard error of the effect is -1.0");
    }

    @Test
    void whatAreNoSumsIsRefusedByName() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Sums.of(new double[11]))
                .withMessageContaining("11 sums, there must be 12");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Sums.of(new double[] {1.5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}))
                .withMessageContaining("first sum is 1.5");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Sums.of(new double[] {-1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}))
                .withMessageContaining("n is -1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Sums.of(new double[] {0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0}))
                .withMessageContaining("sum of Power[prediction=2, outcome=1] over 0 rows is 1.0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Sums.EMPTY.plus(1, Double.NaN))
                .withMessageContaining("sum of Power[prediction=0, outcome=1] over 1 rows is NaN");
    }

    private static Sums sums(double[] predictions, double[] outcomes) {
        Sums sums = Sums.EMPTY;
        for (int row = 0; row < predictions.length; row++) {
            sums = sums.plus(predictions[row], outcomes[row]);
        }
        return sums;
    }
}
