package io.flagcast.allocation;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.allocation.Bucketing.Purpose;
import io.flagcast.allocation.Policy.Bandit;
import io.flagcast.allocation.Policy.Percentage;
import io.flagcast.allocation.Policy.Tiered;
import io.flagcast.allocation.Policy.WeightedRandom;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.Stream;
import org.apache.commons.math3.distribution.ChiSquaredDistribution;
import org.apache.commons.math3.stat.correlation.PearsonsCorrelation;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What holds of the buckets and decisions of a million users. Ids are fixed, so is every number here. */
@Tag("simulation")
class MillionUsersTest {

    private static final int USERS = 1_000_000;
    private static final int BINS = 1_000;
    private static final String HOLDOUT = "lake-holdout";
    private static final String LAYER = "checkout";

    private static double[] buckets(String salt, Purpose purpose) {
        Bucketing bucketing = Bucketing.of(salt, purpose);
        double[] buckets = new double[USERS];
        Arrays.parallelSetAll(buckets, user -> bucketing.bucket("user-" + user));
        return buckets;
    }

    /** The buckets of two experiments, of the lake's holdout and of two layers. */
    private static Map<String, double[]> everyPurpose() {
        Map<String, double[]> buckets = new LinkedHashMap<>();
        buckets.put("holdout", buckets(HOLDOUT, Purpose.HOLDOUT));
        buckets.put("layer " + LAYER, buckets(LAYER, Purpose.LAYER));
        buckets.put("layer search", buckets("search", Purpose.LAYER));
        for (String salt : List.of("checkout-2026q4", "checkout-2026q5")) {
            for (Purpose purpose : List.of(Purpose.EXPLORATION, Purpose.COIN, Purpose.ENROLMENT)) {
                buckets.put(salt + " " + purpose.label(), buckets(salt, purpose));
            }
        }
        return buckets;
    }

    /** χ² over 1,000 bins at 0.1 % for each of nine purposes. */
    @Test
    void bucketsOfEachPurposeAreUniform() {
        double limit = new ChiSquaredDistribution(null, BINS - 1).inverseCumulativeProbability(0.999);
        everyPurpose().forEach((name, buckets) -> {
            double[] counts = new double[BINS];
            for (double bucket : buckets) {
                counts[(int) (bucket * BINS)]++;
            }
            double expected = (double) USERS / BINS;
            double chiSquared = Arrays.stream(counts)
                    .map(count -> (count - expected) * (count - expected) / expected)
                    .sum();
            assertThat(chiSquared).as(name).isLessThan(limit);
        });
    }

    @Test
    void bucketsOfDifferentPurposesAndExperimentsAreUncorrelated() {
        List<Map.Entry<String, double[]>> all = List.copyOf(everyPurpose().entrySet());
        for (int i = 0; i < all.size(); i++) {
            for (int j = 0; j < i; j++) {
                assertThat(Math.abs(new PearsonsCorrelation()
                                .correlation(all.get(i).getValue(), all.get(j).getValue())))
                        .as(all.get(i).getKey() + " and " + all.get(j).getKey())
                        .isLessThan(0.005);
            }
        }
    }

    /** An experiment as the lake gives it its users: holdout and layer by their own salts, the rest by the experiment's. */
    private record Setup(Allocator allocator, List<Bucketing> bucketings) {

        static Setup of(String salt, Layer layer, double holdout, double exploration, Policy policy) {
            return new Setup(
                    new Allocator(
                            Activity.ACTIVE,
                            holdout,
                            layer,
                            AllocatorTest.SEGMENTS,
                            policy,
                            exploration,
                            0.1,
                            Map.of("mid", 0.8)),
                    List.of(
                            Bucketing.of(HOLDOUT, Purpose.HOLDOUT),
                            Bucketing.of(layer.name(), Purpose.LAYER),
                            Bucketing.of(salt, Purpose.EXPLORATION),
                            Bucketing.of(salt, Purpose.COIN),
                            Bucketing.of(salt, Purpose.ENROLMENT)));
        }

        Decision decide(int user, OptionalDouble score) {
            double[] buckets = bucketings.stream()
                    .mapToDouble(bucketing -> bucketing.bucket("user-" + user))
                    .toArray();
            return allocator.decide(
                    new Buckets(buckets[0], buckets[1], buckets[2], buckets[3], buckets[4]),
                    new Candidate(score, false, true, ""));
        }
    }

