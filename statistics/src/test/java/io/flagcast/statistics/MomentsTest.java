package io.flagcast.statistics;

import static io.flagcast.fixtures.Cases.cases;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.fixtures.Generator;
import java.util.Arrays;
import java.util.List;
import org.apache.commons.math3.stat.StatUtils;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class MomentsTest {

    private static final Offset<Double> ROUNDING = within(1e-9);

    @Test
    void mergingPartsEqualsTheWhole() {
        record Parts(List<Double> list, int at) {}
        Generator<Parts> generator =
                dice -> new Parts(dice.list(0, 40, () -> dice.real(-1e3, 1e3)), dice.integer(0, 40));
        cases(1, 200, generator).allSatisfy(parts -> {
            double[] values = array(parts.list());
            int cut = Math.min(parts.at(), values.length);
            Moments merged = Moments.of(Arrays.copyOfRange(values, 0, cut))
                    .merge(Moments.of(Arrays.copyOfRange(values, cut, values.length)));
            Moments whole = Moments.of(values);

            assertThat(merged.n()).isEqualTo(values.length);
            assertThat(merged.mean()).isCloseTo(whole.mean(), ROUNDING);
            assertThat(merged.m2()).isCloseTo(whole.m2(), within(1e-6));
        });
    }

    @Test
    void theVarianceIsThatOfTheDefinition() {
        cases(1, 200, dice -> dice.list(2, 40, () -> dice.real(-1e3, 1e3))).allSatisfy(list -> {
            double[] values = array(list);
            Moments moments = Moments.of(values);

            assertThat(moments.mean()).isCloseTo(StatUtils.mean(values), ROUNDING);
            assertThat(moments.variance()).isCloseTo(StatUtils.variance(values), within(1e-6));
            assertThat(moments.sum()).isCloseTo(StatUtils.sum(values), within(1e-8));
        });
    }

    @Test
    void fourValuesGiveTheirMomentsByHand() {
        // Mean (1 + 2 + 4 + 9) / 4 = 4; deviations -3, -2, 0, 5; m2 = 9 + 4 + 0 + 25 = 38.
        Moments moments = Moments.of(1, 2, 4, 9);

        assertThat(moments).isEqualTo(new Moments(4, 4, 38));
        assertThat(moments.variance()).isEqualTo(38.0 / 3);
        assertThat(moments.standardError()).isCloseTo(Math.sqrt(38.0 / 12), ROUNDING);
        assertThat(Moments.ofSums(4, 16, 1 + 4 + 16 + 81)).isEqualTo(moments);
    }

    @Test
    void aProportionIsTheMomentsOfItsZerosAndOnes() {
        Moments proportion = Moments.ofProportion(3, 5);

        Moments values = Moments.of(1, 1, 1, 0, 0);
        assertThat(proportion.n()).isEqualTo(values.n());
        assertThat(proportion.mean()).isCloseTo(values.mean(), ROUNDING);
        assertThat(proportion.m2()).isCloseTo(values.m2(), ROUNDING);
    }

    @Test
    void aLargeOffsetDoesNotDrownTheVariance() {
        assertThat(Moments.of(1e9 + 1, 1e9 + 2, 1e9 + 3).variance()).isEqualTo(1);
    }

    @Test
    void roundingInSumsNeverMakesTheVarianceNegative() {
        // Three values of 0.1; then sums that no values can have, as rounding may produce them.
        assertThat(Moments.ofSums(3, 0.3, 0.03).variance()).isCloseTo(0, ROUNDING);
        assertThat(Moments.ofSums(10, 1, 0.0999).m2()).isZero();
    }

    @Test
    void nothingHasNoMoments() {
        assertThat(Moments.of()).isEqualTo(Moments.EMPTY);
        assertThat(Moments.ofSums(0, 0, 0)).isEqualTo(Moments.EMPTY);
        assertThat(Moments.ofProportion(0, 0)).isEqualTo(Moments.EMPTY);
        assertThat(Moments.EMPTY.merge(Moments.of(2, 3))).isEqualTo(Moments.of(2, 3));
        assertThat(Moments.of(2, 3).merge(Moments.EMPTY)).isEqualTo(Moments.of(2, 3));
        assertThat(Moments.of(7).variance()).isZero();
        assertThat(Moments.of(7).standardError()).isZero();
    }

    @Test
    void whatIsNotAMomentIsRefusedByName() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Moments(-1, 0, 0))
                .withMessageContaining("n is -1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Moments.of(1, Double.NaN))
                .withMessageContaining("mean is NaN");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Moments.of(Double.POSITIVE_INFINITY))
                .withMessageContaining("mean is Infinity");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Moments(2, 0, -1))
                .withMessageContaining("m2 is -1.0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Moments.ofSums(0, 1, 1))
                .withMessageContaining("no values");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Moments.ofSums(1, Double.NaN, 1))
                .withMessageContaining("NaN");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Moments.ofProportion(6, 5))
                .withMessageContaining("6 successes of 5");
    }

    private static double[] array(List<Double> list) {
        return list.stream().mapToDouble(Double::doubleValue).toArray();
    }
}
