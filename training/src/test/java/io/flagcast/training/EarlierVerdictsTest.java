package io.flagcast.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.flagcast.statistics.heterogeneity.RepeatedVerdict;
import io.flagcast.statistics.heterogeneity.RepeatedVerdict.Outcome;
import io.flagcast.statistics.heterogeneity.RepeatedVerdict.Verdict;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class EarlierVerdictsTest {

    private static Verdict verdict(Outcome outcome, double claimed) {
        return new Verdict(outcome, 3, 0.0007, 0.2, 0.01, 0.03, claimed);
    }

    private static EarlierVerdicts after(Verdict verdict) {
        return EarlierVerdicts.of(3, Optional.of(EarlierVerdicts.metrics(verdict)));
    }

    @Test
    void theNextTrainingTakesTheNextPartOfTheErrorAndTheClaimInForce() {
        assertThat(EarlierVerdicts.NONE.test(0.01)).isEqualTo(RepeatedVerdict.first(0.01));
        assertThat(after(verdict(Outcome.SHOWN, 0.02)).test(0.01))
                .isEqualTo(new RepeatedVerdict(0.01, 4, OptionalDouble.of(0.02)));
        assertThat(after(verdict(Outcome.KEPT, 0.02)).claimed()).hasValue(0.02);
        assertThat(after(verdict(Outcome.REFUTED, 0)).claimed()).isEmpty();
        assertThat(after(verdict(Outcome.NOT_SHOWN, 0)).claimed()).isEmpty();
        assertThat(EarlierVerdicts.of(2, Optional.empty()).claimed()).isEmpty();
    }

    @Test
    void whatAVerdictRestsOnStandsBesideTheModel() {
        assertThat(EarlierVerdicts.metrics(verdict(Outcome.KEPT, 0.02)))
                .isEqualTo(Map.of(
                        "heterogeneity_p", 0.2,
                        "heterogeneity_level", 0.0007,
                        "heterogeneity_training", 3.0,
                        "uplift_spread", 0.01,
                        "uplift_spread_upper", 0.03,
                        "uplift_spread_claimed", 0.02));
    }

    @Test
    void aModelThatShowsNothingDoesNotReplaceOneThatDid() {
        EarlierVerdicts claimed = after(verdict(Outcome.SHOWN, 0.02));
        assertThat(claimed.keeps(verdict(Outcome.NOT_SHOWN, 0)).orElseThrow())
                .isEqualTo(
                        "it tells nobody apart (p = 0.20, not below 0.00070 at training 3), which does not refute that"
                                + " users differ: the model in use stays");
        assertThat(claimed.keeps(verdict(Outcome.KEPT, 0.02))).isEmpty();
        assertThat(claimed.keeps(verdict(Outcome.REFUTED, 0))).isEmpty();
        assertThat(EarlierVerdicts.NONE.keeps(verdict(Outcome.NOT_SHOWN, 0))).isEmpty();
    }

    @Test
    void theTextHasEveryDigitOfTheClaim() {
        assertThat(EarlierVerdicts.NONE.text()).isEqualTo("0 trainings, no claim in force");
        assertThat(new EarlierVerdicts(3, OptionalDouble.of(0.1 + 0.2)).text())
                .isEqualTo("3 trainings, in force a spread of 0.30000000000000004");
    }

    @Test
    void trainingsAreNotFewerThanNone() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new EarlierVerdicts(-1, OptionalDouble.empty()))
                .withMessageContaining("-1");
    }
}
