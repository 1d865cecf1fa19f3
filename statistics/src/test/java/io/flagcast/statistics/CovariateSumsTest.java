package io.flagcast.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.apache.commons.math3.stat.correlation.PearsonsCorrelation;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The covariate's sums, and the effect they adjust. */
class CovariateSumsTest {

    private record Row(double weight, double x, double y) {}

    /** Rows of one arm: what is asked of them, and the rows themselves for the definition. */
    private static final class Arm {
        private final List<Row> rows = new ArrayList<>();
        private WeightedMoments moments = WeightedMoments.EMPTY;
        private CovariateSums covariate = CovariateSums.EMPTY;

        private void add(double weight, double x, double y) {
            rows.add(new Row(weight, x, y));
            moments = moments.plus(weight, y);
            covariate = covariate.plus(weight, x, y);
        }

        private WeightedMoments less(double theta) {
            WeightedMoments less = WeightedMoments.EMPTY;
            for (Row row : rows) {
                less = less.plus(row.weight(), row.y() - theta * row.x());
            }
            return less;
        }
    }

    /**
     * Users with a pre-period value x from 0 to 1 that raises the outcome by 2x, standard deviation of the rest 0.5,
     * and an effect of 0.3. The propensity rises with x where it varies, so that the arms differ in x.
     */
    private static Arm[] arms(int seed, int users, double leastPropensity, double rise) {
        SplittableRandom random = new SplittableRandom(seed);
        Arm enabled = new Arm();
        Arm control = new Arm();
        for (int user = 0; user < users; user++) {
            double x = random.nextDouble();
            double p = leastPropensity + rise * x;
            double rest = 0.5 * Interval.STANDARD_NORMAL.inverseCumulativeProbability(random.nextDouble());
            if (random.nextDouble() < p) {
                enabled.add(1 / p, x, 2 * x + rest + 0.3);
            } else {
                control.add(1 / (1 - p), x, 2 * x + rest);
            }
        }
        return new Arm[] {enabled, control};
    }

    private static Effect adjusted(Arm[] arms) {
        return Effect.adjusted(arms[0].moments, arms[0].covariate, arms[1].moments, arms[1].covariate, Metric.Kind.MEAN)
                .orElseThrow();
    }

    private static Effect plain(Arm[] arms) {
        return Effect.difference(arms[0].moments, arms[1].moments).orElseThrow();
    }

    /**
     * From the rows: the effect on y − θx has the least variance at the θ that the sums take, and this is its value.
     */
    @Test
    void itIsTheEffectOnWhatTheCovariateLeavesAndNoOtherCoefficientLeavesLess() {
        Arm[] arms = arms(7, 400, 0.1, 0.8);

        Effect adjusted = adjusted(arms);
        double least = Double.MAX_VALUE;
        Effect best = null;
        for (double theta = -1; theta <= 5; theta += 0.001) {
            Effect effect =
                    Effect.difference(arms[0].less(theta), arms[1].less(theta)).orElseThrow();
            if (effect.standardError() < least) {
                least = effect.standardError();
                best = effect;
            }
        }
        assertThat(adjusted.standardError()).isLessThanOrEqualTo(least + 1e-12).isCloseTo(least, within(1e-6));
        assertThat(adjusted.estimate()).isCloseTo(best.estimate(), within(1e-4));
        assertThat(adjusted.n()).isEqualTo(400);
        assertThat(adjusted.effectiveSampleSize()).isEqualTo(plain(arms).effectiveSampleSize());
    }

    @Test
    void mergedSumsAreThoseOfAllRows() {
        CovariateSums first = CovariateSums.EMPTY.plus(2, 3, 5).plus(1, -1, 4);
        CovariateSums second = CovariateSums.EMPTY.plus(4, 0.5, 2);

        assertThat(first.merge(second))
                .isEqualTo(CovariateSums.EMPTY.plus(2, 3, 5).plus(1, -1, 4).plus(4, 0.5, 2));
        assertThat(first).isEqualTo(new CovariateSums(6 - 1, 18 + 1, 30 - 4, 12 - 1, 36 + 1, 60 - 4));
        assertThat(first.merge(CovariateSums.EMPTY)).isEqualTo(first);
    }

    /** Rows (weight, x, y): (2, 3, 5), (1, −1, 4) and (4, 0.5, 2), y less 4 by hand: 1, 0, −2. */
    @Test
    void theOriginOfTheOutcomeChangesNoResult() {
        CovariateSums moved =
                new CovariateSums(4, 0, 0, 0, 0, 0, 0).plus(2, 3, 5).plus(1, -1, 4);
        CovariateSums raw = CovariateSums.EMPTY.plus(2, 3, 5).plus(1, -1, 4).plus(4, 0.5, 2);
        WeightedMoments arm = WeightedMoments.EMPTY.plus(2, 5).plus(1, 4).plus(4, 2);

        CovariateSums merged = moved.merge(CovariateSums.EMPTY.plus(4, 0.5, 2));
        assertThat(merged).isEqualTo(new CovariateSums(4, 7, 20, 6 - 4, 19, 41, 12 - 16));
        assertThat(merged.correlation(arm).orElseThrow())
                .isCloseTo(raw.correlation(arm).orElseThrow(), within(1e-14));
        assertThat(merged.covariance(arm)).isCloseTo(raw.covariance(arm), within(1e-14));
        assertThat(merged.variance(arm)).isCloseTo(raw.variance(arm), within(1e-14));
    }

