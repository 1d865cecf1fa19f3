package io.flagcast.rules;

import io.flagcast.rules.Condition.Population;
import io.flagcast.statistics.Moments;
import io.flagcast.statistics.WeightedMoments;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * What was measured of one segment, arm and metric over the users of one day who had not come for the same time: the arm is
 * that of their first exposure on the day.
 *
 * @param segment the segment, or all
 * @param population its users: enabled or control, as everyone is both
 * @param metric the metric
 * @param day start of the day from which on their outcome windows closed, UTC
 * @param returnedAfter days since they had been exposed before, in the evidence; 0 where they came for the first time. From
 *     some length on all count as that long
 * @param values per-user values
 * @param ratio of a ratio of two sums its users, who weigh their denominators, so that days merge; absent for other metrics
 * @param weighted the values weighted by the inverse of the propensity, over users with a propensity between 0 and 1
 * @param problem why the values are unusable, as an infinite sum; nothing is concluded from them
 */
public record Observation(
        String segment,
        Population population,
        String metric,
        Instant day,
        int returnedAfter,
        Moments values,
        Optional<WeightedMoments> ratio,
        WeightedMoments weighted,
        Optional<String> problem) {

    /** Of users who came for the first time, of a metric that is no ratio. */
    public Observation(
            String segment,
            Population population,
            String metric,
            Instant day,
            Moments values,
            WeightedMoments weighted,
            Optional<String> problem) {
        this(segment, population, metric, day, 0, values, weighted, problem);
    }

    /** Of a metric that is no ratio. */
    public Observation(
            String segment,
            Population population,
            String metric,
            Instant day,
            int returnedAfter,
            Moments values,
            WeightedMoments weighted,
            Optional<String> problem) {
        this(segment, population, metric, day, returnedAfter, values, Optional.empty(), weighted, problem);
    }

    public Observation {
        Objects.requireNonNull(segment, "segment");
        Objects.requireNonNull(metric, "metric");
        Objects.requireNonNull(day, "day");
        Objects.requireNonNull(values, "values");
        Objects.requireNonNull(ratio, "ratio");
        Objects.requireNonNull(weighted, "weighted");
        Objects.requireNonNull(problem, "problem");
        if (population == Population.EVERYONE) {
            throw new IllegalArgumentException("everyone is not measured on its own: enabled and control add up to it");
        }
        if (returnedAfter < 0) {
            throw new IllegalArgumentException("returnedAfter " + returnedAfter + " is negative");
        }
    }

    /** Whether its users came for the first time since an instant. */
    public boolean isFirstSince(Instant begin) {
        return !day.isBefore(begin)
                && (returnedAfter == 0
                        || day.minus(returnedAfter, ChronoUnit.DAYS).isBefore(begin));
    }

    /** The same users, whose values are unusable where their metric is among those. */
    Observation unlessIn(Map<String, String> unusable) {
        return new Observation(
                segment,
                population,
                metric,
                day,
                returnedAfter,
                values,
                ratio,
                weighted,
                Optional.ofNullable(unusable.get(metric)).or(() -> problem));
    }

    /** The values of all users together, each once. */
    public static Moments values(List<Observation> observations) {
        Optional<WeightedMoments> ratio =
                observations.stream().flatMap(each -> each.ratio.stream()).reduce(WeightedMoments::merge);
        return ratio.map(WeightedMoments::linearised)
                .orElseGet(() -> observations.stream().map(Observation::values).reduce(Moments.EMPTY, Moments::merge));
    }

    /** The same users, who have come for the first time since an instant. */
    Observation since(Instant begin) {
        return isFirstSince(begin)
                ? new Observation(segment, population, metric, day, 0, values, ratio, weighted, problem)
                : this;
    }
}
