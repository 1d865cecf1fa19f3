package io.flagcast.rules.checks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.statistics.Interval;
import io.flagcast.statistics.WeightedMoments;
import org.junit.jupiter.api.Test;

class ChanceTest {

    /**
     * How many standard errors a bound lies from its estimate after t rows, tuned at 10,000: equation (134) of arXiv
     * 2103.06476 times √t.
     */
    static double multiplier(double alpha, double t) {
        double rho2 = (-2 * Math.log(2 * alpha) + Math.log(1 - 2 * Math.log(2 * alpha))) / 10_000;
        return Math.sqrt(2 * (t * rho2 + 1) / (t * rho2) * Math.log(1 + Math.sqrt(t * rho2 + 1) / (2 * alpha)));
    }

    private static WeightedMoments arm(long responses, long n) {
        return new WeightedMoments(
                n, 2.0 * n, 4.0 * n, 2.0 * responses, 2.0 * responses, 4.0 * responses, 4.0 * responses);
    }

    @Test
    void comparisonsAndBothEndsShareATenthOfAPercent() {
        assertThat(Chance.twoSided(1).alpha()).isCloseTo(0.0005, within(1e-15));
        assertThat(Chance.twoSided(5).alpha()).isCloseTo(0.0001, within(1e-15));
        Interval interval = Chance.interval(0.2, 0.01, 40_000);
        assertThat(interval.upper() - 0.2).isCloseTo(0.01 * multiplier(0.0005, 40_000), within(1e-9));
        assertThat(0.2 - interval.lower()).isCloseTo(0.01 * multiplier(0.0005, 40_000), within(1e-9));
    }

    @Test
    void anEffectIsKnownOfAHundredUsersWhoDoNotAllDoTheSame() {
        assertThat(Chance.effect(arm(10, 50), arm(5, 50)).orElseThrow().estimate())
                .isCloseTo(0.1, within(1e-12));
        assertThat(Chance.effect(arm(10, 50), arm(5, 49))).isEmpty();
        assertThat(Chance.effect(arm(0, 5_000), arm(0, 5_000)))
                .as("nobody responds")
                .isEmpty();
    }
}
