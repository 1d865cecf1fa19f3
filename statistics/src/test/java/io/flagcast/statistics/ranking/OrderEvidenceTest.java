package io.flagcast.statistics.ranking;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class OrderEvidenceTest {

    private static final TargetingCurve ONE =
            TargetingCurve.of(new double[] {4, 3, 2, 1}, new double[] {0.9, -0.2, 0.1, -0.4});
    private static final TargetingCurve OTHER =
            TargetingCurve.of(new double[] {3, 2, 1}, new double[] {0.1, 0.5, -0.3});

    @Test
    void bothFormsAreThoseOfTheCurve() {
        assertThat(OrderEvidence.of(ONE)).isEqualTo(new OrderEvidence(ONE.autoc(), ONE.qini()));
        assertThat(OrderEvidence.crossFitted(List.of(ONE, OTHER)))
                .isEqualTo(new OrderEvidence(
                        RankWeightedEffect.crossFitted(List.of(ONE.autoc(), OTHER.autoc())),
                        RankWeightedEffect.crossFitted(List.of(ONE.qini(), OTHER.qini()))));
    }

    @Test
    void thePValueIsTwiceTheSmallerOneAndAtMostOne() {
        RankWeightedEffect sure = new RankWeightedEffect(10, 0.3, 0.1);
        RankWeightedEffect unsure = new RankWeightedEffect(10, 0.1, 0.1);
        RankWeightedEffect harm = new RankWeightedEffect(10, -0.1, 0.1);
        assertThat(new OrderEvidence(sure, unsure).p()).isCloseTo(2 * sure.p(), within(1e-15));
        assertThat(new OrderEvidence(unsure, sure).p()).isCloseTo(2 * sure.p(), within(1e-15));
        assertThat(new OrderEvidence(harm, harm).p()).isEqualTo(1);
    }
}
