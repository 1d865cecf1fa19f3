package io.flagcast.allocation;

import static io.flagcast.allocation.AllocatorTest.allocator;
import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.allocation.Decision.Reason;
import io.flagcast.allocation.Policy.Bandit;
import io.flagcast.allocation.Policy.Percentage;
import io.flagcast.allocation.Policy.Tiered;
import io.flagcast.allocation.Policy.WeightedRandom;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;

/** Ramps only add: a change upwards removes nobody, and downwards it sheds exactly the last ones in. */
class RampTest {

    private static final List<Double> THRESHOLDS = List.of(80.0, 50.0, 20.0);
    private static final Users USERS = Users.scored(2_000);

    @Provide
    Arbitrary<Policy> policies() {
        return Arbitraries.of(AllocatorTest.policies().toList());
    }

    @Property(tries = 200)
    void raisingAShareNeverRemovesAUserAndGoingBackGivesTheSameSet(
            @ForAll("policies") Policy policy,
            @ForAll @DoubleRange(max = 1) double one,
            @ForAll @DoubleRange(max = 1) double other) {
        Allocator low = allocator(policy, Map.of("high", Math.min(one, other)));
        Allocator high = allocator(policy, Map.of("high", Math.max(one, other)));

        assertOnlyAdds(low, high);
        assertThat(USERS.enabledBy(allocator(policy, Map.of("high", Math.min(one, other)))))
                .isEqualTo(USERS.enabledBy(low));
    }

    @Property(tries = 200)
    void loweringAShareShedsExactlyTheBucketsBetweenTheNewAndTheOldProbability(
            @ForAll("policies") Policy policy,
            @ForAll @DoubleRange(max = 1) double one,
            @ForAll @DoubleRange(max = 1) double other) {
        double from = Math.max(one, other);
        double to = Math.min(one, other);
        Allocator before = allocator(policy, Map.of("mid", from));
        Allocator after = allocator(policy, Map.of("mid", to));

        Set<Integer> shed = USERS.enabledBy(before);
        shed.removeAll(USERS.enabledBy(after));
        Set<Integer> between = USERS.users().stream()
                .filter(user -> {
                    Decision old = before.decide(user.buckets(), user.candidate());
                    return old.segment().orElseThrow().equals("mid")
                            && old.reason() == Reason.POLICY
                            && user.buckets().enrolment() >= old.baseProbability() * to
                            && user.buckets().enrolment() < old.baseProbability() * from;
                })
                .map(Users.User::number)
                .collect(Collectors.toSet());
        assertThat(shed).isEqualTo(between);
    }

    @Property(tries = 100)
    void noShareMovesAnExploringUser(@ForAll("policies") Policy policy, @ForAll @DoubleRange(max = 1) double share) {
        Allocator full = allocator(policy, Map.of());
        Allocator reduced = allocator(policy, Map.of("low", share, "mid", share, "high", share));

        assertThat(USERS.users().stream()
                        .filter(user ->
                                full.decide(user.buckets(), user.candidate()).reason() == Reason.EXPLORATION)
                        .filter(user ->
                                full.decide(user.buckets(), user.candidate()).enabled()
                                        != reduced.decide(user.buckets(), user.candidate())
                                                .enabled()))
                .isEmpty();
    }

    @Property(tries = 200)
    void raisingAPercentageNeverRemovesAUser(
            @ForAll @DoubleRange(max = 1) double one, @ForAll @DoubleRange(max = 1) double other) {
        assertOnlyAdds(new Percentage(Math.min(one, other)), new Percentage(Math.max(one, other)));
    }

    @Property
    void raisingTheActiveTierNeverRemovesAUser(
            @ForAll @IntRange(max = 4) int one, @ForAll @IntRange(max = 4) int other) {
        assertOnlyAdds(Tiered.upTo(Math.min(one, other), THRESHOLDS), Tiered.upTo(Math.max(one, other), THRESHOLDS));
    }

    @Property(tries = 200)
    void raisingATiersProbabilityNeverRemovesAUser(
            @ForAll @DoubleRange(max = 1) double one, @ForAll @DoubleRange(max = 1) double other) {
        assertOnlyAdds(
                new Tiered(THRESHOLDS, List.of(1.0, Math.min(one, other), 0.0, 0.0), List.of()),
                new Tiered(THRESHOLDS, List.of(1.0, Math.max(one, other), 0.0, 0.0), List.of()));
    }

    @Property(tries = 200)
    void raisingACurveNeverRemovesAUser(
            @ForAll @DoubleRange(max = 100) double one,
            @ForAll @DoubleRange(max = 100) double other,
            @ForAll @DoubleRange(max = 0.5) double floor,
            @ForAll @DoubleRange(min = 0.5, max = 1) double ceiling) {
        Curve late = new Curve.Logistic(Math.max(one, other), 0.1);
        Curve early = new Curve.Logistic(Math.min(one, other), 0.1);

        assertOnlyAdds(new WeightedRandom(late, floor, ceiling), new WeightedRandom(early, floor, ceiling));
        assertOnlyAdds(new WeightedRandom(late, 0, ceiling), new WeightedRandom(late, floor, ceiling));
        assertOnlyAdds(new WeightedRandom(late, floor, ceiling), new WeightedRandom(late, floor, 1));
    }

    @Property(tries = 200)
    void raisingALearnedProbabilityNeverRemovesAUser(
            @ForAll @DoubleRange(max = 1) double one, @ForAll @DoubleRange(max = 1) double other) {
        assertOnlyAdds(
                new Bandit(AllocatorTest.LEARNER, List.of(), Map.of(Cell.whole("mid"), Math.min(one, other))),
                new Bandit(AllocatorTest.LEARNER, List.of(), Map.of(Cell.whole("mid"), Math.max(one, other))));
    }

    private static void assertOnlyAdds(Policy lower, Policy higher) {
        assertOnlyAdds(allocator(lower, Map.of("high", 0.7)), allocator(higher, Map.of("high", 0.7)));
    }

    private static void assertOnlyAdds(Allocator lower, Allocator higher) {
        assertThat(USERS.enabledBy(higher).containsAll(USERS.enabledBy(lower))).isTrue();
    }
}
