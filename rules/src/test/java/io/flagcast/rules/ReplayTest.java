package io.flagcast.rules;

import static io.flagcast.fixtures.Cases.cases;
import static io.flagcast.rules.Given.CONVERSION;
import static io.flagcast.rules.Given.EXPERIMENT;
import static io.flagcast.rules.Given.conversions;
import static io.flagcast.rules.Given.day;
import static io.flagcast.rules.Given.engine;
import static io.flagcast.rules.Given.proportion;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.allocation.AllocationParameters;
import io.flagcast.allocation.ParameterChange;
import io.flagcast.allocation.ParameterLog;
import io.flagcast.allocation.Segments;
import io.flagcast.fixtures.Dice;
import io.flagcast.fixtures.Generator;
import io.flagcast.rules.Action.AdvanceTier;
import io.flagcast.rules.Action.Increase;
import io.flagcast.rules.Action.Pause;
import io.flagcast.rules.Action.Reduce;
import io.flagcast.rules.Action.RollBack;
import io.flagcast.rules.Action.SetShare;
import io.flagcast.rules.Amount.Unit;
import io.flagcast.rules.Condition.Level;
import io.flagcast.rules.Condition.Population;
import io.flagcast.rules.Condition.Side;
import io.flagcast.rules.Given.RuleOf;
import io.flagcast.rules.Rule.Evidence;
import io.flagcast.rules.Rule.Evidence.Method;
import io.flagcast.rules.RuleDecision.Outcome;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Rules over many days: each change begins new evidence, and the record is all that is needed to repeat it. */
class ReplayTest {

    private static Replay replay(List<Rule> rules, List<Observation> days) {
        Instant last = days.stream()
                .map(Observation::day)
                .max(Comparator.naturalOrder())
                .orElseThrow()
                .plus(Duration.ofDays(1));
        return Replay.of(engine(rules), days, ParameterLog.EMPTY, Health.SOUND, day(1), last);
    }

    /** 4,000 users a day, of whom so many of 100 convert. */
    private static List<Observation> days(int first, int count, int percent) {
        List<Observation> days = new ArrayList<>();
        for (int day = first; day < first + count; day++) {
            days.add(conversions(day, 40L * percent, 4_000));
        }
        return days;
    }

    @Test
    void aDropCutsStepByStepOnNewEvidenceEachAndSoundDaysGiveItBack() {
        Rule rule = RuleOf.id("r")
                .cooldown(Duration.ofDays(3))
                .recover(new Increase(new Amount(0.2, Unit.POINTS), 1))
                .rule();
        List<Observation> days = new ArrayList<>(days(0, 10, 8));
        days.addAll(days(10, 40, 2));
        days.addAll(days(50, 60, 9));

        Replay replay = replay(List.of(rule), days);
        List<RuleDecision> made = replay.decisions().stream()
                .filter(RuleDecision::changesAllocation)
                .toList();
        List<Double> shares = made.stream()
                .map(decision -> decision.adjustment().shares().get("high"))
                .toList();
        assertThat(made.get(0).outcome()).isEqualTo(Outcome.FIRED);
        assertThat(made.get(0).asOf()).isAfter(day(12));
        assertThat(shares.get(0)).isCloseTo(0.8, within(1e-12));
        assertThat(shares.get(1)).isCloseTo(0.64, within(1e-12));
        for (int i = 1; i < made.size(); i++) {
            Instant before = made.get(i - 1).asOf();
            assertThat(made.get(i).asOf()).isAfterOrEqualTo(before.plus(Duration.ofDays(3)));
            assertThat(made.get(i).deciding().evidenceStart().orElseThrow())
                    .as("users met before the change do not count: their window of a day closed within a day")
                    .isAfterOrEqualTo(before.plus(Duration.ofDays(1)));
        }
        assertThat(made.get(made.size() - 1).outcome()).isEqualTo(Outcome.RECOVERED);
        assertThat(replay.log().newest(EXPERIMENT).share("high")).isEqualTo(1);
        assertThat(replay.log().of(EXPERIMENT))
                .extracting(change -> change.origin().cause())
                .containsSubsequence(ParameterChange.Cause.RULE, ParameterChange.Cause.RECOVERY);
    }

