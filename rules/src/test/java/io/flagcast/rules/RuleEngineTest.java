package io.flagcast.rules;

import static io.flagcast.fixtures.Cases.cases;
import static io.flagcast.rules.Given.BELOW_5_PERCENT;
import static io.flagcast.rules.Given.EXPERIMENT;
import static io.flagcast.rules.Given.conversions;
import static io.flagcast.rules.Given.day;
import static io.flagcast.rules.Given.engine;
import static io.flagcast.rules.Given.evidence;
import static io.flagcast.rules.Given.proportion;
import static io.flagcast.rules.Given.share;
import static io.flagcast.rules.Given.then;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.allocation.Adjustment;
import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.allocation.ParameterChange.Cause;
import io.flagcast.allocation.ParameterChange.Origin;
import io.flagcast.allocation.ParameterLog;
import io.flagcast.allocation.Policy;
import io.flagcast.fixtures.Generator;
import io.flagcast.rules.Action.AdvanceTier;
import io.flagcast.rules.Action.Alert;
import io.flagcast.rules.Action.Increase;
import io.flagcast.rules.Action.Pause;
import io.flagcast.rules.Action.RollBack;
import io.flagcast.rules.Action.SetShare;
import io.flagcast.rules.Amount.Unit;
import io.flagcast.rules.Condition.Level;
import io.flagcast.rules.Condition.Population;
import io.flagcast.rules.Condition.Side;
import io.flagcast.rules.Given.RuleOf;
import io.flagcast.rules.Rule.Evidence;
import io.flagcast.rules.Rule.Evidence.Method;
import io.flagcast.rules.Rule.Mode;
import io.flagcast.rules.RuleDecision.Outcome;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What comes of a condition that holds, or whose opposite does: the design's example, with parts replaced. */
class RuleEngineTest {

    private static final Instant AS_OF = day(22);
    private static final Observation CLEARLY_BELOW = conversions(0, 800, 20_000);
    private static final Observation CLEARLY_ABOVE = conversions(0, 1_300, 20_000);
    private static final Rule RULE = RuleOf.id("pull_back").rule();

    private static List<RuleDecision> evaluate(List<Rule> rules, ParameterLog log, Observation... observations) {
        return engine(rules).evaluate(evidence(observations), log, Map.of(), Health.SOUND, AS_OF);
    }

    private static RuleDecision evaluate(Rule rule, ParameterLog log, Observation... observations) {
        return evaluate(List.of(rule), log, observations).get(0);
    }

    private static Map<String, RuleDecision> byRule(List<Rule> rules, Observation... observations) {
        return evaluate(rules, ParameterLog.EMPTY, observations).stream()
                .collect(Collectors.toMap(decision -> decision.rule().ruleId(), decision -> decision));
    }

    private static Map<String, Double> shares(RuleDecision decision) {
        return decision.adjustment().shares();
    }

    private static void assertHeld(RuleDecision decision, String reason) {
        assertThat(decision.outcome()).as(decision.reason()).isEqualTo(Outcome.HELD);
        assertThat(decision.adjustment().isNone()).isTrue();
        assertThat(decision.reason()).contains(reason);
    }

    @Test
    void aRateClearlyBelowTheLevelCutsTheShareByAFifth() {
        RuleDecision decision = evaluate(RULE, share(0.5), CLEARLY_BELOW);

        assertThat(decision)
                .returns(Outcome.FIRED, RuleDecision::outcome)
                .returns(1L, fired -> fired.before().version())
                .returns(true, RuleDecision::changesAllocation)
                .returns("share of high 50 % -> 40 %", RuleDecision::effect)
                .returns(1, RuleDecision::holdingRuns);
        assertThat(shares(decision)).containsOnlyKeys("high");
        assertThat(shares(decision).get("high")).isCloseTo(0.4, within(1e-12));
        assertThat(decision.reason()).startsWith("conversion_rate of enabled below 0.05: upper bound 0.04");
    }

    @Test
    void nothingChangesWhereItIsOpenOrInconclusive() {
        assertHeld(evaluate(RULE, ParameterLog.EMPTY, conversions(0, 998, 20_000)), "is not below 0.05");
        assertThat(evaluate(RULE, ParameterLog.EMPTY, conversions(0, 6, 200)))
                .returns(Outcome.INCONCLUSIVE, RuleDecision::outcome)
                .returns(Adjustment.NONE, RuleDecision::adjustment);
    }

