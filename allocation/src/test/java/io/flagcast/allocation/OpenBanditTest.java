package io.flagcast.allocation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.flagcast.allocation.OffPolicyEvaluation.PolicyValue;
import io.flagcast.statistics.Interval;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The men's campaign of the Open Bandit Dataset (Y. Saito and others, NeurIPS 2021 datasets track): 10,000 rounds each that a
 * uniform-random and a Thompson-sampling policy logged over 34 items in 3 positions. The random log is asked what the
 * Thompson-sampling policy earns, and its own log has the answer. Position is the context; the policy's probabilities are
 * the frequencies of the items in each position of its log.
 */
@Tag("simulation")
class OpenBanditTest {

    private static final Path DATA = Path.of("..", "..", "shared", "data", "open_bandit_men");
    private static final int ITEMS = 34;
    private static final int POSITIONS = 3;
    private static final double PRIOR_ROUNDS = 10;

    private record Round(int item, int position, int click, double propensity) {}

    private static List<Round> rounds(String name) throws IOException {
        List<Round> rounds = new ArrayList<>();
        for (String line : Files.readAllLines(DATA.resolve(name)).subList(1, 10_001)) {
            String[] cells = line.split(",", -1);
            rounds.add(new Round(
                    Integer.parseInt(cells[1]),
                    Integer.parseInt(cells[2]) - 1,
                    Integer.parseInt(cells[3]),
                    Double.parseDouble(cells[4])));
        }
        return rounds;
    }

    private static double[][] frequencies(List<Round> rounds) {
        double[][] counts = new double[POSITIONS][ITEMS];
        rounds.forEach(round -> counts[round.position()][round.item()]++);
        for (double[] position : counts) {
            double all = Arrays.stream(position).sum();
            Arrays.setAll(position, item -> position[item] / all);
        }
        return counts;
    }

    /** Clicks per round of an item in a position, from the other folds, drawn to the mean of all. */
    private static final class Clicks {

        private final double[][][] rounds = new double[RewardModel.FOLDS][POSITIONS][ITEMS];
        private final double[][][] clicks = new double[RewardModel.FOLDS][POSITIONS][ITEMS];

        static Clicks of(List<Round> log, int[] chosen) {
            Clicks sums = new Clicks();
            for (int i : chosen) {
                Round round = log.get(i);
                sums.rounds[i % RewardModel.FOLDS][round.position()][round.item()]++;
                sums.clicks[i % RewardModel.FOLDS][round.position()][round.item()] += round.click();
            }
            return sums;
        }

        private static double sum(double[][][] sums, int fold, int position, int item) {
            return IntStream.range(0, RewardModel.FOLDS)
                    .filter(other -> other != fold)
                    .mapToDouble(other -> sums[other][position][item])
                    .sum();
        }

        double[][] expected(int fold) {
            double all = 0;
            double clicked = 0;
            double[][] expected = new double[POSITIONS][ITEMS];
            for (int position = 0; position < POSITIONS; position++) {
                for (int item = 0; item < ITEMS; item++) {
                    all += sum(rounds, fold, position, item);
                    clicked += sum(clicks, fold, position, item);
                }
            }
            for (int position = 0; position < POSITIONS; position++) {
                for (int item = 0; item < ITEMS; item++) {
                    expected[position][item] = (sum(clicks, fold, position, item) + PRIOR_ROUNDS * clicked / all)
                            / (sum(rounds, fold, position, item) + PRIOR_ROUNDS);
                }
            }
            return expected;
        }

        double direct(double[][] policy) {
            double value = 0;
            double all = 0;
            for (int fold = 0; fold < RewardModel.FOLDS; fold++) {
                double[][] expected = expected(fold);
                for (int position = 0; position < POSITIONS; position++) {
                    double here = Arrays.stream(rounds[fold][position]).sum();
                    all += here;
                    value += here * OpenBanditTest.direct(expected[position], policy[position]);
                }
            }
            return value / all;
        }
    }

    private static double direct(double[] expected, double[] policy) {
        return IntStream.range(0, ITEMS)
                .mapToDouble(item -> expected[item] * policy[item])
                .sum();
    }

    /** A log asked about a policy, a block per round. */
    private static List<List<OffPolicySums>> asked(List<Round> log, double[][] policy) {
        Clicks clicks = Clicks.of(log, IntStream.range(0, log.size()).toArray());
        List<double[][]> expected =
                IntStream.range(0, RewardModel.FOLDS).mapToObj(clicks::expected).toList();
        List<List<OffPolicySums>> rows = new ArrayList<>();
        for (int i = 0; i < log.size(); i++) {
            Round round = log.get(i);
            double[] here = expected.get(i % RewardModel.FOLDS)[round.position()];
            rows.add(List.of(OffPolicySums.EMPTY.plus(new LoggedReward(
                    round.click(),
                    policy[round.position()][round.item()] / round.propensity(),
                    here[round.item()],
                    direct(here, policy[round.position()]),
                    0))));
        }
        return rows;
    }