    @Test
    void aRuleWithoutRecoverLeavesTheShareWhereItIs() {
        List<Observation> days = new ArrayList<>(days(0, 10, 2));
        days.addAll(days(10, 20, 9));

        Replay replay = replay(List.of(RuleOf.id("r").maxFirings(1).rule()), days);
        assertThat(replay.log().newest(EXPERIMENT).share("high")).isCloseTo(0.8, within(1e-12));
        assertThat(replay.decisions().get(replay.decisions().size() - 1).outcome())
                .isEqualTo(Outcome.HELD);
    }

    @Test
    void eachTierThatIsLetInHasToProveItselfOnUsersWhoMetItSince() {
        Rule advance = RuleOf.id("r")
                .when(new Level(Population.ENABLED, "conversion_rate", Side.ABOVE, 0.05))
                .then(new AdvanceTier(4))
                .rule();
        List<RuleDecision> made = replay(List.of(advance), days(0, 10, 9)).decisions().stream()
                .filter(RuleDecision::changesAllocation)
                .toList();

        assertThat(made).extracting(RuleDecision::effect).containsExactly("active tier -> 3", "active tier -> 4");
        assertThat(made.get(1).deciding().evidenceStart().orElseThrow())
                .isAfterOrEqualTo(made.get(0).asOf().plus(CONVERSION.within()));
    }

    @Test
    void aConditionHasToHoldAtSoManyEndsOfDaysInARow() {
        Rule thrice = RuleOf.id("r")
                .evidence(new Evidence(1_000, Method.CONFIDENCE_SEQUENCE, 0.95, 10_000, Optional.empty(), 3))
                .rule();

        List<RuleDecision> decisions = replay(List.of(thrice), days(0, 4, 2)).decisions();
        assertThat(decisions).extracting(RuleDecision::holdingRuns).startsWith(1, 2, 3);
        assertThat(decisions).extracting(RuleDecision::outcome).startsWith(Outcome.HELD, Outcome.HELD, Outcome.FIRED);
    }

    @Test
    void aDayThatHasNotEndedIsNotLookedAt() {
        Instant noon = day(1).plus(Duration.ofHours(12));
        Replay replay = Replay.of(
                engine(List.of(RuleOf.id("r").rule())),
                days(0, 4, 8),
                ParameterLog.EMPTY,
                Health.SOUND,
                noon,
                noon.plus(Duration.ofDays(1)));

        assertThat(replay.decisions())
                .extracting(decision -> decision.deciding().n())
                .containsExactly(4_000L, 8_000L);
    }

    private static Rule rule(Dice dice) {
        Action action = action(dice);
        RuleOf rule = RuleOf.id("x")
                .segment(dice.oneOf(List.of("low", "mid", "high", Segments.ALL)))
                .when(new Level(
                        Population.ENABLED,
                        "conversion_rate",
                        dice.oneOf(List.of(Side.values())),
                        dice.real(0.03, 0.07)))
                .evidence(Evidence.of(500, 0.9, 2_000))
                .then(action)
                .cooldown(Duration.ofDays(dice.integer(0, 3)));
        boolean takes = action instanceof SetShare;
        return takes ? rule.recover(new Increase(amount(dice), 1)).rule() : rule.rule();
    }

    private static Action action(Dice dice) {
        return dice.oneOf(List.<Supplier<Action>>of(
                        () -> new Reduce(amount(dice), limit(dice)),
                        () -> new Increase(amount(dice), limit(dice)),
                        () -> new SetShare(limit(dice)),
                        RollBack::new,
                        () -> new AdvanceTier(4),
                        () -> dice.integer(0, 19) == 0 ? new Pause() : new SetShare(0.5)))
                .get();
    }

