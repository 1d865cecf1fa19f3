package io.flagcast.experiments;

import io.flagcast.allocation.BanditLearner;
import io.flagcast.allocation.Policy;
import io.flagcast.experiments.document.Mapping;
import io.flagcast.experiments.document.Numbers;
import io.flagcast.experiments.document.Setting;
import io.flagcast.experiments.document.Times;
import io.flagcast.experiments.document.Value;
import io.flagcast.experiments.document.Words;
import io.flagcast.statistics.Metric;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads what a bandit learns from, and how fast. */
final class BanditReader {

    private static final Duration SHORTEST_HALF_LIFE = Duration.ofHours(1);

    private final MetricReader metrics;

    /** @param metrics has read all of them */
    BanditReader(MetricReader metrics) {
        this.metrics = metrics;
    }

    Optional<Policy> read(Mapping bandit) {
        Setting<BanditLearner.Algorithm> algorithm =
                bandit.required("algorithm", Words.oneOf(BanditLearner.Algorithm.class));
        Setting<Metric> reward = bandit.required("reward", this::reward);
        Setting<List<String>> context = bandit.or("context", ColumnsReader::context, List.of());
        Setting<Double> floor = bandit.or("floor", Numbers::rate, 0.05);
        Setting<Double> maxStep = bandit.or("max_step", Numbers::points, 0.10);
        Setting<Long> minUsers = bandit.or("min_users", Numbers::count, 100L);
        Setting<Optional<Duration>> halfLife = bandit.optional("half_life", BanditReader::halfLife);
        return bandit.build(() -> new Policy.Bandit(
                new BanditLearner(
                        algorithm.value(),
                        reward.value(),
                        floor.value(),
                        maxStep.value(),
                        minUsers.value(),
                        halfLife.value().map(BanditReader::dailyDiscount).orElse(1.0)),
                context.value(),
                Map.of()));
    }

    private Optional<Metric> reward(Value value) {
        // A name that is declared but broken has its problem already.
        return metrics.name(value)
                .flatMap(name -> Optional.ofNullable(metrics.declared().get(name)));
    }

    private static Optional<Duration> halfLife(Value value) {
        return Times.duration(value)
                .flatMap(halfLife -> halfLife.compareTo(SHORTEST_HALF_LIFE) >= 0
                        ? Optional.of(halfLife)
                        : value.refuse("shorter than 1h; write a longer one, as in 28d, or remove the key to forget"
                                + " nothing"));
    }

    /** What is left after a day of a weight that halves every half-life: 0.5 ^ (1 day / half-life). */
    private static double dailyDiscount(Duration halfLife) {
        return StrictMath.pow(0.5, (double) Duration.ofDays(1).toSeconds() / halfLife.toSeconds());
    }
}
