package io.flagcast.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.allocation.AllocationParameters;
import io.flagcast.rules.Action.Amount;
import io.flagcast.rules.Action.Amount.Unit;
import io.flagcast.rules.Rule.Condition;
import io.flagcast.rules.Rule.Evidence;
import io.flagcast.rules.Rule.Mode;
import io.flagcast.rules.Rule.Population;
import io.flagcast.rules.Rule.Side;
import io.flagcast.rules.RuleDecision.Outcome;
import io.flagcast.rules.RuleEngine.Firing;
import io.flagcast.statistics.Metric.Kind;
import io.flagcast.statistics.Moments;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.From;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/** The rule of the design's example: conversion below 5 % cuts the high segment by 20 %, not below 5 %. */
class RuleEngineTest {

    private static final Instant AS_OF = Instant.parse("2026-11-23T00:00:00Z");
    private static final Condition BELOW_5_PERCENT =
            new Condition("high", Population.ENABLED, "conversion_rate", Side.BELOW, 0.05);
    private static final Action CUT_BY_20_PERCENT = new Action.Reduce(new Amount(0.2, Unit.RELATIVE), 0.05);
    private static final Rule RULE =
            rule("pull_back_high_responders", BELOW_5_PERCENT, CUT_BY_20_PERCENT, Mode.ENFORCE);

    /** By the formula of the sequence the upper bound is 0.0439. */
    private static final Observation CLEARLY_BELOW = conversions(800, 20_000);

    @Test
    void aRateClearlyBelowTheLevelCutsTheShareByAFifth() {
        RuleDecision decision = evaluate(RULE, 1, CLEARLY_BELOW);

        assertThat(decision)
                .returns(Outcome.FIRED, RuleDecision::outcome)
                .returns(1.0, RuleDecision::shareBefore)
                .returns(20_000L, RuleDecision::n)
                .returns(7L, RuleDecision::parametersVersion)
                .returns(AS_OF, RuleDecision::asOf)
                .returns("checkout_v2_rollout", RuleDecision::experimentId)
                .returns(true, RuleDecision::changesShare);
        assertThat(decision.shareAfter()).isCloseTo(0.8, within(1e-12));
        assertThat(decision.observed()).hasValue(0.04);
        assertThat(decision.bound().orElseThrow()).isCloseTo(0.0439, within(1e-4));
    }

    @Test
    void tooFewUsersAreInconclusive() {
        assertInconclusive(evaluate(RULE, 1, conversions(6, 200)), 200);
        assertInconclusive(evaluate(RULE, 1, conversions(0, 999)), 999);
    }

    @Test
    void noUsersAndNoObservationAreInconclusiveWithoutAnObservedValue() {
        for (RuleDecision decision : List.of(evaluate(RULE, 1, conversions(0, 0)), evaluate(RULE, 1))) {
            assertInconclusive(decision, 0);
            assertThat(decision.observed()).isEmpty();
        }
    }

    @Test
    void anObservationOfAnotherSegmentPopulationOrMetricIsNoEvidence() {
        Moments values = CLEARLY_BELOW.values();
        RuleDecision decision = evaluate(
                RULE,
                1,
                new Observation("low", Population.ENABLED, "conversion_rate", Kind.PROPORTION, values),
                new Observation("high", Population.CONTROL, "conversion_rate", Kind.PROPORTION, values),
                new Observation("high", Population.ENABLED, "other_rate", Kind.PROPORTION, values));

        assertInconclusive(decision, 0);
    }

    @Test
    void aMeanWithoutSpreadIsInconclusive() {
        Observation constant =
                new Observation("high", Population.ENABLED, "conversion_rate", Kind.MEAN, new Moments(20_000, 0.01, 0));

        RuleDecision decision = evaluate(RULE, 1, constant);

        assertInconclusive(decision, 20_000);
        assertThat(decision.observed()).hasValue(0.01);
        assertThat(decision.reason()).endsWith("users without spread in their values: no confidence bound");
    }

    @Test
    void aRateAboveTheLevelIsHeld() {
        assertHeld(evaluate(RULE, 1, conversions(1_100, 20_000)), "is not below");
    }