    private static Amount amount(Dice dice) {
        return new Amount(dice.real(0.01, 1), dice.oneOf(List.of(Unit.values())));
    }

    private static double limit(Dice dice) {
        return dice.real(0.01, 0.99);
    }

    private static List<Rule> named(List<Rule> rules) {
        List<Rule> named = new ArrayList<>();
        for (int i = 0; i < rules.size(); i++) {
            Rule rule = rules.get(i);
            named.add(new Rule(
                    "rule_" + i,
                    rule.description(),
                    rule.segment(),
                    rule.when(),
                    rule.evidence(),
                    rule.then(),
                    rule.recover(),
                    rule.cooldown(),
                    rule.maxFirings(),
                    rule.health(),
                    rule.mode()));
        }
        return named;
    }

    /** Forty days whose rates wander between 2 and 8 percent in every segment. */
    private static List<Observation> wandering(long seed) {
        Random random = new Random(seed);
        List<Observation> days = new ArrayList<>();
        for (int day = 0; day < 40; day++) {
            for (String segment : List.of("low", "mid", "high", Segments.ALL)) {
                long users = 200L + random.nextInt(2_000);
                double rate = 0.02 + 0.06 * random.nextDouble();
                days.add(proportion(segment, Population.ENABLED, CONVERSION, day, Math.round(rate * users), users));
            }
        }
        return days;
    }

    @Test
    void noSequenceOfDecisionsLeavesItsBoundsAndTheRecordRepeatsTheTableExactly() {
        record Story(List<Rule> drawn, long seed) {}
        Generator<Story> generator = dice -> new Story(dice.list(1, 4, () -> rule(dice)), dice.seed());
        cases(1, 80, generator).allSatisfy(story -> {
            List<Rule> rules = named(story.drawn());
            Replay replay = replay(rules, wandering(story.seed()));

            ParameterLog again = ParameterLog.EMPTY;
            Map<Instant, List<RuleDecision>> byAsOf = replay.decisions().stream()
                    .collect(Collectors.groupingBy(RuleDecision::asOf, TreeMap::new, Collectors.toList()));
            for (List<RuleDecision> decisions : byAsOf.values()) {
                AllocationParameters before = again.newest(EXPERIMENT);
                List<ParameterChange> changes = new ArrayList<>();
                for (RuleDecision decision : decisions) {
                    if (decision.changesAllocation()) {
                        assertThat(decision.before()).isEqualTo(before);
                        decision.adjustment()
                                .shares()
                                .forEach(
                                        (segment, share) -> assertWithinBounds(decision, before.share(segment), share));
                        changes.addAll(again.changesTo(
                                EXPERIMENT, decision.adjustment(), decision.asOf(), decision.origin("{}")));
                    }
                }
                assertThat(changes.stream().map(ParameterChange::cell))
                        .as("one change each")
                        .doesNotHaveDuplicates();
                again = again.with(changes);
            }
            assertThat(again).isEqualTo(replay.log());

            List<Rule> reversed = new ArrayList<>(rules);
            Collections.reverse(reversed);
            assertThat(replay(reversed, wandering(story.seed())).log().newest(EXPERIMENT))
                    .isEqualTo(replay.log().newest(EXPERIMENT));
        });
    }

    private static void assertWithinBounds(RuleDecision decision, double before, double after) {
        assertThat(after).isBetween(0.0, 1.0);
        if (decision.outcome() == Outcome.RECOVERED) {
            assertThat(after).isGreaterThan(before);
        } else if (decision.rule().then() instanceof Reduce reduce) {
            assertThat(after).isBetween(Math.min(before, reduce.notBelow()), before);
        } else if (decision.rule().then() instanceof Increase increase) {
            assertThat(after).isBetween(before, Math.max(before, increase.notAbove()));
        }
    }
}
