package io.flagcast.allocation;

import static io.flagcast.fixtures.Cases.cases;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.allocation.BanditLearner.Algorithm;
import io.flagcast.allocation.BanditUpdate.Gate.Verdict;
import io.flagcast.allocation.BanditUpdate.Step;
import io.flagcast.fixtures.Generator;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Metric.Direction;
import io.flagcast.statistics.Metric.Kind;
import io.flagcast.statistics.WeightedMoments;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BanditLearnerTest {

    private static final Cell HIGH = Cell.whole("high");

    private static Metric metric(Kind kind, Direction direction) {
        return new Metric("reward", kind, "purchase", Duration.ofDays(1), direction);
    }

    private static BanditLearner learner(Algorithm algorithm, double floor, double maxStep) {
        return new BanditLearner(
                algorithm, metric(Kind.PROPORTION, Direction.HIGHER_IS_BETTER), floor, maxStep, 100, 1);
    }

    private static WeightedMoments rewards(long successes, long n, double weight) {
        double w = weight;
        return new WeightedMoments(
                n, n * w, n * w * w, successes * w, successes * w, successes * w * w, successes * w * w);
    }

    /** Logged at an even chance. */
    private static Arms arms(long enabledSuccesses, long enabled, long controlSuccesses, long control) {
        return new Arms(rewards(enabledSuccesses, enabled, 2), rewards(controlSuccesses, control, 2));
    }

    private static WeightedMoments values(double... values) {
        return Arrays.stream(values)
                .boxed()
                .reduce(WeightedMoments.EMPTY, (sums, y) -> sums.plus(2, y), WeightedMoments::merge);
    }

    private static BanditUpdate update(BanditLearner learner, Arms arms, double inForce) {
        return update(learner, arms, arms, inForce);
    }

    private static BanditUpdate update(BanditLearner learner, Arms arms, Arms recent, double inForce) {
        return learner.update(Map.of(HIGH, arms), Map.of(HIGH, recent), cell -> inForce);
    }

    private static Step only(BanditUpdate update) {
        assertThat(update.steps()).hasSize(1);
        return update.steps().get(0);
    }

    @Test
    void cellsGoBackTowardsAHalfWhileAnArmOfTheSegmentLacksUsers() {
        BanditLearner learner = learner(Algorithm.THOMPSON, 0.05, 0.1);
        Arms few = arms(90, 99, 100, 1_000);
        BanditUpdate update = update(learner, few, 0.3);

        assertThat(only(update).target()).isEqualTo(0.5);
        assertThat(only(update).after()).isCloseTo(0.4, within(1e-12));
        assertThat(only(update).belief()).isEmpty();
        assertThat(only(update).reason())
                .isEqualTo("99 enabled and 1,000 control users in the segment are worth 99 and 1,000, needs min_users 100 of"
                        + " each");
        assertThat(update.gate().verdict()).isEqualTo(Verdict.NOTHING_TO_PROVE);
        assertThat(update.changes()).extracting(Step::after).containsExactly(only(update).after());
        assertThat(only(update(learner, few, 0.55)).after()).isCloseTo(0.5, within(1e-12));
        assertThat(update(learner, few, 0.5).changes()).isEmpty();
        assertThat(only(update(learner, arms(100, 1_000, 90, 99), 0.5)).belief()).isEmpty();
        assertThat(only(update(learner, arms(90, 100, 90, 100), 0.5)).belief()).isPresent();
    }

    /** 500 users of weight 1 and 10 of weight 100: 1,500² / (500 + 100,000) = 22.39 effective ones (Kish). */
    @Test
    void minUsersAreEffectiveOnes() {
        WeightedMoments uneven = rewards(50, 500, 1).merge(rewards(1, 10, 100));
        BanditLearner satisfied = new BanditLearner(
                Algorithm.THOMPSON, metric(Kind.PROPORTION, Direction.HIGHER_IS_BETTER), 0.05, 0.1, 22, 1);
        BanditLearner wanting = new BanditLearner(
                Algorithm.THOMPSON, metric(Kind.PROPORTION, Direction.HIGHER_IS_BETTER), 0.05, 0.1, 23, 1);

        for (Arms arms : List.of(new Arms(uneven, rewards(50, 500, 2)), new Arms(rewards(50, 500, 2), uneven))) {
            assertThat(only(update(satisfied, arms, 0.5)).belief()).isPresent();
            assertThat(only(update(wanting, arms, 0.5)).belief()).isEmpty();
        }
        assertThat(only(update(wanting, new Arms(uneven, rewards(50, 500, 2)), 0.5))
                        .reason())
                .isEqualTo("510 enabled and 500 control users in the segment are worth 22 and 500, needs min_users 23 of each");
    }

    /**
     * 40 users a day, half_life 1d: whatever comes daily is worth twice as much in all. At 0.95 the control arm is worth 4
     * users, and min_users 30 would never be reached; at a half each arm is worth 40.
     */
    @Test
    void anArmThatGetsTooFewForWhatIsForgottenIsNotStarvedForEver() {
        BanditLearner learner = new BanditLearner(
                Algorithm.THOMPSON, metric(Kind.PROPORTION, Direction.HIGHER_IS_BETTER), 0.05, 0.1, 30, 0.5);
        double enabled = 0.95;
        Arms evidence = Arms.EMPTY;
        double lowest = 1;
        int learned = 0;
        for (int day = 0; day < 60; day++) {
            long n = Math.round(40 * enabled);
            evidence = evidence.discounted(0.5)
                    .merge(new Arms(rewards(n / 2, n, 1 / enabled), rewards((40 - n) / 4, 40 - n, 1 / (1 - enabled))));
            Step step = only(update(learner, evidence, enabled));
            enabled = step.after();
            lowest = Math.min(lowest, enabled);
            learned += step.belief().isPresent() ? 1 : 0;
        }

        assertThat(lowest).isBetween(0.5, 0.7);
        assertThat(learned).isGreaterThan(10);
    }

    /** 0.9 and 260 of 1,000 against 250 of 1,000: the arm is better with probability 0.7, so the target is below 0.9. */
    @Test
    void aBetIsTakenBackWithoutProofWhereRecentEvidenceFavoursTheOtherArm() {
        BanditLearner learner = learner(Algorithm.THOMPSON, 0.05, 0.1);
        Arms arms = arms(260, 1_000, 250, 1_000);
        Arms agrees = arms(26, 100, 25, 100);
        Arms disagrees = arms(25, 100, 26, 100);

        Step kept = only(update(learner, arms, agrees, 0.9));
        assertThat(kept.target()).isBetween(0.6, 0.8);
        assertThat(kept.after()).isEqualTo(0.9);
        assertThat(kept.reason()).endsWith("with probability 0.696; kept, as recent evidence agrees");
        for (Arms recent : List.of(
                disagrees,
                arms(25, 100, 25, 100),
                Arms.EMPTY,
                new Arms(agrees.enabled(), WeightedMoments.EMPTY),
                new Arms(WeightedMoments.EMPTY, agrees.control()))) {
            BanditUpdate taken = update(learner, arms, recent, 0.9);
            assertThat(only(taken).after()).isCloseTo(0.8, within(1e-12));
            assertThat(only(taken).reason()).endsWith("with probability 0.696");
            assertThat(taken.gate().verdict()).isEqualTo(Verdict.NOTHING_TO_PROVE);
            assertThat(taken.changes()).hasSize(1);
        }
        // The other arm, and a metric that should fall: the same seen from the other side.
        Arms mirrored = arms(250, 1_000, 260, 1_000);
        assertThat(only(update(learner, mirrored, disagrees, 0.1)).after()).isEqualTo(0.1);
        assertThat(only(update(learner, mirrored, agrees, 0.1)).after()).isCloseTo(0.2, within(1e-12));
        assertThat(only(update(learner, mirrored, Arms.EMPTY, 0.1)).after()).isCloseTo(0.2, within(1e-12));
        BanditLearner falling = new BanditLearner(
                Algorithm.THOMPSON, metric(Kind.PROPORTION, Direction.LOWER_IS_BETTER), 0.05, 0.1, 100, 1);
        assertThat(only(update(falling, mirrored, disagrees, 0.9)).after()).isEqualTo(0.9);
        assertThat(only(update(falling, mirrored, agrees, 0.9)).after()).isCloseTo(0.8, within(1e-12));
    }

    @Test
    void aBetThatTheBeliefTurnsAgainstIsTakenBackWhateverIsRecent() {
        BanditLearner learner = learner(Algorithm.THOMPSON, 0.05, 0.1);

        assertThat(only(update(learner, arms(250, 1_000, 260, 1_000), arms(30, 100, 20, 100), 0.9))
                        .after())
                .isCloseTo(0.8, within(1e-12));
        assertThat(only(update(learner, arms(260, 1_000, 250, 1_000), arms(20, 100, 30, 100), 0.1))
                        .after())
                .isCloseTo(0.2, within(1e-12));
    }

    /** Nothing is kept that the belief wants further from a half. */
    @Test
    void aBetIsRaisedWhateverIsRecent() {
        BanditLearner learner = learner(Algorithm.THOMPSON, 0.05, 0.1);

        assertThat(only(update(learner, arms(900, 1_000, 100, 1_000), arms(90, 100, 10, 100), 0.6))
                        .after())
                .isCloseTo(0.7, within(1e-12));
        assertThat(only(update(learner, arms(100, 1_000, 900, 1_000), arms(10, 100, 90, 100), 0.4))
                        .after())
                .isCloseTo(0.3, within(1e-12));
    }

    /** From 0.7 to 0.1 in one step: as far as a half at once, from there only with proof, for which 200 users are too few. */
    @Test
    void aStepThatCrossesAHalfNeedsProofOnlyBeyondIt() {
        BanditUpdate update = update(learner(Algorithm.THOMPSON, 0.05, 0.6), arms(0, 100, 100, 100), 0.7);

        assertThat(only(update).after()).isCloseTo(0.1, within(1e-6));
        assertThat(update.gate().verdict()).isEqualTo(Verdict.TOO_LITTLE_DATA);
        assertThat(update.gate().part()).isZero();
        Step change = update.changes().get(0);
        assertThat(change.after()).isEqualTo(0.5);
        assertThat(change.reason()).isEqualTo(only(update).reason() + "; the gate lets it reach 0.500 of 0.100");
    }

    @Test
    void oneUpdateMovesNoFurtherThanTheMaximalStep() {
        BanditLearner learner = learner(Algorithm.THOMPSON, 0.05, 0.1);

        assertThat(only(update(learner, arms(900, 1_000, 100, 1_000), 0.5)).after())
                .isCloseTo(0.6, within(1e-12));
        assertThat(only(update(learner, arms(100, 1_000, 900, 1_000), 0.5)).after())
                .isCloseTo(0.4, within(1e-12));
    }

    @ParameterizedTest
    @EnumSource(Algorithm.class)
    void eachArmKeepsTheFloorHoweverClearTheWinner(Algorithm algorithm) {
        BanditLearner unhurried = learner(algorithm, 0.05, 1);

        assertThat(only(update(unhurried, arms(900, 1_000, 100, 1_000), 0.5)).after())
                .isCloseTo(0.95, within(1e-12));
        assertThat(only(update(unhurried, arms(100, 1_000, 900, 1_000), 0.5)).after())
                .isCloseTo(0.05, within(1e-12));
    }

    /**
     * The floor is added: floor + (1 − 2 floor) P. Beta(2, 1) against Beta(1, 2): the integral of 2x (1 − (1 − x)²) is
     * 4/3 − 1/2 = 5/6.
     */
    @Test
    void theTargetIsTheProbabilityOfBeingBetterBetweenTheFloors() {
        BanditLearner learner = new BanditLearner(
                Algorithm.THOMPSON, metric(Kind.PROPORTION, Direction.HIGHER_IS_BETTER), 0.1, 1, 1, 1);

        assertThat(only(update(learner, arms(1, 1, 0, 1), 0.5)).target()).isCloseTo(0.1 + 0.8 * 5 / 6, within(1e-9));
        assertThat(only(update(learner, arms(0, 1, 1, 1), 0.5)).target()).isCloseTo(0.1 + 0.8 / 6, within(1e-9));
    }

    @ParameterizedTest
    @EnumSource(Algorithm.class)
    void equalArmsAreDrawnToAHalf(Algorithm algorithm) {
        assertThat(only(update(learner(algorithm, 0.05, 1), arms(500, 1_000, 500, 1_000), 0.9))
                        .target())
                .isCloseTo(0.5, within(1e-9));
    }

    @ParameterizedTest
    @EnumSource(Algorithm.class)
    void aMetricThatShouldFallPullsTheOtherWay(Algorithm algorithm) {
        BanditLearner learner =
                new BanditLearner(algorithm, metric(Kind.PROPORTION, Direction.LOWER_IS_BETTER), 0.05, 1, 100, 1);
        BanditUpdate update = update(learner, arms(100, 1_000, 300, 1_000), 0.5);

        assertThat(only(update).after()).isCloseTo(0.95, within(1e-6));
        assertThat(update.gate().gain()).isPositive();
        assertThat(update.gate().verdict()).isEqualTo(Verdict.PASSED);
    }

    /** The arm that is less known has the higher upper bound although its mean is lower. */
    @Test
    void upperBoundsFavourTheArmThatIsLessKnownAndGreedDoesNot() {
        Arms arms = arms(9, 100, 1_000, 10_000);

        assertThat(only(update(learner(Algorithm.UCB, 0.05, 1), arms, 0.5)).target())
                .isCloseTo(0.95, within(1e-12));
        assertThat(only(update(learner(Algorithm.EPSILON_GREEDY, 0.05, 1), arms, 0.5))
                        .target())
                .isCloseTo(0.05, within(1e-12));
    }

    /** Half of the users of day 1 were enabled, a tenth of day 2, which was the better day: pooled rates would mislead. */
    @Test
    void whatTheBanditChoseBeforeDoesNotBiasWhatItLearns() {
        WeightedMoments enabled = rewards(50, 1_000, 2).merge(rewards(40, 200, 10));
        WeightedMoments control = rewards(50, 1_000, 2).merge(rewards(360, 1_800, 1 / 0.9));
        BanditUpdate update = update(learner(Algorithm.THOMPSON, 0, 1), new Arms(enabled, control), 0.5);

        // Both days have 2,000 users; both arms convert 5 % and 20 %: (0.05 + 0.2) / 2 in either arm.
        assertThat(only(update).belief().orElseThrow().first().mean()).isCloseTo(0.125, within(0.002));
        assertThat(only(update).belief().orElseThrow().second().mean()).isCloseTo(0.125, within(0.002));
        assertThat(only(update).target()).isCloseTo(0.5, within(0.02));
    }

    @Test
    void discountedEvidenceIsBelievedLess() {
        BanditLearner learner = new BanditLearner(
                Algorithm.THOMPSON, metric(Kind.PROPORTION, Direction.HIGHER_IS_BETTER), 0, 1, 100, 0.5);
        Arms arms = arms(60, 1_000, 50, 1_000);

        assertThat(learner.weightOf(Duration.ZERO)).isEqualTo(1);
        assertThat(learner.weightOf(Duration.ofDays(3))).isCloseTo(0.125, within(1e-12));
        assertThat(learner.recentWeightOf(Duration.ofDays(1))).isCloseTo(0.125, within(1e-12));
        assertThat(learner.weightOf(Duration.ofDays(39))).isPositive();
        assertThat(learner.weightOf(Duration.ofDays(40))).isZero();
        assertThat(arms.discounted(0)).isEqualTo(Arms.EMPTY);
        double fresh = only(update(learner, arms, 0.5)).target();
        double old = only(update(learner, arms.discounted(0.125), 0.5)).target();
        assertThat(fresh).isGreaterThan(old);
        assertThat(old).isGreaterThan(0.5);
    }

    /** Student's t with 3 degrees of freedom each, scale 1 and difference 0: a half; values far apart: nearly 1. */
    @Test
    void valuesAreComparedWithUnknownVariance() {
        BanditLearner learner =
                new BanditLearner(Algorithm.THOMPSON, metric(Kind.MEAN, Direction.HIGHER_IS_BETTER), 0, 1, 5, 1);
        WeightedMoments low = values(0, 1, 2, 3, 4);

        assertThat(only(update(learner, new Arms(low, low), 0.9)).target()).isCloseTo(0.5, within(1e-9));
        assertThat(only(update(learner, new Arms(values(100, 101, 102, 103, 104), low), 0.9))
                        .target())
                .isGreaterThan(0.999);
        Step constant = only(update(learner, new Arms(values(3, 3, 3, 3, 3), low), 0.9));
        assertThat(constant.after()).isEqualTo(0.9);
        assertThat(constant.reason()).isEqualTo("rewards that do not vary: nothing to compare");
    }

    @Test
    void aSmallCellFollowsTheOthersOfItsSegmentAndALargeOneItself() {
        Map<Cell, Arms> evidence = new HashMap<>();
        IntStream.range(0, 8)
                .forEach(
                        i -> evidence.put(new Cell("high", "{\"plan\":\"p" + i + "\"}"), arms(160, 2_000, 100, 2_000)));
        Cell small = new Cell("high", "{\"plan\":\"small\"}");
        Cell contrary = new Cell("high", "{\"plan\":\"contrary\"}");
        evidence.put(small, arms(1, 20, 2, 20));
        // Alone, 1 of 20 against 2 of 20 is worse with probability about 0.7.
        assertThat(targets(evidence).get(small)).isGreaterThan(0.9);

        // Now that cells differ so much, the others say less of one.
        evidence.put(contrary, arms(1_000, 20_000, 1_600, 20_000));
        Map<Cell, Double> target = targets(evidence);
        assertThat(target.get(contrary)).isLessThan(0.01);
        assertThat(target.get(small)).isBetween(0.5, 0.9);
        assertThat(target).containsKey(HIGH);
    }

    private static Map<Cell, Double> targets(Map<Cell, Arms> evidence) {
        Map<Cell, Double> targets = new HashMap<>();
        learner(Algorithm.THOMPSON, 0, 1)
                .update(evidence, evidence, cell -> 0.5)
                .steps()
                .forEach(step -> targets.put(step.cell(), step.target()));
        return targets;
    }

    /**
     * 60 cells of 500 users, 95 % of them enabled: 25 in the control arm of each. 6 % against 5 % everywhere; 20 draws of the
     * world. What the cells believe together is what the segment believes, though the arms are as unequal as can be.
     */
    @ParameterizedTest
    @Tag("simulation")
    @EnumSource(value = Algorithm.class, names = "UCB", mode = EnumSource.Mode.EXCLUDE)
    void manyCellsWithUnequalArmsBelieveTogetherWhatTheSegmentBelieves(Algorithm algorithm) {
        SplittableRandom random = new SplittableRandom(11);
        double cells = 0;
        double segment = 0;
        for (int world = 0; world < 20; world++) {
            Map<Cell, Arms> evidence = new HashMap<>();
            for (int i = 0; i < 60; i++) {
                evidence.put(
                        new Cell("high", "c" + i),
                        new Arms(
                                rewards(binomial(random, 475, 0.06), 475, 1 / 0.95),
                                rewards(binomial(random, 25, 0.05), 25, 1 / 0.05)));
            }
            for (Step step :
                    learner(algorithm, 0.05, 1).update(evidence, evidence, cell -> 0.5).steps()) {
                cells += step.cell().isWhole() ? 0 : step.target() / 1_200;
                segment += step.cell().isWhole() ? step.target() / 20 : 0;
            }
        }

        assertThat(segment).isGreaterThan(0.8);
        assertThat(cells).isCloseTo(segment, within(0.15));
    }

    private static long binomial(SplittableRandom random, int n, double p) {
        return IntStream.range(0, n).filter(i -> random.nextDouble() < p).count();
    }

    @Test
    void segmentsDoNotBorrowFromOneAnother() {
        Arms little = arms(5, 120, 5, 120);
        double alone =
                only(update(learner(Algorithm.THOMPSON, 0, 1), little, 0.5)).target();
        BanditUpdate beside = learner(Algorithm.THOMPSON, 0, 1)
                .update(Map.of(HIGH, little, Cell.whole("low"), arms(10, 10_000, 900, 10_000)), Map.of(), cell -> 0.5);

        assertThat(beside.steps().get(0).cell()).isEqualTo(HIGH);
        assertThat(beside.steps().get(0).target()).isEqualTo(alone);
    }

    /**
     * Enabled 60 of 1,000 and control 50 of 1,000, each logged at a half; 0.5 to 0.6: the gain is 0.1 · 0.01, its standard
     * error 0.1 · √(0.06 · 0.94 / 1000 + 0.05 · 0.95 / 1000), the effective sample size 1 / (0.6²/1000 + 0.4²/1000).
     */
    @Test
    void theGateComparesWhatIsProposedWithWhatIsInForce() {
        BanditUpdate update = update(learner(Algorithm.EPSILON_GREEDY, 0.05, 0.1), arms(60, 1_000, 50, 1_000), 0.5);

        double bound = 0.001 - 1.6448536269514722 * 0.1 * Math.sqrt(0.0000564 + 0.0000475);
        assertThat(update.gate().incumbent()).isCloseTo(0.055, within(1e-12));
        assertThat(update.gate().gain()).isCloseTo(0.001, within(1e-12));
        assertThat(update.gate().lowerBound()).isCloseTo(bound, within(1e-12));
        assertThat(update.gate().limit()).isCloseTo(-0.00055, within(1e-12));
        assertThat(update.gate().effectiveSampleSize()).isCloseTo(1_000 / 0.52, within(1e-6));
        assertThat(update.gate().verdict()).isEqualTo(Verdict.INFERIOR);
        assertThat(update.gate().part()).isCloseTo(0.00055 / -bound, within(1e-9));
        assertThat(update.changes()).hasSize(1);
        assertThat(update.changes().get(0).after()).isCloseTo(0.5 + 0.1 * 0.00055 / -bound, within(1e-9));
        assertThat(update.changes().get(0).target()).isCloseTo(0.95, within(1e-12));
    }

    /**
     * Two cells, one of 2,000 users that goes from 0.8 to 0.9 and one of 400, its control arm of users with weight 4, which
     * goes from 0.3 to 0.4 without proof: the gate sees both in what is in force, and only the move of the first.
     */
    @Test
    void theGateWeighsCellsByTheirUsersAndJudgesOnlyBoldMoves() {
        Cell low = Cell.whole("low");
        Map<Cell, Arms> evidence = Map.of(
                HIGH,
                arms(300, 1_000, 200, 1_000),
                low,
                new Arms(rewards(60, 200, 2), rewards(20, 100, 4)));
        BanditUpdate update = learner(Algorithm.EPSILON_GREEDY, 0.05, 0.1)
                .update(evidence, Map.of(), cell -> cell.equals(HIGH) ? 0.8 : 0.3);

        // Shares of the users 5/6 and 1/6; means 0.3 and 0.2 in both.
        assertThat(update.gate().incumbent()).isCloseTo(5 / 6.0 * 0.28 + 1 / 6.0 * 0.23, within(1e-12));
        assertThat(update.gate().gain()).isCloseTo(5 / 6.0 * 0.1 * 0.1, within(1e-12));
        assertThat(update.gate().lowerBound())
                .isCloseTo(
                        5 / 6.0 * (0.01 - 1.6448536269514722 * 0.1 * Math.sqrt(0.21 / 1_000 + 0.16 / 1_000)),
                        within(1e-12));
        // Weights under what is proposed: 0.9 · 2 and 0.1 · 2; 0.4 · 2 and 0.6 · 4.
        double weights = 1_000 * 1.8 + 1_000 * 0.2 + 200 * 0.8 + 100 * 2.4;
        double squares = 1_000 * 3.24 + 1_000 * 0.04 + 200 * 0.64 + 100 * 5.76;
        assertThat(update.gate().effectiveSampleSize()).isCloseTo(weights * weights / squares, within(1e-9));
        assertThat(update.gate().part()).isEqualTo(1);
        assertThat(update.changes()).extracting(Step::cell).containsExactly(HIGH, low);
        assertThat(update.changes().get(1).after()).isCloseTo(0.4, within(1e-12));
    }

    @Test
    void theGateSaysNothingOfCellsWithFewerThanTwoUsersInAnArm() {
        Cell low = Cell.whole("low");
        BanditLearner learner = new BanditLearner(
                Algorithm.EPSILON_GREEDY, metric(Kind.PROPORTION, Direction.HIGHER_IS_BETTER), 0.05, 0.1, 1, 1);
        BanditUpdate alone = learner.update(Map.of(HIGH, arms(300, 1_000, 200, 1_000)), Map.of(), cell -> 0.5);
        for (Arms little : List.of(arms(1, 1, 0, 1_000), arms(900, 1_000, 0, 1))) {
            assertThat(learner.update(
                                    Map.of(HIGH, arms(300, 1_000, 200, 1_000), low, little), Map.of(), cell -> 0.5)
                            .gate())
                    .isEqualTo(alone.gate());
            BanditUpdate only = update(learner, little, 0.5);
            assertThat(only.gate().verdict()).isEqualTo(Verdict.TOO_LITTLE_DATA);
            assertThat(only.changes()).isEmpty();
        }
        assertThat(learner.update(Map.of(HIGH, arms(300, 1_000, 200, 1_000), low, arms(2, 2, 0, 2)), Map.of(), cell -> 0.5)
                        .gate())
                .isNotEqualTo(alone.gate());
    }

    @Test
    void moreOfTheSameEvidencePassesTheGate() {
        BanditUpdate update =
                update(learner(Algorithm.EPSILON_GREEDY, 0.05, 0.1), arms(6_000, 100_000, 5_000, 100_000), 0.5);

        assertThat(update.gate().verdict()).isEqualTo(Verdict.PASSED);
        assertThat(update.gate().part()).isEqualTo(1);
        assertThat(update.changes()).isEqualTo(update.steps());
    }

    @Test
    void fewUsersDoNotPassTheGateHoweverClearTheyAre() {
        BanditUpdate update = update(learner(Algorithm.THOMPSON, 0.05, 0.1), arms(100, 100, 0, 100), 0.5);

        assertThat(update.gate().effectiveSampleSize()).isCloseTo(100 / 0.52, within(1e-9));
        assertThat(update.gate().part()).isZero();
        assertThat(update.gate().verdict()).isEqualTo(Verdict.TOO_LITTLE_DATA);
        assertThat(update.changes()).isEmpty();
    }

    @Test
    void anUpdateStaysWithinFloorAndStep() {
        record Evidence(Algorithm algorithm, double current, long enabledRewards, long controlRewards) {}
        Generator<Evidence> generator = dice -> new Evidence(
                dice.oneOf(List.of(Algorithm.values())),
                dice.real(0.05, 0.95),
                dice.whole(0, 5_000),
                dice.whole(0, 5_000));
        cases(1, 300, generator).allSatisfy(evidence -> {
            double next = only(update(
                            learner(evidence.algorithm(), 0.05, 0.1),
                            arms(evidence.enabledRewards(), 5_000, evidence.controlRewards(), 5_000),
                            evidence.current()))
                    .after();

            assertThat(next).isBetween(0.05 - 1e-12, 0.95 + 1e-12).isCloseTo(evidence.current(), within(0.1 + 1e-12));
        });
    }

    @Test
    void anUpdateIsTheSameWhateverTheOrderOfItsEvidence() {
        Map<Cell, Arms> evidence = new HashMap<>();
        for (String plan : List.of("a", "b", "c", "d")) {
            evidence.put(new Cell("high", plan), arms(plan.charAt(0), 2_000, 100, 2_000));
        }
        BanditLearner learner = learner(Algorithm.THOMPSON, 0.05, 0.1);

        assertThat(learner.update(evidence, evidence, cell -> 0.5))
                .isEqualTo(learner.update(new HashMap<>(Map.copyOf(evidence)), Map.copyOf(evidence), cell -> 0.5));
    }

    @Test
    void settingsOutsideTheirRangeAreRefused() {
        Metric reward = metric(Kind.PROPORTION, Direction.HIGHER_IS_BETTER);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new BanditLearner(Algorithm.THOMPSON, reward, 0.6, 0.1, 100, 1))
                .withMessage("floor 0.6 is outside [0, 0.5]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new BanditLearner(Algorithm.THOMPSON, reward, 0.05, 0, 100, 1))
                .withMessage("max_step 0.0 is outside (0, 1]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new BanditLearner(Algorithm.THOMPSON, reward, 0.05, 0.1, 0, 1))
                .withMessage("min_users 0 is below 1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new BanditLearner(Algorithm.THOMPSON, reward, 0.05, 0.1, 100, 0))
                .withMessage("daily discount 0.0 is outside (0, 1]");
    }
}
