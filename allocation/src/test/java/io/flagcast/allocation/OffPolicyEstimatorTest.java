package io.flagcast.allocation;

import static io.flagcast.fixtures.Cases.cases;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.allocation.LoggedReward.Arm;
import io.flagcast.allocation.OffPolicyEvaluation.PolicyValue;
import io.flagcast.allocation.RewardModel.Group;
import io.flagcast.fixtures.Generator;
import io.flagcast.statistics.WeightedMoments;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class OffPolicyEstimatorTest {

    /**
     * Four users; logged propensity, evaluated probability, arm, reward, expected when enabled and when not:
     *
     * <pre>
     * 0.5   0.8   enabled  1   0.6  0.2   w = 1.6            direct 0.8·0.6 + 0.2·0.2 = 0.52
     * 0.5   0.8   control  0   0.6  0.2   w = 0.2/0.5 = 0.4  direct 0.52
     * 0.1   0.9   enabled  1   0.5  0.4   w = 9              direct 0.9·0.5 + 0.1·0.4 = 0.49
     * 0.25  0     control  1   0.3  0.5   w = 1/0.75 = 4/3   direct 0.5
     * </pre>
     */
    private static List<LoggedReward> four() {
        return List.of(
                LoggedReward.of(1, Arm.ENABLED, 0.5, 0.8, 0.6, 0.2),
                LoggedReward.of(0, Arm.CONTROL, 0.5, 0.8, 0.6, 0.2),
                LoggedReward.of(1, Arm.ENABLED, 0.1, 0.9, 0.5, 0.4),
                LoggedReward.of(1, Arm.CONTROL, 0.25, 0, 0.3, 0.5));
    }

    static OffPolicySums sums(List<LoggedReward> rows) {
        return rows.stream().reduce(OffPolicySums.EMPTY, OffPolicySums::plus, OffPolicySums::merge);
    }

    @Test
    void theEstimatesOfFourUsersAreThoseComputedByHand() {
        OffPolicySums sums = sums(four());

        assertThat(OffPolicyEstimator.IPS.value(sums)).isCloseTo((1.6 + 9 + 4.0 / 3) / 4, within(1e-9));
        assertThat(OffPolicyEstimator.SNIPS.value(sums))
                .isCloseTo((1.6 + 9 + 4.0 / 3) / (1.6 + 0.4 + 9 + 4.0 / 3), within(1e-9));
        assertThat(OffPolicyEstimator.DM.value(sums)).isCloseTo((0.52 + 0.52 + 0.49 + 0.5) / 4, within(1e-9));
        // Corrections w (r − q): 1.6·0.4, 0.4·(−0.2), 9·0.5, 4/3·0.5.
        assertThat(OffPolicyEstimator.DR.value(sums)).isCloseTo((2.03 + 0.64 - 0.08 + 4.5 + 2.0 / 3) / 4, within(1e-9));
        // With the weight 0.4 alone the terms are 0.52, 0.44, 0.49, 0.5: variance 0.0002, unseen (0.16·0.175 − 0.0064)
        // / 16,
        // and a bias of at most (1 − 0.1 + 1.645·0.0866) · 0.4 / 2 = 0.2085, squared error 0.045. With all but 9 it is
        // 0.051,
        // with 9 too 0.80.
        assertThat(OffPolicyEstimator.SWITCH_DR.value(sums)).isCloseTo((0.52 + 0.44 + 0.49 + 0.5) / 4, within(1e-9));
        assertThat(sums.effectiveSampleSize())
                .isCloseTo(Math.pow(37.0 / 3, 2) / (2.56 + 0.16 + 81 + 16.0 / 9), within(1e-9));
        assertThat(sums.largestWeight()).isEqualTo(9);
        assertThat(sums.unsupported()).isZero();
        assertThat(sums.n()).isEqualTo(4);
    }

    /** A corrected mean, and the root of its estimated squared error over its variance. */
    record Corrected(double mean, double errorPerStandardError) {}

    static double corrected(List<LoggedReward> rows, List<DoubleUnaryOperator> weights) {
        return best(rows, weights).mean();
    }

    /** The definition, row by row, with the parameter of least estimated error found by looking at all, the last as logged. */
    static Corrected best(List<LoggedReward> rows, List<DoubleUnaryOperator> weights) {
        List<Double> asLogged = terms(rows, w -> w);
        List<Double> residuals =
                rows.stream().map(row -> row.reward() - row.predicted()).toList();
        double meanSquare = mean(squares(residuals));
        double meanSize = mean(residuals.stream().map(Math::abs).toList());
        Corrected best = new Corrected(0, 0);
        double least = Double.POSITIVE_INFINITY;
        for (DoubleUnaryOperator weight : weights) {
            List<Double> terms = terms(rows, weight);
            List<Double> kept =
                    rows.stream().map(row -> weight.applyAsDouble(row.weight())).toList();
            List<Double> departures = new ArrayList<>();
            double spread = 0;
            double seen = 0;
            for (int i = 0; i < terms.size(); i++) {
                departures.add(terms.get(i) - asLogged.get(i));
                spread += kept.get(i) * kept.get(i) * meanSquare;
                seen += Math.pow(kept.get(i) * residuals.get(i), 2);
            }
            double byRows = Math.abs(mean(departures)) + 1.6448536269514722 * Math.sqrt(varianceOfMean(departures));
            double left = Math.max(0, 1 - mean(kept) + 1.6448536269514722 * Math.sqrt(varianceOfMean(kept)));
            double bias = weight == weights.get(weights.size() - 1) ? 0 : Math.min(byRows, left * meanSize / 2);
            double variance = varianceOfMean(terms);
            double unseen = Math.max(0, spread - seen) / Math.pow(rows.size(), 2);
            double error = variance + unseen + bias * bias;
            if (error < least) {
                least = error;
                best = new Corrected(mean(terms), variance == 0 ? 1 : Math.sqrt(error / variance));
            }
        }
        return best;
    }

    private static double varianceOfMean(List<Double> values) {
        return (mean(squares(values)) - Math.pow(mean(values), 2)) / values.size();
    }

    private static List<Double> squares(List<Double> values) {
        return values.stream().map(value -> value * value).toList();
    }

    static List<Double> terms(List<LoggedReward> rows, DoubleUnaryOperator weight) {
        return rows.stream()
                .map(row -> row.direct() + weight.applyAsDouble(row.weight()) * (row.reward() - row.predicted()))
                .toList();
    }

    static double mean(List<Double> values) {
        return values.stream().mapToDouble(value -> value).average().orElseThrow();
    }

    static List<DoubleUnaryOperator> switches() {
        List<DoubleUnaryOperator> weights = new ArrayList<>();
        for (double threshold : new double[] {1, 2, 4, 8, 16, 32, 64}) {
            weights.add(w -> w <= threshold ? w : 0);
        }
        weights.add(w -> w);
        return weights;
    }

    static List<DoubleUnaryOperator> shrinkages() {
        List<DoubleUnaryOperator> weights = new ArrayList<>();
        for (double lambda : new double[] {1, 4, 16, 64, 256, 1024, 4096}) {
            weights.add(w -> lambda * w / (w * w + lambda));
        }
        weights.add(w -> w);
        return weights;
    }

    @Test
    void sumsGiveWhatTheDefinitionGivesRowByRowAndMerge() {
        record Log(long seed, int users, int cut) {}
        Generator<Log> generator = dice -> new Log(dice.seed(), dice.integer(2, 60), dice.integer(0, 60));
        cases(1, 300, generator).allSatisfy(log -> {
            int users = log.users();
            SplittableRandom random = new SplittableRandom(log.seed());
            List<LoggedReward> rows = new ArrayList<>();
            for (int i = 0; i < users; i++) {
                double logged = 0.01 + 0.98 * random.nextDouble();
                rows.add(LoggedReward.of(
                        random.nextInt(3),
                        random.nextDouble() < logged ? Arm.ENABLED : Arm.CONTROL,
                        logged,
                        random.nextDouble(),
                        random.nextDouble(),
                        random.nextDouble()));
            }
            OffPolicySums sums = sums(rows.subList(0, Math.min(log.cut(), users)))
                    .merge(sums(rows.subList(Math.min(log.cut(), users), users)));
            double weightedRewards =
                    mean(rows.stream().map(row -> row.weight() * row.reward()).toList());

            assertThat(OffPolicyEstimator.IPS.value(sums)).isCloseTo(weightedRewards, within(1e-9));
            assertThat(OffPolicyEstimator.SNIPS.value(sums))
                    .isCloseTo(
                            weightedRewards
                                    / mean(rows.stream()
                                            .map(LoggedReward::weight)
                                            .toList()),
                            within(1e-9));
            assertThat(OffPolicyEstimator.DM.value(sums))
                    .isCloseTo(mean(rows.stream().map(LoggedReward::direct).toList()), within(1e-9));
            assertThat(OffPolicyEstimator.DR.value(sums)).isCloseTo(mean(terms(rows, w -> w)), within(1e-9));
            assertThat(OffPolicyEstimator.SWITCH_DR.value(sums)).isCloseTo(corrected(rows, switches()), within(1e-9));
            assertThat(OffPolicyEstimator.DROS.value(sums)).isCloseTo(corrected(rows, shrinkages()), within(1e-9));
        });
    }

    /** Weights of whole numbers stand on the thresholds of SWITCH. */
    @Test
    void theLeastEstimatedErrorIsFoundAndSaysHowMuchWiderAnIntervalIs() {
        Generator<Long> generator = dice -> dice.seed();
        cases(2, 300, generator).allSatisfy(seed -> {
            SplittableRandom random = new SplittableRandom(seed);
            int largest = random.nextInt(2, 70);
            List<LoggedReward> rows = new ArrayList<>();
            for (int i = random.nextInt(2, 200); i > 0; i--) {
                rows.add(new LoggedReward(
                        random.nextDouble(), random.nextInt(largest), 0.5, 0.5 + 0.1 * random.nextDouble(), 0));
            }
            OffPolicySums sums = sums(rows);

            Corrected switched = best(rows, switches());
            assertThat(OffPolicyEstimator.SWITCH_DR.value(sums)).isCloseTo(switched.mean(), within(1e-9));
            assertThat(OffPolicyEstimator.SWITCH_DR.widening(sums))
                    .isCloseTo(switched.errorPerStandardError(), within(1e-6));
            Corrected shrunken = best(rows, shrinkages());
            assertThat(OffPolicyEstimator.DROS.value(sums)).isCloseTo(shrunken.mean(), within(1e-9));
            assertThat(OffPolicyEstimator.DROS.widening(sums))
                    .isCloseTo(shrunken.errorPerStandardError(), within(1e-6));
            assertThat(OffPolicyEstimator.DR.widening(sums)).isEqualTo(1);
        });
        LoggedReward certain = new LoggedReward(0.5, 1, 0.5, 0.25, 0);
        assertThat(OffPolicyEstimator.SWITCH_DR.widening(sums(List.of(certain, certain))))
                .isEqualTo(1);
    }

    /**
     * Direct values 4, 4, −4, −4, weights 2, 3, 2, 2, residuals −1, 0.5, 0.5, −1. With 3 left out and 2 kept the terms are 2, 4, −3
     * and −6: squared error 4.75, where all weights kept give 4.92 and any other threshold more.
     */
    @Test
    void aWeightOnTheThresholdIsKept() {
        List<LoggedReward> rows = List.of(
                new LoggedReward(-1, 2, 0, 4, 0),
                new LoggedReward(0.5, 3, 0, 4, 0),
                new LoggedReward(0.5, 2, 0, -4, 0),
                new LoggedReward(-1, 2, 0, -4, 0));

        assertThat(OffPolicyEstimator.SWITCH_DR.value(sums(rows))).isCloseTo(-0.75, within(1e-12));
        assertThat(corrected(rows, switches())).isCloseTo(-0.75, within(1e-12));
    }

    @Test
    void noRowsAreWorthNothing() {
        assertThat(OffPolicySums.EMPTY.n()).isZero();
        assertThat(OffPolicySums.EMPTY.effectiveSampleSize()).isZero();
        assertThat(OffPolicySums.EMPTY.expectedSampleSize()).isZero();
        assertThat(OffPolicySums.EMPTY.effectiveDifference()).isZero();
        assertThat(OffPolicySums.EMPTY.unsupported()).isZero();
        assertThat(OffPolicySums.EMPTY.largestWeight()).isZero();
    }

    @Test
    void blocksCountAsOftenAsTheyAreChosen() {
        List<OffPolicySums> blocks =
                four().stream().map(row -> OffPolicySums.EMPTY.plus(row)).toList();
        OffPolicySums chosen = OffPolicySums.of(blocks, new int[] {0, 2, 2});

        assertThat(chosen.n()).isEqualTo(3);
        assertThat(chosen.weight()).isCloseTo((1.6 + 9 + 9) / 3, within(1e-12));
        assertThat(chosen.largestWeight()).isEqualTo(9);
    }

    /**
     * This policy enables everybody, the other nobody; logged propensity, arm, reward − expected:
     *
     * <pre>
     * 0.5  enabled  1 − 0.6 =  0.4   weights 2 and 0:   d =  2
     * 0.5  control  0 − 0.2 = −0.2   weights 0 and 2:   d = −2
     * 0.1  enabled  1 − 0.5 =  0.5   weights 10 and 0:  d = 10
     * </pre>
     *
     * and a fourth row about which both agree. More weight here: (2 + 10)² / (4 + 100) rows, there (2)² / 4 = 1. The mean squares
     * are (2 · 0.16 + 10 · 0.25) / 12 = 0.235 and 0.04. Here d² ρ² sums to 25.64, more than 104 · 0.235; there to 4 · 0.04, where
     * 4 · 0.235 would be expected: 0.78 are missing, over 4² rows.
     */
    @Test
    void aDifferenceIsKnownNoBetterThanTheArmOfWhichLessIsKnown() {
        List<LoggedReward> here = List.of(
                LoggedReward.of(1, Arm.ENABLED, 0.5, 1, 0.6, 0.2),
                LoggedReward.of(0, Arm.CONTROL, 0.5, 1, 0.6, 0.2),
                LoggedReward.of(1, Arm.ENABLED, 0.1, 1, 0.5, 0.4),
                LoggedReward.of(1, Arm.CONTROL, 0.25, 0, 0.3, 0.5));
        List<LoggedReward> there = List.of(
                LoggedReward.of(1, Arm.ENABLED, 0.5, 0, 0.6, 0.2),
                LoggedReward.of(0, Arm.CONTROL, 0.5, 0, 0.6, 0.2),
                LoggedReward.of(1, Arm.ENABLED, 0.1, 0, 0.5, 0.4),
                LoggedReward.of(1, Arm.CONTROL, 0.25, 0, 0.3, 0.5));
        OffPolicySums sums = OffPolicySums.EMPTY;
        OffPolicySums reversed = OffPolicySums.EMPTY;
        for (int i = 0; i < 4; i++) {
            sums = sums.plus(here.get(i), there.get(i));
            reversed = reversed.plus(there.get(i), here.get(i));
        }

        assertThat(sums.effectiveDifference()).isCloseTo(1, within(1e-12));
        assertThat(reversed.effectiveDifference()).isCloseTo(1, within(1e-12));
        assertThat(sums.unseenVarianceOfDifference()).isCloseTo(0.78 / 16, within(1e-12));
        assertThat(reversed.unseenVarianceOfDifference()).isCloseTo(0.78 / 16, within(1e-12));
        assertThat(sums(here).effectiveDifference()).isZero();

        // Another such control user: (2 + 2)² / (4 + 4) = 2 rows there, now (12)² / 104 here is the lesser.
        assertThat(sums.plus(here.get(1), there.get(1)).effectiveDifference()).isCloseTo(144.0 / 104, within(1e-12));
    }

    /**
     * Weights 1, 1 and 10; residuals 0.5, −0.5 and 0.1: their mean square is 0.17. Σ w² · 0.17 = 17.34 where 0.25 + 0.25 + 1 is
     * seen. With 0.9 in the heavy row 81.5 is seen, more than 102 times 1.31 / 3 = 44.54.
     */
    @Test
    void aHeavyRowThatHappensToFitDoesNotLookCertain() {
        LoggedReward one = new LoggedReward(1, 1, 0.5, 0.5, 0);
        LoggedReward other = new LoggedReward(0, 1, 0.5, 0.5, 0);

        assertThat(sums(List.of(one, other, new LoggedReward(0, 10, -0.1, 0.1, 0)))
                        .unseenVariance())
                .isCloseTo((17.34 - 1.5) / 9, within(1e-9));
        assertThat(sums(List.of(one, other, new LoggedReward(1, 10, 0.1, 0.1, 0)))
                        .unseenVariance())
                .isZero();
        assertThat(sums(List.of(one, other)).unseenVariance()).isZero();
    }

    @Test
    void onlyARowIsComparedWithItself() {
        LoggedReward row = new LoggedReward(1, 1, 0.5, 0.5, 0);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> OffPolicySums.EMPTY.plus(row, new LoggedReward(0, 1, 0.5, 0.5, 0)))
                .withMessageEndingWith("are two rows");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> OffPolicySums.EMPTY.plus(row, new LoggedReward(1, 1, 0.25, 0.5, 0)))
                .withMessageEndingWith("are two rows");
    }

    @Test
    void everyEstimatorSaysWhatItIs() {
        assertThat(Stream.of(OffPolicyEstimator.values()).map(OffPolicyEstimator::label))
                .containsExactly("IPS", "SNIPS", "DM", "DR", "SWITCH-DR", "DRos");
        assertThat(OffPolicyEstimator.DM.description()).isEqualTo("the reward model alone: no weights, no guarantee");
    }

    @Test
    void anActionThatWasNeverLoggedIsMissingSupport() {
        LoggedReward neverEnabled = LoggedReward.of(0, Arm.CONTROL, 0, 0.3, 0.1, 0.1);
        LoggedReward alwaysEnabled = LoggedReward.of(0, Arm.ENABLED, 1, 0.9, 0.1, 0.1);

        assertThat(neverEnabled.unsupported()).isEqualTo(0.3);
        assertThat(alwaysEnabled.unsupported()).isCloseTo(0.1, within(1e-12));
        List<List<OffPolicySums>> blocks =
                new ArrayList<>(Collections.nCopies(20, List.of(sums(four()), sums(List.of(neverEnabled)))));
        blocks.addAll(Collections.nCopies(20, List.of(sums(four()), sums(List.of(alwaysEnabled)))));
        List<PolicyValue> values =
                OffPolicyEvaluation.of(blocks, chosen -> new double[2], 100, 1).values();
        assertThat(values.get(0).doublyRobust()).isPresent();
        assertThat(values.get(1).doublyRobust()).isEmpty();
        assertThat(values.get(1).overFirst()).isEmpty();
        assertThat(values.get(1).refusal())
                .contains(
                        "20.0 % of its decisions are of a kind that was never logged (propensity 0), at most 0.1 % may"
                                + " be: what they earn is unknown. Log with an exploration slice first");
    }

    @Test
    void aPolicyThatNobodyWasGivenIsRefused() {
        OffPolicySums none = sums(List.of(LoggedReward.of(1, Arm.CONTROL, 0.5, 1, 0.1, 0.1)));

        OffPolicySums one = sums(Collections.nCopies(3, LoggedReward.of(1, Arm.ENABLED, 0.5, 1, 0.1, 0.1)));

        assertThat(refusal(Collections.nCopies(200, List.of(none))))
                .contains("only 0 of 200 blocks of logged users have one who was given what it would give, needs 20");
        List<List<OffPolicySums>> few = new ArrayList<>(Collections.nCopies(181, List.of(none)));
        few.addAll(Collections.nCopies(19, List.of(one)));
        assertThat(refusal(few))
                .contains("only 19 of 200 blocks of logged users have one who was given what it would give, needs 20");
        few.set(0, List.of(one));
        assertThat(refusal(few)).isEmpty();
    }

    private static Optional<String> refusal(List<List<OffPolicySums>> blocks) {
        return OffPolicyEvaluation.of(blocks, chosen -> new double[1], 100, 1)
                .values()
                .get(0)
                .refusal();
    }

    /** Twenty blocks of rows with equal weights: as many rows as they are. */
    @Test
    void belowAnEffectiveSizeOfFiftyNothingIsSaid() {
        LoggedReward fair = LoggedReward.of(1, Arm.ENABLED, 0.5, 1, 0.1, 0.1);
        List<List<OffPolicySums>> blocks = new ArrayList<>(Collections.nCopies(19, List.of(sums(List.of(fair, fair)))));
        blocks.add(List.of(sums(Collections.nCopies(11, fair))));
        assertThat(refusal(blocks))
                .contains(
                        "the log of 49 users is worth 24.5 of them by its propensities (effective sample size), needs 50:"
                                + " few were given what it would give, and they would stand for all. Log more users, or a larger"
                                + " exploration slice");
        LoggedReward heavy = new LoggedReward(1, 100, 0.1, 0.1, 0, 1);
        LoggedReward light = new LoggedReward(1, 1, 0.1, 0.1, 0);
        blocks = new ArrayList<>(Collections.nCopies(100, List.of(sums(List.of(light, light)))));
        blocks.set(0, List.of(sums(List.of(heavy))));
        // (100 + 198)² / (100² + 198)
        assertThat(refusal(blocks))
                .contains(
                        "the log of 199 users is worth 8.7 of them (effective sample size), needs 50: few were given what"
                                + " it would give, and they would stand for all. Log more users, or a larger exploration slice");
        assertThat(refusal(Collections.nCopies(50, List.of(sums(List.of(light))))))
                .isEmpty();
        assertThat(refusal(Collections.nCopies(49, List.of(sums(List.of(light))))))
                .isPresent();
    }

    /**
     * Every other user is enabled for certain, each of the others with a thousandth: 100 users are met, none of the others
     * enabled. Were everybody, (100)² / (50 · 1 + 50 · 1,000) = 0.2 users would speak of it, though 50 seem to.
     */
    @Test
    void thatNoHeavyRowWasMetIsNoEvidence() {
        LoggedReward always = LoggedReward.of(1, Arm.ENABLED, 1, 1, 0.1, 0.1);
        LoggedReward seldom = LoggedReward.of(1, Arm.CONTROL, 0.001, 1, 0.1, 0.1);
        List<List<OffPolicySums>> blocks = Collections.nCopies(50, List.of(sums(List.of(always, seldom))));

        assertThat(seldom.expectedSquare()).isCloseTo(1_000, within(1e-9));
        assertThat(LoggedReward.of(1, Arm.CONTROL, 0.5, 0.8, 0.6, 0.2).expectedSquare())
                .isCloseTo(0.64 / 0.5 + 0.04 / 0.5, within(1e-12));
        assertThat(sums(List.of(always, seldom)).expectedSampleSize()).isCloseTo(4.0 / 1_001, within(1e-9));
        assertThat(refusal(blocks))
                .hasValueSatisfying(
                        why -> assertThat(why)
                                .startsWith(
                                        "the log of 100 users is worth 0.2 of them by its propensities (effective sample size)"));
    }

    @Test
    void aLogThatContradictsItselfIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LoggedReward.of(1, Arm.ENABLED, 0, 0.5, 0, 0))
                .withMessage("a user was enabled although the logged propensity is 0.0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LoggedReward.of(1, Arm.CONTROL, 1, 0.5, 0, 0))
                .withMessage("a user was not although the logged propensity is 1.0");
    }

    @Test
    void aRowOutsideItsRangesIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new LoggedReward(Double.NaN, 1, 0, 0, 0))
                .withMessage("reward NaN is not finite");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new LoggedReward(0, 1, Double.POSITIVE_INFINITY, 0, 0))
                .withMessage("predicted reward Infinity is not finite");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new LoggedReward(0, 1, 0, Double.NaN, 0))
                .withMessage("direct reward NaN is not finite");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new LoggedReward(0, -0.5, 0, 0, 0))
                .withMessage("weight -0.5 is not finite and at least 0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new LoggedReward(0, Double.POSITIVE_INFINITY, 0, 0, 0))
                .withMessage("weight Infinity is not finite and at least 0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new LoggedReward(0, 1, 0, 0, 0, -1))
                .withMessage("expected square -1.0 of a weight is not finite and at least 0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new LoggedReward(0, 1, 0, 0, -0.1))
                .withMessage("unsupported probability -0.1 is outside [0, 1]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new LoggedReward(0, 1, 0, 0, 1.1))
                .withMessage("unsupported probability 1.1 is outside [0, 1]");
        assertThat(new LoggedReward(-1, 0, -1, -1, 0).weight()).isZero();
        assertThat(new LoggedReward(0, 0, 0, 0, 1).unsupported()).isEqualTo(1);
    }

    @Test
    void aPolicyDoesNotDifferFromItself() {
        List<List<OffPolicySums>> blocks = Stream.generate(() -> four().stream())
                .limit(40)
                .flatMap(rows -> rows)
                .map(row -> List.of(sums(List.of(row)), sums(List.of(row))))
                .toList();
        OffPolicyEvaluation evaluation = OffPolicyEvaluation.of(blocks, chosen -> new double[2], 200, 1);

        assertThat(evaluation
                        .values()
                        .get(1)
                        .overFirst()
                        .orElseThrow()
                        .estimate()
                        .interval()
                        .width())
                .isZero();
        assertThat(evaluation.values().get(0)).isEqualTo(evaluation.values().get(1));
    }

    /** Fold 0 is predicted from folds 1 to 4: 30 enabled users with mean 0.5 in the band, 40 in all with mean 0.4. */
    @Test
    void rewardsArePredictedFromTheOtherFoldsAndDrawnToTheArm() {
        Map<Group, Arms> rewards = new HashMap<>();
        rewards.put(new Group(0, 3), new Arms(values(50, 0.9), WeightedMoments.EMPTY));
        rewards.put(new Group(1, 3), new Arms(values(30, 0.5), values(10, 0.2)));
        rewards.put(new Group(2, 4), new Arms(values(10, 0.1), WeightedMoments.EMPTY));
        RewardModel model = RewardModel.of(rewards);

        assertThat(model.ifEnabled(new Group(0, 3))).isCloseTo((30 * 0.5 + 10 * 0.4) / 40, within(1e-12));
        assertThat(model.ifEnabled(new Group(0, 9))).isCloseTo(0.4, within(1e-12));
        assertThat(model.ifNot(new Group(0, 3))).isCloseTo(0.2, within(1e-12));
        assertThat(model.ifNot(new Group(1, 3))).isZero();
        // There is no sixth fold, of which nothing would be left out.
        assertThat(model.ifEnabled(new Group(RewardModel.FOLDS, 3))).isZero();
    }

    /** One band, both folds alike: enabled users earn 0.5, the others 0.1. */
    @Test
    void theDirectMethodAsksTheModelForEveryUser() {
        Map<Group, BandRewards> users = new HashMap<>();
        for (int fold = 0; fold < 2; fold++) {
            users.put(
                    new Group(fold, 3),
                    new BandRewards(new Arms(values(30, 0.5), values(10, 0.1)), List.of(40.0, 10.0)));
        }

        assertThat(RewardModel.direct(users))
                .containsExactly(new double[] {0.5, 0.25 * 0.5 + 0.75 * 0.1}, within(1e-12));
    }

    @Test
    void withoutUsersTheDirectMethodHasNoPolicies() {
        assertThat(RewardModel.direct(Map.of())).isEmpty();
    }

    private static WeightedMoments values(int n, double mean) {
        WeightedMoments sums = WeightedMoments.EMPTY;
        for (int i = 0; i < n; i++) {
            sums = sums.plus(2, mean);
        }
        return sums;
    }

    @Test
    void bandsAreFivePointsAndUsersWithoutAScoreAreAlone() {
        assertThat(RewardModel.band(OptionalDouble.of(0))).isZero();
        assertThat(RewardModel.band(OptionalDouble.of(4.99))).isZero();
        assertThat(RewardModel.band(OptionalDouble.of(5))).isEqualTo(1);
        assertThat(RewardModel.band(OptionalDouble.of(100))).isEqualTo(19);
        assertThat(RewardModel.band(OptionalDouble.empty())).isEqualTo(20);
    }
}
