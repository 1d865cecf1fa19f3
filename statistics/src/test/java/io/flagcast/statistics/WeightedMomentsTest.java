package io.flagcast.statistics;

import static io.flagcast.fixtures.Cases.cases;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import io.flagcast.fixtures.Generator;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class WeightedMomentsTest {

    @Test
    void mergingPartsEqualsTheWholeAndTheDefinition() {
        record Rows(List<Double> weights, List<Double> values, int cut) {}
        Generator<Rows> generator = dice -> new Rows(
                dice.list(12, 12, () -> dice.real(1, 20)),
                dice.list(12, 12, () -> dice.real(-10, 10)),
                dice.integer(0, 12));
        cases(1, 200, generator).allSatisfy(drawn -> {
            List<Double> weights = drawn.weights();
            List<Double> values = drawn.values();
            WeightedMoments merged =
                    rows(weights, values, 0, drawn.cut()).merge(rows(weights, values, drawn.cut(), 12));

            double sumOfWeights = 0;
            double sumOfSquaredWeights = 0;
            double weightedSum = 0;
            for (int row = 0; row < 12; row++) {
                sumOfWeights += weights.get(row);
                sumOfSquaredWeights += weights.get(row) * weights.get(row);
                weightedSum += weights.get(row) * values.get(row);
            }
            double mean = weightedSum / sumOfWeights;
            double variance = 0;
            for (int row = 0; row < 12; row++) {
                variance += Math.pow(weights.get(row) * (values.get(row) - mean) / sumOfWeights, 2);
            }

            assertThat(merged.n()).isEqualTo(12);
            assertThat(merged.mean()).hasValueCloseTo(mean, within(1e-9));
            assertThat(merged.variance()).hasValueCloseTo(variance, within(1e-9));
            assertThat(merged.effectiveSampleSize())
                    .isCloseTo(sumOfWeights * sumOfWeights / sumOfSquaredWeights, within(1e-9))
                    .isLessThan(12 + 1e-9);
        });
    }

    /**
     * From the definition in {@link BigDecimal}: values of a standard deviation of 1 around 10⁸ or −10⁸, weights of 1 to
     * 50, in 12 parts merged in the order drawn, counted as a part of themselves.
     */
    @Test
    void aMeanAHundredMillionTimesTheDeviationLeavesTheVarianceItsDigits() {
        record Rows(List<Double> weights, List<Double> values, double mean, List<Integer> parts) {}
        Generator<Rows> generator = dice -> new Rows(
                dice.list(60, 60, () -> dice.real(1, 50)),
                dice.list(60, 60, () -> dice.real(-Math.sqrt(3), Math.sqrt(3))),
                dice.oneOf(List.of(1e8, -1e8, 1e4, 0.0)),
                dice.list(60, 60, () -> dice.integer(0, 11)));
        cases(1, 300, generator).allSatisfy(drawn -> {
            List<Double> values =
                    drawn.values().stream().map(value -> drawn.mean() + value).toList();
            WeightedMoments[] parts = new WeightedMoments[12];
            Arrays.fill(parts, WeightedMoments.EMPTY);
            for (int row = 0; row < 60; row++) {
                int part = drawn.parts().get(row);
                parts[part] = parts[part].plus(drawn.weights().get(row), values.get(row));
            }
            WeightedMoments merged = Arrays.stream(parts).reduce(WeightedMoments.EMPTY, WeightedMoments::merge);
            WeightedMoments backwards = WeightedMoments.EMPTY;
            for (WeightedMoments part : parts) {
                backwards = part.discounted(0.25).merge(backwards);
            }

            Exact exact = Exact.of(drawn.weights(), values);
            assertThat(merged.mean()).hasValueCloseTo(exact.mean(), within(1e-7));
            assertThat(merged.variance().orElseThrow()).isCloseTo(exact.variance(), withinPercentage(1e-4));
            assertThat(merged.outcomeVariance().orElseThrow())
                    .isCloseTo(exact.outcomeVariance(), withinPercentage(1e-4));
            assertThat(backwards.variance().orElseThrow()).isCloseTo(4 * exact.variance(), withinPercentage(1e-4));
            assertThat(backwards.outcomeVariance().orElseThrow())
                    .isCloseTo(exact.outcomeVariance(), withinPercentage(1e-4));
        });
    }

    private record Exact(double mean, double variance, double outcomeVariance) {

        static Exact of(List<Double> weights, List<Double> values) {
            BigDecimal w = BigDecimal.ZERO;
            BigDecimal wy = BigDecimal.ZERO;
            for (int row = 0; row < weights.size(); row++) {
                BigDecimal weight = new BigDecimal(weights.get(row));
                w = w.add(weight);
                wy = wy.add(weight.multiply(new BigDecimal(values.get(row))));
            }
            BigDecimal mean = wy.divide(w, new MathContext(60));
            BigDecimal ofMean = BigDecimal.ZERO;
            BigDecimal ofOutcome = BigDecimal.ZERO;
            for (int row = 0; row < weights.size(); row++) {
                BigDecimal weight = new BigDecimal(weights.get(row));
                BigDecimal distance = new BigDecimal(values.get(row)).subtract(mean);
                ofMean = ofMean.add(weight.multiply(distance).pow(2));
                ofOutcome = ofOutcome.add(weight.multiply(distance.pow(2)));
            }
            return new Exact(
                    mean.doubleValue(),
                    ofMean.divide(w.pow(2), MathContext.DECIMAL64).doubleValue(),
                    ofOutcome.divide(w, MathContext.DECIMAL64).doubleValue());
        }
    }

    @Test
    void theVarianceOfTheOutcomeDoesNotDependOnTheOrigin() {
        // Weights 1 and 3, values 2 and 4: the mean is 3.5, and (2.25 + 3 · 0.25) / 4 is 0.75.
        WeightedMoments raw = new WeightedMoments(2, 4, 10, 14, 52, 38, 148);

        assertThat(raw.outcomeVariance()).hasValueCloseTo(0.75, within(1e-15));
        assertThat(raw.from(3).outcomeVariance()).hasValueCloseTo(0.75, within(1e-15));
    }

    @Test
    void whatIsNotFiniteIsRefusedByItsName() {
        String[] names = {"w", "w2", "origin", "wd", "wd2", "w2d", "w2d2"};
        for (int place = 0; place < names.length; place++) {
            double[] of = {1, 1, 1, 1, 1, 1, 1};
            of[place] = Double.NaN;
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new WeightedMoments(2, of[0], of[1], of[2], of[3], of[4], of[5], of[6]))
                    .withMessageContaining(" " + names[place] + " is NaN");
        }
    }

    @Test
    void sumsOfTheOutcomeItselfAreThoseOfItsRows() {
        // Weights 1 and 3, values 2 and 4, then a row of weight 2 and value 5 counted in another way.
        WeightedMoments sums = new WeightedMoments(2, 4, 10, 14, 52, 38, 148).merge(WeightedMoments.EMPTY.plus(2, 5));

        assertThat(sums.wy()).isCloseTo(24, within(1e-12));
        assertThat(sums.wy2()).isCloseTo(102, within(1e-12));
        assertThat(sums.w2y()).isCloseTo(58, within(1e-12));
        assertThat(sums.w2y2()).isCloseTo(248, within(1e-12));
        assertThat(sums.mean()).hasValueCloseTo(4.0, within(1e-15));
        // Σ w (y − 4)² = 4 + 0 + 2 over Σ w = 6.
        assertThat(sums.outcomeVariance()).hasValueCloseTo(1.0, within(1e-15));
        assertThat(WeightedMoments.EMPTY.outcomeVariance()).isEmpty();
        assertThat(sums.merge(WeightedMoments.EMPTY)).isEqualTo(sums);
        assertThat(WeightedMoments.EMPTY.merge(sums)).isEqualTo(sums);
    }

    /** With z² pseudo-rows of 1 and of 0 of the weight Σw²/Σw, wherever the rows are measured from. */
    @Test
    void theSpreadOfAProportionDoesNotDependOnTheOrigin() {
        WeightedMoments raw = new WeightedMoments(3, 6, 14, 3, 3, 9, 9);
        WeightedMoments moved = raw.from(0.3);

        // Pseudo-weight 14/6; 2 of each: Σw = 6 + 28/3, mean p = (3 + 14/3) / (46/3) = ½, Σw²(y − ½)² = 14/4 + 4
        // (14/6)²/4,
        // over (Σw)², and its n is that of the rows: divided by 6 / (46/3).
        double expected = (14 / 4.0 + 196 / 36.0) / Math.pow(46 / 3.0, 2) / (18 / 46.0);
        assertThat(raw.spread(Metric.Kind.PROPORTION, 2).variance()).hasValueCloseTo(expected, within(1e-15));
        assertThat(moved.spread(Metric.Kind.PROPORTION, 2).variance()).hasValueCloseTo(expected, within(1e-15));
        assertThat(moved.spread(Metric.Kind.PROPORTION, 2).outcomeVariance()).hasValueCloseTo(0.25, within(1e-15));
        assertThat(moved.spread(Metric.Kind.PROPORTION, 2).mean()).hasValueCloseTo(0.5, within(1e-15));
        assertThat(moved.spread(Metric.Kind.MEAN, 2)).isEqualTo(moved);
    }

    @Test
    void equalWeightsGiveTheOrdinaryMean() {
        WeightedMoments sums = rows(List.of(2.5, 2.5, 2.5, 2.5), List.of(1.0, 2.0, 4.0, 9.0), 0, 4);

        // m2 of these values is 38: the linearised variance of their mean is m2 / n².
        assertThat(sums.mean()).hasValue(4);
        assertThat(sums.variance()).hasValueCloseTo(38.0 / 16, within(1e-12));
        assertThat(sums.effectiveSampleSize()).isEqualTo(4);
    }

    @Test
    void twoRowsGiveTheirEstimateByHand() {
        // Weights 1 and 3, values 0 and 1. Mean 3/4. Variance (1²·(3/4)² + 3²·(1/4)²) / 4² = (9/16 + 9/16) / 16.
        // Effective size 4² / (1 + 9) = 1.6.
        WeightedMoments sums = WeightedMoments.EMPTY.plus(1, 0).plus(3, 1);

        assertThat(sums).isEqualTo(new WeightedMoments(2, 4, 10, 0.75, 0, 12.0 / 16, 6.0 / 4, 18.0 / 16));
        assertThat(sums.wy()).isEqualTo(3);
        assertThat(sums.wy2()).isEqualTo(3);
        assertThat(sums.w2y()).isEqualTo(9);
        assertThat(sums.w2y2()).isEqualTo(9);
        assertThat(sums.mean()).hasValue(0.75);
        assertThat(sums.variance()).hasValueCloseTo(18.0 / 256, within(1e-15));
        assertThat(sums.effectiveSampleSize()).isEqualTo(1.6);
    }

    @Test
    void whatRowsCannotTellIsAbsent() {
        assertThat(WeightedMoments.EMPTY.mean()).isEmpty();
        assertThat(WeightedMoments.EMPTY.variance()).isEmpty();
        assertThat(WeightedMoments.EMPTY.effectiveSampleSize()).isZero();
        assertThat(WeightedMoments.EMPTY.plus(2, 5).mean()).hasValue(5);
        assertThat(WeightedMoments.EMPTY.plus(2, 5).variance()).isEmpty();
    }

    @Test
    void rowsWithoutSpreadHaveAVarianceOfZeroNotBelow() {
        WeightedMoments sums = WeightedMoments.EMPTY;
        for (int row = 1; row <= 1_000; row++) {
            sums = sums.plus(1 + 1.0 / row, 0.1);
        }

        assertThat(sums.variance().orElseThrow()).isBetween(0.0, 1e-15);
    }

    @Test
    void whatIsNotAWeightIsRefusedByName() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> WeightedMoments.EMPTY.plus(-1, 1))
                .withMessageContaining("no weight may be below 0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> WeightedMoments.EMPTY.plus(1 / 0.0, 1))
                .withMessageContaining("w is Infinity");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> WeightedMoments.EMPTY.plus(1, Double.NaN))
                .withMessageContaining("origin is NaN");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new WeightedMoments(0, 1, 1, 0, 0, 0, 0))
                .withMessageContaining("no rows");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new WeightedMoments(-1, 0, 0, 0, 0, 0, 0))
                .withMessageContaining("n is -1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new WeightedMoments(1, 1, 1, 0, -1, 0, 0))
                .withMessageContaining("wd2 is -1.0");
    }

    private static WeightedMoments rows(List<Double> weights, List<Double> values, int from, int to) {
        WeightedMoments sums = WeightedMoments.EMPTY;
        for (int row = from; row < to; row++) {
            sums = sums.plus(weights.get(row), values.get(row));
        }
        return sums;
    }
}
