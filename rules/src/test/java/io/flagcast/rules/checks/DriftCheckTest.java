package io.flagcast.rules.checks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.flagcast.rules.checks.Finding.State;
import java.util.List;
import org.junit.jupiter.api.Test;

class DriftCheckTest {

    private static final List<String> HALVES = List.of("0 to 50", "50 to 100");

    private static Finding scores(long[] expected, long[] actual) {
        return DriftCheck.of(Check.SCORE_DRIFT, "checkout", "", HALVES, expected, actual);
    }

    /** Halves against 30 and 70 %: 0.2 log(0.7 / 0.3) = 0.169; against 25 and 75 %: 0.25 log 3 = 0.275. */
    @Test
    void aShiftIsAnIndexAboveAFifth() {
        assertThat(scores(new long[] {5_000, 5_000}, new long[] {3_000, 7_000}).state())
                .isEqualTo(State.PASSED);
        Finding moved = scores(new long[] {5_000, 5_000}, new long[] {2_500, 7_500});
        assertThat(moved.state()).isEqualTo(State.FAILED);
        assertThat(moved.reason())
                .isEqualTo(
                        "the scores have moved: population stability index 0.275 of 10,000 rows against the reference,"
                                + " limit 0.2");
        assertThat(moved.detail()).extracting(Finding.Part::name).isEqualTo(HALVES);
        assertThat(moved.detail().get(1).expected()).hasValue(0.5);
        assertThat(moved.detail().get(1).observed()).hasValue(0.75);
    }

    @Test
    void ofFewRowsChanceAloneMakesAsMuch() {
        Finding few = scores(new long[] {5_000, 5_000}, new long[] {3, 9});

        assertThat(few.state()).isEqualTo(State.PASSED);
        // The 99.9 % point of chi-squared with one degree of freedom is 10.83, of 12 rows 0.90.
        assertThat(few.threshold().orElseThrow()).isBetween(0.90, 0.91);
    }

    @Test
    void withoutRowsNothingIsKnown() {
        Finding finding = DriftCheck.of(
                Check.PREDICTOR_DRIFT, "checkout", "country", HALVES, new long[] {1, 2}, new long[] {0, 0});

        assertThat(finding.state()).isEqualTo(State.UNKNOWN);
        assertThat(finding.reason())
                .isEqualTo("the reference of country has 3 rows and the present 0, both must have some");
    }

    @Test
    void anotherCheckIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> DriftCheck.of(Check.VOLUME, "checkout", "", HALVES, new long[] {1, 2}, new long[] {1, 2}))
                .withMessageContaining("VOLUME is not about drift");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> DriftCheck.of(
                        Check.SCORE_DRIFT, "checkout", "", HALVES, new long[] {1, 2, 3}, new long[] {1, 2, 3}))
                .withMessageContaining("2 names of 3 bins");
    }
}
