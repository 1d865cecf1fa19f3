package io.flagcast.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.allocation.Allocator;
import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.allocation.Arms;
import io.flagcast.allocation.BanditLearner;
import io.flagcast.allocation.BanditUpdate;
import io.flagcast.allocation.Buckets;
import io.flagcast.allocation.Candidate;
import io.flagcast.allocation.Cell;
import io.flagcast.allocation.Curve;
import io.flagcast.allocation.Decision;
import io.flagcast.allocation.Layer;
import io.flagcast.allocation.Policy;
import io.flagcast.allocation.Segments;
import io.flagcast.allocation.Segments.Band;
import io.flagcast.simulation.World.User;
import io.flagcast.statistics.Effect;
import io.flagcast.statistics.Interval;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Moments;
import io.flagcast.statistics.WeightedMoments;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The 95 % interval of the effect of a segment against the true effect, which only a simulated world knows, under every kind
 * of allocation. Scores follow the true uplift with an error; who gets the feature follows the score, so that comparing
 * enabled and control users as they are is wrong.
 */
class EffectCoverageTest {

    private static final int SEEDS = 200;
    private static final int USERS = 15_000;
    private static final int DAYS = 5;
    private static final String FEATURE = "checkout_v2";
    private static final Segments SEGMENTS =
            new Segments(List.of(new Band("low", 0, 30), new Band("mid", 30, 70), new Band("high", 70, 100)));
    private static final Metric CONVERSION = new Metric(
            "conversion", Metric.Kind.PROPORTION, "purchase", Duration.ofDays(1), Metric.Direction.HIGHER_IS_BETTER);

    enum Kind {
        TIERED,
        WEIGHTED,
        BANDIT
    }

    /** What was seen of a segment, and what is true of it: the mean uplift of the users who could be in either arm. */
    private static final class Seen {
        private WeightedMoments enabled = WeightedMoments.EMPTY;
        private WeightedMoments control = WeightedMoments.EMPTY;
        private Moments naiveEnabled = Moments.EMPTY;
        private Moments naiveControl = Moments.EMPTY;
        private Moments truth = Moments.EMPTY;

        void add(Decision decision, double y, double uplift) {
            double p = decision.propensity();
            if (decision.enabled()) {
                enabled = enabled.plus(1 / p, y);
                naiveEnabled = naiveEnabled.plus(y);
            } else {
                control = control.plus(1 / (1 - p), y);
                naiveControl = naiveControl.plus(y);
            }
            truth = truth.plus(uplift);
        }

        boolean isCovered() {
            return Effect.difference(enabled, control, CONVERSION.kind())
                    .orElseThrow()
                    .interval(0.95)
                    .contains(truth.mean());
        }

        boolean isNaivelyCovered() {
            double error = Math.hypot(naiveEnabled.standardError(), naiveControl.standardError());
            return Interval.normal(naiveEnabled.mean() - naiveControl.mean(), error, 0.95)
                    .contains(truth.mean());
        }
    }

    private static Policy policy(Kind kind) {
        return switch (kind) {
            case TIERED -> new Policy.Tiered(List.of(80.0, 50.0, 20.0), List.of(1.0, 1.0, 0.0, 0.0), List.of());
            case WEIGHTED -> new Policy.WeightedRandom(new Curve.Logistic(60, 0.1), 0.05, 0.9);
            case BANDIT -> new Policy.Percentage(0.5);
        };
    }

    private static Map<String, Seen> live(Kind kind, int seed) {
        World world = World.of(seed, USERS);
        SplittableRandom random = new SplittableRandom(seed);
        double[] predicted = world.users().stream()
                .mapToDouble(user -> uplift(user) + 0.02 * (random.nextDouble() + random.nextDouble() - 1))
                .toArray();
        double[] scores = new double[USERS];
        List<Integer> ranked = IntStream.range(0, USERS)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> predicted[i]))
                .toList();
        for (int rank = 0; rank < USERS; rank++) {
            scores[ranked.get(rank)] = 100.0 * rank / USERS;
        }
        Map<String, Seen> seen = new TreeMap<>();
        Learned learned = new Learned();
        for (int day = 0; day < DAYS; day++) {
            for (int i = day; i < USERS; i += DAYS) {
                User user = world.users().get(i);
                Allocator allocator =
                        kind == Kind.BANDIT ? learned.allocator(SEGMENTS.of(scores[i])) : allocator(policy(kind), 0.05);
                Decision decision = allocator.decide(
                        new Buckets(0, 0, random.nextDouble(), random.nextDouble(), random.nextDouble()),
                        new Candidate(OptionalDouble.of(scores[i]), false, true, ""));
                double rate = decision.enabled()
                        ? World.responseIfEnabled(user, FEATURE)
                        : World.responseIfNot(user, FEATURE);
                double y = random.nextDouble() < rate ? 1 : 0;
                for (String segment : List.of(SEGMENTS.of(scores[i]), "all")) {
                    seen.computeIfAbsent(segment, name -> new Seen()).add(decision, y, uplift(user));
                }
            }
            learned.learn(seen);
        }
        return seen;
    }

    private static double uplift(User user) {
        return World.responseIfEnabled(user, FEATURE) - World.responseIfNot(user, FEATURE);
    }

    private static Allocator allocator(Policy policy, double exploration) {
        return new Allocator(Activity.ACTIVE, 0, Layer.NONE, SEGMENTS, policy, exploration, 0.5, Map.of());
    }

    /** What the bandit believes from day to day. */
    private static final class Learned {
        private final BanditLearner learner =
                new BanditLearner(BanditLearner.Algorithm.THOMPSON, CONVERSION, 0.05, 0.2, 100, 1);
        private final Map<String, Double> probabilities = new HashMap<>();

        Allocator allocator(String segment) {
            return EffectCoverageTest.allocator(new Policy.Percentage(probabilities.getOrDefault(segment, 0.5)), 0);
        }

        void learn(Map<String, Seen> seen) {
            Map<Cell, Arms> evidence = new TreeMap<>();
            SEGMENTS.names()
                    .forEach(name ->
                            evidence.put(Cell.whole(name), new Arms(seen.get(name).enabled, seen.get(name).control)));
            BanditUpdate update =
                    learner.update(evidence, evidence, cell -> probabilities.getOrDefault(cell.segment(), 0.5));
            update.changes().forEach(step -> probabilities.put(step.cell().segment(), step.after()));
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void theIntervalOfTheEffectCoversTheTruthWhereTheNaiveDifferenceMissesIt(Kind kind) {
        Map<String, Integer> covered = new TreeMap<>();
        Map<String, Integer> naive = new TreeMap<>();
        for (int seed = 1; seed <= SEEDS; seed++) {
            live(kind, seed).forEach((segment, seen) -> {
                covered.merge(segment, seen.isCovered() ? 1 : 0, Integer::sum);
                naive.merge(segment, seen.isNaivelyCovered() ? 1 : 0, Integer::sum);
            });
        }
        System.out.printf("%s: of %d seeds covered %s, by the naive difference %s%n", kind, SEEDS, covered, naive);
        assertThat(covered.values()).allSatisfy(seeds -> assertThat(seeds).isGreaterThanOrEqualTo(SEEDS * 9 / 10));
        assertThat(naive.get("all")).isLessThan(SEEDS * 6 / 10);
    }
}
