package io.flagcast.rules.checks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.rules.checks.Finding.State;
import io.flagcast.rules.checks.NoveltyCheck.Day;
import io.flagcast.statistics.WeightedMoments;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class NoveltyCheckTest {

    private static WeightedMoments arm(double rate, long n) {
        return new WeightedMoments(n, 2 * n, 4 * n, 2 * n * rate, 2 * n * rate, 4 * n * rate, 4 * n * rate);
    }

    private static Finding of(int days, long usersOfAnArm, IntToDoubleFunction effect) {
        return NoveltyCheck.of(
                "checkout",
                "visits",
                IntStream.range(0, days)
                        .mapToObj(day -> new Day(
                                day, arm(0.3 + effect.applyAsDouble(day), usersOfAnArm), arm(0.3, usersOfAnArm)))
                        .toList());
    }

    @Test
    void anEffectThatFadesIsFoundAndSoIsOneThatGrows() {
        Finding fades = of(10, 10_000, day -> 0.1 - 0.01 * day);

        assertThat(fades.state()).isEqualTo(State.FAILED);
        assertThat(fades.observed().orElseThrow()).isCloseTo(-0.01, within(0.001));
        assertThat(fades.reason()).contains("changes with the days").contains("on day 9");
        assertThat(fades.detail()).hasSize(10);
        assertThat(of(10, 10_000, day -> 0.01 * day).state()).isEqualTo(State.FAILED);
    }

    @Test
    void aLastingEffectAndOneOfFewUsersPass() {
        assertThat(of(10, 10_000, day -> 0.1).state()).isEqualTo(State.PASSED);
        assertThat(of(10, 100, day -> 0.1 - 0.01 * day).state()).isEqualTo(State.PASSED);
    }

    @Test
    void fourDaysAreATrend() {
        Finding four = of(4, 10_000, day -> 0.1 - 0.03 * day);

        assertThat(four.state()).isEqualTo(State.FAILED);
        assertThat(four.n()).isEqualTo(4 * 20_000);
    }

    @Test
    void fewerThanFourDaysAreNoTrend() {
        Finding finding = of(3, 10_000, day -> 0.1 * day);

        assertThat(finding.state()).isEqualTo(State.UNKNOWN);
        assertThat(finding.reason())
                .isEqualTo("the effect on visits is known of 3 days since the first exposure, a trend takes 4");
    }
}
