package io.flagcast.allocation;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.allocation.BanditLearner.Algorithm;
import io.flagcast.allocation.BanditUpdate.Step;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Metric.Direction;
import io.flagcast.statistics.Metric.Kind;
import io.flagcast.statistics.WeightedMoments;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;

/** What tests of the bandit begin with: learners, rewards, one update of one cell. */
final class Bandits {

    static final Cell HIGH = Cell.whole("high");

    static Metric metric(Kind kind, Direction direction) {
        return new Metric("reward", kind, "purchase", Duration.ofDays(1), direction);
    }

    static BanditLearner learner(Algorithm algorithm, double floor, double maxStep) {
        return new BanditLearner(
                algorithm, metric(Kind.PROPORTION, Direction.HIGHER_IS_BETTER), floor, maxStep, 100, 1);
    }

    static WeightedMoments rewards(long successes, long n, double weight) {
        double w = weight;
        return new WeightedMoments(
                n, n * w, n * w * w, successes * w, successes * w, successes * w * w, successes * w * w);
    }

    /** Logged at an even chance. */
    static Arms arms(long enabledSuccesses, long enabled, long controlSuccesses, long control) {
        return new Arms(rewards(enabledSuccesses, enabled, 2), rewards(controlSuccesses, control, 2));
    }

    static WeightedMoments values(double... values) {
        return Arrays.stream(values)
                .boxed()
                .reduce(WeightedMoments.EMPTY, (sums, y) -> sums.plus(2, y), WeightedMoments::merge);
    }

    static BanditUpdate update(BanditLearner learner, Arms arms, double inForce) {
        return update(learner, arms, arms, inForce);
    }

    static BanditUpdate update(BanditLearner learner, Arms arms, Arms recent, double inForce) {
        return learner.update(Map.of(HIGH, arms), Map.of(HIGH, recent), cell -> inForce);
    }

    static Step only(BanditUpdate update) {
        assertThat(update.steps()).hasSize(1);
        return update.steps().get(0);
    }

    private Bandits() {}
}
