package io.flagcast.rules.checks;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.rules.checks.Finding.State;
import io.flagcast.statistics.Assignment;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

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

    @Test
    void aDeviationBelowHalfAPointIsNoneHoweverManyUsers() {
        assertThat(SampleRatioCheck.of("checkout", Map.of("all", Assignment.of(5_040_000, 4_960_000, 0.5))))
                .noneMatch(Finding::failed);
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
