package io.flagcast.rules.checks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.flagcast.rules.checks.Finding.State;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.apache.commons.math3.distribution.PoissonDistribution;
import org.junit.jupiter.api.Test;

/** Inputs, contradictions and the pipeline: what needs no statistics but the volume's. */
class InputCheckTest {

    private static final Instant AS_OF = Instant.parse("2026-11-10T00:00:00Z");

    private static Finding fresh(Instant newest) {
        return InputCheck.freshness("", "outcome purchase", Optional.of(newest), AS_OF, Duration.ofDays(2));
    }

    @Test
    void anInputIsStaleOnceItsNewestRowIsTooOld() {
        assertThat(fresh(Instant.parse("2026-11-08T00:00:00Z")).state()).isEqualTo(State.PASSED);
        Finding stale = fresh(Instant.parse("2026-11-07T23:59:59Z"));
        assertThat(stale.state()).isEqualTo(State.FAILED);
        assertThat(stale.reason())
                .isEqualTo("stale data: the newest outcome purchase is of 2026-11-07T23:59:59Z,"
                        + " flagcast.quality.stale-after is 48 h");
        assertThat(InputCheck.freshness("", "outcome purchase", Optional.empty(), AS_OF, Duration.ofDays(2))
                        .state())
                .isEqualTo(State.UNKNOWN);
    }

    @Test
    void aDayBelowHalfOrAboveDoubleTheMedianFailsWhateverOneOtherDayWas() {
        assertThat(volume(1_000, 1_010, 5, 990, 1_005, 400)).isEqualTo(State.FAILED);
        assertThat(volume(1_000, 1_010, 5, 990, 1_005, 2_100)).isEqualTo(State.FAILED);
        assertThat(volume(1_000, 1_010, 5, 990, 1_005, 510)).isEqualTo(State.PASSED);
        assertThat(volume(1_000, 1_010, 5, 990, 1_005, 0)).isEqualTo(State.FAILED);
    }

    @Test
    void fewRowsVaryByChance() {
        assertThat(volume(8, 10, 9, 11, 10, 4)).isEqualTo(State.PASSED);
        assertThat(volume(0, 0, 0, 0, 3)).isEqualTo(State.PASSED);
        assertThat(volume(0, 0, 0, 0, 300)).isEqualTo(State.FAILED);
    }

    /**
     * Exactly, by the Poisson law: on a day with the same mean as the four before, of which each may have any count.
     */
    @Test
    void atSmallCountsChanceFailsADayNoMoreOftenThanItShould() {
        for (double mean : new double[] {2, 5, 10, 20}) {
            PoissonDistribution poisson = new PoissonDistribution(mean);
            int most = (int) (mean + 10 * Math.sqrt(mean));
            double failed = 0;
            // The median of four lies between the second and the third: all counts in order of size would be 10⁸.
            for (int second = 0; second <= most; second++) {
                for (int third = second; third <= most; third++) {
                    double middle = middlePair(poisson, second, third);
                    for (int last = 0; middle > 1e-12 && last <= most; last++) {
                        if (volume(0, second, third, most, last) == State.FAILED) {
                            failed += middle * poisson.probability(last);
                        }
                    }
                }
            }
            assertThat(failed).as("mean %s", mean).isLessThan(0.002);
        }
    }

    /** Probability that of four counts the second smallest and the third are these. */
    private static double middlePair(PoissonDistribution poisson, int second, int third) {
        return both(poisson, second, third)
                - both(poisson, second - 1, third)
                - both(poisson, second, third - 1)
                + both(poisson, second - 1, third - 1);
    }

    /**
     * Probability that of four counts at least two are at most {@code second} and at least three at most {@code third}.
     */
    private static double both(PoissonDistribution poisson, int second, int third) {
        double a = poisson.cumulativeProbability(Math.min(second, third));
        double b = poisson.cumulativeProbability(third) - a;
        double c = 1 - a - b;
        double probability = 0;
        for (int low = 2; low <= 4; low++) {
            for (int mid = Math.max(0, 3 - low); low + mid <= 4; mid++) {
                int high = 4 - low - mid;
                double ways = 24.0 / (factorial(low) * factorial(mid) * factorial(high));
                probability += ways * Math.pow(a, low) * Math.pow(b, mid) * Math.pow(c, high);
            }
        }
        return probability;
    }

    private static double factorial(int n) {
        return n < 2 ? 1 : n * factorial(n - 1);
    }

    @Test
    void threeDaysBeforeAreTooFew() {
        assertThat(volume(1_000, 1_000, 1_000, 1)).isEqualTo(State.UNKNOWN);
        assertThat(InputCheck.volume("exposures", List.of()).reason())
                .isEqualTo("exposures has 0 days to compare the last with, it takes 4");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> volume(1, -1))
                .withMessageContaining("the daily rows of exposures are [1, -1]");
    }

    private static State volume(long... rows) {
        return InputCheck.volume("exposures", Arrays.stream(rows).boxed().toList())
                .state();
    }

    @Test
    void oneUserWithTwoAnswersIsAFault() {
        Finding finding = ContradictionCheck.of("checkout", 12_000, 1);

        assertThat(finding.state()).isEqualTo(State.FAILED);
        assertThat(finding.reason())
                .isEqualTo("1 of 12,000 exposed users got both answers under one version of the parameters");
        assertThat(ContradictionCheck.of("checkout", 12_000, 0).state()).isEqualTo(State.PASSED);
        assertThat(ContradictionCheck.of("checkout", 0, 0).state()).isEqualTo(State.UNKNOWN);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ContradictionCheck.of("checkout", 1, 2))
                .withMessageContaining("2 contradictory of 1 users of checkout");
    }

    @Test
    void aPipelineThatDidNotRunIsTold() {
        Duration day = Duration.ofDays(1);

        assertThat(PipelineCheck.of(Optional.of(AS_OF.minus(day)), AS_OF, day).state())
                .isEqualTo(State.PASSED);
        Finding late = PipelineCheck.of(Optional.of(AS_OF.minus(day)), AS_OF.plus(Duration.ofHours(2)), day);
        assertThat(late.state()).isEqualTo(State.FAILED);
        assertThat(late.reason())
                .isEqualTo(
                        "the pipeline did not run: the newest publication is of 2026-11-09T00:00:00Z, 26 h ago; it may"
                                + " be 1 d old");
        assertThat(PipelineCheck.of(Optional.empty(), AS_OF, day).state()).isEqualTo(State.UNKNOWN);
    }
}