    @Test
    void anEstimateBelowTheLevelIsHeldWhileItsBoundIsNot() {
        RuleDecision decision = evaluate(RULE, 1, conversions(998, 20_000));

        assertHeld(decision, "is not below");
        assertThat(decision.observed().orElseThrow()).isLessThan(0.05);
        assertThat(decision.bound().orElseThrow()).isGreaterThan(0.05);
    }

    @Test
    void aRuleAboveALevelComparesTheLowerBound() {
        Condition above5Percent = new Condition("high", Population.ENABLED, "conversion_rate", Side.ABOVE, 0.05);
        Rule restore =
                rule("restore", above5Percent, new Action.Increase(new Amount(0.2, Unit.POINTS), 1), Mode.ENFORCE);

        RuleDecision clear = evaluate(restore, 0.5, conversions(1_200, 20_000));
        assertThat(clear.outcome()).isEqualTo(Outcome.FIRED);
        assertThat(clear.shareAfter()).isCloseTo(0.7, within(1e-12));
        assertThat(clear.bound().orElseThrow()).isBetween(0.05, 0.06);
        assertThat(evaluate(restore, 0.5, conversions(1_002, 20_000)).outcome()).isEqualTo(Outcome.HELD);
    }

    @Test
    void aCooldownHoldsUntilExactlyItsEnd() {
        assertHeld(
                evaluate(RULE, List.of(firedAt(AS_OF.minus(Duration.ofDays(3)).plusSeconds(1)))),
                "but cooldown of 3 d lasts until 2026-11-23T00:00:01Z");
        assertThat(evaluate(RULE, List.of(firedAt(AS_OF.minus(Duration.ofDays(3)))))
                        .outcome())
                .isEqualTo(Outcome.FIRED);
    }

    @Test
    void theMaximumOfFiringsHolds() {
        List<Firing> earlier = new ArrayList<>(IntStream.rangeClosed(1, 3)
                .mapToObj(i -> firedAt(AS_OF.minus(Duration.ofDays(10L * i))))
                .toList());
        assertThat(evaluate(RULE, earlier).outcome()).isEqualTo(Outcome.FIRED);

        earlier.add(firedAt(AS_OF.minus(Duration.ofDays(40))));
        assertHeld(evaluate(RULE, earlier), "but max_firings 4 is reached");
    }

    @Test
    void firingsOfOtherRulesAndOfTheSameAsOfDoNotCount() {
        Instant yesterday = AS_OF.minus(Duration.ofDays(1));

        assertThat(evaluate(RULE, List.of(new Firing("another", "another-1", yesterday), firedAt(AS_OF)))
                        .outcome())
                .isEqualTo(Outcome.FIRED);
    }

    @Test
    void aShareAtItsFloorIsHeld() {
        assertHeld(evaluate(RULE, 0.05, CLEARLY_BELOW), "but the share 5 % is already at its bound");
    }

    @Test
    void aShareBelowTheFloorIsNeverRaisedToIt() {
        assertThat(evaluate(RULE, 0.03, CLEARLY_BELOW))
                .returns(Outcome.HELD, RuleDecision::outcome)
                .returns(0.03, RuleDecision::shareAfter);
    }

    @Test
    void theLastCutStopsAtTheFloor() {
        assertThat(evaluate(RULE, 0.06, CLEARLY_BELOW).shareAfter()).isEqualTo(0.05);
    }

    @Test
    void dryRunAndProposeFireButChangeNothing() {
        for (Mode mode : List.of(Mode.DRY_RUN, Mode.PROPOSE)) {
            assertThat(evaluate(rule("watch", BELOW_5_PERCENT, CUT_BY_20_PERCENT, mode), 1, CLEARLY_BELOW))
                    .returns(Outcome.FIRED, RuleDecision::outcome)
                    .returns(1.0, RuleDecision::shareAfter)
                    .returns(false, RuleDecision::changesShare);
        }
    }

    @Test
    void aDryRunNeverSuppressesARuleThatIsEnforced() {
        Rule watch = rule("a_watch", BELOW_5_PERCENT, cutTo(0.1), Mode.DRY_RUN);

        assertThat(engine(List.of(watch, RULE)).evaluate(parameters(1), List.of(CLEARLY_BELOW), List.of(), AS_OF))
                .extracting(RuleDecision::outcome)
                .containsExactly(Outcome.FIRED, Outcome.FIRED);
    }

