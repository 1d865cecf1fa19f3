package io.flagcast.rules;

import io.flagcast.rules.Condition.Comparison;
import io.flagcast.rules.Condition.Population;
import io.flagcast.rules.Condition.Side;
import io.flagcast.rules.Condition.VersusControl;
import io.flagcast.rules.Reading.State;
import io.flagcast.rules.Rule.Evidence;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Moments;
import io.flagcast.statistics.WeightedMoments;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.function.Supplier;

/**
 * One comparison with the evidence of its window, and the reading that bounds and limits make of it.
 *
 * @param comparison what is compared
 * @param metric its metric
 * @param observations of the window
 * @param alpha probability to be wrong that a bound may spend in this window
 * @param window number of the window lengths that had begun since the start, from 1
 * @param start first day of the evidence; absent without data
 * @param windowStart first day of the window
 */
record Look(
        Comparison comparison,
        Metric metric,
        List<Observation> observations,
        double alpha,
        int window,
        Optional<Instant> start,
        Optional<Instant> windowStart) {

    /** What every bound on a mean without a cap says of itself. */
    private static final String NOT_PROVEN = "not proven for heavy tails";

    /** Bounds that are computed where they are asked for: they cost more than all the rest. */
    record Bounds(Evidence.Method method, Supplier<OptionalDouble> lower, Supplier<OptionalDouble> upper) {

        static Bounds point(double estimate) {
            Supplier<OptionalDouble> itself = () -> OptionalDouble.of(estimate);
            return new Bounds(Evidence.Method.POINT, itself, itself);
        }

        static Bounds sequence(Supplier<OptionalDouble> lower, Supplier<OptionalDouble> upper) {
            return new Bounds(Evidence.Method.CONFIDENCE_SEQUENCE, lower, upper);
        }

        OptionalDouble on(Side side) {
            return (side == Side.BELOW ? upper : lower).get();
        }
    }

    /**
     * What a bound is compared with.
     *
     * @param holds beyond it the comparison holds
     * @param opposite on its other side the opposite holds
     */
    record Limits(double holds, double opposite) {}

    /** Of which days the users are. */
    private String days() {
        List<Instant> days =
                observations.stream().map(Observation::day).sorted().toList();
        return days.isEmpty()
                ? ""
                : " of %tF to %tF"
                        .formatted(
                                days.get(0).atZone(ZoneOffset.UTC),
                                days.get(days.size() - 1).atZone(ZoneOffset.UTC));
    }

    Moments values() {
        return Observation.values(observations);
    }

    WeightedMoments weighted(Population arm) {
        return observations.stream()
                .filter(observation -> observation.population() == arm)
                .map(Observation::weighted)
                .reduce(WeightedMoments.EMPTY, WeightedMoments::merge);
    }

    Reading inconclusive(String reason) {
        Moments values = values();
        boolean isMean = !(comparison instanceof VersusControl) && values.n() > 0;
        return new Reading(
                comparison,
                State.INCONCLUSIVE,
                isMean ? OptionalDouble.of(values.mean()) : OptionalDouble.empty(),
                OptionalDouble.empty(),
                OptionalDouble.empty(),
                values.n(),
                OptionalLong.empty(),
                alpha,
                window,
                start,
                windowStart,
                reason);
    }

    Reading unusable(String why) {
        return inconclusive("%s cannot be used: %s".formatted(comparison.metric(), why));
    }

    Reading compared(Side side, double observed, Bounds bounds, Limits limits, OptionalLong compared) {
        OptionalDouble bound = bounds.on(side);
        if (bound.isEmpty()) {
            return inconclusive(
                    "%,d users without spread in their values: no confidence bound".formatted(values().n()));
        }
        boolean holds = beyond(side, bound.getAsDouble(), limits.holds());
        // A bound lies on its own side of the estimate, so only then can it be beyond the limit.
        OptionalDouble other = beyond(side.opposite(), observed, limits.opposite())
                ? bounds.on(side.opposite())
                : OptionalDouble.empty();
        boolean opposite = other.isPresent() && beyond(side.opposite(), other.getAsDouble(), limits.opposite());
        long n = comparison instanceof VersusControl
                ? weighted(Population.ENABLED).n()
                        + weighted(Population.CONTROL).n()
                : values().n();
        boolean isPoint = bounds.method() == Evidence.Method.POINT;
        String reason = "%s: %s %s is %s%s %s (observed %s, n = %,d%s)%s"
                .formatted(
                        comparison.describe(),
                        isPoint ? "estimate, without statistics," : (side == Side.BELOW ? "upper" : "lower") + " bound",
                        Texts.number(bound.getAsDouble()),
                        holds ? "" : "not ",
                        side.label(),
                        Texts.number(limits.holds()),
                        Texts.number(observed),
                        n,
                        days(),
                        metric.isUnlimited() && !isPoint ? ", " + NOT_PROVEN : "");
        return new Reading(
                comparison,
                holds ? State.HOLDS : opposite ? State.OPPOSITE : State.OPEN,
                OptionalDouble.of(observed),
                bound,
                OptionalDouble.of(limits.holds()),
                n,
                compared,
                isPoint ? 0 : alpha,
                window,
                start,
                windowStart,
                reason);
    }

    private static boolean beyond(Side side, double bound, double limit) {
        return side == Side.BELOW ? bound < limit : bound > limit;
    }
}
