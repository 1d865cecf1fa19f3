package io.flagcast.statistics.ranking;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.statistics.ranking.TargetingCurve.Cell;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class TargetingCurveTest {

    /** Users of a randomised log, with the doubly robust score of each one's effect. */
    @SuppressWarnings("ArrayRecordComponent") // compared by nobody
    private record Log(double[] score, double[] effect) {

        /**
         * Up to 120 users with logged propensities and predictions; scores are one of few values in half of the logs.
         *
         * @param heterogeneity by how much enabling adds to the response with the score
         */
        static Log drawn(SplittableRandom random, int users, double heterogeneity) {
            int levels = random.nextBoolean() ? 1 + random.nextInt(8) : 1_000_000;
            double[] score = new double[users];
            double[] effect = new double[users];
            for (int i = 0; i < users; i++) {
                score[i] = (double) random.nextInt(levels) / levels;
                double propensity = 0.1 + 0.8 * random.nextDouble();
                boolean enabled = random.nextDouble() < propensity;
                double rate = 0.3 + (enabled ? heterogeneity * (score[i] - 0.4) : 0);
                double response = random.nextDouble() < rate ? 1 : 0;
                double predictedIfEnabled = 0.2 + 0.3 * random.nextDouble();
                double predictedIfNot = 0.2 + 0.3 * random.nextDouble();
                effect[i] = predictedIfEnabled
                        - predictedIfNot
                        + (enabled
                                ? (response - predictedIfEnabled) / propensity
                                : -(response - predictedIfNot) / (1 - propensity));
            }
            return new Log(score, effect);
        }

        TargetingCurve curve() {
            return TargetingCurve.of(score, effect);
        }
    }

    /** (1/n) Σ α(j/n) (mean Γ of the first j − mean Γ), of the tied as many as are needed and of each the same part. */
    private static double byDefinition(double[] score, double[] effect, DoubleUnaryOperator alpha) {
        int n = score.length;
        double all = Arrays.stream(effect).sum() / n;
        double[] falling = IntStream.range(0, n)
                .mapToDouble(i -> -score[i])
                .sorted()
                .map(s -> -s)
                .toArray();
        double sum = 0;
        for (int j = 1; j <= n; j++) {
            double last = falling[j - 1];
            double before = 0;
            double ofTied = 0;
            int first = 0;
            int tied = 0;
            for (int i = 0; i < n; i++) {
                if (score[i] > last) {
                    before += effect[i];
                    first++;
                } else if (score[i] == last) {
                    ofTied += effect[i];
                    tied++;
                }
            }
            double mean = (before + ofTied * (j - first) / tied) / j;
            sum += alpha.applyAsDouble((double) j / n) * (mean - all);
        }
        return sum / n;
    }

    /** 300 logs of 1 to 120 users, seed 1. */
    @Test
    void theEffectsAreThoseOfTheDefinition() {
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 300; i++) {
            Log log = Log.drawn(random, 1 + random.nextInt(120), 0.5);
            assertThat(log.curve().autoc().estimate())
                    .as("AUTOC of log " + i)
                    .isCloseTo(byDefinition(log.score, log.effect, share -> 1), within(1e-9));
            assertThat(log.curve().qini().estimate())
                    .as("Qini form of log " + i)
                    .isCloseTo(byDefinition(log.score, log.effect, DoubleUnaryOperator.identity()), within(1e-9));
        }
    }

    /** Six users of whom two and three are tied: the mean over all 720 orders of what each order gives without ties. */
    @Test
    void theTiedCountAsOnAverageOverTheirOrders() {
        double[] score = {5, 5, 4, 3, 3, 3};
        double[] effect = {0.4, -0.7, 0.2, 1.1, -0.3, 0.05};
        double autoc = 0;
        double qini = 0;
        List<List<Integer>> orders = orders(List.of(0, 1, 2, 3, 4, 5));
        assertThat(orders).hasSize(720);
        for (List<Integer> order : orders) {
            double[] broken = new double[6];
            for (int place = 0; place < 6; place++) {
                broken[order.get(place)] = score[order.get(place)] - place / 100.0;
            }
            autoc += byDefinition(broken, effect, share -> 1) / 720;
            qini += byDefinition(broken, effect, DoubleUnaryOperator.identity()) / 720;
        }
        TargetingCurve curve = TargetingCurve.of(score, effect);
        assertThat(curve.autoc().estimate()).isCloseTo(autoc, within(1e-12));
        assertThat(curve.qini().estimate()).isCloseTo(qini, within(1e-12));
    }

    private static List<List<Integer>> orders(List<Integer> of) {
        if (of.isEmpty()) {
            return List.of(List.of());
        }
        List<List<Integer>> orders = new ArrayList<>();
        for (Integer first : of) {
            for (List<Integer> rest :
                    orders(of.stream().filter(one -> !one.equals(first)).toList())) {
                List<Integer> order = new ArrayList<>(List.of(first));
                order.addAll(rest);
                orders.add(order);
            }
        }
        return orders;
    }

    /** By hand: heights are 2 − 1, 1 − 1 = 0 for the two of mean Γ 2 and 0. */
    @Test
    void twoUsersByHand() {
        TargetingCurve curve = TargetingCurve.of(new double[] {1, 0}, new double[] {2, 0});
        assertThat(curve.autoc().estimate()).isCloseTo((1 + 0) / 2.0, within(1e-15));
        assertThat(curve.qini().estimate()).isCloseTo((0.5 * 1 + 1 * 0) / 2.0, within(1e-15));
        assertThat(curve.users()).isEqualTo(2);
    }

    /** The largest cells have sums of harmonic numbers that are computed otherwise than term by term. */
    @Test
    void largeCellsWeighAsTheirUsersDo() {
        List<Cell> cells = List.of(
                new Cell(3, 700, 90, 50),
                new Cell(2, 1_000, 10, 70),
                new Cell(1, 5, 4, 6),
                new Cell(0, 2_000, -40, 20));
        double[] score = new double[3_705];
        double[] effect = new double[3_705];
        int user = 0;
        for (Cell cell : cells) {
            for (int i = 0; i < cell.users(); i++) {
                score[user] = cell.score();
                effect[user] = cell.sum() / cell.users();
                user++;
            }
        }
        TargetingCurve curve = new TargetingCurve(cells);
        assertThat(curve.autoc().estimate()).isCloseTo(byDefinition(score, effect, share -> 1), within(1e-12));
        assertThat(curve.qini().estimate())
                .isCloseTo(byDefinition(score, effect, DoubleUnaryOperator.identity()), within(1e-12));
    }

    /** 500 users of seed 2: the score in cells of a tenth. */
    @Test
    void cellsAreTheRoundedScoreAndMergeInAnyOrder() {
        SplittableRandom random = new SplittableRandom(2);
        Log log = Log.drawn(random, 500, 0.5);
        double[] rounded =
                Arrays.stream(log.score).map(s -> Math.floor(10 * s) / 10).toArray();
        TargetingCurve users = TargetingCurve.of(rounded, log.effect);
        assertThat(users.cells()).hasSizeLessThanOrEqualTo(10);
        List<Cell> parts = new ArrayList<>();
        for (int part = 0; part < 3; part++) {
            int own = part;
            int[] of = IntStream.range(0, 500).filter(i -> i % 3 == own).toArray();
            parts.addAll(TargetingCurve.of(
                            Arrays.stream(of).mapToDouble(i -> rounded[i]).toArray(),
                            Arrays.stream(of).mapToDouble(i -> log.effect[i]).toArray())
                    .cells());
        }
        parts.add(new Cell(0.55, 0, 0, 0));
        Collections.reverse(parts);
        TargetingCurve merged = new TargetingCurve(parts);
        assertThat(merged.cells()).hasSameSizeAs(users.cells());
        assertThat(merged.autoc().estimate()).isCloseTo(users.autoc().estimate(), within(1e-12));
        assertThat(merged.autoc().error()).isCloseTo(users.autoc().error(), within(1e-12));
        assertThat(merged.qini().estimate()).isCloseTo(users.qini().estimate(), within(1e-12));
        assertThat(merged.qini().error()).isCloseTo(users.qini().error(), within(1e-12));
    }

    /** What a user moves is the derivative by his weight: a numerical one, by the definition with weights, as a check. */
    @Test
    void theErrorIsThatOfTheDerivativeByEachUsersWeight() {
        SplittableRandom random = new SplittableRandom(3);
        for (int levels : new int[] {3, 12}) {
            int n = 200;
            double[] score = new double[n];
            double[] effect = new double[n];
            for (int i = 0; i < n; i++) {
                score[i] = random.nextInt(levels);
                effect[i] = score[i] / levels + random.nextDouble(-1, 1);
            }
            TargetingCurve curve = TargetingCurve.of(score, effect);
            for (boolean logarithmic : new boolean[] {true, false}) {
                double[] weights = new double[n];
                Arrays.fill(weights, 1);
                double squares = 0;
                for (int i = 0; i < n; i++) {
                    double step = 1e-5;
                    weights[i] = 1 + step;
                    double up = weighted(score, effect, weights, logarithmic);
                    weights[i] = 1 - step;
                    double down = weighted(score, effect, weights, logarithmic);
                    weights[i] = 1;
                    double moved = (up - down) / (2 * step);
                    squares += moved * moved;
                }
                RankWeightedEffect own = logarithmic ? curve.autoc() : curve.qini();
                assertThat(own.error()).isCloseTo(Math.sqrt(squares), within(1e-7));
            }
        }
    }

    /** Σ mean (φ(b) − φ(a)) over the scores, b the share of all weight down to a score and a that before it. */
    private static double weighted(double[] score, double[] effect, double[] weights, boolean logarithmic) {
        DoubleUnaryOperator phi = q -> logarithmic ? (q <= 0 ? 0 : -q * Math.log(q)) : (q - q * q) / 2;
        double all = Arrays.stream(weights).sum();
        double sum = 0;
        double before = 0;
        for (double s : Arrays.stream(score).distinct().map(x -> -x).sorted().toArray()) {
            double weight = 0;
            double effects = 0;
            for (int i = 0; i < score.length; i++) {
                if (score[i] == -s) {
                    weight += weights[i];
                    effects += weights[i] * effect[i];
                }
            }
            double upTo = before + weight / all;
            sum += effects / weight * (phi.applyAsDouble(Math.min(1, upTo)) - phi.applyAsDouble(before));
            before = upTo;
        }
        return sum;
    }

    /** 2,000 users without ties, seed 4, and 2,000 half samples: the standard deviation is known to 1.6 %. */
    @Tag("simulation")
    @Test
    void theErrorIsAboutThatOfTheHalfSampleBootstrap() {
        SplittableRandom random = new SplittableRandom(4);
        int n = 2_000;
        double[] score = new double[n];
        double[] effect = new double[n];
        for (int i = 0; i < n; i++) {
            score[i] = random.nextDouble();
            effect[i] = score[i] * score[i] + random.nextDouble(-2, 2);
        }
        double[] autoc = new double[2_000];
        double[] qini = new double[autoc.length];
        int[] users = IntStream.range(0, n).toArray();
        for (int sample = 0; sample < autoc.length; sample++) {
            for (int i = 0; i < n / 2; i++) {
                int other = i + random.nextInt(n - i);
                int own = users[i];
                users[i] = users[other];
                users[other] = own;
            }
            TargetingCurve half = TargetingCurve.of(
                    IntStream.range(0, n / 2).mapToDouble(i -> score[users[i]]).toArray(),
                    IntStream.range(0, n / 2).mapToDouble(i -> effect[users[i]]).toArray());
            autoc[sample] = half.autoc().estimate();
            qini[sample] = half.qini().estimate();
        }
        TargetingCurve curve = TargetingCurve.of(score, effect);
        assertThat(curve.autoc().error() / deviation(autoc)).isBetween(0.94, 1.06);
        assertThat(curve.qini().error() / deviation(qini)).isBetween(0.94, 1.06);
    }

    private static double deviation(double[] values) {
        double mean = Arrays.stream(values).average().orElseThrow();
        return Math.sqrt(Arrays.stream(values).map(v -> (v - mean) * (v - mean)).sum() / (values.length - 1));
    }

    @Test
    void oneScoreIsNoOrder() {
        TargetingCurve curve = TargetingCurve.of(new double[] {0.0, -0.0, 0.0}, new double[] {1, 2, 4});
        assertThat(curve.cells()).hasSize(1);
        assertThat(curve.autoc().estimate()).isCloseTo(0, within(1e-15));
        assertThat(curve.qini().estimate()).isZero();
        assertThat(curve.qini().error()).isZero();
        assertThat(curve.qini().p()).isEqualTo(1);
    }

    @Test
    void theSameEffectForAllIsWorthNothing() {
        TargetingCurve curve = TargetingCurve.of(new double[] {3, 2, 1, 1}, new double[] {0.5, 0.5, 0.5, 0.5});
        assertThat(curve.autoc().estimate()).isCloseTo(0, within(1e-15));
        assertThat(curve.autoc().error()).isCloseTo(0, within(1e-15));
        assertThat(curve.qini().estimate()).isCloseTo(0, within(1e-15));
    }

    @Test
    void argumentsOutsideTheirRangeAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TargetingCurve.of(new double[2], new double[3]))
                .withMessage("TargetingCurve: 2 scores and 3 effects; there must be one of each per user");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new TargetingCurve(List.of(new Cell(1, 0, 0, 0))))
                .withMessage("TargetingCurve: no users; an order needs some");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Cell(1, -1, 0, 0))
                .withMessage("TargetingCurve: users is -1, a count cannot be negative");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Cell(1, 0, 0.5, 0))
                .withMessage("TargetingCurve: no users, yet the sum of effects is 0.5 and that of their squares 0.0;"
                        + " both must be 0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Cell(1, 0, 0, 0.5))
                .withMessageContaining("no users");
        for (double[] bad :
                new double[][] {{Double.NaN, 1, 1}, {1, Double.POSITIVE_INFINITY, 1}, {1, 1, Double.NaN}, {1, 1, -1e-9}
                }) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new Cell(bad[0], 1, bad[1], bad[2]))
                    .withMessageContaining("all must be finite and squares at least 0");
        }
    }
}
