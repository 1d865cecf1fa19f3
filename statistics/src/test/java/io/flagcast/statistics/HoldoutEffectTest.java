package io.flagcast.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.statistics.Metric.Kind;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class HoldoutEffectTest {

    private static final int LOOKS = 60;

    @Test
    void theWorthIsTheDifferenceOfTheMeansAndTheBoundsLieAroundIt() {
        HoldoutEffect effect =
                HoldoutEffect.of(Moments.ofProportion(882, 9_800), Moments.ofProportion(16, 200), Kind.PROPORTION);

        assertThat(effect.estimate().orElseThrow()).isCloseTo(0.09 - 0.08, within(1e-12));
        Interval bounds = effect.bounds().orElseThrow();
        // One look would take ±1.96 standard errors, √(.09·.91/9800 + .08·.92/200) = .0194; always valid is wider.
        assertThat(bounds.lower()).isLessThan(0.01 - 1.96 * 0.0194);
        assertThat(bounds.upper() + bounds.lower()).isCloseTo(2 * 0.01, within(1e-12));
    }

    /** The root of Waudby-Smith and others, computed here from its formula: α = 2.5 %, tuned at 20,000. */
    @Test
    void theBoundsOfAMeanAreThoseOfThePaper() {
        long n = 9_800 + 200;
        double logTwoAlpha = Math.log(0.05);
        double tRho2 = n * (-2 * logTwoAlpha + Math.log(1 - 2 * logTwoAlpha)) / 20_000;
        double z = Math.sqrt(2 * (tRho2 + 1) / tRho2 * Math.log(1 + Math.sqrt(tRho2 + 1) / 0.05));
        double error = Math.sqrt(4.0 / 9_800 + 9.0 / 200);

        Interval bounds = HoldoutEffect.of(
                        new Moments(9_800, 12, 4.0 * 9_799), new Moments(200, 10, 9.0 * 199), Kind.MEAN)
                .bounds()
                .orElseThrow();

        assertThat(bounds.lower()).isCloseTo(2 - z * error, within(1e-9));
        assertThat(bounds.upper()).isCloseTo(2 + z * error, within(1e-9));
    }

    @Test
    void withoutAHeldOutUserThereIsNoWorthAndWithFewNoBound() {
        Moments others = Moments.ofProportion(500, 5_000);

        assertThat(HoldoutEffect.of(others, Moments.EMPTY, Kind.PROPORTION).estimate())
                .isEmpty();
        HoldoutEffect few = HoldoutEffect.of(others, Moments.ofProportion(5, 99), Kind.PROPORTION);
        assertThat(few.estimate()).isPresent();
        assertThat(few.bounds()).isEmpty();
        assertThat(HoldoutEffect.of(others, Moments.ofProportion(5, 100), Kind.PROPORTION)
                        .bounds())
                .isPresent();
    }

    @Test
    void aMeanWithoutAnySpreadIsNoCertaintyAndAProportionWithoutASuccessHasABound() {
        Moments others = new Moments(5_000, 1, 5_000);

        assertThat(HoldoutEffect.of(others, new Moments(500, 0, 0), Kind.MEAN).bounds())
                .isEmpty();
        assertThat(HoldoutEffect.of(Moments.ofProportion(0, 5_000), Moments.ofProportion(0, 500), Kind.PROPORTION)
                        .bounds()
                        .orElseThrow()
                        .width())
                .isGreaterThan(0.02);
    }

    @Test
    void theHeldOutUsersOfADayGoWithoutTheWorthOfEach() {
        HoldoutEffect effect =
                HoldoutEffect.of(Moments.ofProportion(980, 9_800), Moments.ofProportion(16, 200), Kind.PROPORTION);

        // 200 users in 10 days, each worth 2 points: 20 a day, 0.4 conversions.
        assertThat(effect.forgonePerDay(10).orElseThrow()).isCloseTo(0.4, within(1e-12));
        Interval bounds = effect.bounds().orElseThrow();
        assertThat(effect.forgoneBounds(10)).contains(new Interval(20 * bounds.lower(), 20 * bounds.upper()));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> effect.forgonePerDay(0))
                .withMessageContaining("0.0 days, they must be above 0");
    }

    /**
     * A world in which nothing is worth anything: both groups have the same values. Every day new users come, and somebody
     * looks; a world errs where the bounds of any look exclude 0.
     *
     * @return worlds that erred
     */
    private static int errs(
            int worlds, int usersADay, double holdout, Bounds bounds, ToDoubleFunction<SplittableRandom> value) {
        return (int) IntStream.rangeClosed(1, worlds)
                .filter(seed -> {
                    SplittableRandom random = new SplittableRandom(seed);
                    double[][] sums = new double[2][3];
                    for (int look = 0; look < LOOKS; look++) {
                        for (int user = 0; user < usersADay; user++) {
                            double[] sum = sums[random.nextDouble() < holdout ? 1 : 0];
                            double y = value.applyAsDouble(random);
                            sum[0]++;
                            sum[1] += y;
                            sum[2] += y * y;
                        }
                        if (bounds.of(moments(sums[0]), moments(sums[1])).stream()
                                .anyMatch(known -> !known.contains(0))) {
                            return true;
                        }
                    }
                    return false;
                })
                .count();
    }

    /** What a look says of everybody else and the held out. */
    private interface Bounds {
        Optional<Interval> of(Moments everybodyElse, Moments heldOut);
    }

    private static Bounds alwaysValid(Kind kind) {
        return (everybodyElse, heldOut) ->
                HoldoutEffect.of(everybodyElse, heldOut, kind).bounds();
    }

    /** The textbook interval, which is for one look. */
    private static Optional<Interval> oneLook(Moments everybodyElse, Moments heldOut) {
        double error = Math.hypot(everybodyElse.standardError(), heldOut.standardError());
        return heldOut.n() < HoldoutEffect.LEAST
                ? Optional.empty()
                : Optional.of(Interval.normal(everybodyElse.mean() - heldOut.mean(), error, 0.95));
    }

    private static Moments moments(double[] sums) {
        return Moments.ofSums((long) sums[0], sums[1], sums[2]);
    }

    private static double conversion(SplittableRandom random, double rate) {
        return random.nextDouble() < rate ? 1 : 0;
    }

    /** 5 % buy, for a lognormal amount. */
    private static double revenue(SplittableRandom random, double sigma) {
        return random.nextDouble() < 0.05 ? Math.exp(sigma * random.nextGaussian()) : 0;
    }

    @Test
    @Tag("simulation")
    void whereNothingIsWorthAnythingSixtyLooksErrInFivePercentAtMost() {
        assertThat(errs(100, 400, 0.05, alwaysValid(Kind.PROPORTION), random -> conversion(random, 0.08)))
                .isLessThanOrEqualTo(5);
        assertThat(errs(100, 400, 0.05, alwaysValid(Kind.MEAN), random -> revenue(random, 1)))
                .isLessThanOrEqualTo(5);
    }

    /** Of 1,000 worlds 5 % are 50; seeds 1 to 1,000. */
    @Test
    @Tag("proof")
    void aThousandWorldsWithoutAnyWorthErrInFivePercentAtMost() {
        System.out.printf(
                "%-32s %10s %8s %6s %9s%n",
                "A/A, 60 daily looks, 1,000 seeds", "users/day", "holdout", "errs", "one look");
        for (int usersADay : new int[] {200, 1_000}) {
            for (double holdout : new double[] {0.02, 0.1}) {
                for (double rate : new double[] {0.01, 0.08}) {
                    report("proportion of " + rate, usersADay, holdout, Kind.PROPORTION, r -> conversion(r, rate));
                }
                for (double sigma : new double[] {1, 2}) {
                    report(
                            "revenue, 95 % zeros, sigma " + sigma,
                            usersADay,
                            holdout,
                            Kind.MEAN,
                            r -> revenue(r, sigma));
                }
            }
        }
    }

    private static void report(
            String world, int usersADay, double holdout, Kind kind, ToDoubleFunction<SplittableRandom> value) {
        int errs = errs(1_000, usersADay, holdout, alwaysValid(kind), value);
        int naive = errs(1_000, usersADay, holdout, HoldoutEffectTest::oneLook, value);
        System.out.printf(
                "%-32s %,10d %7.0f%% %5.1f%% %8.1f%%%n", world, usersADay, 100 * holdout, errs / 10.0, naive / 10.0);
        assertThat(errs).isLessThanOrEqualTo(50);
    }
}
