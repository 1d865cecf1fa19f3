package io.flagcast.rules.checks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.rules.checks.Finding.State;
import io.flagcast.rules.checks.UnexpectedOutcomeCheck.Residual;
import io.flagcast.statistics.Moments;
import java.util.Map;
import org.junit.jupiter.api.Test;

class UnexpectedOutcomeCheckTest {

    /** Users who respond at one rate where another was predicted of all of them. */
    private static Residual residual(long responses, long users, double predicted) {
        Moments observed = Moments.ofProportion(responses, users);
        return new Residual(new Moments(users, observed.mean() - predicted, observed.m2()), predicted);
    }

    private static Finding of(Residual residual) {
        return UnexpectedOutcomeCheck.of("checkout", "conversion", Map.of("high", Map.of("", residual)))
                .get(0);
    }

    @Test
    void aSegmentThatRespondsFarLessThanPredictedIsNamed() {
        Finding finding = of(residual(600, 10_000, 0.1));

        assertThat(finding.state()).isEqualTo(State.FAILED);
        assertThat(finding.segment()).isEqualTo("high");
        assertThat(finding.reason())
                .startsWith(
                        "conversion of 10,000 users of high is 6 % where their scores predicted 10 %; the difference"
                                + " lies in [-5.")
                .endsWith("points, beyond the tolerance of 1");
        assertThat(finding.interval().orElseThrow().upper()).isLessThan(-0.01);
        assertThat(of(residual(1_400, 10_000, 0.1)).state()).isEqualTo(State.FAILED);
    }

    @Test
    void aDifferenceOfATenthIsNoneHoweverManyUsers() {
        assertThat(of(residual(91_000, 1_000_000, 0.1)).state()).isEqualTo(State.PASSED);
        assertThat(of(residual(109_000, 1_000_000, 0.1)).state()).isEqualTo(State.PASSED);
    }

    /** Nobody responds: the users' own variance is 0 and would make any difference certain. */
    @Test
    void withoutResponsesTheVarianceIsThatOfThePrediction() {
        assertThat(of(residual(0, 200, 0.02)).state()).isEqualTo(State.UNKNOWN);
        Finding finding = of(residual(0, 20_000, 0.02));
        assertThat(finding.state()).isEqualTo(State.FAILED);
        double width = ChanceTest.multiplier(0.0005, 20_000) * Math.sqrt(0.02 * 0.98 / 20_000);
        assertThat(finding.interval().orElseThrow().lower()).isCloseTo(-0.02 - width, within(1e-9));
        assertThat(finding.interval().orElseThrow().upper()).isCloseTo(-0.02 + width, within(1e-9));
    }

    /** A day without a conversion drowns in the month before, and both arms in one another. */
    @Test
    void whatBreaksAnArmInTheNewestDaysIsNamed() {
        Residual whole = residual(950, 10_000, 0.1);
        Finding finding = UnexpectedOutcomeCheck.of(
                        "checkout",
                        "conversion",
                        Map.of(
                                "high",
                                Map.of(
                                        "",
                                        whole,
                                        "enabled in the newest 7 days",
                                        residual(0, 700, 0.1),
                                        "control in the newest 7 days",
                                        residual(70, 700, 0.1))))
                .get(0);
        assertThat(of(whole).state()).isEqualTo(State.PASSED);
        assertThat(finding.state()).isEqualTo(State.FAILED);
        assertThat(finding.segment()).isEqualTo("high");
        assertThat(finding.reason())
                .startsWith(
                        "conversion of 700 users of high, enabled in the newest 7 days, is 0 % where their scores predicted"
                                + " 10 %");
    }

    /** Of a hundred users an interval that reaches from a half to double the predicted tells nothing. */
    @Test
    void whatIsNotKnownToHalfOfThePredictedIsNoPass() {
        Finding finding = of(residual(5, 120, 0.05));
        assertThat(finding.state()).isEqualTo(State.UNKNOWN);
        assertThat(finding.reason()).endsWith(": too wide to tell, half of the predicted is not excluded");
        assertThat(of(residual(500, 10_000, 0.05)).state()).isEqualTo(State.PASSED);
    }

    @Test
    void aHundredUsersAreEnough() {
        assertThat(of(residual(0, 100, 0.9)).state()).isEqualTo(State.FAILED);
    }

    @Test
    void allUsersTogetherAreJudgedWhereTheyAreTheOnlySegment() {
        Residual far = residual(600, 10_000, 0.1);

        assertThat(UnexpectedOutcomeCheck.of("checkout", "conversion", Map.of("all", Map.of("", far))))
                .extracting(Finding::segment)
                .containsExactly("all");
        assertThat(UnexpectedOutcomeCheck.of(
                        "checkout",
                        "conversion",
                        Map.of("all", Map.of("", far), "high", Map.of("", far), "low", Map.of("", far))))
                .extracting(Finding::segment)
                .containsExactly("high", "low");
    }

    @Test
    void ofFewUsersNothingIsKnown() {
        Finding finding = of(residual(0, 99, 0.9));

        assertThat(finding.state()).isEqualTo(State.UNKNOWN);
        assertThat(finding.reason())
                .isEqualTo("99 users of high are too few to compare their conversion with the predicted; it takes 100");
    }

    @Test
    void whatIsNoShareIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Residual(Moments.of(12, 13), 1.5))
                .withMessageContaining("predicted mean is 1.5");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Residual(Moments.of(12, 13), 0.5))
                .withMessageContaining("the observed 13.0");
        // All that respond, none, and what rounding of sums adds to either.
        assertThat(new Residual(new Moments(100, 1e-9, 0), 1).observedMean()).isEqualTo(1);
        assertThat(new Residual(new Moments(100, -1e-9, 0), 0).observedMean()).isZero();
    }
}
