package io.flagcast.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Scale;
import org.apache.commons.math3.distribution.ChiSquaredDistribution;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SampleRatioTest {

    private static final double ALPHA = 0.001;

    /** One constant propensity is the textbook's case: the share's distance to it, and Pearson's chi-squared. */
    @Property(tries = 500)
    void forOnePropensityItIsTheShareAndPearsonsTest(
            @ForAll @Scale(4) @DoubleRange(min = 0.01, max = 0.99) double propensity,
            @ForAll @IntRange(min = 1, max = 1_000) int enabled,
            @ForAll @IntRange(min = 1, max = 1_000) int control) {
        SampleRatio ratio =
                SampleRatio.of(rows(enabled, 1 / propensity), rows(control, 1 / (1 - propensity)), ALPHA, 0);

        double n = enabled + control;
        double chiSquared = Math.pow(enabled - n * propensity, 2) / (n * propensity)
                + Math.pow(control - n * (1 - propensity), 2) / (n * (1 - propensity));
        assertThat(ratio.enabled()).isEqualTo(enabled);
        assertThat(ratio.control()).isEqualTo(control);
        assertThat(ratio.deviation()).isCloseTo(enabled / n - propensity, within(1e-9));
        assertThat(ratio.chiSquaredPValue())
                .isCloseTo(1 - new ChiSquaredDistribution(null, 1).cumulativeProbability(chiSquared), within(1e-6));
    }

    @Property(tries = 200)
    void anEmptyArmIsJudgedByTheOther(
            @ForAll @Scale(4) @DoubleRange(min = 0.01, max = 0.99) double propensity,
            @ForAll @IntRange(min = 1, max = 1_000) int n) {
        SampleRatio ratio = SampleRatio.of(rows(n, 1 / propensity), WeightedMoments.EMPTY, ALPHA, 0);

        double chiSquared = n * (1 - propensity) / propensity;
        assertThat(ratio.deviation()).isCloseTo(1 - propensity, within(1e-9));
        assertThat(ratio.chiSquaredPValue())
                .isCloseTo(1 - new ChiSquaredDistribution(null, 1).cumulativeProbability(chiSquared), within(1e-6));
        assertThat(SampleRatio.of(WeightedMoments.EMPTY, rows(n, 1 / (1 - propensity)), ALPHA, 0)
                        .deviation())
                .isCloseTo(-propensity, within(1e-9));
    }

    @Test
    void withoutRowsThereIsNothingToReport() {
        assertThat(SampleRatio.of(WeightedMoments.EMPTY, WeightedMoments.EMPTY, ALPHA, 0))
                .isEqualTo(new SampleRatio(0, 0, 0, 1, false));
    }

    @Test
    void fiftyFiveToFortyFiveIsFoundUnlessThatMuchIsAllowed() {
        WeightedMoments enabled = rows(55_000, 2);
        WeightedMoments control = rows(45_000, 2);

        assertThat(SampleRatio.of(enabled, control, ALPHA, 0.005).mismatch()).isTrue();
        assertThat(SampleRatio.of(control, enabled, ALPHA, 0.005).mismatch()).isTrue();
        assertThat(SampleRatio.of(enabled, control, ALPHA, 0.051).mismatch()).isFalse();
        assertThat(SampleRatio.of(enabled, WeightedMoments.EMPTY, ALPHA, 0.005).mismatch())
                .isTrue();
    }

    /** A few large weights that have not come yet leave their arm short, and no arm in excess: no evidence. */
    @Test
    void aShortfallWithoutAnExcessIsNoMismatch() {
        // 1,000 rows at p = 0.5 and 1,000 at p = 0.999, of which one control row was to be expected and none came.
        WeightedMoments enabled = rows(500, 2).merge(rows(1_000, 1 / 0.999));
        WeightedMoments control = rows(500, 2);

        SampleRatio ratio = SampleRatio.of(enabled, control, ALPHA, 0);

        assertThat(ratio.mismatch()).isFalse();
        assertThat(ratio.chiSquaredPValue()).isGreaterThan(0.9);
    }

    /**
     * Exact, not simulated: the binomial paths of up to 3,000 rows under the right propensity, with a look at every row.
     */
    @ParameterizedTest
    @ValueSource(doubles = {0.5, 0.2, 0.9, 0.99})
    void aRightAssignmentIsEverReportedWithAtMostAlpha(double propensity) {
        double[] probability = new double[3_002];
        probability[0] = 1;
        double reported = 0;
        for (int n = 1; n <= 3_000; n++) {
            for (int enabled = n; enabled > 0; enabled--) {
                probability[enabled] = probability[enabled] * (1 - propensity) + probability[enabled - 1] * propensity;
            }
            probability[0] *= 1 - propensity;
            for (int enabled = 0; enabled <= n; enabled++) {
                if (probability[enabled] > 1e-15
                        && SampleRatio.of(
                                        rows(enabled, 1 / propensity),
                                        rows(n - enabled, 1 / (1 - propensity)),
                                        ALPHA,
                                        0)
                                .mismatch()) {
                    reported += probability[enabled];
                    probability[enabled] = 0;
                }
            }
        }

        assertThat(reported).isLessThan(ALPHA);
    }

    /**
     * 2,000 seeds (0 to 1,999), 30 daily looks at 1,000 rows with propensities 0.2, 0.5 and 0.9 in turn. At alpha = 0.1 %
     * two false reports are expected at most; 6 is 3 binomial standard errors above. With 15 % of the control rows lost,
     * 7 % of all, their weights sum to 0.85/0.93 of n: with m = (1.25 + 2 + 10)/3, Z is −7.8 after 27,900 rows, 3.5 beyond
     * the multiplier.
     */
    @Test
    void mixedPropensitiesAreRightAndALossIsFound() {
        int falselyReported = 0;
        int found = 0;
        for (int seed = 0; seed < 2_000; seed++) {
            falselyReported += everReported(seed, 0) ? 1 : 0;
            found += seed < 200 && everReported(seed, 0.15) ? 1 : 0;
        }

        assertThat(falselyReported).isLessThanOrEqualTo(6);
        assertThat(found).isGreaterThanOrEqualTo(198);
    }

    private static boolean everReported(int seed, double lossOfControl) {
        double[] propensities = {0.2, 0.5, 0.9};
        SplittableRandom random = new SplittableRandom(seed);
        int[] enabled = new int[3];
        int[] control = new int[3];
        for (int day = 0; day < 30; day++) {
            for (int row = 0; row < 1_000; row++) {
                int group = row % 3;
                if (random.nextDouble() < propensities[group]) {
                    enabled[group]++;
                } else if (random.nextDouble() >= lossOfControl) {
                    control[group]++;
                }
            }
            WeightedMoments allEnabled = WeightedMoments.EMPTY;
            WeightedMoments allControl = WeightedMoments.EMPTY;
            for (int group = 0; group < 3; group++) {
                allEnabled = allEnabled.merge(rows(enabled[group], 1 / propensities[group]));
                allControl = allControl.merge(rows(control[group], 1 / (1 - propensities[group])));
            }
            if (SampleRatio.of(allEnabled, allControl, ALPHA, 0).mismatch()) {
                return true;
            }
        }
        return false;
    }

    @Test
    void whatIsNoTestIsRefusedByName() {
        WeightedMoments arm = rows(10, 2);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> SampleRatio.of(arm, arm, 0, 0))
                .withMessageContaining("alpha is 0.0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SampleRatio.of(arm, arm, ALPHA, 1))
                .withMessageContaining("minimum deviation is 1.0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SampleRatio.of(arm, rows(3, 1), ALPHA, 0))
                .withMessageContaining("the weights of the control arm sum to 3.0 over 3 rows");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new SampleRatio(-1, 0, 0, 1, false))
                .withMessageContaining("-1 enabled");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new SampleRatio(1, 0, Double.NaN, 1, false))
                .withMessageContaining("deviation is NaN");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new SampleRatio(1, 0, 0, 1.5, false))
                .withMessageContaining("p-value is 1.5");
    }

    private static WeightedMoments rows(int n, double weight) {
        return new WeightedMoments(n, n * weight, n * weight * weight, 0, 0, 0, 0);
    }
}