    @Test
    void theRulesOfAnExperimentShareTheError() {
        Rule point = RuleOf.id("point")
                .evidence(new Evidence(1, Method.POINT, 0.95, 1, Optional.empty(), 1))
                .rule();
        Rule stricter = RuleOf.id("strict")
                .evidence(Evidence.of(1_000, 0.99, 10_000))
                .mode(Mode.DRY_RUN)
                .rule();

        assertThat(evaluate(List.of(RULE, stricter, point), ParameterLog.EMPTY, CLEARLY_BELOW))
                .extracting(decision -> Math.round(1e6 * decision.deciding().alpha()))
                .containsExactly(25_000L, 5_000L, 0L);
    }

    @Test
    void aCooldownHoldsUntilExactlyItsEnd() {
        Rule cooling = RuleOf.id("pull_back").cooldown(Duration.ofDays(3)).rule();
        Instant earlier = AS_OF.minus(Duration.ofDays(3));
        ParameterLog tooSoon = then(
                ParameterLog.EMPTY, Map.of("high", 0.8), Given.rule("pull_back", "earlier"), earlier.plusSeconds(1));
        ParameterLog justPast =
                then(ParameterLog.EMPTY, Map.of("high", 0.8), Given.rule("pull_back", "earlier"), earlier);
        ParameterLog ofAnother =
                then(ParameterLog.EMPTY, Map.of("high", 0.8), Given.rule("other", "earlier"), earlier.plusSeconds(1));

        assertHeld(evaluate(cooling, tooSoon, CLEARLY_BELOW), "but cooldown of 3 d lasts until 2026-11-23T00:00:01Z");
        assertThat(evaluate(cooling, justPast, CLEARLY_BELOW).outcome()).isEqualTo(Outcome.FIRED);
        assertThat(evaluate(cooling, ofAnother, CLEARLY_BELOW).outcome()).isEqualTo(Outcome.FIRED);
    }

    @Test
    void theMaximumOfFiringsHoldsAndRecoveriesAreNone() {
        Rule twice = RuleOf.id("pull_back").maxFirings(2).rule();
        ParameterLog once = then(ParameterLog.EMPTY, Map.of("high", 0.8), Given.rule("pull_back", "a"), day(1));
        ParameterLog back = once.with(once.changesTo(
                EXPERIMENT,
                Adjustment.ofShares(Map.of("high", 1.0)),
                day(2),
                new Origin(Cause.RECOVERY, Optional.of("pull_back"), "b", "{}")));
        ParameterLog again = then(back, Map.of("high", 0.8), Given.rule("pull_back", "c"), day(3));

        assertThat(evaluate(twice, back, CLEARLY_BELOW).outcome()).isEqualTo(Outcome.FIRED);
        assertHeld(evaluate(twice, again, CLEARLY_BELOW), "but max_firings 2 is reached");
    }

    @Test
    void theLastCutStopsAtTheFloorAndAShareBelowItIsNeverRaised() {
        assertThat(shares(evaluate(RULE, share(0.06), CLEARLY_BELOW))).containsExactly(Map.entry("high", 0.05));
        assertHeld(
                evaluate(RULE, share(0.05), CLEARLY_BELOW),
                "but nothing is left to change: reduce the share by 20%, not below 5 % (share 5 %)");
        assertHeld(evaluate(RULE, share(0.03), CLEARLY_BELOW), "(share 3 %)");
    }

    @Test
    void aConditionHasToHoldAtSoManyRunsInARow() {
        Rule thrice = RuleOf.id("pull_back")
                .evidence(new Evidence(1_000, Method.CONFIDENCE_SEQUENCE, 0.95, 10_000, Optional.empty(), 3))
                .rule();
        RuleEngine engine = engine(List.of(thrice));
        for (int before = 0; before < 3; before++) {
            RuleDecision decision = engine.evaluate(
                            evidence(CLEARLY_BELOW),
                            ParameterLog.EMPTY,
                            Map.of("pull_back", before),
                            Health.SOUND,
                            AS_OF)
                    .get(0);
            assertThat(decision.holdingRuns()).isEqualTo(before + 1);
            if (before < 2) {
                assertHeld(decision, "but it has held at %d of consecutive_runs 3".formatted(before + 1));
            } else {
                assertThat(decision.outcome()).isEqualTo(Outcome.FIRED);
            }
        }
        assertThat(engine.evaluate(
                                evidence(conversions(0, 998, 20_000)),
                                ParameterLog.EMPTY,
                                Map.of("pull_back", 2),
                                Health.SOUND,
                                AS_OF)
                        .get(0)
                        .holdingRuns())
                .isZero();
    }

