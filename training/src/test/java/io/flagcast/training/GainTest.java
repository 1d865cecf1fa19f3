package io.flagcast.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.statistics.CorrectedDifference;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.heterogeneity.BestLinearPrediction.Sums;
import io.flagcast.statistics.ranking.UpliftCurve;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Five folds: Student's t with 4 degrees of freedom has the quantiles 2.132 (95 %), 2.776 (97.5 %) and 3.747 (99 %). */
class GainTest {

    private static CorrectedDifference difference(double mean) {
        return new CorrectedDifference(mean, 0.01, 5);
    }

    private static Gain gain(double qini, double loss) {
        return new Gain(difference(qini), difference(loss));
    }

    /** Four users, of whom the enabled responder and the other's non-responder come first, or last. */
    private static Evaluation evaluation(double ofEnabledResponder, double logLoss) {
        UpliftCurve curve =
                UpliftCurve.of(new double[] {ofEnabledResponder, 50, 50, 50}, new double[] {1, 0, 0, 1}, new boolean[] {
                    true, true, false, false
                });
        return new Evaluation(
                Metric.Kind.PROPORTION,
                curve.bins(),
                4,
                logLoss,
                0,
                Sums.EMPTY,
                Collections.nCopies(10, Evaluation.Decile.NOBODY),
                List.of());
    }

    @Test
    void aChallengerIsPromotedWhereItsQiniRisesBeyondDoubt() {
        assertThat(gain(0.0214, 0).promotes(1)).isTrue();
        assertThat(gain(0.0213, 0).promotes(1)).isFalse();
        assertThat(gain(-0.03, 0).promotes(1)).isFalse();
    }

    @Test
    void theErrorIsSharedByAllThatTry() {
        assertThat(gain(0.0375, 0).promotes(5)).isTrue();
        assertThat(gain(0.0374, 0).promotes(5)).isFalse();
        assertThat(gain(0.0278, 0).promotes(2)).isTrue();
        assertThat(gain(0.0277, 0).promotes(2)).isFalse();
    }

    @Test
    void aChallengerWhoseLossRisesBeyondDoubtIsNotPromoted() {
        assertThat(gain(0.1, 0.0213).promotes(1)).isTrue();
        assertThat(gain(0.1, 0.0214).promotes(1)).isFalse();
    }

    @Test
    void worseIsALowerQiniOrAHigherLossBeyondDoubt() {
        assertThat(gain(-0.0213, 0.0213).worse()).isEmpty();
        assertThat(gain(-0.03, 0).worse()).contains("Qini -0.0300 ± 0.0100");
        assertThat(gain(0.1, 0.03).worse()).contains("loss +0.03000 ± 0.01000");
    }

    @Test
    void differencesAreTakenByFoldWithTheCorrectedError() {
        Evaluation high = evaluation(60, 4);
        Evaluation low = evaluation(40, 2);
        double rise = high.qini().orElseThrow() - low.qini().orElseThrow();
        assertThat(rise).isPositive();
        Gain gain = Gain.of(Map.of(0, high, 1, low), Map.of(0, low, 1, low)).orElseThrow();
        // Differences rise and 0, mean rise / 2, variance rise² / 2, inflated by 1/2 + 1.
        assertThat(gain.qini().mean()).isCloseTo(rise / 2, within(1e-12));
        assertThat(gain.qini().error()).isCloseTo(rise * Math.sqrt(0.75), within(1e-12));
        // Losses per user: 4/4 - 2/4 and 0.
        assertThat(gain.loss().mean()).isCloseTo(0.25, within(1e-12));
        assertThat(gain.loss().error()).isCloseTo(0.5 * Math.sqrt(0.75), within(1e-12));
    }

    @Test
    void foldsThatCannotRankTheirUsersGiveNoGain() {
        Evaluation some = evaluation(60, 4);
        Evaluation nobody = Evaluation.merged(Metric.Kind.PROPORTION, List.of());
        assertThat(Gain.of(Map.of(0, some, 1, nobody), Map.of(0, some, 1, some)))
                .isEqualTo(Optional.empty());
        assertThat(Gain.of(Map.of(0, some, 1, some), Map.of(0, some, 1, nobody)))
                .isEqualTo(Optional.empty());
        assertThat(Gain.of(Map.of(0, some, 1, some), Map.of(0, some))).isEqualTo(Optional.empty());
        assertThat(Gain.of(Map.of(0, some), Map.of(0, some))).isEqualTo(Optional.empty());
    }
}
