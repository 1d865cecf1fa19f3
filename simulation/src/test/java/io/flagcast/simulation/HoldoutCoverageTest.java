package io.flagcast.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.allocation.Allocator;
import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.allocation.Bucketing;
import io.flagcast.allocation.Bucketing.Purpose;
import io.flagcast.allocation.Buckets;
import io.flagcast.allocation.Candidate;
import io.flagcast.allocation.Decision;
import io.flagcast.allocation.Decision.Reason;
import io.flagcast.allocation.Layer;
import io.flagcast.allocation.Policy;
import io.flagcast.allocation.Segments;
import io.flagcast.allocation.Segments.Band;
import io.flagcast.simulation.World.User;
import io.flagcast.statistics.HoldoutEffect;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Moments;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The worth of a personalised rollout by its holdout, against the truth, which only a simulated world knows: the mean over all
 * users of the probability to be enabled times the true uplift. Users come over twenty days and are looked at on each.
 */
@Tag("simulation")
class HoldoutCoverageTest {

    private static final int DAYS = 20;
    private static final String FEATURE = "checkout_v2";
    private static final double HOLDOUT = 0.05;
    private static final Segments SEGMENTS = new Segments(List.of(new Band("low", 0, 50), new Band("high", 50, 100)));

    /** Enables the users with a score of 50 and more. */
    private static final Allocator ALLOCATOR = new Allocator(
            Activity.ACTIVE,
            HOLDOUT,
            Layer.NONE,
            SEGMENTS,
            new Policy.Tiered(List.of(80.0, 50.0, 20.0), List.of(1.0, 1.0, 0.0, 0.0), List.of()),
            0.05,
            0.5,
            Map.of());

    /**
     * What was seen in a world.
     *
     * @param missed whether the bounds of any day miss the truth of the users until then
     * @param coveredLast whether those of the last day hold it
     * @param excludesZero whether those of the last day tell the worth from nothing
     */
    private record Seen(boolean missed, boolean coveredLast, boolean excludesZero) {}

    private static Seen live(int seed, int users) {
        World world = World.of(seed, users);
        SplittableRandom random = new SplittableRandom(seed);
        Bucketing holdout = Bucketing.of("world" + seed, Purpose.HOLDOUT);
        Moments[] groups = {Moments.EMPTY, Moments.EMPTY};
        Moments truth = Moments.EMPTY;
        boolean missed = false;
        HoldoutEffect last = null;
        for (int day = 0; day < DAYS; day++) {
            for (int i = day; i < users; i += DAYS) {
                User user = world.users().get(i);
                double uplift = World.responseIfEnabled(user, FEATURE) - World.responseIfNot(user, FEATURE);
                // A score that knows half of the taste.
                double score = 100 / (1 + Math.exp(-user.shopping() - random.nextGaussian()));
                Candidate candidate = new Candidate(OptionalDouble.of(score), false, true, "");
                Buckets drawn = new Buckets(
                        holdout.bucket(user.id()), 0, random.nextDouble(), random.nextDouble(), random.nextDouble());
                Decision decision = ALLOCATOR.decide(drawn, candidate);
                double rate = decision.enabled()
                        ? World.responseIfEnabled(user, FEATURE)
                        : World.responseIfNot(user, FEATURE);
                int group = decision.reason() == Reason.HOLDOUT ? 1 : 0;
                groups[group] = groups[group].plus(random.nextDouble() < rate ? 1 : 0);
                truth = truth.plus(propensity(candidate) * uplift);
            }
            last = HoldoutEffect.of(groups[0], groups[1], Metric.Kind.PROPORTION);
            double mean = truth.mean();
            missed |= last.bounds().stream().anyMatch(bounds -> !bounds.contains(mean));
        }
        return new Seen(
                missed,
                last.bounds().orElseThrow().contains(truth.mean()),
                !last.bounds().orElseThrow().contains(0));
    }

    /** Of being enabled where nobody is held out. */
    private static double propensity(Candidate candidate) {
        return ALLOCATOR.decide(new Buckets(0.99, 0, 0.5, 0.5, 0.5), candidate).propensity();
    }

    private static int of(int seeds, int users, String name) {
        int missed = 0;
        int covered = 0;
        int told = 0;
        for (int seed = 1; seed <= seeds; seed++) {
            Seen seen = live(seed, users);
            missed += seen.missed() ? 1 : 0;
            covered += seen.coveredLast() ? 1 : 0;
            told += seen.excludesZero() ? 1 : 0;
        }
        System.out.printf(
                "%s: %,d users, holdout %.0f %%, %d seeds: on the last day %d cover the truth, on all %d days %d;"
                        + " %d tell the worth from nothing%n",
                name, users, 100 * HOLDOUT, seeds, covered, DAYS, seeds - missed, told);
        return seeds - missed;
    }

    @Test
    void ofAHundredWorldsNinetyAndMoreCoverTheTruthOnEveryDay() {
        assertThat(of(100, 12_000, "short")).isGreaterThanOrEqualTo(90);
    }

    @Test
    @Tag("proof")
    void ofAHundredLargeWorldsNinetyAndMoreCoverTheTruthOnEveryDay() {
        assertThat(of(100, 200_000, "long")).isGreaterThanOrEqualTo(90);
    }
}
