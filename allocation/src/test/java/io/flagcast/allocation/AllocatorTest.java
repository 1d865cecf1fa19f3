package io.flagcast.allocation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.allocation.BanditLearner.Algorithm;
import io.flagcast.allocation.Decision.Reason;
import io.flagcast.allocation.Policy.Bandit;
import io.flagcast.allocation.Policy.Percentage;
import io.flagcast.allocation.Policy.Tiered;
import io.flagcast.allocation.Policy.WeightedRandom;
import io.flagcast.allocation.Segments.Band;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Metric.Direction;
import io.flagcast.statistics.Metric.Kind;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.time.Duration;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class AllocatorTest {

    static final Segments SEGMENTS =
            new Segments(List.of(new Band("low", 0, 30), new Band("mid", 30, 70), new Band("high", 70, 100)));

    static final BanditLearner LEARNER = new BanditLearner(
            Algorithm.THOMPSON,
            new Metric("completed_rate", Kind.PROPORTION, "completed", Duration.ofDays(7), Direction.HIGHER_IS_BETTER),
            0.05,
            0.1,
            100,
            1);

    private static final Users USERS = Users.scored(200_000);
    private static final Candidate SCORED = new Candidate(OptionalDouble.of(75), false, true, "");

    /** Bucket positions that neither the holdout (below 0.1) nor exploration (below 0.05) takes. */
    private static Buckets enrolledAt(double enrolment) {
        return new Buckets(0.5, 0.25, 0.5, 0.5, enrolment);
    }

    static Allocator allocator(Policy policy, Map<String, Double> shares) {
        return new Allocator(Activity.ACTIVE, 0, Layer.NONE, SEGMENTS, policy, 0.05, 0.1, shares);
    }

    static Stream<Policy> policies() {
        return Stream.of(
                Tiered.upTo(2, List.of(80.0, 50.0, 20.0)),
                new Tiered(List.of(80.0, 50.0, 20.0), List.of(1.0, 0.5, 0.1, 0.0), List.of()),
                new WeightedRandom(new Curve.Logistic(60, 0.1), 0.05, 0.9),
                new Percentage(0.1),
                new Bandit(LEARNER, List.of(), Map.of(Cell.whole("low"), 0.2, Cell.whole("high"), 0.7)));
    }

    /** All 128 combinations of the seven conditions; the earliest in the order of the design decides. */
    @Test
    void theFirstConditionThatAppliesDecides() {
        List<Reason> order = List.of(
                Reason.INACTIVE,
                Reason.HOLDOUT,
                Reason.LAYER,
                Reason.INELIGIBLE,
                Reason.EXPLORATION,
                Reason.UNSCORED,
                Reason.NO_BENEFIT);
        for (int mask = 0; mask < 128; mask++) {
            boolean[] holds = new boolean[7];
            for (int i = 0; i < 7; i++) {
                holds[i] = (mask >> i & 1) == 1;
            }
            Reason expected = mask == 0 ? Reason.POLICY : order.get(Integer.numberOfTrailingZeros(mask));
            Allocator allocator = new Allocator(
                    holds[0] ? Activity.INACTIVE : Activity.ACTIVE,
                    0.1,
                    new Layer("checkout", 0, 0.5),
                    SEGMENTS,
                    new Percentage(1),
                    0.05,
                    0.1,
                    Map.of());
            Buckets buckets =
                    new Buckets(holds[1] ? 0.05 : 0.5, holds[2] ? 0.5 : 0.4, holds[4] ? 0.04 : 0.05, 0.1, 0.05);
            Candidate candidate =
                    new Candidate(holds[5] ? OptionalDouble.empty() : OptionalDouble.of(75), holds[6], !holds[3], "");

            Decision decision = allocator.decide(buckets, candidate);

            assertThat(decision.reason())
                    .as("conditions %s", Integer.toBinaryString(mask))
                    .isEqualTo(expected);
            assertThat(decision.enabled())
                    .as("enabled by %s", expected)
                    .isEqualTo(Set.of(Reason.EXPLORATION, Reason.UNSCORED, Reason.POLICY)
                            .contains(expected));
            assertThat(decision.propensity() > 0)
                    .as("propensity for %s", expected)
                    .isEqualTo(expected.compareTo(Reason.INELIGIBLE) > 0);
        }
    }

    @Test
    void thePropensityIsThatOfExplorationAndPolicyTogether() {
        Decision decision = allocator(new Percentage(0.8), Map.of("high", 0.5)).decide(enrolledAt(0.3), SCORED);

        assertThat(decision.propensity()).isCloseTo(0.05 * 0.5 + 0.95 * 0.4, within(1e-15));
        assertThat(decision)
                .returns(true, Decision::enabled)
                .returns("high", d -> d.segment().orElseThrow())
                .returns(0.8, Decision::baseProbability)
                .returns(0.5, Decision::share)
                .returns(0.3, Decision::bucket);
    }

    @Test
    void aUserIsEnabledStrictlyBelowTheKeptProbability() {
        Allocator allocator = allocator(new Percentage(0.5), Map.of("high", 0.5));

        assertThat(allocator.decide(enrolledAt(Math.nextDown(0.25)), SCORED).enabled())
                .isTrue();
        assertThat(allocator.decide(enrolledAt(0.25), SCORED).enabled()).isFalse();
    }

    @Test
    void nobodyIsEnabledAtZeroAndEverybodyAtOne() {
        assertThat(allocator(new Percentage(0), Map.of())
                        .decide(enrolledAt(0), SCORED)
                        .enabled())
                .isFalse();
        assertThat(allocator(new Percentage(1), Map.of())
                        .decide(enrolledAt(Math.nextDown(1.0)), SCORED)
                        .enabled())
                .isTrue();
    }

    @Test
    void anExploringUserIsEnabledByAFairCoinWhateverTheScoreSays() {
        for (Candidate candidate : List.of(
                SCORED,
                new Candidate(OptionalDouble.of(0), true, true, ""),
                new Candidate(OptionalDouble.empty(), false, true, ""))) {
            Allocator nobody = allocator(new Percentage(0), Map.of());
            assertThat(nobody.decide(new Buckets(0, 0, 0.04, Math.nextDown(0.5), 0.99), candidate))
                    .returns(true, Decision::enabled)
                    .returns(Reason.EXPLORATION, Decision::reason);
            assertThat(nobody.decide(new Buckets(0, 0, 0.04, 0.5, 0), candidate))
                    .returns(false, Decision::enabled)
                    .returns(Reason.EXPLORATION, Decision::reason);
        }
    }

    @Test
    void aUserWithoutBenefitIsEnabledByExplorationOnly() {
        Decision decision = allocator(new Percentage(1), Map.of())
                .decide(enrolledAt(0), new Candidate(OptionalDouble.of(100), true, true, ""));

        assertThat(decision)
                .returns(false, Decision::enabled)
                .returns(Reason.NO_BENEFIT, Decision::reason)
                .returns(0.0, Decision::baseProbability);
        assertThat(decision.propensity()).isCloseTo(0.05 * 0.5, within(1e-15));
    }

    @Test
    void aUserWithoutAScoreHasTheUnscoredProbabilityAndNeitherSegmentNorTier() {
        Decision decision = allocator(Tiered.upTo(2, List.of(80.0, 50.0)), Map.of("low", 0.0, "high", 0.0))
                .decide(enrolledAt(0.09), new Candidate(OptionalDouble.empty(), false, true, ""));

        assertThat(decision)
                .returns(true, Decision::enabled)
                .returns(Reason.UNSCORED, Decision::reason)
                .returns(0.1, Decision::baseProbability)
                .returns(1.0, Decision::share)
                .returns(OptionalInt.empty(), Decision::tier);
        assertThat(decision.segment()).isEmpty();
        assertThat(decision.propensity()).isCloseTo(0.05 * 0.5 + 0.95 * 0.1, within(1e-15));
    }

    /** n = 200,000 users; per segment within 4 standard errors of the mean propensity. The users are fixed. */
    @ParameterizedTest
    @MethodSource("policies")
    void thePropensityIsTheRateAtWhichASegmentIsReallyEnabled(Policy policy) {
        Allocator allocator = allocator(policy, Map.of("low", 0.9, "high", 0.5));
        Map<String, double[]> sums = new HashMap<>();
        for (Users.User user : USERS.users()) {
            Decision decision = allocator.decide(user.buckets(), user.candidate());
            double p = decision.propensity();
            double[] sum = sums.computeIfAbsent(decision.segment().orElseThrow(), segment -> new double[3]);
            sum[0] += decision.enabled() ? 1 : 0;
            sum[1] += p;
            sum[2] += p * (1 - p);
        }

        assertThat(sums).containsOnlyKeys("low", "mid", "high");
        sums.forEach((segment, sum) -> assertThat(sum[0]).as(segment).isCloseTo(sum[1], within(4 * Math.sqrt(sum[2]))));
    }

    @Test
    void disjointRangesOfALayerShareNoUserAndTogetherCoverTheWholeLayer() {
        Set<Integer> first = USERS.enabledBy(everybodyIn(new Layer("checkout", 0, 0.4)));
        Set<Integer> second = USERS.enabledBy(everybodyIn(new Layer("checkout", 0.4, 1)));

        assertThat(Collections.disjoint(first, second)).isTrue();
        // Of 200,000 users 40 % lie in the first; 4 standard errors are 876.
        assertThat(first.size()).isBetween(79_124, 80_876);
        assertThat(first.size() + second.size()).isEqualTo(200_000);
    }

    private static Allocator everybodyIn(Layer layer) {
        return new Allocator(Activity.ACTIVE, 0, layer, SEGMENTS, new Percentage(1), 0, 0, Map.of());
    }

    @Test
    void layersOverlapWhereTheyClaimAPartOfOneName() {
        Layer half = new Layer("checkout", 0, 0.5);

        assertThat(half.overlaps(new Layer("checkout", 0.4, 0.6))).isTrue();
        assertThat(half.overlaps(new Layer("checkout", 0.5, 1))).isFalse();
        assertThat(half.overlaps(new Layer("search", 0, 0.5))).isFalse();
    }

    /** Spark ships the allocator to its executors by java.io. */
    @ParameterizedTest
    @MethodSource("policies")
    void anAllocatorSurvivesJavaSerialization(Policy policy) throws IOException, ClassNotFoundException {
        Allocator allocator = allocator(policy, Map.of("high", 0.5));
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(allocator);
        }

        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            assertThat(in.readObject()).isEqualTo(allocator);
        }
    }

    @Test
    void fractionsOutsideTheirRangeAreRefused() {
        assertRefused(1, 0, 0, "holdout 1.0 is outside [0, 1)");
        assertRefused(0, 1.5, 0, "exploration 1.5 is outside [0, 1]");
        assertRefused(0, 0, Double.NaN, "unscored NaN is outside [0, 1]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Candidate(OptionalDouble.of(100.01), false, true, ""))
                .withMessage("score 100.01 is outside [0, 100]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Layer("checkout", 0.5, 0.5))
                .withMessage("layer 'checkout' is [0.5, 0.5): a range is [from, to) with 0 <= from < to <= 1");
    }

    private static void assertRefused(double holdout, double exploration, double unscored, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Allocator(
                        Activity.ACTIVE,
                        holdout,
                        Layer.NONE,
                        SEGMENTS,
                        new Percentage(1),
                        exploration,
                        unscored,
                        Map.of()))
                .withMessage(message);
    }

    @Test
    void parametersOutsideTheirRangeAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> new AllocationParameters(-1, Map.of(), Map.of(), OptionalInt.empty(), Activity.ACTIVE))
                .withMessage("parameters version -1 is negative");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new AllocationParameters.Setting(1.1, 0, Optional.empty()))
                .withMessage("share 1.1 is outside [0, 1]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new AllocationParameters(
                        1,
                        Map.of(),
                        Map.of(new Cell("high", "{\"plan\":\"pro\"}"), -0.1),
                        OptionalInt.empty(),
                        Activity.ACTIVE))
                .withMessage("base probability -0.1 of high {\"plan\":\"pro\"} is outside [0, 1]");
        assertThat(AllocationParameters.INITIAL.share("high")).isEqualTo(1);
        assertThat(AllocationParameters.INITIAL.learned()).isEmpty();
    }
}
