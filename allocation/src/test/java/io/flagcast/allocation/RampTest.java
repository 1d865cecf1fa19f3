package io.flagcast.allocation;

import static io.flagcast.allocation.AllocatorTest.allocator;
import static io.flagcast.fixtures.Cases.cases;
import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.allocation.Decision.Reason;
import io.flagcast.allocation.Policy.Bandit;
import io.flagcast.allocation.Policy.Percentage;
import io.flagcast.allocation.Policy.Tiered;
import io.flagcast.allocation.Policy.WeightedRandom;
import io.flagcast.fixtures.Dice;
import io.flagcast.fixtures.Generator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Ramps only add: a change upwards removes nobody, and downwards it sheds exactly the last ones in. */
class RampTest {

    private static final List<Double> THRESHOLDS = List.of(80.0, 50.0, 20.0);
    private static final Users USERS = Users.scored(2_000);

    private record Shares(Policy policy, double lower, double higher) {

        static Shares draw(Dice dice) {
            Policy policy = dice.oneOf(AllocatorTest.policies().toList());
            Step step = Step.draw(dice, 1);
            return new Shares(policy, step.lower(), step.higher());
        }
    }

    private record Step(double lower, double higher) {

        static Step draw(Dice dice, double highest) {
            double one = dice.real(0, highest);
            double other = dice.real(0, highest);
            return new Step(Math.min(one, other), Math.max(one, other));
        }
    }

    @Test
    void raisingAShareNeverRemovesAUserAndGoingBackGivesTheSameSet() {
        cases(1, 200, Shares::draw).allSatisfy(shares -> {
            Allocator low = allocator(shares.policy(), Map.of("high", shares.lower()));
            Allocator high = allocator(shares.policy(), Map.of("high", shares.higher()));

            assertOnlyAdds(low, high);
            assertThat(USERS.enabledBy(allocator(shares.policy(), Map.of("high", shares.lower()))))
                    .isEqualTo(USERS.enabledBy(low));
        });
    }

    @Test
    void loweringAShareShedsExactlyTheBucketsBetweenTheNewAndTheOldProbability() {
        cases(1, 200, Shares::draw).allSatisfy(shares -> {
            Allocator before = allocator(shares.policy(), Map.of("mid", shares.higher()));
            Allocator after = allocator(shares.policy(), Map.of("mid", shares.lower()));

            Set<Integer> shed = USERS.enabledBy(before);
            shed.removeAll(USERS.enabledBy(after));
            Set<Integer> between = USERS.users().stream()
                    .filter(user -> {
                        Decision old = before.decide(user.buckets(), user.candidate());
                        return old.segment().orElseThrow().equals("mid")
                                && old.reason() == Reason.POLICY
                                && user.buckets().enrolment() >= old.baseProbability() * shares.lower()
                                && user.buckets().enrolment() < old.baseProbability() * shares.higher();
                    })
                    .map(Users.User::number)
                    .collect(Collectors.toSet());
            assertThat(shed).isEqualTo(between);
        });
    }

    @Test
    void noShareMovesAnExploringUser() {
        cases(1, 100, Shares::draw).allSatisfy(shares -> {
            double share = shares.lower();
            Allocator full = allocator(shares.policy(), Map.of());
            Allocator reduced = allocator(shares.policy(), Map.of("low", share, "mid", share, "high", share));

            assertThat(USERS.users().stream()
                            .filter(user -> full.decide(user.buckets(), user.candidate())
                                            .reason()
                                    == Reason.EXPLORATION)
                            .filter(user -> full.decide(user.buckets(), user.candidate())
                                            .enabled()
                                    != reduced.decide(user.buckets(), user.candidate())
                                            .enabled()))
                    .isEmpty();
        });
    }

    @Test
    void raisingAPercentageNeverRemovesAUser() {
        cases(1, 200, dice -> Step.draw(dice, 1))
                .allSatisfy(step -> assertOnlyAdds(new Percentage(step.lower()), new Percentage(step.higher())));
    }

    /** All steps that there are. */
    @Test
    void raisingTheActiveTierNeverRemovesAUser() {
        for (int lower = 0; lower <= 4; lower++) {
            for (int higher = lower; higher <= 4; higher++) {
                assertOnlyAdds(Tiered.upTo(lower, THRESHOLDS), Tiered.upTo(higher, THRESHOLDS));
            }
        }
    }

    @Test
    void raisingATiersProbabilityNeverRemovesAUser() {
        cases(1, 200, dice -> Step.draw(dice, 1))
                .allSatisfy(step -> assertOnlyAdds(
                        new Tiered(THRESHOLDS, List.of(1.0, step.lower(), 0.0, 0.0), List.of()),
                        new Tiered(THRESHOLDS, List.of(1.0, step.higher(), 0.0, 0.0), List.of())));
    }

    @Test
    void raisingACurveNeverRemovesAUser() {
        record Curves(Step midpoints, double floor, double ceiling) {}
        Generator<Curves> generator = dice -> new Curves(Step.draw(dice, 100), dice.real(0, 0.5), dice.real(0.5, 1));
        cases(1, 200, generator).allSatisfy(curves -> {
            Curve late = new Curve.Logistic(curves.midpoints().higher(), 0.1);
            Curve early = new Curve.Logistic(curves.midpoints().lower(), 0.1);
            WeightedRandom policy = new WeightedRandom(late, curves.floor(), curves.ceiling());

            assertOnlyAdds(policy, new WeightedRandom(early, curves.floor(), curves.ceiling()));
            assertOnlyAdds(new WeightedRandom(late, 0, curves.ceiling()), policy);
            assertOnlyAdds(policy, new WeightedRandom(late, curves.floor(), 1));
        });
    }

    @Test
    void raisingALearnedProbabilityNeverRemovesAUser() {
        cases(1, 200, dice -> Step.draw(dice, 1))
                .allSatisfy(step -> assertOnlyAdds(learned(step.lower()), learned(step.higher())));
    }

    private static Policy learned(double probability) {
        return new Bandit(AllocatorTest.LEARNER, List.of(), Map.of(Cell.whole("mid"), probability));
    }

    private static void assertOnlyAdds(Policy lower, Policy higher) {
        assertOnlyAdds(allocator(lower, Map.of("high", 0.7)), allocator(higher, Map.of("high", 0.7)));
    }

    private static void assertOnlyAdds(Allocator lower, Allocator higher) {
        assertThat(USERS.enabledBy(higher).containsAll(USERS.enabledBy(lower))).isTrue();
    }
}