    @Test
    void ofTwoEqualSharesTheFirstRuleByNameWins() {
        Rule a = rule("a", BELOW_5_PERCENT, CUT_BY_20_PERCENT, Mode.ENFORCE);
        Rule b = rule("b", BELOW_5_PERCENT, CUT_BY_20_PERCENT, Mode.ENFORCE);

        for (List<Rule> order : List.of(List.of(a, b), List.of(b, a))) {
            Map<String, RuleDecision> decisions = byRule(order);
            assertThat(decisions.get("a").outcome()).isEqualTo(Outcome.FIRED);
            assertThat(decisions.get("b"))
                    .returns(Outcome.SUPPRESSED, RuleDecision::outcome)
                    .returns(1.0, RuleDecision::shareAfter)
                    .returns(false, RuleDecision::changesShare);
            assertThat(decisions.get("b").reason()).contains("; rule 'a' sets the share to 0");
        }
    }

    @Test
    void rulesOnDifferentSegmentsDoNotSuppressEachOther() {
        Rule low = rule(
                "low",
                new Condition("low", Population.ENABLED, "conversion_rate", Side.BELOW, 0.05),
                cutTo(0.5),
                Mode.ENFORCE);
        Observation observation =
                new Observation("low", Population.ENABLED, "conversion_rate", Kind.PROPORTION, CLEARLY_BELOW.values());

        assertThat(engine(List.of(RULE, low))
                        .evaluate(parameters(1), List.of(CLEARLY_BELOW, observation), List.of(), AS_OF))
                .extracting(RuleDecision::outcome)
                .containsExactly(Outcome.FIRED, Outcome.FIRED);
    }

    @Property(tries = 300)
    void theLowestShareWinsAndTheOthersAreSuppressedWhateverTheOrder(
            @ForAll @Size(min = 2, max = 5) List<@DoubleRange(min = 0.1, max = 0.9) Double> shares,
            @ForAll Random random) {
        List<Rule> rules = new ArrayList<>();
        for (int i = 0; i < shares.size(); i++) {
            rules.add(rule("rule_" + i, BELOW_5_PERCENT, cutTo(shares.get(i)), Mode.ENFORCE));
        }
        Map<String, RuleDecision> decisions = byRule(rules);
        List<Rule> shuffled = new ArrayList<>(rules);
        Collections.shuffle(shuffled, random);

        assertThat(byRule(shuffled)).isEqualTo(decisions);
        assertThat(decisions.values().stream().filter(RuleDecision::changesShare))
                .singleElement()
                .returns(shares.stream().min(Double::compare).orElseThrow(), RuleDecision::shareAfter);
        assertThat(decisions.values().stream().filter(d -> d.outcome() == Outcome.SUPPRESSED))
                .hasSize(shares.size() - 1);
    }

    @Provide
    Arbitrary<Action> actions() {
        Arbitrary<Amount> amounts = Combinators.combine(
                        Arbitraries.doubles().between(0.01, 1), Arbitraries.of(Unit.class))
                .as(Amount::new);
        Arbitrary<Double> limits = Arbitraries.doubles().between(0, 1);
        return Arbitraries.oneOf(
                Combinators.combine(amounts, limits).as(Action.Reduce::new),
                Combinators.combine(amounts, limits).as(Action.Increase::new));
    }

    @Property(tries = 300)
    void noSequenceOfDecisionsTakesAShareOutsideItsRangeOrARulePastItsBound(
            @ForAll @DoubleRange(max = 1) double start, @ForAll @Size(max = 15) List<@From("actions") Action> actions) {
        double share = start;
        for (Action action : actions) {
            double before = share;
            share = evaluate(rule("any", BELOW_5_PERCENT, action, Mode.ENFORCE), before, CLEARLY_BELOW)
                    .shareAfter();
            assertThat(share).isBetween(0.0, 1.0);
            if (action instanceof Action.Reduce reduce) {
                assertThat(share).isBetween(Math.min(before, reduce.notBelow()), before);
            } else if (action instanceof Action.Increase increase) {
                assertThat(share).isBetween(before, Math.max(before, increase.notAbove()));
            }
        }
    }

