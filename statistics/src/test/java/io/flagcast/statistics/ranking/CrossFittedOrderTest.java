package io.flagcast.statistics.ranking;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.statistics.heterogeneity.BestLinearPrediction.Sums;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.ArrayRealVector;
import org.apache.commons.math3.linear.CholeskyDecomposition;
import org.apache.commons.math3.linear.RealVector;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** How often an order that was learned by cross-fitting is said to find users with larger effects. */
class CrossFittedOrderTest {

    private static final int FOLDS = 5;
    private static final String TITLES = "%-30s %7s %7s %13s %9s %7s %7s %8s%n";

    /**
     * One draw of a world.
     *
     * @param folds what the users of each fold show of the order that was learned from the others
     * @param sums all users' predicted uplifts and pseudo-outcomes
     */
    private record Draw(List<TargetingCurve> folds, Sums sums) {}

    /**
     * A randomised log of responses of 0 and 1, propensities between .2 and .8 that depend on the first predictor.
     *
     * @param predictors uniform in [−1, 1]; the response depends on the first
     * @param users how many
     * @param effect of a user, by his predictors
     */
    private record World(int predictors, int users, ToDoubleFunction<double[]> effect) {

        Draw draw(long seed) {
            SplittableRandom random = new SplittableRandom(seed);
            double[][] x = new double[users][predictors + 1];
            boolean[] enabled = new boolean[users];
            double[] propensity = new double[users];
            double[] response = new double[users];
            Squares[][] byFold = new Squares[FOLDS][2];
            for (int fold = 0; fold < FOLDS; fold++) {
                byFold[fold] = new Squares[] {new Squares(predictors + 1), new Squares(predictors + 1)};
            }
            for (int i = 0; i < users; i++) {
                x[i][0] = 1;
                for (int j = 1; j <= predictors; j++) {
                    x[i][j] = random.nextDouble(-1, 1);
                }
                propensity[i] = 0.5 + 0.3 * x[i][1];
                enabled[i] = random.nextDouble() < propensity[i];
                double rate = 0.35 + 0.15 * x[i][1] + (enabled[i] ? effect.applyAsDouble(x[i]) : 0);
                response[i] = random.nextDouble() < rate ? 1 : 0;
                byFold[i % FOLDS][enabled[i] ? 1 : 0].add(x[i], response[i]);
            }
            List<TargetingCurve> curves = new ArrayList<>();
            double[] sums = new double[Sums.EXPONENTS.size()];
            for (int fold = 0; fold < FOLDS; fold++) {
                RealVector ifNot = Squares.without(byFold, fold, 0);
                RealVector ifEnabled = Squares.without(byFold, fold, 1);
                int own = fold;
                int[] judged =
                        IntStream.range(0, users).filter(i -> i % FOLDS == own).toArray();
                double[] score = new double[judged.length];
                double[] pseudoOutcome = new double[judged.length];
                for (int k = 0; k < judged.length; k++) {
                    int i = judged[k];
                    RealVector row = new ArrayRealVector(x[i], false);
                    double predicted = ifEnabled.dotProduct(row);
                    double predictedIfNot = ifNot.dotProduct(row);
                    score[k] = predicted - predictedIfNot;
                    pseudoOutcome[k] = score[k]
                            + (enabled[i]
                                    ? (response[i] - predicted) / propensity[i]
                                    : -(response[i] - predictedIfNot) / (1 - propensity[i]));
                    for (int power = 0; power < sums.length; power++) {
                        sums[power] += Sums.EXPONENTS.get(power).of(score[k], pseudoOutcome[k]);
                    }
                }
                curves.add(TargetingCurve.of(score, pseudoOutcome));
            }
            return new Draw(curves, Sums.of(sums));
        }
    }

    /** Normal equations of least squares. */
    private static final class Squares {

        private final double[][] products;
        private final double[] sums;

        Squares(int columns) {
            products = new double[columns][columns];
            sums = new double[columns];
        }

        void add(double[] x, double y) {
            for (int j = 0; j < x.length; j++) {
                sums[j] += x[j] * y;
                for (int k = 0; k < x.length; k++) {
                    products[j][k] += x[j] * x[k];
                }
            }
        }

        static RealVector without(Squares[][] byFold, int fold, int arm) {
            int columns = byFold[0][arm].sums.length;
            Array2DRowRealMatrix products = new Array2DRowRealMatrix(columns, columns);
            RealVector sums = new ArrayRealVector(columns);
            for (int other = 0; other < FOLDS; other++) {
                if (other != fold) {
                    products = products.add(new Array2DRowRealMatrix(byFold[other][arm].products, false));
                    sums = sums.add(new ArrayRealVector(byFold[other][arm].sums, false));
                }
            }
            return new CholeskyDecomposition(products).getSolver().solve(sums);
        }
    }