    private static double clickRate(List<Round> rounds) {
        return rounds.stream().mapToInt(Round::click).average().orElseThrow();
    }

    @Test
    void theRandomLogTellsWhatThompsonSamplingEarns() throws IOException {
        assumeThat(DATA).as("the Open Bandit sample is not here: skipped").exists();
        List<Round> random = rounds("random.csv");
        List<Round> thompson = rounds("bts.csv");
        double[][] policy = frequencies(thompson);
        double weightedClicks = 0;
        double weights = 0;
        for (Round round : random) {
            double weight = policy[round.position()][round.item()] / round.propensity();
            weightedClicks += weight * round.click();
            weights += weight;
        }
        PolicyValue value = OffPolicyEvaluation.of(
                        asked(random, policy),
                        chosen -> new double[] {Clicks.of(random, chosen).direct(policy)},
                        1_000,
                        1)
                .values()
                .get(0);

        long clicked = thompson.stream().mapToInt(Round::click).sum();
        Interval onPolicy = Interval.wilson(clicked, thompson.size(), 0.95);
        System.out.printf(
                "click rate of Thompson sampling: logged %.5f (%.5f to %.5f); from %,d random rounds, effective %.0f,"
                        + " largest weight %.1f:%n",
                clickRate(thompson),
                onPolicy.lower(),
                onPolicy.upper(),
                value.users(),
                value.effectiveSampleSize(),
                value.largestWeight());
        for (OffPolicyEstimator estimator : OffPolicyEstimator.values()) {
            OffPolicyEvaluation.Estimate estimate = value.estimates().get(estimator);
            System.out.printf(
                    "%-10s %.5f (%.5f to %.5f)%n",
                    estimator.label(),
                    estimate.value(),
                    estimate.interval().lower(),
                    estimate.interval().upper());
            // Both sides are estimates: the intervals meet.
            assertThat(estimate.interval().lower()).as(estimator.label()).isLessThan(onPolicy.upper());
            assertThat(estimate.interval().upper()).as(estimator.label()).isGreaterThan(onPolicy.lower());
        }
        assertThat(value.estimates().get(OffPolicyEstimator.IPS).value())
                .isCloseTo(weightedClicks / random.size(), within(1e-9));
        assertThat(value.estimates().get(OffPolicyEstimator.SNIPS).value())
                .isCloseTo(weightedClicks / weights, within(1e-9));
    }
    /**
     * The other way round: Thompson sampling hardly shows most items, and the rounds in which it did speak for the others with
     * weights of up to 178. The tamed weights come nearer to what random choice did earn.
     */
    @Test
    void tamedWeightsComeNearerToWhatRandomChoiceEarns() throws IOException {
        assumeThat(DATA).as("the Open Bandit sample is not here: skipped").exists();
        List<Round> thompson = rounds("bts.csv");
        double[][] uniform = new double[POSITIONS][ITEMS];
        for (double[] position : uniform) {
            Arrays.fill(position, 1.0 / ITEMS);
        }
        List<List<OffPolicySums>> rows = asked(thompson, uniform);
        OffPolicySums sums = rows.stream().map(row -> row.get(0)).reduce(OffPolicySums.EMPTY, OffPolicySums::merge);
        double truth = clickRate(rounds("random.csv"));
        System.out.printf(
                "click rate of random choice: logged %.5f; from %,d rounds of Thompson sampling, effective %.1f, largest"
                        + " weight %.1f: DR %.5f, SWITCH-DR %.5f, DRos %.5f, DM %.5f%n",
                truth,
                sums.n(),
                sums.effectiveSampleSize(),
                sums.largestWeight(),
                OffPolicyEstimator.DR.value(sums),
                OffPolicyEstimator.SWITCH_DR.value(sums),
                OffPolicyEstimator.DROS.value(sums),
                OffPolicyEstimator.DM.value(sums));

        double error = Math.abs(OffPolicyEstimator.DR.value(sums) - truth);
        assertThat(OffPolicyEstimator.SWITCH_DR.value(sums)).isCloseTo(truth, within(error / 2));
        assertThat(OffPolicyEstimator.DROS.value(sums)).isCloseTo(truth, within(error / 2));
    }
}
