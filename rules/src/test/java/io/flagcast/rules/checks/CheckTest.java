package io.flagcast.rules.checks;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CheckTest {

    @Test
    void whatACheckMayExplainComesAfterIt() {
        for (Check cause : Check.values()) {
            for (Check consequence : Check.values()) {
                if (cause.mayExplain(consequence)) {
                    assertThat(consequence).as("%s explains", cause).isGreaterThan(cause);
                }
            }
        }
    }

    @Test
    void lostRowsMayExplainAnArmThatIsShortAndAModelsMissButNotAContradiction() {
        assertThat(Check.VOLUME.mayExplain(Check.SAMPLE_RATIO)).isTrue();
        assertThat(Check.VOLUME.mayExplain(Check.CALIBRATION)).isTrue();
        assertThat(Check.VOLUME.mayExplain(Check.CONTRADICTION)).isFalse();
        assertThat(Check.ENABLE_BIAS.mayExplain(Check.SIMPSON)).isFalse();
    }
}
