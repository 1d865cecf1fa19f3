package io.flagcast.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.flagcast.rules.Action.Alert;
import io.flagcast.rules.Action.Increase;
import io.flagcast.rules.Action.Pause;
import io.flagcast.rules.Action.Reduce;
import io.flagcast.rules.Amount.Unit;
import io.flagcast.rules.Condition.Level;
import io.flagcast.rules.Condition.Population;
import io.flagcast.rules.Condition.Quality;
import io.flagcast.rules.Condition.Side;
import io.flagcast.rules.Condition.VersusBaseline;
import io.flagcast.rules.Condition.VersusControl;
import io.flagcast.rules.Rule.Evidence;
import io.flagcast.rules.Rule.Evidence.Method;
import io.flagcast.rules.Rule.Mode;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class RuleTest {

    private static final Level BELOW = new Level(Population.ENABLED, "conversion_rate", Side.BELOW, 0.05);
    private static final Action CUT = new Reduce(new Amount(0.2, Unit.RELATIVE), 0.05);
    private static final Evidence EVIDENCE = Evidence.of(1_000, 0.95, 10_000);

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
                () -> new Level(Population.ENABLED, "conversion_rate", Side.BELOW, Double.NaN));
        assertRefused(
                "by is all of it: nothing is worse by 100%; write less",
                () -> new VersusControl("conversion_rate", Quality.WORSE, new Amount(1, Unit.RELATIVE)));
        assertRefused(
                "versus 12 h is no whole number of days: metrics are counted by day; write 7d",
                () -> new VersusBaseline(Population.ENABLED, "m", Side.BELOW, 0.2, Duration.ofHours(12)));
    }

    @Test
    void evidenceOutsideItsRangeIsRefused() {
        assertRefused("min_users 0 is below 1", () -> Evidence.of(0, 0.95, 10_000));
        assertRefused("confidence 0.5 is outside (50%, 100%): 95% is usual", () -> Evidence.of(1_000, 0.5, 10_000));
        assertRefused("confidence 1.0 is outside (50%, 100%): 95% is usual", () -> Evidence.of(1_000, 1, 10_000));
        assertRefused("tuned_at 0 is below 1", () -> Evidence.of(1_000, 0.95, 0));
        assertRefused(
                "consecutive_runs 0 is below 1",
                () -> new Evidence(1, Method.CONFIDENCE_SEQUENCE, 0.95, 1, Optional.empty(), 0));
        assertRefused(
                "window 1 h is no whole number of days: metrics are counted by day; write 7d",
                () -> new Evidence(1, Method.CONFIDENCE_SEQUENCE, 0.95, 1, Optional.of(Duration.ofHours(1)), 1));
    }

    @Test
    void conditionsThatCanNeverHoldTogetherAreRefused() {
        Level above6 = new Level(Population.ENABLED, "conversion_rate", Side.ABOVE, 0.06);
        assertRefused(
                "all of 'conversion_rate of enabled below 0.05' and 'conversion_rate of enabled above 0.06' can never"
                        + " hold together; correct one",
                () -> new Condition.All(List.of(BELOW, above6)));
        Level control = new Level(Population.CONTROL, "conversion_rate", Side.ABOVE, 0.06);
        assertThat(new Condition.All(List.of(BELOW, control)).comparisons()).containsExactly(BELOW, control);
        assertRefused(
                "any has 1 conditions; give at least two, or write the one without it",
                () -> new Condition.Any(List.of(BELOW)));
    }

    @Test
    void aBaselineNeedsAWindowToBeBefore() {
        VersusBaseline drops =
                new VersusBaseline(Population.ENABLED, "conversion_rate", Side.BELOW, 0.2, Duration.ofDays(28));
        assertRefused(
                "when compares with a baseline: evidence.window has to say what is recent, as in window: 7d; the"
                        + " baseline is what was before it",
                () -> rule(drops, CUT, Optional.empty(), Duration.ZERO, OptionalInt.of(1), Mode.ENFORCE));
    }

    @Test
    void anAlertChangesNothingAndSoHasNoCooldownAndNeedsNoMaximum() {
        Action alert = new Alert(Alert.Severity.WARNING);
        assertThat(rule(BELOW, alert, Optional.empty(), Duration.ZERO, OptionalInt.empty(), Mode.ENFORCE)
                        .maxFirings())
                .isEmpty();
        assertRefused(
                "then is an alert, which changes nothing: cooldown, max_firings and recover have no meaning; remove"
                        + " them",
                () -> rule(BELOW, alert, Optional.empty(), Duration.ofDays(1), OptionalInt.empty(), Mode.ENFORCE));
    }

    @Test
    void onlyWhatWasTakenIsGivenBack() {
        Optional<Increase> step = Optional.of(new Increase(new Amount(0.1, Unit.POINTS), 1));
        assertRefused(
                "recover gives back what reduce_allocation or set_allocation took; this rule takes nothing",
                () -> rule(BELOW, new Pause(), step, Duration.ZERO, OptionalInt.of(1), Mode.ENFORCE));
        assertRefused(
                "recover: not_above 5 % is not above 5 %, which then leaves: what was taken could never be given back;"
                        + " write more",
                () -> rule(
                        BELOW,
                        CUT,
                        Optional.of(new Increase(new Amount(0.1, Unit.POINTS), 0.05)),
                        Duration.ZERO,
                        OptionalInt.of(1),
                        Mode.ENFORCE));
    }

    /** The words of docs and tables: rule_decisions.outcome, mode and method. */
    @Test
    void whatTablesSayOfARuleIsInLowerCase() {
        assertThat(Mode.values()).extracting(Mode::label).containsExactly("dry_run", "propose", "enforce");
        assertThat(Method.values()).extracting(Method::label).containsExactly("confidence_sequence", "point");
        assertThat(RuleDecision.Outcome.values())
                .extracting(RuleDecision.Outcome::label)
                .containsExactly("fired", "recovered", "held", "inconclusive", "suppressed");
        assertThat(Reading.State.values())
                .extracting(Reading.State::label)
                .containsExactly("holds", "opposite", "open", "inconclusive");
    }

    private static Rule rule(Duration cooldown, OptionalInt maxFirings, Mode mode) {
        return rule(BELOW, CUT, Optional.empty(), cooldown, maxFirings, mode);
    }

    private static Rule rule(
            Condition when,
            Action then,
            Optional<Increase> recover,
            Duration cooldown,
            OptionalInt maxFirings,
            Mode mode) {
        return new Rule(
                "a_rule",
                "cuts",
                "high",
                when,
                EVIDENCE,
                then,
                recover,
                cooldown,
                maxFirings,
                Rule.Health.FOR_INCREASES,
                mode);
    }

    private static void assertRefused(String message, ThrowingCallable construction) {
        assertThatIllegalArgumentException().isThrownBy(construction).withMessage(message);
    }
}