    /** Equal weights make it Pearson's, here that of Commons Math. */
    @Test
    void theCorrelationIsPearsonsForEqualWeights() {
        Arm arm = arms(3, 300, 0.5, 0)[0];

        double[] x = arm.rows.stream().mapToDouble(Row::x).toArray();
        double[] y = arm.rows.stream().mapToDouble(Row::y).toArray();
        assertThat(arm.covariate.correlation(arm.moments).orElseThrow())
                .isCloseTo(new PearsonsCorrelation().correlation(x, y), within(1e-9));
        assertThat(CovariateSums.EMPTY.correlation(WeightedMoments.EMPTY)).isEmpty();
        assertThat(CovariateSums.EMPTY
                        .plus(1, 2, 3)
                        .plus(1, 2, 4)
                        .correlation(WeightedMoments.EMPTY.plus(1, 3).plus(1, 4)))
                .isEmpty();
    }

    @Test
    void aCovariateWithoutSpreadAdjustsNothing() {
        Arm enabled = new Arm();
        Arm control = new Arm();
        for (int row = 0; row < 10; row++) {
            enabled.add(3, 0.1, row);
            control.add(1.5, 0.1, row % 3);
        }

        assertThat(Effect.adjusted(
                        enabled.moments, enabled.covariate, control.moments, control.covariate, Metric.Kind.MEAN))
                .isEmpty();
        assertThat(Effect.adjusted(
                        enabled.moments,
                        enabled.covariate,
                        WeightedMoments.EMPTY,
                        CovariateSums.EMPTY,
                        Metric.Kind.MEAN))
                .isEmpty();
    }

    @Test
    void aCovariateThatIsTheOutcomeLeavesNoVariance() {
        Arm enabled = new Arm();
        Arm control = new Arm();
        for (int row = 0; row < 10; row++) {
            enabled.add(2, row, row + 4.0);
            control.add(2, row * row, row * row);
        }

        Effect effect = adjusted(new Arm[] {enabled, control});
        assertThat(effect.estimate()).isCloseTo(4, within(1e-9));
        assertThat(effect.standardError()).isCloseTo(0, within(1e-6));
    }

    /**
     * 2,000 experiments (seeds 0 to 1,999) of 500 users at p = 0.5. Var(2x) = 4/12 and Var(rest) = 1/4, so ρ² = 4/7:
     * the variance of the estimates must shrink to 3/7 = 0.4286 of itself, within 3.29 standard errors of a ratio of
     * two variances whose estimates are correlated by √(3/7), 0.4286 · 3.29 · √(4/2000 · (1 − 3/7)) = 0.048.
     */
    @Test
    @Tag("simulation")
    void theVarianceShrinksByTheSquareOfTheCorrelation() {
        Moments adjusted = Moments.EMPTY;
        Moments plain = Moments.EMPTY;
        Moments claimed = Moments.EMPTY;
        for (int seed = 0; seed < 2_000; seed++) {
            Arm[] arms = arms(seed, 500, 0.5, 0);
            adjusted = adjusted.plus(adjusted(arms).estimate());
            plain = plain.plus(plain(arms).estimate());
            claimed = claimed.plus(
                    Math.pow(adjusted(arms).standardError() / plain(arms).standardError(), 2));
        }

        assertThat(adjusted.variance() / plain.variance()).isCloseTo(3.0 / 7, within(0.048));
        assertThat(claimed.mean()).isCloseTo(3.0 / 7, within(0.01));
    }

    /**
     * 2,000 experiments (seeds 0 to 1,999) of 500 users, p from 0.1 to 0.9 with x: unbiased within 3.29 standard errors
     * of the mean, and at least 93 % of the 95 % intervals cover the effect of 0.3.
     */
    @Test
    @Tag("simulation")
    void itIsUnbiasedAndItsIntervalCoversTheEffectWhereThePropensityFollowsTheCovariate() {
        Moments estimates = Moments.EMPTY;
        Moments gain = Moments.EMPTY;
        int covered = 0;
        for (int seed = 0; seed < 2_000; seed++) {
            Arm[] arms = arms(seed, 500, 0.1, 0.8);
            Effect effect = adjusted(arms);
            estimates = estimates.plus(effect.estimate());
            gain = gain.plus(Math.pow(effect.standardError() / plain(arms).standardError(), 2));
            covered += effect.interval(0.95).contains(0.3) ? 1 : 0;
        }

        System.out.printf(
                "CUPED: 2,000 seeds, p from 0.1 to 0.9: mean %.4f of 0.3 (standard error %.4f), coverage %.1f %%, variance %.2f of the plain%n",
                estimates.mean(), estimates.standardError(), covered / 20.0, gain.mean());
        assertThat(estimates.mean()).isCloseTo(0.3, within(3.29 * estimates.standardError()));
        assertThat(covered / 2_000.0).isGreaterThanOrEqualTo(0.93);
        assertThat(gain.mean()).isLessThan(1);
    }

    @Test
    void whatNoRowsHaveIsRefusedByName() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> CovariateSums.EMPTY.plus(1, Double.NaN, 1))
                .withMessageContaining("a sum is NaN");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new CovariateSums(0, -1, 0, 0, 0, 0))
                .withMessageContaining("wx2 is -1.0");
    }
}
