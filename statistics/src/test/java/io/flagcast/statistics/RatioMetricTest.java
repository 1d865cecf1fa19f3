package io.flagcast.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.statistics.Metric.Denominator;
import io.flagcast.statistics.Metric.Denominator.Counted;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Ratios of two sums over users: the delta method by its definition, and worlds whose ratio is known. */
class RatioMetricTest {

    /**
     * A user.
     *
     * @param weight inverse of the probability of the arm
     * @param y numerator
     * @param d denominator
     * @param x numerator before
     * @param u denominator before
     */
    private record User(double weight, double y, double d, double x, double u) {}

    /**
     * Users with many or few views, a third of them without any, who click at a rate of their own around {@code rate}, and
     * before around a fifth.
     */
    private static List<User> drawn(Random random, int users, double rate) {
        List<User> drawn = new ArrayList<>();
        for (int i = 0; i < users; i++) {
            double own = Math.exp(0.5 * random.nextGaussian() - 0.125);
            double activity = Math.exp(random.nextGaussian());
            int views = random.nextInt(3) == 0 ? 0 : 1 + (int) (5 * activity);
            int before = 1 + (int) (5 * activity);
            drawn.add(new User(
                    random.nextBoolean() ? 1.25 : 5,
                    clicks(random, views, rate * own),
                    views,
                    clicks(random, before, 0.2 * own),
                    before));
        }
        return drawn;
    }

    private static int clicks(Random random, int views, double rate) {
        int clicks = 0;
        for (int i = 0; i < views; i++) {
            clicks += random.nextDouble() < rate ? 1 : 0;
        }
        return clicks;
    }

    private static WeightedMoments arm(List<User> users) {
        return users.stream()
                .reduce(
                        WeightedMoments.EMPTY,
                        (sums, user) -> sums.plusRatio(user.weight, user.y, user.d),
                        WeightedMoments::merge);
    }

    private static RatioCovariate covariate(List<User> users) {
        return users.stream()
                .reduce(
                        RatioCovariate.EMPTY,
                        (sums, user) -> sums.plus(user.weight, user.x, user.u, user.y, user.d),
                        RatioCovariate::merge);
    }

    @Test
    void theRatioAndItsVarianceAreThoseOfTheDeltaMethod() {
        List<User> users = drawn(new Random(1), 2_000, 0.2);
        double y = users.stream().mapToDouble(user -> user.weight * user.y).sum();
        double d = users.stream().mapToDouble(user -> user.weight * user.d).sum();
        double residuals = users.stream()
                .mapToDouble(user -> Math.pow(user.weight * (user.y - y / d * user.d), 2))
                .sum();

        WeightedMoments arm = arm(users);

        assertThat(arm.mean().orElseThrow()).isCloseTo(y / d, within(1e-12));
        assertThat(arm.variance().orElseThrow()).isCloseTo(residuals / (d * d), within(1e-12));
        assertThat(arm.n()).isEqualTo(2_000);
        assertThat(arm.effectiveSampleSize()).isBetween(1.0, (double)
                users.stream().filter(user -> user.d > 0).count());
        Moments linearised = arm.linearised();
        assertThat(linearised.mean()).isCloseTo(y / d, within(1e-12));
        assertThat(linearised.standardError()).isCloseTo(Math.sqrt(residuals) / d, within(1e-12));
    }

    @Test
    void partsMergeIntoTheWholeThoseWithoutDenominatorsToo() {
        List<User> users = drawn(new Random(2), 500, 0.2);
        WeightedMoments without = arm(users.stream().filter(user -> user.d == 0).toList());
        WeightedMoments with = arm(users.stream().filter(user -> user.d > 0).toList());
        assertThat(without.n()).isPositive();
        assertThat(without.mean()).isEmpty();
        assertThat(without.variance()).isEmpty();
        assertThat(without.linearised()).isEqualTo(Moments.EMPTY);
        assertThat(Effect.difference(with, without, Metric.Kind.RATIO)).isEmpty();
        for (WeightedMoments merged : List.of(without.merge(with), with.merge(without))) {
            assertThat(merged.n()).isEqualTo(500);
            assertThat(merged.mean().orElseThrow()).isCloseTo(arm(users).mean().orElseThrow(), within(1e-12));
            assertThat(merged.variance().orElseThrow())
                    .isCloseTo(arm(users).variance().orElseThrow(), within(1e-12));
        }
    }