    @Test
    void dryRunAndProposeFireAndSayWhatTheyWouldChangeButChangeNothing() {
        for (Mode mode : List.of(Mode.DRY_RUN, Mode.PROPOSE)) {
            assertThat(evaluate(RuleOf.id("r").mode(mode).rule(), ParameterLog.EMPTY, CLEARLY_BELOW))
                    .returns(Outcome.FIRED, RuleDecision::outcome)
                    .returns("share of high 100 % -> 80 %", RuleDecision::effect)
                    .returns(false, RuleDecision::changesAllocation)
                    .returns(mode == Mode.PROPOSE, RuleDecision::isProposal);
        }
        Rule watch =
                RuleOf.id("a_watch").then(new SetShare(0.1)).mode(Mode.DRY_RUN).rule();
        assertThat(evaluate(List.of(watch, RULE), ParameterLog.EMPTY, CLEARLY_BELOW))
                .as("a dry run never suppresses")
                .extracting(RuleDecision::outcome)
                .containsExactly(Outcome.FIRED, Outcome.FIRED);
    }

    @Test
    void anIncreaseWaitsForSoundDataAndAReductionOnlyWhereAsked() {
        Health broken = new Health(List.of("sample ratio mismatch in high"));
        Rule increase = RuleOf.id("increase")
                .when(new Level(Population.ENABLED, "conversion_rate", Side.ABOVE, 0.05))
                .then(new Increase(new Amount(0.2, Unit.POINTS), 1))
                .rule();
        RuleEngine increasing = engine(List.of(increase));

        assertHeld(
                increasing
                        .evaluate(evidence(CLEARLY_ABOVE), share(0.5), Map.of(), broken, AS_OF)
                        .get(0),
                "but an increase waits for sound data: sample ratio mismatch in high");
        assertThat(shares(evaluate(increase, share(0.5), CLEARLY_ABOVE)).get("high"))
                .isCloseTo(0.7, within(1e-12));

        assertThat(engine(List.of(RULE))
                        .evaluate(evidence(CLEARLY_BELOW), share(0.5), Map.of(), broken, AS_OF)
                        .get(0)
                        .outcome())
                .isEqualTo(Outcome.FIRED);
        Rule careful = RuleOf.id("careful").health(Rule.Health.FOR_EVERY_CHANGE).rule();
        assertHeld(
                engine(List.of(careful))
                        .evaluate(evidence(CLEARLY_BELOW), share(0.5), Map.of(), broken, AS_OF)
                        .get(0),
                "but requires_healthy: this rule waits for sound data");
    }

    /** What nobody can find looks like what did not happen: neither is evidence, for or against. */
    @Test
    void aMetricWithoutEvidenceMovesNothingUpOrDownAndAnotherOneStillDoes() {
        Health lost = new Health(
                List.of("none of the users is known"), Map.of("conversion_rate", "none of the users is known"));
        Rule increase = RuleOf.id("increase")
                .when(new Level(Population.ENABLED, "conversion_rate", Side.ABOVE, 0.05))
                .then(new Increase(new Amount(0.2, Unit.POINTS), 1))
                .rule();
        for (Rule rule : List.of(RULE, increase)) {
            for (Observation observation : List.of(CLEARLY_BELOW, CLEARLY_ABOVE)) {
                RuleDecision decision = engine(List.of(rule))
                        .evaluate(evidence(observation), share(0.5), Map.of(rule.ruleId(), 3), lost, AS_OF)
                        .get(0);
                assertThat(decision.outcome()).isEqualTo(Outcome.INCONCLUSIVE);
                assertThat(decision.changesAllocation()).isFalse();
                assertThat(decision.holdingRuns()).isZero();
                assertThat(decision.reason()).isEqualTo("conversion_rate cannot be used: none of the users is known");
            }
        }
        Health ofAnother = new Health(List.of(), Map.of("revenue", "none of the users is known"));
        assertThat(engine(List.of(RULE))
                        .evaluate(evidence(CLEARLY_BELOW), share(0.5), Map.of(), ofAnother, AS_OF)
                        .get(0)
                        .outcome())
                .isEqualTo(Outcome.FIRED);
    }

