package io.flagcast.rules;

import io.flagcast.rules.Condition.Comparison;
import io.flagcast.rules.Condition.VersusControl;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.ValueLaw;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What is expected of a segment's users, from the day on which evidence begins.
 *
 * @param arrivals per day, the first is the one on which evidence begins: users who meet the experiment for the first time
 *     since then, at least 0. Later days go on as the last ones do
 * @param enabled share and weights of the users who have the feature
 * @param control of those who have not
 * @param outcomes by metric
 * @param historyDays days of history that a baseline can reach back to before evidence begins, at least 0
 */
public record Forecast(
        List<Double> arrivals, Arm enabled, Arm control, Map<String, Outcomes> outcomes, int historyDays) {

    /** Days of a week: what the trend beyond the known days is taken from. */
    private static final int WEEK = 7;

    /**
     * An arm, per user who meets the experiment.
     *
     * @param users who are in it, in [0, 1]
     * @param rows of them that have a propensity between 0 and 1, in [0, 1]: those who can be compared
     * @param w sum of their weights, 1 / propensity to be in this arm
     * @param w2 sum of the squares of these
     */
    public record Arm(double users, double rows, double w, double w2) {

        public Arm {
            if (!(users >= 0 && rows >= 0 && rows <= users + 1e-9 && w >= 0 && w2 >= 0)) {
                throw new IllegalArgumentException(
                        "Arm: users %s, rows %s, weights %s, squares %s".formatted(users, rows, w, w2));
            }
        }

        /**
         * The arm that propensities make.
         *
         * @param usersByPropensity to be in this arm, in [0, 1]; at least one user
         */
        public static Arm of(Map<Double, Long> usersByPropensity) {
            double all = 0;
            double users = 0;
            double rows = 0;
            double w = 0;
            double w2 = 0;
            for (Map.Entry<Double, Long> entry : usersByPropensity.entrySet()) {
                double propensity = entry.getKey();
                all += entry.getValue();
                users += entry.getValue() * propensity;
                if (propensity > 0 && propensity < 1) {
                    rows += entry.getValue() * propensity;
                    w += entry.getValue();
                    w2 += entry.getValue() / propensity;
                }
            }
            return new Arm(users / all, rows / all, w / all, w2 / all);
        }

        /** Where every user has the same propensity, above 0 and below 1, to be in this arm. */
        public static Arm ofPropensity(double propensity) {
            return of(Map.of(propensity, 1L));
        }

        /** Rows of equal weight that are worth as much (L. Kish, "Survey Sampling" (1965), section 11.7). */
        double effective() {
            return w2 > 0 ? w * w / w2 : 0;
        }
    }

    /**
     * What a metric counts of a user.
     *
     * @param enabled of users who have the feature
     * @param control of users who have not
     * @param comparable of these, weighted by the inverse of their propensity
     * @param lagDays whole days from a day of exposures until an evaluation at midnight counts its users: 0 where they count
     *     at the end of their day
     */
    public record Outcomes(ValueLaw enabled, ValueLaw control, ValueLaw comparable, int lagDays) {

        public Outcomes {
            Objects.requireNonNull(enabled, "enabled");
            Objects.requireNonNull(control, "control");
            Objects.requireNonNull(comparable, "comparable");
            if (lagDays < 0) {
                throw new IllegalArgumentException("lagDays " + lagDays + " is negative");
            }
        }
    }

    public Forecast {
        arrivals = List.copyOf(arrivals);
        Objects.requireNonNull(enabled, "enabled");
        Objects.requireNonNull(control, "control");
        outcomes = Map.copyOf(outcomes);
        if (arrivals.stream().anyMatch(users -> !(users >= 0 && Double.isFinite(users)))) {
            throw new IllegalArgumentException("arrivals " + arrivals + ": users a day are finite and at least 0");
        }
        if (historyDays < 0) {
            throw new IllegalArgumentException("historyDays " + historyDays + " is negative");
        }
    }

    /**
     * The arrivals that measured days show: users who came for the first time since evidence had begun, by day since then, on
     * average over all days on which it could have begun. From the age on beyond which the days do not tell when a user came
     * before, only evidence from the first day on.
     *
     * @param days of one metric, by users who came back and how long they had been away, of both arms
     */
    public static List<Double> arrivals(List<Observation> days) {
        SortedMap<Instant, List<Observation>> byDay =
                days.stream().collect(Collectors.groupingBy(Observation::day, TreeMap::new, Collectors.toList()));
        if (byDay.isEmpty()) {
            return List.of();
        }
        Instant first = byDay.firstKey();
        int length = Math.toIntExact(ChronoUnit.DAYS.between(first, byDay.lastKey())) + 1;
        int toldApart = days.stream().mapToInt(Observation::returnedAfter).max().orElse(0);
        return IntStream.range(0, length)
                .mapToObj(age -> IntStream.range(0, toldApart > 0 && age >= toldApart ? 1 : length - age)
                        .mapToLong(begin ->
                                byDay.getOrDefault(first.plus(begin + age, ChronoUnit.DAYS), List.of()).stream()
                                        .filter(day -> day.isFirstSince(first.plus(begin, ChronoUnit.DAYS)))
                                        .mapToLong(day -> day.values().n())
                                        .sum())
                        .average()
                        .orElseThrow())
                .toList();
    }

    /**
     * Users of a day who come for the first time since evidence began. Beyond the known days they go on to fall as they fell
     * from the week before the last to the last one; they do not rise beyond it.
     *
     * @param day from 0
     */
    public double newcomers(int day) {
        if (day < arrivals.size()) {
            return arrivals.get(day);
        }
        if (arrivals.isEmpty()) {
            return 0;
        }
        int length = Math.min(WEEK, arrivals.size() / 2);
        if (length == 0) {
            return arrivals.get(0);
        }
        double last = mean(arrivals.size() - length, arrivals.size());
        double before = mean(arrivals.size() - 2 * length, arrivals.size() - length);
        double trend = before > 0 ? Math.min(1, last / before) : 1;
        double middle = arrivals.size() - (length + 1) / 2.0;
        return last * Math.pow(trend, (day - middle) / length);
    }

    private double mean(int from, int to) {
        return arrivals.subList(from, to).stream()
                .mapToDouble(Double::doubleValue)
                .average()
                .orElseThrow();
    }

    /** Users of a day who come for the first time in a window; nobody comes back the oftener for having stayed away less. */
    double since(int age) {
        double least = Double.POSITIVE_INFINITY;
        for (int day = 0; day <= age; day++) {
            least = Math.min(least, newcomers(day));
        }
        return least;
    }

    /** What a user counts whom a comparison is about, as it is known; its metric has to be among the outcomes. */
    ValueLaw law(Comparison comparison, Metric metric) {
        Outcomes known = outcomes.get(metric.name());
        return switch (comparison.population()) {
            case ENABLED -> known.enabled();
            case CONTROL -> known.control();
            case EVERYONE -> {
                double share = enabled.users() / (enabled.users() + control.users());
                ValueLaw one = known.enabled();
                ValueLaw other = known.control();
                double mean = share * one.mean() + (1 - share) * other.mean();
                double squares = share * (one.variance() + one.mean() * one.mean())
                        + (1 - share) * (other.variance() + other.mean() * other.mean());
                yield ValueLaw.of(mean, Math.max(0, squares - mean * mean), metric.kind());
            }
        };
    }

    /** What a user counts whom a comparison compares with: of control, or of the baseline. */
    ValueLaw reference(Comparison comparison, Metric metric) {
        return comparison instanceof VersusControl ? outcomes.get(metric.name()).comparable() : law(comparison, metric);
    }

    /** Users whom a comparison counts, per user who meets the experiment. */
    public double counted(Comparison comparison) {
        if (comparison instanceof VersusControl) {
            return enabled.rows() + control.rows();
        }
        return switch (comparison.population()) {
            case ENABLED -> enabled.users();
            case CONTROL -> control.users();
            case EVERYONE -> enabled.users() + control.users();
        };
    }

    /** What those are worth whom a comparison is about. */
    double worth(Comparison comparison) {
        return comparison instanceof VersusControl ? enabled.effective() : counted(comparison);
    }
}
