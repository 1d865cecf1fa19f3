package io.flagcast.statistics.ranking;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.statistics.ranking.ShownUplift.Best;
import io.flagcast.statistics.ranking.ShownUplift.Choice;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class ShownUpliftTest {

    private static final int FOLDS = 5;

    /** Users of one score in a fold, whose effects all are one number. */
    private static TargetingCurve.Cell users(double score, long users, double effect) {
        return new TargetingCurve.Cell(score, users, users * effect, users * effect * effect);
    }

    /** The same users in two folds. */
    private static ShownUplift twice(TargetingCurve.Cell... cells) {
        TargetingCurve curve = new TargetingCurve(List.of(cells));
        return ShownUplift.of(List.of(curve, curve));
    }

    /**
     * Effects without any noise: 0 at score 20, 0.1 at 60, 0.3 at 90, of 200, 100 and 100 users. Above a break-even of 0.2 only
     * 90 pays: 0.1 for each of a quarter of the users, 0.025 per user. Everybody gains 0.1 on average, less 0.2.
     */
    @Test
    void withoutNoiseItPaysFromTheScoreWhoseEffectIsAboveTheBreakEven() {
        ShownUplift shown = twice(users(20, 100, 0), users(60, 50, 0.1), users(90, 50, 0.3));
        Best best = shown.best(0.2);

        assertThat(best.choice()).isEqualTo(Choice.BY_SCORE);
        assertThat(best.from()).hasValue(90);
        assertThat(best.share()).isEqualTo(0.25);
        assertThat(best.overNobody().perUser()).isCloseTo(0.025, within(1e-12));
        assertThat(best.everybody().perUser()).isCloseTo(-0.1, within(1e-12));
        assertThat(best.overEverybody().perUser()).isCloseTo(0.125, within(1e-12));
        // Per user 0.1 for a quarter and 0 for the others: variance 0.01 / 4 − 0.025², over 400 users, twice.
        assertThat(best.overNobody().error()).isCloseTo(Math.sqrt(2 * (0.01 / 4 - 0.025 * 0.025) / 400), within(1e-12));
        // Less the break-even 0.2: −0.2, −0.1 and 0.1.
        assertThat(best.everybody().error())
                .isCloseTo(Math.sqrt((0.04 / 2 + 0.01 / 4 + 0.01 / 4 - 0.01) / 400), within(1e-12));
        assertThat(best.overNobody().times(10).perUser()).isCloseTo(0.25, within(1e-12));
        assertThat(best.overNobody().times(10).error())
                .isCloseTo(10 * best.overNobody().error(), within(1e-12));
        assertThat(shown.best(0.05).from()).hasValue(60);
        assertThat(shown.best(0.31).choice()).isEqualTo(Choice.NOBODY);
        assertThat(shown.best(0.31).from()).isEmpty();
        assertThat(shown.best(0.31).share()).isZero();
        assertThat(shown.best(-0.01).choice()).isEqualTo(Choice.EVERYBODY);
        assertThat(shown.best(-0.01).from()).hasValue(0);
    }

    /** 0.3 at 20 and 0.1 at 40 violate the order: with 100 users of each both have 0.2. */
    @Test
    void scoresWhoseEffectsFallArePooled() {
        ShownUplift shown = twice(users(0, 500, -0.5), users(20, 50, 0.3), users(40, 50, 0.1), users(80, 500, 0.5));

        assertThat(shown.supported().get(ShownUplift.cell(20))).isCloseTo(0.2, within(1e-12));
        assertThat(shown.supported().get(ShownUplift.cell(40))).isCloseTo(0.2, within(1e-12));
        assertThat(shown.best(0.15).from()).hasValue(20);
        assertThat(shown.best(0.25).from()).hasValue(80);
    }

    /** Nobody stood at 60 and 100: they have what 40 and 80 have; below the lowest score, what that has. */
    @Test
    void scoresThatNobodyHadFollowTheNextLowerOne() {
        List<Double> supported = twice(users(10, 500, -0.5), users(40, 500, 0.2), users(80, 500, 0.5))
                .supported();

        assertThat(supported).hasSize(201).isSorted();
        assertThat(supported.get(ShownUplift.cell(0))).isEqualTo(supported.get(ShownUplift.cell(10)));
        assertThat(supported.get(ShownUplift.cell(60.3))).isEqualTo(supported.get(ShownUplift.cell(40)));
        assertThat(supported.get(ShownUplift.cell(100))).isEqualTo(supported.get(ShownUplift.cell(80)));
        assertThat(ShownUplift.cell(79.99)).isEqualTo(159);
        assertThat(ShownUplift.cell(100)).isEqualTo(200);
    }

    /** One fold has no others that could choose for it. Two users without noise gain 1 each, which is no evidence. */
    @Test
    void ofOneFoldNothingIsShownButWhatEverybodyGains() {
        ShownUplift one = new ShownUplift(List.of(List.of(users(50, 2, 1))));

        assertThat(one.best(0.5).overNobody().perUser()).isZero();
        assertThat(one.best(0.5).everybody().perUser()).isCloseTo(0.5, within(1e-12));
        assertThat(one.best(1.5).choice()).isEqualTo(Choice.NOBODY);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new ShownUplift(List.of(List.of())))
                .withMessage("ShownUplift: no users; evidence needs some");
    }

    /** A user of a world: a score, and the pseudo-outcome whose mean is the effect of that score. */
    private static ShownUplift world(int users, long seed, DoubleUnaryOperator effect, double deviation) {
        SplittableRandom random = new SplittableRandom(seed);
        List<TargetingCurve> folds = new ArrayList<>();
        for (int fold = 0; fold < FOLDS; fold++) {
            double[] scores = new double[users / FOLDS];
            double[] effects = new double[users / FOLDS];
            for (int i = 0; i < scores.length; i++) {
                scores[i] = random.nextDouble(100);
                effects[i] = effect.applyAsDouble(scores[i]) + deviation * random.nextGaussian();
            }
            folds.add(TargetingCurve.of(scores, effects));
        }
        return ShownUplift.of(folds);
    }

    /** What a policy that enables where {@code pays} really gains per user. */
    private static double gained(DoubleUnaryOperator effect, double breakEven, List<Double> supported) {
        return IntStream.range(0, 100_000)
                        .mapToDouble(i -> (i + 0.5) / 1_000)
                        .filter(score -> supported.get(ShownUplift.cell(score)) > breakEven)
                        .map(score -> effect.applyAsDouble(score) - breakEven)
                        .sum()
                / 100_000;
    }

    /**
     * A promotion: a sixth of the users gains 5.4 points, the others next to nothing, and a user who is enabled costs 1.5 points.
     * The pseudo-outcomes of responses of one in a hundred have a deviation of about 0.22. 100 seeds.
     */
    @Test
    @Tag("simulation")
    void ofAPromotionNineTenthsOfWhatTheBestScoreEarnsAreEarned() {
        DoubleUnaryOperator effect = score -> score >= 100 * 5 / 6.0 ? 0.054 : 0.0005 * (score - 50) / 50;
        double most = (0.054 - 0.015) / 6;
        for (int users : new int[] {20_000, 40_000, 120_000}) {
            int n = users;
            double[] ratios = IntStream.range(0, 100)
                    .parallel()
                    .mapToDouble(seed ->
                            gained(effect, 0.015, world(n, seed, effect, 0.22).supported()) / most)
                    .sorted()
                    .toArray();
            double mean = IntStream.range(0, 100)
                    .mapToDouble(i -> ratios[i])
                    .average()
                    .orElseThrow();
            System.out.printf(
                    "%,d users: mean %.3f of the best score's, lowest %.3f, 5th %.3f%n", n, mean, ratios[0], ratios[5]);
            assertThat(mean).isGreaterThan(0.9);
            assertThat(ratios[n == 20_000 ? 10 : 0]).isGreaterThan(0.8);
        }
    }

    /** Scores that say nothing, and an average effect of exactly the break-even: at most one in twenty of 400 seeds by level. */
    @Test
    @Tag("simulation")
    void whereNothingIsToBeGainedNothingIsClaimed() {
        List<Best> all = IntStream.range(0, 400)
                .parallel()
                .mapToObj(seed -> world(4_000, seed, score -> 0.015, 0.22).best(0.015))
                .toList();
        long claimed =
                all.stream().filter(best -> best.choice() != Choice.NOBODY).count();
        System.out.printf("of 400 worlds without anything to gain %d enable somebody%n", claimed);
        // Everybody and by score, each at 5 %: more than 55 of 400 come in less than 1 % of such experiments.
        assertThat(claimed).isLessThanOrEqualTo(55);
    }

    /** Everybody gains two points, a point more than it costs, whatever the score: no order is better than everybody. */
    @Test
    @Tag("simulation")
    void whereNoScoreTellsUsersApartEverybodyIsEnabledWhereThatPays() {
        List<Best> all = IntStream.range(0, 100)
                .parallel()
                .mapToObj(seed -> world(20_000, seed, score -> 0.02, 0.22).best(0.01))
                .toList();
        assertThat(all.stream().filter(best -> best.share() > 0.9)).hasSizeGreaterThanOrEqualTo(95);
        List<Best> harmful = IntStream.range(0, 100)
                .parallel()
                .mapToObj(seed -> world(20_000, seed, score -> 0.002, 0.22).best(0.015))
                .toList();
        assertThat(harmful.stream().filter(best -> best.choice() == Choice.NOBODY))
                .hasSizeGreaterThanOrEqualTo(95);
    }

    /** The gain of the chosen scores is that of users who did not choose them: 95 % intervals of 200 seeds. */
    @Test
    @Tag("simulation")
    void theIntervalOfTheGainCoversWhatTheChosenScoresReallyGain() {
        DoubleUnaryOperator effect = score -> 0.04 * (score - 70) / 100;
        long covered = IntStream.range(0, 200)
                .parallel()
                .filter(seed -> {
                    ShownUplift shown = world(10_000, seed, effect, 0.22);
                    double real = gained(effect, 0, shown.supported());
                    return shown.best(0).overNobody().interval(0.95).contains(real);
                })
                .count();
        System.out.printf("the gain of the chosen scores is covered in %d of 200%n", covered);
        assertThat(covered).isGreaterThanOrEqualTo(185);
    }
}
