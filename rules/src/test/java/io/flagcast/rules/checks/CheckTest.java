package io.flagcast.rules.checks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
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

    /** Data that are late, thin, contradictory or lost justify nothing that gives the feature to more users. */
    @Test
    void dataThatCannotBeTrustedHoldChangesUp() {
        assertThat(Arrays.stream(Check.values()).filter(Check::blocksIncreases))
                .containsExactly(
                        Check.FRESHNESS, Check.VOLUME, Check.UNMATCHED, Check.CONTRADICTION, Check.SAMPLE_RATIO);
    }

    @Test
    void aFeedThatThinsHoldsChangesUpAndOneThatGrowsDoesNot() {
        List<Long> week = List.of(1_000L, 1_000L, 1_000L, 1_000L, 1_000L, 1_000L, 1_000L);
        Finding thin = InputCheck.volume(
                "e",
                "outcome buy",
                Stream.concat(week.stream(), Stream.of(300L)).toList());
        Finding thick = InputCheck.volume(
                "e",
                "outcome buy",
                Stream.concat(week.stream(), Stream.of(9_000L)).toList());

        assertThat(thin.failed()).isTrue();
        assertThat(thin.blocksIncreases()).isTrue();
        assertThat(thick.failed()).isTrue();
        assertThat(thick.blocksIncreases()).isFalse();
    }
}