    @Test
    void aTierIsAnIncreaseToo() {
        Rule advance = RuleOf.id("advance")
                .when(new Level(Population.ENABLED, "conversion_rate", Side.ABOVE, 0.05))
                .then(new AdvanceTier(4))
                .rule();

        assertThat(evaluate(advance, ParameterLog.EMPTY, CLEARLY_ABOVE))
                .returns(
                        Optional.of(OptionalInt.of(3)),
                        decision -> decision.adjustment().activeTier())
                .returns("active tier -> 3", RuleDecision::effect);
        assertHeld(
                engine(List.of(advance))
                        .evaluate(
                                evidence(CLEARLY_ABOVE),
                                ParameterLog.EMPTY,
                                Map.of(),
                                new Health(List.of("stale")),
                                AS_OF)
                        .get(0),
                "an increase waits for sound data");
        Rule low = RuleOf.id("low").segment("low").rule();
        assertThat(byRule(
                                List.of(advance, low),
                                CLEARLY_ABOVE,
                                proportion("low", Population.ENABLED, Given.CONVERSION, 0, 800, 20_000))
                        .get("advance"))
                .returns(Outcome.SUPPRESSED, RuleDecision::outcome)
                .satisfies(decision ->
                        assertThat(decision.reason()).endsWith("; rule 'low' takes something at the same time"));
    }

    @Test
    void aRollbackGivesBackTheVersionBeforeAndAPauseEndsEverything() {
        ParameterLog log = then(share(0.5), Map.of("high", 0.9, "mid", 0.3), Given.person(), day(1));
        RuleDecision back = evaluate(RuleOf.id("r").then(new RollBack()).rule(), log, CLEARLY_BELOW);
        assertThat(shares(back)).isEqualTo(Map.of("high", 0.5, "mid", 1.0));
        assertThat(back.effect()).isEqualTo("share of high 90 % -> 50 %, share of mid 30 % -> 100 %, as version 1");
        assertHeld(
                engine(List.of(RuleOf.id("r").then(new RollBack()).rule()))
                        .evaluate(evidence(CLEARLY_BELOW), log, Map.of(), new Health(List.of("stale")), AS_OF)
                        .get(0),
                "an increase waits");

        Map<String, RuleDecision> decisions =
                byRule(List.of(RULE, RuleOf.id("stop").then(new Pause()).rule()), CLEARLY_BELOW);
        assertThat(decisions.get("stop").adjustment().activity()).contains(Activity.INACTIVE);
        assertThat(decisions.get("pull_back"))
                .returns(Outcome.SUPPRESSED, RuleDecision::outcome)
                .satisfies(decision -> assertThat(decision.reason()).endsWith("; rule 'stop' pauses the experiment"));
    }

    @Test
    void anAlertFiresAndChangesNothing() {
        assertThat(evaluate(
                        RuleOf.id("tell")
                                .then(new Alert(Alert.Severity.CRITICAL))
                                .rule(),
                        ParameterLog.EMPTY,
                        CLEARLY_BELOW))
                .returns(Outcome.FIRED, RuleDecision::outcome)
                .returns(false, RuleDecision::changesAllocation)
                .returns("", RuleDecision::effect);
    }

    @Test
    void aRuleOfAllSegmentsMovesEachAndLosesThoseThatAnotherLowersFurther() {
        Rule all = RuleOf.id("all").segment("all").rule();
        Rule further = RuleOf.id("further").then(new SetShare(0.1)).rule();
        Observation everybody = proportion("all", Population.ENABLED, Given.CONVERSION, 0, 800, 20_000);

        Map<String, RuleDecision> decisions = byRule(List.of(all, further), everybody, CLEARLY_BELOW);
        assertThat(shares(decisions.get("all"))).containsOnlyKeys("low", "mid");
        assertThat(decisions.get("all").reason())
                .endsWith("; rule 'further' sets the share of high to 10 %, which is not higher");
        assertThat(shares(decisions.get("further"))).containsExactly(Map.entry("high", 0.1));
    }