    private static BitSet enabled(Setup setup) {
        BitSet enabled = new BitSet(USERS);
        for (int user = 0; user < USERS; user++) {
            if (setup.decide(user, OptionalDouble.of(90)).enabled()) {
                enabled.set(user);
            }
        }
        return enabled;
    }

    /** Scores in hundredths that have nothing to do with any bucket; every twentieth user has none. */
    private static OptionalDouble score(int user) {
        return user % 20 == 0
                ? OptionalDouble.empty()
                : OptionalDouble.of(((user * 2_654_435_761L) >>> 7) % 10_001 / 100.0);
    }

    private static Setup percentage(String salt, Layer layer, double probability) {
        return Setup.of(salt, layer, 0.02, 0, new Percentage(probability));
    }

    private static BitSet and(BitSet one, BitSet other) {
        BitSet both = (BitSet) one.clone();
        both.and(other);
        return both;
    }

    @Test
    void experimentsInDisjointRangesOfALayerShareNoUser() {
        BitSet lower = enabled(percentage("one", new Layer(LAYER, 0, 0.4), 1));
        BitSet upper = enabled(percentage("two", new Layer(LAYER, 0.4, 1), 1));

        assertThat(and(lower, upper).cardinality()).isZero();
        // Of everybody outside the holdout each has its part: 39.2 and 58.8 %.
        assertThat(lower.cardinality()).isBetween(390_000, 394_000);
        assertThat(upper.cardinality()).isBetween(586_000, 590_000);
    }

    @Test
    void experimentsInTheSameRangeOfALayerHaveTheSameUsersAndTheSameHoldout() {
        Layer layer = new Layer(LAYER, 0.2, 0.6);

        assertThat(enabled(percentage("one", layer, 1))).isEqualTo(enabled(percentage("two", layer, 1)));
        assertThat(enabled(percentage("one", Layer.NONE, 1))).isEqualTo(enabled(percentage("two", Layer.NONE, 1)));
    }

    @Test
    void goingFromTenToTwentyPercentKeepsEverybodyAndBackGivesTheSameUsers() {
        BitSet ten = enabled(percentage("ramp", Layer.NONE, 0.1));
        BitSet twenty = enabled(percentage("ramp", Layer.NONE, 0.2));

        assertThat(and(ten, twenty)).isEqualTo(ten);
        assertThat(twenty.cardinality()).isGreaterThan((int) (1.9 * ten.cardinality()));
        assertThat(enabled(percentage("ramp", Layer.NONE, 0.1))).isEqualTo(ten);
    }

    static Stream<Policy> policies() {
        return Stream.of(
                new Tiered(List.of(80.0, 50.0, 20.0), List.of(1.0, 0.5, 0.1, 0.0), List.of()),
                new WeightedRandom(new Curve.Logistic(60, 0.1), 0.05, 0.9),
                new Bandit(AllocatorTest.LEARNER, List.of(), Map.of(Cell.whole("high"), 0.83, Cell.whole("low"), 0.07)),
                new Percentage(0.1));
    }

    /** 4 standard errors of a sum of independent coins: √Σ p (1 − p). */
    @ParameterizedTest
    @MethodSource("policies")
    void theRealisedRateOfEachSegmentIsItsMeanPropensity(Policy policy) {
        Setup setup = Setup.of("realised-" + policy.getClass().getSimpleName(), Layer.NONE, 0, 0.05, policy);
        Map<String, double[]> sums = new HashMap<>();
        for (int user = 0; user < USERS; user++) {
            Decision decision = setup.decide(user, score(user));
            double[] sum = sums.computeIfAbsent(decision.segment().orElse("unscored"), segment -> new double[3]);
            double p = decision.propensity();
            sum[0] += decision.enabled() ? 1 : 0;
            sum[1] += p;
            sum[2] += p * (1 - p);
        }

        assertThat(sums).containsOnlyKeys("low", "mid", "high", "unscored");
        sums.forEach((segment, sum) ->
                assertThat(Math.abs(sum[0] - sum[1])).as(segment).isLessThan(4 * Math.sqrt(sum[2])));
    }
}