    @Test
    void theDecisionIdDependsOnRuleHashSegmentAndAsOf() {
        RuleEngine engine = engine(List.of());
        Condition low = new Condition("low", Population.ENABLED, "conversion_rate", Side.BELOW, 0.05);

        assertThat(Stream.of(
                        engine.decisionId(RULE, AS_OF),
                        engine.decisionId(rule("another", BELOW_5_PERCENT, CUT_BY_20_PERCENT, Mode.ENFORCE), AS_OF),
                        engine.decisionId(rule(RULE.ruleId(), low, CUT_BY_20_PERCENT, Mode.ENFORCE), AS_OF),
                        engine.decisionId(RULE, AS_OF.plusSeconds(1)),
                        new RuleEngine("checkout_v2_rollout", "other hash", List.of()).decisionId(RULE, AS_OF)))
                .doesNotHaveDuplicates()
                .allMatch(id -> id.matches("(pull_back_high_responders|another)-[0-9a-f]{12}"));
    }

    /** A change of level, action or mode changes the file, and so the hash; the rest is no part of the key. */
    @Test
    void theDecisionIdDependsOnNothingElse() {
        Rule changed = new Rule(
                RULE.ruleId(),
                "other words",
                new Condition("high", Population.CONTROL, "revenue_per_user", Side.ABOVE, 0.5),
                new Evidence(5, 0.9, 50),
                cutTo(0.5),
                Duration.ZERO,
                OptionalInt.empty(),
                Mode.DRY_RUN);

        assertThat(Stream.of(
                                evaluate(RULE, 1, CLEARLY_BELOW),
                                evaluate(RULE, 0.3),
                                evaluate(RULE, List.of(firedAt(AS_OF.minusSeconds(1)))),
                                evaluate(changed, 1, CLEARLY_BELOW))
                        .map(RuleDecision::decisionId)
                        .distinct())
                .hasSize(1);
    }

    private static void assertInconclusive(RuleDecision decision, long n) {
        assertThat(decision)
                .returns(Outcome.INCONCLUSIVE, RuleDecision::outcome)
                .returns(n, RuleDecision::n)
                .returns(1.0, RuleDecision::shareAfter);
        assertThat(decision.bound()).isEmpty();
    }

    private static void assertHeld(RuleDecision decision, String reason) {
        assertThat(decision)
                .returns(Outcome.HELD, RuleDecision::outcome)
                .returns(decision.shareBefore(), RuleDecision::shareAfter);
        assertThat(decision.reason()).contains(reason);
    }

    private static Observation conversions(long conversions, long users) {
        return new Observation(
                "high",
                Population.ENABLED,
                "conversion_rate",
                Kind.PROPORTION,
                Moments.ofProportion(conversions, users));
    }

    private static Action cutTo(double share) {
        return new Action.Reduce(new Amount(1, Unit.RELATIVE), share);
    }

    private static Rule rule(String id, Condition when, Action then, Mode mode) {
        return new Rule(
                id,
                "If conversion of users with score > 70 is below 5 %, cut that segment by 20 %",
                when,
                new Evidence(1_000, 0.95, 10_000),
                then,
                Duration.ofDays(3),
                OptionalInt.of(4),
                mode);
    }

    private static RuleEngine engine(List<Rule> rules) {
        return new RuleEngine("checkout_v2_rollout", "a hash", rules);
    }

    private static AllocationParameters parameters(double share) {
        return new AllocationParameters(
                7,
                Map.of("high", new AllocationParameters.Setting(share, 7, Optional.empty())),
                Map.of(),
                OptionalInt.empty());
    }

    private static Firing firedAt(Instant asOf) {
        return new Firing(RULE.ruleId(), "earlier", asOf);
    }

    private static RuleDecision evaluate(Rule rule, double share, Observation... observations) {
        return engine(List.of(rule))
                .evaluate(parameters(share), List.of(observations), List.of(), AS_OF)
                .get(0);
    }

    private static RuleDecision evaluate(Rule rule, List<Firing> firings) {
        return engine(List.of(rule))
                .evaluate(parameters(1), List.of(CLEARLY_BELOW), firings, AS_OF)
                .get(0);
    }

    private static Map<String, RuleDecision> byRule(List<Rule> rules) {
        return engine(rules).evaluate(parameters(1), List.of(CLEARLY_BELOW), List.of(), AS_OF).stream()
                .collect(Collectors.toMap(decision -> decision.rule().ruleId(), Function.identity()));
    }
}
