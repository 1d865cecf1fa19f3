package io.flagcast.rules.checks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.rules.checks.Finding.State;
import io.flagcast.statistics.assignment.Assignment;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SampleRatioCheckTest {

    /** z² = 5,000² / 25,000 = 1,000, and the tail of the normal law is 2 φ(z)/z (1 − 1/z²) = 1.8e-219 there. */
    @Test
    void aMismatchIsNamedWithItsNumbersAndItsSegmentOnly() {
        var findings = SampleRatioCheck.of(
                "checkout",
                Map.of("low", Assignment.of(5_000, 5_000, 0.5), "high", Assignment.of(55_000, 45_000, 0.5)));

        assertThat(findings).extracting(Finding::segment).containsExactly("high", "low");
        Finding high = findings.get(0);
        assertThat(high.state()).isEqualTo(State.FAILED);
        assertThat(high.reason())
                .isEqualTo(
                        "sample ratio mismatch in high: 55,000 enabled and 45,000 control users, +5.0 points of enabled"
                                + " against the logged propensities (chi-squared p = 1.8e-219)");
        assertThat(high.observed()).hasValue(0.05);
        assertThat(high.threshold()).hasValue(0.005);
        assertThat(high.n()).isEqualTo(100_000);
        assertThat(findings.get(1).state()).isEqualTo(State.PASSED);
        assertThat(findings.get(1).reason()).startsWith("no sample ratio mismatch in low");
    }

    /** log 1/0.001 plus the logarithm of ten tilts is 9.2; with a hundred segments it takes 4.6 more. */
    @Test
    void theSegmentsShareTheError() {
        Assignment almost = Assignment.of(1_100, 900, 0.5);
        Map<String, Assignment> hundred = new TreeMap<>();
        for (int segment = 0; segment < 100; segment++) {
            hundred.put("segment " + segment, almost);
        }

        assertThat(SampleRatioCheck.of("checkout", Map.of("high", almost))).allMatch(Finding::failed);
        assertThat(SampleRatioCheck.of("checkout", hundred)).noneMatch(Finding::failed);
    }

    /** By hand: the deviation that counts is 0.02 p(1 − p), 0.005 at p = 0.5 and 0.000198 at 0.01 and 0.99. */
    @ParameterizedTest
    @CsvSource({
        "0.5, 0.00499, 0.00501, 0.005",
        "0.01, 0.000197, 0.000199, 0.000198",
        "0.99, 0.000197, 0.000199, 0.000198"
    })
    void whatDoesNotMatterIsAsSmallAsTheSmallerArm(double propensity, double below, double above, double least) {
        long n = 1_000_000_000;
        for (int sign : new int[] {-1, 1}) {
            long fewer = Math.round(n * (propensity + sign * below));
            long more = Math.round(n * (propensity + sign * above));
            Finding small = only(propensity, fewer, n - fewer);
            Finding large = only(propensity, more, n - more);

            assertThat(small.failed()).isFalse();
            assertThat(small.threshold().orElseThrow()).isCloseTo(least, within(1e-12));
            assertThat(small.observed().orElseThrow()).isCloseTo(sign * below, within(1e-9));
            assertThat(large.failed()).isTrue();
        }
    }

    private static Finding only(double propensity, long enabled, long control) {
        return SampleRatioCheck.of("checkout", Map.of("all", Assignment.of(enabled, control, propensity)))
                .get(0);
    }

    @Test
    void aDeviationBelowAPointIsToldWithItsDigits() {
        assertThat(only(0.01, 50_000, 9_950_000).reason()).contains(", -0.5 points of enabled against");
        assertThat(only(0.5, 101, 99).reason()).contains(", +0.5 points of enabled against");
        assertThat(only(0.5, 100, 100).reason()).contains(", 0 points of enabled against");
        assertThat(only(0.5, 98, 102).reason()).contains(", -1.0 points of enabled against");
    }

    /**
     * 500 worlds each, seeds 0 to 499, from 10⁵ to 10⁷ users before the loss; 99.9 % would be 499.5. A loss of 50 % of
     * the enabled at p = 0.01 is 0.5 points, of a fifth of the control at 0.975 as well.
     */
    @ParameterizedTest
    @CsvSource({
        "0.01, 0.5, 1",
        "0.01, 2, 1",
        "0.01, 1, 2",
        "0.975, 1, 0.8",
        "0.975, 1, 2",
        "0.5, 0.9, 1",
        "0.5, 1, 0.9",
        "0.05, 0.8, 1",
        "0.95, 1, 0.8",
        "0.99, 1, 0.5"
    })
    @Tag("simulation")
    void anArmThatIsLostOrDoubledIsFoundAtAnyPropensity(double propensity, double enabledKept, double controlKept) {
        for (long n : new long[] {100_000, 1_000_000, 10_000_000}) {
            int found = 0;
            int beyondHalfAPoint = 0;
            for (int seed = 0; seed < 500; seed++) {
                SplittableRandom random = new SplittableRandom(seed);
                long enabled = binomial(random, n, propensity);
                Finding finding =
                        only(propensity, kept(random, enabled, enabledKept), kept(random, n - enabled, controlKept));
                found += finding.failed() ? 1 : 0;
                beyondHalfAPoint +=
                        finding.failed() && Math.abs(finding.observed().orElseThrow()) >= 0.005 ? 1 : 0;
            }
            System.out.printf(
                    "sample ratio: p %s, enabled x %s, control x %s, n %,d: found in %d of 500, %d by half a point%n",
                    propensity, enabledKept, controlKept, n, found, beyondHalfAPoint);
            assertThat(found).as("n %s", n).isEqualTo(500);
        }
    }

    /** Looks at 1,000, 2,000, … 8,192,000 users, 400 worlds (seeds 0 to 399) for each of five propensities. */
    @Test
    @Tag("simulation")
    void aRightAssignmentOfAnySizeIsHardlyEverCalledAMismatch() {
        int ever = 0;
        for (double propensity : new double[] {0.01, 0.05, 0.5, 0.975, 0.99}) {
            for (int seed = 0; seed < 400; seed++) {
                SplittableRandom random = new SplittableRandom(seed);
                long n = 1_000;
                long enabled = binomial(random, n, propensity);
                boolean failed = false;
                for (int look = 0; look < 14; look++) {
                    failed |= only(propensity, enabled, n - enabled).failed();
                    enabled += binomial(random, n, propensity);
                    n *= 2;
                }
                ever += failed ? 1 : 0;
            }
        }

        System.out.printf("sample ratio: %d of 2,000 right assignments were ever called a mismatch%n", ever);
        // 0.001 a world: 2 expected at most, and 8 have a probability below 0.001.
        assertThat(ever).isLessThan(8);
    }

    private static long kept(SplittableRandom random, long rows, double factor) {
        return factor < 1 ? binomial(random, rows, factor) : Math.round(factor * rows);
    }

    /** Drawn one by one where they are few, else from the normal law with the same two moments. */
    private static long binomial(SplittableRandom random, long n, double probability) {
        double variance = n * probability * (1 - probability);
        if (variance > 200) {
            return Math.round(n * probability + random.nextGaussian() * Math.sqrt(variance));
        }
        return LongStream.range(0, n)
                .filter(row -> random.nextDouble() < probability)
                .count();
    }

    @Test
    void withoutUsersNothingIsKnown() {
        assertThat(SampleRatioCheck.of("checkout", Map.of("all", Assignment.EMPTY)))
                .singleElement()
                .satisfies(finding -> {
                    assertThat(finding.state()).isEqualTo(State.UNKNOWN);
                    assertThat(finding.reason()).isEqualTo("nobody in all had a propensity between 0 and 1");
                });
    }
}
