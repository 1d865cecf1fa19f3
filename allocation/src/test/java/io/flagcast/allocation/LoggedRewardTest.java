package io.flagcast.allocation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.allocation.LoggedReward.Arm;
import java.util.List;
import org.junit.jupiter.api.Test;

class LoggedRewardTest {

    /** Logged at 0.25, evaluated at 0.6: 0.6 / 0.25 in one arm, 0.4 / 0.75 in the other; 0.6 · 10 + 0.4 · 5 either way. */
    @Test
    void aUserWeighsAsMuchMoreAsTheEvaluatedPolicyFavoursTheArm() {
        LoggedReward enabled = LoggedReward.of(3, Arm.ENABLED, 0.25, 0.6, 10, 5);
        assertThat(enabled.reward()).isEqualTo(3);
        assertThat(enabled.weight()).isCloseTo(2.4, within(1e-12));
        assertThat(enabled.predicted()).isEqualTo(10);
        assertThat(enabled.direct()).isCloseTo(8, within(1e-12));
        assertThat(enabled.unsupported()).isZero();

        LoggedReward control = LoggedReward.of(3, Arm.CONTROL, 0.25, 0.6, 10, 5);
        assertThat(control.weight()).isCloseTo(0.4 / 0.75, within(1e-12));
        assertThat(control.predicted()).isEqualTo(5);
        assertThat(control.direct()).isCloseTo(8, within(1e-12));
    }

    @Test
    void whatTheLogNeverDidIsUnsupported() {
        assertThat(LoggedReward.of(0, Arm.CONTROL, 0, 0.6, 0, 0).unsupported()).isEqualTo(0.6);
        assertThat(LoggedReward.of(0, Arm.ENABLED, 1, 0.6, 0, 0).unsupported()).isEqualTo(0.4);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LoggedReward.of(0, Arm.ENABLED, 0, 0.6, 0, 0))
                .withMessage("a user was enabled although the logged propensity is 0.0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LoggedReward.of(0, Arm.CONTROL, 1, 0.6, 0, 0))
                .withMessage("a user was not although the logged propensity is 1.0");
    }

    @Test
    void numbersOutsideTheirRangeAreRefused() {
        assertRefused("reward NaN is not finite", Double.NaN, 1, 0, 0, 0);
        assertRefused("predicted reward Infinity is not finite", 0, 1, Double.POSITIVE_INFINITY, 0, 0);
        assertRefused("direct reward NaN is not finite", 0, 1, 0, Double.NaN, 0);
        assertRefused("weight -1.0 is not finite and at least 0", 0, -1, 0, 0, 0);
        assertRefused("unsupported probability 1.1 is outside [0, 1]", 0, 1, 0, 0, 1.1);
        assertThat(new LoggedReward(0, 0, 0, 0, 1).unsupported()).isEqualTo(1);
    }

    private static void assertRefused(
            String message, double reward, double weight, double predicted, double direct, double unsupported) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new LoggedReward(reward, weight, predicted, direct, unsupported))
                .withMessage(message);
    }

    @Test
    void bandsOfUsersAddUp() {
        BandRewards both = new BandRewards(Bandits.arms(1, 2, 3, 4), List.of(1.0, 2.0))
                .merge(new BandRewards(Bandits.arms(5, 6, 7, 8), List.of(0.25, 4.0)));

        assertThat(both.enabled()).containsExactly(1.25, 6.0);
        assertThat(both.arms()).isEqualTo(Bandits.arms(1, 2, 3, 4).merge(Bandits.arms(5, 6, 7, 8)));
    }
}