    @Test
    void ofTwoEqualSharesTheFirstRuleByNameWins() {
        Rule a = RuleOf.id("a").rule();
        Rule b = RuleOf.id("b").rule();

        for (List<Rule> order : List.of(List.of(a, b), List.of(b, a))) {
            Map<String, RuleDecision> decisions = byRule(order, conversions(0, 700, 20_000));
            assertThat(decisions.get("a").outcome()).isEqualTo(Outcome.FIRED);
            assertThat(decisions.get("b"))
                    .returns(Outcome.SUPPRESSED, RuleDecision::outcome)
                    .returns(false, RuleDecision::changesAllocation);
            assertThat(decisions.get("b").reason()).contains("; rule 'a' sets the share of high to 80 %");
        }
    }

    @Test
    void theLowestShareWinsAndTheOthersAreSuppressedWhateverTheOrder() {
        record Ordered(List<Double> shares, long seed) {}
        Generator<Ordered> generator = dice -> new Ordered(dice.list(2, 5, () -> dice.real(0.1, 0.9)), dice.seed());
        cases(1, 300, generator).allSatisfy(drawn -> {
            List<Double> shares = drawn.shares();
            List<Rule> rules = new ArrayList<>();
            for (int i = 0; i < shares.size(); i++) {
                rules.add(
                        RuleOf.id("rule_" + i).then(new SetShare(shares.get(i))).rule());
            }
            Observation farBelow = conversions(0, 300, 20_000);
            Map<String, RuleDecision> decisions = byRule(rules, farBelow);
            List<Rule> shuffled = new ArrayList<>(rules);
            Collections.shuffle(shuffled, new Random(drawn.seed()));

            assertThat(byRule(shuffled, farBelow)).isEqualTo(decisions);
            assertThat(decisions.values().stream().filter(RuleDecision::changesAllocation))
                    .singleElement()
                    .satisfies(winner -> assertThat(shares(winner).get("high"))
                            .isEqualTo(shares.stream().min(Double::compare).orElseThrow()));
            assertThat(decisions.values().stream().filter(d -> d.outcome() == Outcome.SUPPRESSED))
                    .hasSize(shares.size() - 1);
        });
    }

    @Test
    void aSecondEvaluationOfAnAsOfStandsByTheFirstWhateverTheDataSayNow() {
        RuleDecision first = evaluate(RULE, ParameterLog.EMPTY, CLEARLY_BELOW);
        ParameterLog after = ParameterLog.EMPTY.with(
                ParameterLog.EMPTY.changesTo(EXPERIMENT, first.adjustment(), AS_OF, first.origin("{}")));

        for (Observation now : List.of(CLEARLY_BELOW, CLEARLY_ABOVE)) {
            RuleDecision second = evaluate(RULE, after, now);
            assertThat(second.outcome()).isEqualTo(Outcome.FIRED);
            assertThat(second.decisionId()).isEqualTo(first.decisionId());
            assertThat(second.adjustment()).isEqualTo(first.adjustment());
            assertThat(second.before()).isEqualTo(first.before());
            assertThat(second.reason()).endsWith("but decided at this as-of already, with parameters version 1");
        }
        assertHeld(
                evaluate(RuleOf.id("late").rule(), after, conversions(0, 700, 20_000)),
                "but parameters have version 1 by now, this as-of uses 0: only a later one can change them");
    }

    @Test
    void theDecisionIdDependsOnRuleHashSegmentAndAsOf() {
        RuleEngine engine = engine(List.of());

        assertThat(Stream.of(
                        engine.decisionId(RULE, AS_OF),
                        engine.decisionId(RuleOf.id("another").rule(), AS_OF),
                        engine.decisionId(RuleOf.id("pull_back").segment("low").rule(), AS_OF),
                        engine.decisionId(RULE, AS_OF.plusSeconds(1)),
                        new RuleEngine(
                                        EXPERIMENT,
                                        "other hash",
                                        List.of(),
                                        List.of(),
                                        Given.SEGMENTS,
                                        new Policy.Percentage(0.5))
                                .decisionId(RULE, AS_OF)))
                .doesNotHaveDuplicates()
                .allMatch(id -> id.matches("(pull_back|another)-[0-9a-f]{12}"));
    }

    @Test
    void aRuleOnAMetricThatIsNotThereIsRefused() {
        Rule unknown = RuleOf.id("r")
                .when(new Level(Population.ENABLED, "other_rate", Side.BELOW, 0.05))
                .rule();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> engine(List.of(unknown)))
                .withMessageContaining("rule r looks at metric other_rate, there are [conversion_rate, ");
        assertThat(BELOW_5_PERCENT.describe()).isEqualTo("conversion_rate of enabled below 0.05");
    }
}
