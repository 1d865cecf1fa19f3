package io.flagcast.rules;

import static io.flagcast.rules.Given.EXPERIMENT;
import static io.flagcast.rules.Given.conversions;
import static io.flagcast.rules.Given.day;
import static io.flagcast.rules.Given.engine;
import static io.flagcast.rules.Given.evidence;
import static io.flagcast.rules.Given.share;
import static io.flagcast.rules.Given.then;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.allocation.Adjustment;
import io.flagcast.allocation.AllocationParameters;
import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.allocation.BanditLearner;
import io.flagcast.allocation.Cell;
import io.flagcast.allocation.ParameterLog;
import io.flagcast.allocation.Policy;
import io.flagcast.rules.Action.AdvanceTier;
import io.flagcast.rules.Action.Increase;
import io.flagcast.rules.Action.Pause;
import io.flagcast.rules.Action.RollBack;
import io.flagcast.rules.Amount.Unit;
import io.flagcast.rules.Condition.Level;
import io.flagcast.rules.Condition.Population;
import io.flagcast.rules.Condition.Side;
import io.flagcast.rules.Given.RuleOf;
import io.flagcast.rules.RuleDecision.Outcome;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Who changes what: two rules at once, one rule twice, and who gives back. */
class ContestTest {

    private static final Instant AS_OF = day(22);
    private static final Observation CLEARLY_BELOW = conversions(0, 400, 20_000);
    private static final Observation CLEARLY_ABOVE = conversions(0, 1_600, 20_000);
    private static final Level ABOVE = new Level(Population.ENABLED, "conversion_rate", Side.ABOVE, 0.05);

    private static Rule rule(String id, Condition when, Action then) {
        return RuleOf.id(id).when(when).then(then).rule();
    }

    private static List<RuleDecision> evaluate(ParameterLog log, Observation observation, Rule... rules) {
        return engine(List.of(rules)).evaluate(evidence(observation), log, Map.of(), Health.SOUND, AS_OF);
    }

    private static Rule recovering(String id, double by, double notAbove) {
        return RuleOf.id(id)
                .recover(new Increase(new Amount(by, Unit.POINTS), notAbove))
                .rule();
    }

    @Test
    void aShareMayRiseWhileATierIsLetIn() {
        List<RuleDecision> decisions = evaluate(
                share(0.5),
                CLEARLY_ABOVE,
                rule("a", ABOVE, new Increase(new Amount(0.2, Unit.POINTS), 1)),
                rule("b", ABOVE, new AdvanceTier(4)));

        assertThat(decisions).extracting(RuleDecision::changesAllocation).containsExactly(true, true);
        assertThat(decisions.get(1).adjustment()).isEqualTo(Adjustment.ofTier(3));
    }

    @Test
    void oneTierIsLetInByOneRuleAndAVersionGivenBackByOne() {
        List<RuleDecision> tiers = evaluate(
                ParameterLog.EMPTY,
                CLEARLY_ABOVE,
                rule("b", ABOVE, new AdvanceTier(4)),
                rule("a", ABOVE, new AdvanceTier(4)));
        assertThat(tiers).extracting(RuleDecision::outcome).containsExactly(Outcome.SUPPRESSED, Outcome.FIRED);
        assertThat(tiers.get(0).reason()).endsWith("; rule 'a' lets the same tier in");

        List<RuleDecision> back = evaluate(
                then(share(0.5), Map.of("high", 0.9), Given.person(), day(1)),
                CLEARLY_BELOW,
                rule("b", Given.BELOW_5_PERCENT, new RollBack()),
                rule("a", Given.BELOW_5_PERCENT, new RollBack()));
        assertThat(back).extracting(RuleDecision::outcome).containsExactly(Outcome.SUPPRESSED, Outcome.FIRED);
        assertThat(back.get(0).reason()).endsWith("; rule 'a' goes back already");
        assertThat(back.get(1).adjustment().shares()).containsExactly(Map.entry("high", 0.5));
    }

    /** A percentage has no tiers, and none is none more. */
    @Test
    void aCutNeedsNoSoundDataWhateverThePolicy() {
        RuleEngine percentage = new RuleEngine(
                EXPERIMENT,
                "a hash",
                List.of(RuleOf.id("r").rule()),
                List.of(Given.CONVERSION),
                Given.SEGMENTS,
                new Policy.Percentage(0.5));
        Health broken = new Health(List.of("stale data"));

        for (RuleEngine engine : List.of(percentage, engine(percentage.rules()))) {
            assertThat(engine.evaluate(evidence(CLEARLY_BELOW), ParameterLog.EMPTY, Map.of(), broken, AS_OF)
                            .get(0)
                            .outcome())
                    .isEqualTo(Outcome.FIRED);
        }
    }

