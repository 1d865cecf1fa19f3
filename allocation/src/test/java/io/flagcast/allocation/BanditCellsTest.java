package io.flagcast.allocation;

import static io.flagcast.allocation.Bandits.HIGH;
import static io.flagcast.allocation.Bandits.arms;
import static io.flagcast.allocation.Bandits.learner;
import static io.flagcast.allocation.Bandits.metric;
import static io.flagcast.allocation.Bandits.only;
import static io.flagcast.allocation.Bandits.rewards;
import static io.flagcast.allocation.Bandits.update;
import static io.flagcast.allocation.Bandits.values;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.allocation.BanditLearner.Algorithm;
import io.flagcast.allocation.BanditUpdate.Step;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Metric.Direction;
import io.flagcast.statistics.Metric.Kind;
import io.flagcast.statistics.Normal;
import io.flagcast.statistics.WeightedMoments;
import io.flagcast.statistics.posterior.BetaPosterior;
import io.flagcast.statistics.posterior.Comparison;
import io.flagcast.statistics.posterior.PartialPooling;
import io.flagcast.statistics.posterior.StudentPosterior;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class BanditCellsTest {

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
            for (Step step : learner(algorithm, 0.05, 1)
                    .update(evidence, evidence, cell -> 0.5)
                    .steps()) {
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

    private static final Cell A = new Cell("high", "a");
    private static final Cell B = new Cell("high", "b");
    private static final Cell C = new Cell("high", "c");

    private static double rows(WeightedMoments rewards) {
        return rewards.w() * rewards.w() / rewards.w2();
    }

    private static double mean(WeightedMoments rewards) {
        return rewards.wy() / rewards.w();
    }

    /** Of one arm: the mean and spread of the segment's rows; rows are of unequal weight, so that users and rows differ. */
    private static WeightedMoments uneven(long successes, long n, double other) {
        return rewards(successes, n, 2).merge(rewards(successes / 2, n / 2, other));
    }

    /**
     * What a cell believes, by the definition: each arm is Beta with the segment's level as prior, worth as many users as have
     * one success or one failure together; and the difference of the arms is distributed as the differences of the other cells
     * say, each with the variance that rows of the segment have. Levels of a fifth and of four fifths.
     */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aCellOfProportionsBelievesItsOwnUsersAndTheDifferencesOfTheOthers(boolean isMostly) {
        Map<Cell, Arms> cells = new TreeMap<>(Map.of(
                A, new Arms(uneven(60, 200, 5), uneven(30, 120, 3)),
                B, new Arms(uneven(40, 200, 3), uneven(44, 300, 6)),
                C, new Arms(uneven(30, 160, 4), uneven(10, 60, 10))));
        if (isMostly) {
            cells.put(A, new Arms(uneven(140, 200, 5), uneven(90, 120, 3)));
            cells.put(B, new Arms(uneven(160, 200, 3), uneven(256, 300, 6)));
            cells.put(C, new Arms(uneven(130, 160, 4), uneven(50, 60, 10)));
        }
        Arms all = cells.get(A).merge(cells.get(B)).merge(cells.get(C));
        double level = (1 + rows(all.enabled()) * mean(all.enabled()) + rows(all.control()) * mean(all.control()))
                / (2 + rows(all.enabled()) + rows(all.control()));
        double worth = isMostly ? 1 / (1 - level) : 1 / level;
        double enabledRate = (1 + rows(all.enabled()) * mean(all.enabled())) / (2 + rows(all.enabled()));
        double controlRate = (1 + rows(all.control()) * mean(all.control())) / (2 + rows(all.control()));
        Map<Cell, Normal> differences = new TreeMap<>();
        cells.forEach((cell, arms) -> differences.put(
                cell,
                new Normal(
                        mean(arms.enabled()) - mean(arms.control()),
                        enabledRate * (1 - enabledRate) / rows(arms.enabled())
                                + controlRate * (1 - controlRate) / rows(arms.control()))));
        Map<Cell, Normal> priors = PartialPooling.priorsFromOthers(differences);

        Map<Cell, Double> targets = targets(cells);
        cells.forEach((cell, arms) -> {
            Comparison expected = Comparison.of(
                    beta(arms.enabled(), level, worth), beta(arms.control(), level, worth), priors.get(cell));
            assertThat(targets.get(cell)).isCloseTo(expected.probabilityGreater(), within(1e-9));
        });
    }

    private static BetaPosterior beta(WeightedMoments rewards, double level, double worth) {
        double successes = rows(rewards) * mean(rewards);
        return new BetaPosterior(successes + worth * level, rows(rewards) - successes + worth * (1 - level));
    }

    /** Values 0 to 4 in one arm and 1 to 5 in the other, more often in some cells: Student's t with what others say. */
    @Test
    void aCellOfValuesBelievesItsOwnUsersAndTheDifferencesOfTheOthers() {
        BanditLearner learner =
                new BanditLearner(Algorithm.THOMPSON, metric(Kind.MEAN, Direction.HIGHER_IS_BETTER), 0, 1, 5, 1);
        Map<Cell, Arms> cells = new TreeMap<>(Map.of(
                A, new Arms(values(1, 2, 3, 4, 5, 4, 5), values(0, 1, 2, 3, 4)),
                B,
                        new Arms(
                                values(0, 1, 2, 3, 4, 5, 2, 2),
                                values(0, 1, 2, 3, 4, 1).merge(values(2, 2, 3))),
                C, new Arms(values(2, 2, 3, 3, 4, 1), values(0, 5, 2, 3, 4, 0))));
        Arms all = cells.get(A).merge(cells.get(B)).merge(cells.get(C));
        Map<Cell, Normal> differences = new TreeMap<>();
        cells.forEach((cell, arms) -> differences.put(
                cell,
                new Normal(
                        mean(arms.enabled()) - mean(arms.control()),
                        spread(all.enabled()) / arms.enabled().n()
                                + spread(all.control()) / arms.control().n())));
        Map<Cell, Normal> priors = PartialPooling.priorsFromOthers(differences);

        for (Step step : learner.update(cells, Map.of(), cell -> 0.5).steps()) {
            if (!step.cell().isWhole()) {
                Arms arms = cells.get(step.cell());
                Comparison expected =
                        Comparison.of(student(arms.enabled()), student(arms.control()), priors.get(step.cell()));
                assertThat(step.target()).isCloseTo(expected.probabilityGreater(), within(1e-9));
            }
        }
    }

    /** Σ w (y − mean)² / Σ w of rows with equal weights. */
    private static double spread(WeightedMoments rewards) {
        return rewards.wy2() / rewards.w() - mean(rewards) * mean(rewards);
    }

    private static StudentPosterior student(WeightedMoments rewards) {
        return new StudentPosterior(mean(rewards), Math.sqrt(spread(rewards) / rewards.n()), rewards.n() - 1);
    }

    /** A cell that has one arm only says nothing of its own effect: it gets what the whole segment believes. */
    @Test
    void aCellWithoutOneArmFollowsTheWholeSegment() {
        Map<Cell, Arms> cells = Map.of(
                A, new Arms(rewards(60, 200, 2), WeightedMoments.EMPTY),
                B, new Arms(WeightedMoments.EMPTY, rewards(50, 200, 2)),
                C, arms(300, 1_000, 280, 1_000));
        Map<Cell, Double> targets = targets(cells);

        assertThat(targets.get(A)).isEqualTo(targets.get(HIGH));
        assertThat(targets.get(B)).isEqualTo(targets.get(HIGH));
        // Only one cell has an effect, so no others speak for it.
        assertThat(targets.get(C)).isEqualTo(targets.get(HIGH));
    }

    /** So many users, each seen ten times, who click on the average so often; they differ by one click. */
    private static WeightedMoments clicks(int users, int mean, int views) {
        WeightedMoments clicks = WeightedMoments.EMPTY;
        for (int user = 0; user < users; user++) {
            clicks = clicks.plusRatio(2, mean + (user % 2 == 0 ? 1 : -1), views);
        }
        return clicks;
    }

    /** 30 against 20 clicks of 100 views in one cell; in the others nobody of an arm, or of both, was shown anything. */
    @Test
    void aRatioIsLearnedWhereThereIsSomethingToDivideBy() {
        Metric clickRate = new Metric(
                "click_rate",
                Kind.RATIO,
                "click",
                Optional.of(new Metric.Denominator("view", Metric.Denominator.Counted.ROWS)),
                Duration.ZERO,
                Duration.ofDays(1),
                Direction.HIGHER_IS_BETTER,
                Optional.empty(),
                Metric.HeavyTails.NOT_ACCEPTED,
                Optional.empty());
        Map<Cell, Arms> cells = Map.of(
                A, new Arms(clicks(500, 3, 10), clicks(500, 2, 10)),
                B, new Arms(clicks(50, 3, 0), clicks(50, 2, 10)),
                C, new Arms(clicks(50, 3, 0), clicks(50, 2, 0)));
        Map<Cell, Double> after = new HashMap<>();

        BanditUpdate update =
                new BanditLearner(Algorithm.THOMPSON, clickRate, 0, 1, 100, 1).update(cells, cells, cell -> 0.5);
        update.steps().forEach(step -> after.put(step.cell(), step.target()));

        assertThat(after.get(A)).isGreaterThan(0.999);
        assertThat(after.get(B)).isEqualTo(after.get(HIGH));
        assertThat(after.get(C)).isEqualTo(after.get(HIGH));
        // What every view is expected to gain, of the cells that say anything: (0.3 - 0.2) for the half that moves.
        assertThat(update.gate().gain()).isCloseTo(0.05, within(0.001));
    }

    /** The whole segment, for contexts that nobody was seen with, goes by the recent evidence of all its cells. */
    @Test
    void theWholeSegmentIsKeptByTheRecentEvidenceOfItsCells() {
        Map<Cell, Arms> cells = Map.of(A, arms(300, 1_000, 280, 1_000), B, arms(300, 1_000, 290, 1_000));
        Map<Cell, Arms> recent =
                Map.of(A, arms(20, 100, 30, 100), B, arms(50, 100, 20, 100), C, arms(0, 900, 900, 900));
        Map<Cell, Double> after = new TreeMap<>();
        learner(Algorithm.THOMPSON, 0.05, 0.1)
                .update(cells, recent, cell -> 0.95)
                .steps()
                .forEach(step -> after.put(step.cell(), step.after()));

        assertThat(after.get(A)).isLessThan(0.95);
        assertThat(after.get(B)).isEqualTo(0.95);
        assertThat(after.get(HIGH)).isEqualTo(0.95);
    }

    /** The gate sees the cells and not their whole segment besides: 0.1 · (0.02 and 0.01) of as many users each. */
    @Test
    void theGateCountsTheUsersOfASegmentOnce() {
        Map<Cell, Arms> cells = Map.of(A, arms(300, 1_000, 280, 1_000), B, arms(300, 1_000, 290, 1_000));
        BanditUpdate update = learner(Algorithm.EPSILON_GREEDY, 0.05, 0.1).update(cells, Map.of(), cell -> 0.5);

        double ofA = 0.3 * 0.7 / 1_000 + 0.28 * 0.72 / 1_000;
        double ofB = 0.3 * 0.7 / 1_000 + 0.29 * 0.71 / 1_000;
        assertThat(update.steps()).hasSize(3);
        assertThat(update.gate().gain()).isCloseTo(0.0015, within(1e-12));
        assertThat(update.gate().lowerBound())
                .isCloseTo(0.0015 - 1.6448536269514722 * 0.1 / 2 * Math.sqrt(ofA + ofB), within(1e-12));
    }
}
