package io.flagcast.rules;

import io.flagcast.statistics.ValueLaw;
import java.util.List;
import java.util.Map;
import java.util.Objects;

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
            if (!(users >= 0 && rows >= 0 && rows <= users && w >= 0 && w2 >= 0)) {
                throw new IllegalArgumentException(
                        "Arm: users %s, rows %s, weights %s, squares %s".formatted(users, rows, w, w2));
            }
        }

        /** Where every user has the same propensity, above 0 and below 1, to be in this arm. */
        public static Arm ofPropensity(double propensity) {
            return new Arm(propensity, propensity, 1, 1 / propensity);
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
}