    /** Two thousand worlds of 1,200 users, whose true difference is 0.05: the interval of 95 % has it in 93.5 to 96.5 % of them. */
    @Test
    void theIntervalOfAnEffectHasTheTruthAsOftenAsItSays() {
        int plain = 0;
        int adjusted = 0;
        double widths = 0;
        Random random = new Random(3);
        for (int world = 0; world < 2_000; world++) {
            List<User> enabled = drawn(random, 600, 0.25);
            List<User> control = drawn(random, 600, 0.20);
            Effect effect = Effect.difference(arm(enabled), arm(control), Metric.Kind.RATIO)
                    .orElseThrow();
            Effect less = Effect.adjusted(
                            arm(enabled), covariate(enabled), arm(control), covariate(control), Metric.Kind.RATIO)
                    .orElseThrow();
            plain += covers(effect) ? 1 : 0;
            adjusted += covers(less) ? 1 : 0;
            widths += less.standardError() / effect.standardError() / 2_000;
        }
        assertThat(plain / 2_000.0).isBetween(0.93, 0.965);
        assertThat(adjusted / 2_000.0).isBetween(0.93, 0.965);
        assertThat(widths).isLessThan(0.97);
    }

    /** Rates are capped at 1, which moves the mean rate of e^N by less than a thousandth here. */
    private static boolean covers(Effect effect) {
        Interval interval = effect.interval(0.95);
        return interval.lower() <= 0.05 && 0.05 <= interval.upper();
    }

    @Test
    void theCovarianceOfBothRatiosIsThatOfTheirResiduals() {
        List<User> users = drawn(new Random(4), 1_000, 0.2);
        WeightedMoments arm = arm(users);
        double now = arm.mean().orElseThrow();
        double wx = users.stream().mapToDouble(user -> user.weight * user.x).sum();
        double wu = users.stream().mapToDouble(user -> user.weight * user.u).sum();
        double before = wx / wu;
        double products = users.stream()
                .mapToDouble(user -> user.weight * user.weight * (user.y - now * user.d) * (user.x - before * user.u))
                .sum();
        double squares = users.stream()
                .mapToDouble(user -> Math.pow(user.weight * (user.x - before * user.u), 2))
                .sum();

        RatioCovariate covariate = covariate(users);

        assertThat(covariate.mean(arm).orElseThrow()).isCloseTo(before, within(1e-12));
        assertThat(covariate.covariance(arm)).isCloseTo(products / (arm.w() * wu), within(1e-12));
        assertThat(covariate.variance(arm)).isCloseTo(squares / (wu * wu), within(1e-12));
    }

    @Test
    void aCovariateOfEqualRatiosOrOfNobodyVariesNot() {
        List<User> equal = List.of(new User(2, 1, 4, 1, 2), new User(2, 2, 4, 2, 4), new User(2, 0, 4, 0, 0));
        assertThat(covariate(equal).varies(arm(equal))).isFalse();
        List<User> nobody = List.of(new User(2, 1, 4, 0, 0), new User(2, 2, 4, 0, 0));
        assertThat(covariate(nobody).varies(arm(nobody))).isFalse();
        List<User> users = drawn(new Random(5), 100, 0.2);
        assertThat(Effect.adjusted(arm(users), covariate(users), arm(nobody), covariate(nobody), Metric.Kind.RATIO))
                .isEmpty();
    }

    private static Metric metric(Metric.Kind kind, Optional<Denominator> per, Optional<Cap> cap, Duration after) {
        return new Metric(
                "m",
                kind,
                "buy",
                per,
                after,
                Duration.ofDays(1),
                Metric.Direction.HIGHER_IS_BETTER,
                cap,
                Metric.HeavyTails.NOT_ACCEPTED,
                Optional.empty());
    }

    private static final Optional<Denominator> VIEWS = Optional.of(new Denominator("view", Counted.ROWS));

    @ParameterizedTest
    @ValueSource(strings = {"MEAN", "PROPORTION"})
    void onlyARatioHasADenominator(Metric.Kind kind) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> metric(kind, VIEWS, Optional.empty(), Duration.ZERO))
                .withMessageContaining("only a ratio has a denominator");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> metric(Metric.Kind.RATIO, Optional.empty(), Optional.empty(), Duration.ZERO))
                .withMessageContaining("a ratio needs one");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> metric(Metric.Kind.RATIO, VIEWS, Optional.of(new Cap.At(5)), Duration.ZERO))
                .withMessageContaining("cap of metric m: a ratio has none");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> metric(kind, Optional.empty(), Optional.empty(), Duration.ofDays(-1)))
                .withMessageContaining("after is PT-24H");
        assertThat(metric(kind, Optional.empty(), Optional.empty(), Duration.ofDays(6))
                        .closesAfter())
                .isEqualTo(Duration.ofDays(7));
    }
}
