package io.flagcast.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import io.flagcast.rules.Action.Amount;
import io.flagcast.rules.Action.Amount.Unit;
import io.flagcast.rules.Rule.Condition;
import io.flagcast.rules.Rule.Evidence;
import io.flagcast.rules.Rule.Mode;
import io.flagcast.rules.Rule.Population;
import io.flagcast.rules.Rule.Side;
import io.flagcast.statistics.Metric.Kind;
import java.time.Duration;
import java.util.OptionalInt;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class RuleTest {

    @Test
    void aRuleThatIsEnforcedNeedsAMaximumOfFirings() {
        assertRefused(
                "mode enforce needs max_firings: shedding is random within a segment, so the rule can fire again and"
                        + " again down to its floor",
                () -> rule(Duration.ZERO, OptionalInt.empty(), Mode.ENFORCE));
        assertThat(rule(Duration.ZERO, OptionalInt.empty(), Mode.DRY_RUN).maxFirings())
                .isEmpty();
        assertThat(rule(Duration.ZERO, OptionalInt.empty(), Mode.PROPOSE).maxFirings())
                .isEmpty();
    }

    @Test
    void limitsOutsideTheirRangeAreRefused() {
        assertRefused("cooldown PT-24H is negative", () -> rule(Duration.ofDays(-1), OptionalInt.of(4), Mode.ENFORCE));
        assertRefused("max_firings 0 is below 1", () -> rule(Duration.ZERO, OptionalInt.of(0), Mode.ENFORCE));
        assertRefused(
                "level NaN is not a finite number",
                () -> new Condition("high", Population.ENABLED, "conversion_rate", Side.BELOW, Double.NaN));
    }

    @Test
    void evidenceOutsideItsRangeIsRefused() {
        assertRefused("min_users 0 is below 1", () -> new Evidence(0, 0.95, 10_000));
        assertRefused("confidence 0.5 is outside (50%, 100%): 95% is usual", () -> new Evidence(1_000, 0.5, 10_000));
        assertRefused("confidence 1.0 is outside (50%, 100%): 95% is usual", () -> new Evidence(1_000, 1, 10_000));
        assertRefused("tuned_at 0 is below 1", () -> new Evidence(1_000, 0.95, 0));
    }

    @Test
    void aMissingPartIsRefusedByName() {
        assertThatNullPointerException()
                .isThrownBy(() -> new Condition(null, Population.ENABLED, "conversion_rate", Side.BELOW, 0.05))
                .withMessage("segment");
        assertThatNullPointerException()
                .isThrownBy(() -> new Observation("high", Population.ENABLED, "conversion_rate", Kind.MEAN, null))
                .withMessage("values");
    }

    private static Rule rule(Duration cooldown, OptionalInt maxFirings, Mode mode) {
        return new Rule(
                "a_rule",
                "cuts",
                new Condition("high", Population.ENABLED, "conversion_rate", Side.BELOW, 0.05),
                new Evidence(1_000, 0.95, 10_000),
                new Action.Reduce(new Amount(0.2, Unit.RELATIVE), 0.05),
                cooldown,
                maxFirings,
                mode);
    }

    private static void assertRefused(String message, ThrowingCallable construction) {
        assertThatIllegalArgumentException().isThrownBy(construction).withMessage(message);
    }
}