    static Stream<Action> actions() {
        return Stream.of(Given.CUT_BY_20_PERCENT, new Pause(), new AdvanceTier(4), new RollBack());
    }

    /** Version 2 gave the segment, and users of one plan in it, what they have. */
    @ParameterizedTest
    @MethodSource("actions")
    void whatAnEvaluationHasDoneStandsWholeWhenItIsRepeated(Action action) {
        Adjustment learned = new Adjustment(
                Map.of("high", 0.5),
                Map.of(Cell.whole("high"), 0.7, Cell.whole("low"), 0.6, new Cell("high", "pro"), 0.8),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                OptionalLong.empty());
        ParameterLog one = share(0.9);
        ParameterLog log = one.with(one.changesTo(EXPERIMENT, learned, day(1), Given.person()));
        Rule rule = rule("r", Given.BELOW_5_PERCENT, action);

        RuleDecision first = evaluate(log, CLEARLY_BELOW, rule).get(0);
        assertThat(first.outcome()).isEqualTo(Outcome.FIRED);
        ParameterLog after = log.with(log.changesTo(EXPERIMENT, first.adjustment(), AS_OF, first.origin("{}")));
        RuleDecision second = evaluate(after, CLEARLY_ABOVE, rule).get(0);

        assertThat(second.outcome()).isEqualTo(Outcome.FIRED);
        assertThat(second.adjustment()).isEqualTo(first.adjustment());
        if (action instanceof RollBack) {
            assertThat(second.adjustment())
                    .returns(Map.of("high", 0.9), Adjustment::shares)
                    .returns(OptionalLong.of(1), Adjustment::restores)
                    .returns(
                            Map.of(
                                    Cell.whole("high"),
                                    BanditLearner.START,
                                    Cell.whole("low"),
                                    BanditLearner.START,
                                    new Cell("high", "pro"),
                                    BanditLearner.START),
                            Adjustment::learned);
        }
    }

    @Test
    void aPauseSaysSo() {
        RuleDecision stop = evaluate(
                        ParameterLog.EMPTY, CLEARLY_BELOW, rule("stop", Given.BELOW_5_PERCENT, new Pause()))
                .get(0);

        assertThat(stop.effect()).isEqualTo("experiment -> paused");
        ParameterLog after = ParameterLog.EMPTY.with(
                ParameterLog.EMPTY.changesTo(EXPERIMENT, stop.adjustment(), AS_OF, stop.origin("{}")));
        assertThat(after.newest(EXPERIMENT))
                .returns(Activity.INACTIVE, AllocationParameters::activity)
                .returns(OptionalInt.empty(), AllocationParameters::activeTier);
    }

    /** a took from 1 to 0.8 and b from 0.8 to 0.64: b gives back first, and no more than it took. */
    @Test
    void onlyTheLastRuleThatTookGivesBackAndOnlyWhatItTook() {
        ParameterLog a = then(ParameterLog.EMPTY, Map.of("high", 0.8), Given.rule("a", "d1"), day(1));
        ParameterLog log = then(a, Map.of("high", 0.64), Given.rule("b", "d2"), day(2));

        List<RuleDecision> decisions = evaluate(log, CLEARLY_ABOVE, recovering("a", 0.3, 1), recovering("b", 0.3, 1));
        assertThat(decisions).extracting(RuleDecision::outcome).containsExactly(Outcome.HELD, Outcome.RECOVERED);
        assertThat(decisions.get(1).adjustment().shares().get("high")).isCloseTo(0.8, within(1e-12));
    }

    @Test
    void nothingIsGivenBackAboveTheCeilingOfTheStep() {
        ParameterLog taken = then(ParameterLog.EMPTY, Map.of("high", 0.8), Given.rule("a", "d1"), day(1));

        assertThat(evaluate(taken, CLEARLY_ABOVE, recovering("a", 0.1, 0.8)).get(0))
                .returns(Outcome.HELD, RuleDecision::outcome)
                .returns(Adjustment.NONE, RuleDecision::adjustment);
        assertThat(evaluate(taken, CLEARLY_ABOVE, recovering("a", 0.1, 0.85))
                        .get(0)
                        .adjustment()
                        .shares()
                        .get("high"))
                .isCloseTo(0.85, within(1e-12));
    }
}
