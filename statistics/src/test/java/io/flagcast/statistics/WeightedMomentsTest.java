package io.flagcast.statistics;

import static io.flagcast.fixtures.Cases.cases;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.fixtures.Generator;
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

        assertThat(sums).isEqualTo(new WeightedMoments(2, 4, 10, 3, 3, 9, 9));
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
                .isThrownBy(() -> WeightedMoments.EMPTY.plus(0, 1))
                .withMessageContaining("every weight must be above 0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> WeightedMoments.EMPTY.plus(-1, 1))
                .withMessageContaining("every weight must be above 0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> WeightedMoments.EMPTY.plus(1 / 0.0, 1))
                .withMessageContaining("w is Infinity");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> WeightedMoments.EMPTY.plus(1, Double.NaN))
                .withMessageContaining("wy is NaN");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new WeightedMoments(0, 1, 1, 0, 0, 0, 0))
                .withMessageContaining("no rows");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new WeightedMoments(-1, 0, 0, 0, 0, 0, 0))
                .withMessageContaining("n is -1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new WeightedMoments(1, 1, 1, 0, -1, 0, 0))
                .withMessageContaining("wy2 is -1.0");
    }

    private static WeightedMoments rows(List<Double> weights, List<Double> values, int from, int to) {
        WeightedMoments sums = WeightedMoments.EMPTY;
        for (int row = from; row < to; row++) {
            sums = sums.plus(weights.get(row), values.get(row));
        }
        return sums;
    }
}
