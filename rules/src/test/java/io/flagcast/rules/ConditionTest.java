package io.flagcast.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.rules.Amount.Unit;
import io.flagcast.rules.Condition.All;
import io.flagcast.rules.Condition.Any;
import io.flagcast.rules.Condition.Level;
import io.flagcast.rules.Condition.Population;
import io.flagcast.rules.Condition.Quality;
import io.flagcast.rules.Condition.Side;
import io.flagcast.rules.Condition.VersusBaseline;
import io.flagcast.rules.Condition.VersusControl;
import io.flagcast.rules.Given.RuleOf;
import io.flagcast.rules.Rule.Evidence;
import io.flagcast.rules.Rule.Evidence.Method;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConditionTest {

    private static final Level BELOW = Given.BELOW_5_PERCENT;
    private static final VersusControl WORSE =
            new VersusControl("conversion_rate", Quality.WORSE, new Amount(0.1, Unit.RELATIVE));

    private static VersusBaseline versus(Side side, double by, int days) {
        return new VersusBaseline(Population.CONTROL, "conversion_rate", side, by, Duration.ofDays(days));
    }

    @ParameterizedTest
    @CsvSource({"BELOW, 0, 1", "BELOW, 0.99, 0.01", "ABOVE, 0, 1", "ABOVE, 0.2, 1.2", "ABOVE, 1, 2"})
    void aBaselineMayDropByLessThanAllOfItAndRiseByAsMuchAsItself(Side side, double by, double factor) {
        assertThat(versus(side, by, 7).factor()).isCloseTo(factor, within(1e-12));
    }

    @ParameterizedTest
    @CsvSource({"BELOW, 1", "BELOW, -0.01", "ABOVE, 1.01", "ABOVE, NaN"})
    void aChangeOutsideItsRangeIsRefused(Side side, double by) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> versus(side, by, 7))
                .withMessage("by " + by + " must be at least 0% and below 100%");
    }

    @Test
    void aBaselineReachesBackToTheSameWeekdays() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> versus(Side.BELOW, 0.2, 6))
                .withMessageStartingWith("versus 6 d is shorter than a week");
        VersusBaseline weekly = versus(Side.BELOW, 0.2, 7);
        assertThat(weekly.step(Duration.ofDays(1))).isEqualTo(Duration.ofDays(7));
        assertThat(weekly.step(Duration.ofDays(7))).isEqualTo(Duration.ofDays(7));
        assertThat(weekly.step(Duration.ofDays(8))).isEqualTo(Duration.ofDays(14));

        RuleOf biweekly = RuleOf.id("r")
                .evidence(new Evidence(
                        1_000, Method.CONFIDENCE_SEQUENCE, 0.95, 10_000, Optional.of(Duration.ofDays(14)), 1));
        assertThat(biweekly.when(versus(Side.BELOW, 0.2, 14)).rule().when()).isEqualTo(versus(Side.BELOW, 0.2, 14));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> biweekly.when(weekly))
                .withMessage("versus 7 d is shorter than the 14 d back to the same weekdays before a window of 14 d;"
                        + " write 14 d or more");
    }

    @Test
    void belowAndAboveOneLevelCanNeverHoldTogether() {
        Level above = new Level(Population.ENABLED, "conversion_rate", Side.ABOVE, 0.05);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new All(List.of(above, BELOW)))
                .withMessageEndingWith("can never hold together; correct one");
        Level lower = new Level(Population.ENABLED, "conversion_rate", Side.ABOVE, 0.049);
        assertThat(new All(List.of(lower, BELOW)).conditions()).containsExactly(lower, BELOW);
    }

    @Test
    void theComparisonsOfAConditionAreThoseOfItsParts() {
        Condition nested = new All(List.of(BELOW, new Any(List.of(WORSE, versus(Side.BELOW, 0.2, 7)))));

        assertThat(nested.comparisons()).containsExactly(BELOW, WORSE, versus(Side.BELOW, 0.2, 7));
        assertThat(WORSE.population()).isEqualTo(Population.ENABLED);
    }

    @Test
    void aConditionReadsAsASentence() {
        assertThat(new All(List.of(BELOW, new Any(List.of(WORSE, versus(Side.ABOVE, 0.2, 7))))).describe())
                .isEqualTo("conversion_rate of enabled below 0.05 and (conversion_rate worse than control by 10% or"
                        + " conversion_rate of control rises by 20 % versus the 7 d before)");
        assertThat(versus(Side.BELOW, 0.5, 14).describe())
                .isEqualTo("conversion_rate of control drops by 50 % versus the 14 d before");
        assertThat(new VersusControl("m", Quality.BETTER, new Amount(0.02, Unit.POINTS)).describe())
                .isEqualTo("m better than control by 2pp");
    }
}