    /**
     * In how many worlds the p-value is below a limit.
     *
     * @param autoc cross-fitted, below 5 %
     * @param qini cross-fitted, below 5 %
     * @param independent AUTOC with the error of independent folds, below 5 %
     * @param fold AUTOC of the first fold alone, whose order knows nothing of its users, below 5 %
     * @param both p of both forms together below 1 %: that an order is shown
     * @param slope p of the slope of the best linear prediction below 1 %: that users differ
     * @param verdict both: the verdict is "heterogeneous" without more
     */
    private record Useful(int autoc, int qini, int independent, int fold, int both, int slope, int verdict) {

        static Useful in(World world, long firstSeed, int worlds) {
            int autocs = 0;
            int qinis = 0;
            int independents = 0;
            int singles = 0;
            int shown = 0;
            int slopes = 0;
            int verdicts = 0;
            for (long seed = firstSeed; seed < firstSeed + worlds; seed++) {
                Draw draw = world.draw(seed);
                OrderEvidence order = OrderEvidence.crossFitted(draw.folds);
                RankWeightedEffect autoc = order.autoc();
                autocs += autoc.p() < 0.05 ? 1 : 0;
                qinis += order.qini().p() < 0.05 ? 1 : 0;
                independents +=
                        new RankWeightedEffect(autoc.n(), autoc.estimate(), autoc.error() / Math.sqrt(2)).p() < 0.05
                                ? 1
                                : 0;
                singles += draw.folds.get(0).autoc().p() < 0.05 ? 1 : 0;
                boolean differ = draw.sums.interpret().orElseThrow().p() < 0.01;
                shown += order.p() < 0.01 ? 1 : 0;
                slopes += differ ? 1 : 0;
                verdicts += differ && order.p() < 0.01 ? 1 : 0;
            }
            return new Useful(autocs, qinis, independents, singles, shown, slopes, verdicts);
        }
    }

    /**
     * 200 worlds of seeds 1,000 on without any heterogeneity, 2,000 users, 5 predictors. At 5 %, 10 ± 3.1 are expected
     * of a test that is exact; 19 is the 99.5th percentile.
     */
    @Tag("simulation")
    @Test
    void anOrderThatKnowsNothingIsHardlyEverCalledUseful() {
        Useful useful = Useful.in(new World(5, 2_000, x -> 0.1), 1_000, 200);
        assertThat(useful.autoc).isLessThanOrEqualTo(19);
        assertThat(useful.qini).isLessThanOrEqualTo(19);
        assertThat(useful.both).isLessThanOrEqualTo(5);
    }

    /** 50 worlds of seeds 1,000 on whose effect is .1 + .15 x, 4,000 users, 5 predictors. */
    @Tag("simulation")
    @Test
    void anOrderThatFindsTheEffectsIsCalledUseful() {
        Useful useful = Useful.in(new World(5, 4_000, x -> 0.1 + 0.15 * x[2]), 1_000, 50);
        assertThat(useful.both).isGreaterThanOrEqualTo(45);
    }

    /** 500 worlds each of seeds 10,000 on; the standard error of a share of 5 % is 1 %. */
    @Tag("proof")
    @Test
    void ofFiveHundredNullWorldsAtMostFivePercentAreCalledUseful() {
        System.out.printf(TITLES, "world", "AUTOC", "Qini", "as if indep.", "one fold", "shown", "slope", "verdict");
        for (int predictors : new int[] {1, 2, 5, 20}) {
            Useful useful = print(predictors + " predictors, no heterogeneity", new World(predictors, 2_000, x -> 0.1));
            assertThat(useful.both).isLessThanOrEqualTo(25);
            // 25 are expected of an exact test, with a standard deviation of 4.9.
            assertThat(useful.autoc).isLessThanOrEqualTo(38);
            assertThat(useful.qini).isLessThanOrEqualTo(38);
            assertThat(useful.fold).isLessThanOrEqualTo(38);
        }
        print("effect .1 + .05 x", new World(5, 4_000, x -> 0.1 + 0.05 * x[2]));
        print("effect .1 + .10 x", new World(5, 4_000, x -> 0.1 + 0.10 * x[2]));
        assertThat(print("effect .1 + .15 x", new World(5, 4_000, x -> 0.1 + 0.15 * x[2])).both)
                .isGreaterThan(400);
        assertThat(print("effect .1 + .20 x", new World(5, 4_000, x -> 0.1 + 0.20 * x[2])).both)
                .isGreaterThan(475);
        print("a tenth gains .4", new World(5, 4_000, x -> x[2] > 0.8 ? 0.4 : 0));
    }

    private static Useful print(String name, World world) {
        Useful useful = Useful.in(world, 10_000, 500);
        System.out.printf(
                TITLES,
                name,
                percent(useful.autoc),
                percent(useful.qini),
                percent(useful.independent),
                percent(useful.fold),
                percent(useful.both),
                percent(useful.slope),
                percent(useful.verdict));
        return useful;
    }

    private static String percent(int of500) {
        return "%.1f %%".formatted(of500 / 5.0);
    }
}
