package io.flagcast.statistics.heterogeneity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.statistics.Interval;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class CrossFittingTest {

    private static CrossFitting of(int folds, int directions) {
        return new CrossFitting(folds, OptionalInt.of(directions));
    }

    private static double normalTail(double x) {
        return Interval.STANDARD_NORMAL.cumulativeProbability(-x);
    }

    @Test
    void inTwoFoldsAndOneDirectionTheSlopeIsStandardNormal() {
        // z = 2 S₁S₂ / √(S₁² + S₂²), and the product of two normals over their hypotenuse is normal with deviation ½
        // (L. A.
        // Shepp, SIAM Review 4 (1962), problem 62-9).
        for (double x : new double[] {0, 0.5, 1, 2.3, 4, 8}) {
            assertThat(of(2, 1).tail(x) / normalTail(x)).as("x = " + x).isCloseTo(1, within(1e-6));
        }
        // Below 0 the integrand has a corner.
        for (double x : new double[] {-6, -2, -0.5}) {
            assertThat(of(2, 1).tail(x)).as("x = " + x).isCloseTo(normalTail(x), within(1e-4));
        }
    }

    @Test
    void theTailIsThatOfSumsDrawnFoldByFold() {
        // 200,000 draws each, seed 5: a share of 0.1 has a standard error of 0.0007; four of each are allowed.
        SplittableRandom random = new SplittableRandom(5);
        for (CrossFitting made : new CrossFitting[] {of(2, 3), of(3, 1), of(5, 4), of(4, 9)}) {
            int d = made.directions().getAsInt();
            double[] z = new double[200_000];
            for (int draw = 0; draw < z.length; draw++) {
                z[draw] = drawn(random, made.folds(), d);
            }
            for (double x : new double[] {-2, -0.5, 0, 1, 2, 3}) {
                double share = 0;
                for (double value : z) {
                    share += value > x ? 1.0 / z.length : 0;
                }
                double expected = made.tail(x);
                assertThat(share)
                        .as(made + " beyond " + x)
                        .isCloseTo(expected, within(4 * Math.sqrt(expected * (1 - expected) / z.length)));
            }
        }
    }

    /** Σ over folds of the product of its own sum and that of the others, over the root of the squares of the latter. */
    private static double drawn(SplittableRandom random, int folds, int directions) {
        double[][] sums = new double[folds][directions];
        double[] all = new double[directions];
        for (double[] fold : sums) {
            for (int i = 0; i < directions; i++) {
                fold[i] = random.nextGaussian();
                all[i] += fold[i];
            }
        }
        double numerator = 0;
        double squares = 0;
        for (double[] fold : sums) {
            for (int i = 0; i < directions; i++) {
                double others = all[i] - fold[i];
                numerator += others * fold[i];
                squares += others * others;
            }
        }
        return numerator / Math.sqrt(squares);
    }

    @Test
    void withMoreAndMoreDirectionsItIsANormalOfVarianceTwo() {
        CrossFitting unknown = new CrossFitting(5, OptionalInt.empty());
        assertThat(unknown.tail(1.959964 * Math.sqrt(2))).isCloseTo(0.025, within(1e-7));
        assertThat(of(5, 100_000).tail(3)).isEqualTo(unknown.tail(3));
        // The skewness of z falls as 1 / √d.
        assertThat(of(5, 500).tail(3) / unknown.tail(3)).isBetween(0.8, 1.0);
        assertThat(of(5, 10).tail(3)).isLessThan(of(5, 30).tail(3)).isLessThan(unknown.tail(3));
    }

    @Test
    void theLimitIsTheLargerTailWhereClaimsAreMade() {
        for (int folds : new int[] {2, 3, 5, 10}) {
            for (int directions : new int[] {1, 2, 5, 12, 30, 62, 200}) {
                for (double errors : new double[] {2.51, 3.5, 4.5, 5.5}) {
                    assertThat(of(folds, directions).tail(errors * Math.sqrt(2)))
                            .as("%d folds, %d directions, %.2f", folds, directions, errors)
                            .isLessThan(normalTail(errors));
                }
            }
        }
    }

    @Test
    void farOutTheTailStaysAboveZero() {
        // Alone A > x² would be needed: the bound χ²(d) > x².
        double tail = of(5, 12).tail(20);
        assertThat(tail).isPositive().isLessThan(Math.exp(-150));
        assertThat(of(5, 12).tail(-30)).isCloseTo(1, within(1e-9));
    }

    @Test
    void thePOfALineIsTheTailOfItsSlopeInErrors() {
        assertThat(of(5, 4).p(new BestLinearPrediction(100, 0, 0, 1, 3, 2))).isEqualTo(of(5, 4).tail(1.5));
        assertThat(of(5, 4).p(new BestLinearPrediction(100, 0, 0, 0, 1, 0))).isZero();
        assertThat(of(5, 4).p(new BestLinearPrediction(100, 0, 0, 0, 0, 0))).isEqualTo(1);
    }

    @Test
    void wrongArgumentsAreNamed() {
        assertThatIllegalArgumentException().isThrownBy(() -> of(1, 4)).withMessageContaining("folds are 1");
        assertThatIllegalArgumentException().isThrownBy(() -> of(2, 0)).withMessageContaining("directions are 0");
    }
}
