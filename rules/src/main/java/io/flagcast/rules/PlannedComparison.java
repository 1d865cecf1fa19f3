package io.flagcast.rules;

import io.flagcast.rules.Condition.Comparison;
import io.flagcast.rules.Condition.Side;
import io.flagcast.rules.Condition.VersusBaseline;
import io.flagcast.rules.Condition.VersusControl;
import io.flagcast.rules.Forecast.Outcomes;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.ValueLaw;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.apache.commons.math3.distribution.NormalDistribution;

/**
 * One comparison of a rule under an assumed truth: random histories of the means that it would see, each held against what
 * its look needs ({@link NeededMean}), and the users whom it counts.
 */
final class PlannedComparison {

    private final Comparison comparison;
    private final Metric metric;
    private final double alpha;
    private final Forecast forecast;
    private final Outcomes outcomes;
    private final Optional<Integer> window;
    private final ValueLaw subject;
    private final ValueLaw reference;
    private final double truth;
    private final double[] newcomers;
    private final double[] counted;
    private final NeededMean needed;

    /**
     * @param alpha probability to be wrong that the comparison may spend
     * @param forecast with outcomes of the comparison's metric
     * @param truth mean of the comparison's population, or of the enabled
     * @param ofAnyTruth what looks of this comparison are known to need, whatever the truth is
     * @param days looks that are asked for, at least 1
     */
    PlannedComparison(
            Rule rule,
            Comparison comparison,
            Metric metric,
            double alpha,
            Forecast forecast,
            double truth,
            Map<Long, Double> ofAnyTruth,
            int days) {
        this.comparison = comparison;
        this.metric = metric;
        this.alpha = alpha;
        this.forecast = forecast;
        this.outcomes = forecast.outcomes().get(metric.name());
        this.window = rule.evidence().window().map(length -> Math.toIntExact(length.toDays()));
        this.subject = forecast.law(comparison, metric).withMean(truth);
        this.reference = forecast.reference(comparison, metric);
        this.truth = subject.mean();
        int ages = window.orElse(days);
        this.newcomers = new double[ages];
        this.counted = new double[ages];
        for (int day = 0; day < ages; day++) {
            newcomers[day] = window.isPresent() ? forecast.since(day) : forecast.newcomers(day);
            counted[day] = newcomers[day] + (day == 0 ? 0 : counted[day - 1]);
        }
        this.needed =
                new NeededMean(rule, comparison, metric, alpha, forecast, subject, reference, ofAnyTruth, counted);
    }

    /** Users whom an evaluation counts, with windows those of one of the windows that are full. */
    double users(int evaluation) {
        int day = evaluation - 1 - outcomes.lagDays();
        return day < 0 ? 0 : forecast.counted(comparison) * counted[Math.min(day, counted.length - 1)];
    }

    /** Users whom it counts on a day, on average over so many days or over those of a window. */
    double usersPerDay(int days) {
        int last = Math.min(days, counted.length);
        return forecast.counted(comparison) * counted[last - 1] / last;
    }

    /** Why no evaluation within so many days counts enough users to conclude anything; absent where one does. */
    Optional<String> tooFew(int days, long minUsers) {
        double met = counted[Math.min(days, counted.length) - 1];
        double one = met * forecast.worth(comparison);
        double other =
                comparison instanceof VersusControl ? met * forecast.control().effective() : one;
        if (Math.min(one, other) >= minUsers) {
            return Optional.empty();
        }
        String users = comparison instanceof VersusControl
                ? "the enabled are worth %,d and control %,d users".formatted((long) one, (long) other)
                : "%,d users count".formatted((long) one);
        return Optional.of("%s %s, needs min_users %,d"
                .formatted(window.isPresent() ? "in a window" : "within %d days".formatted(days), users, minUsers));
    }

    /**
     * Users that one look at a time fixed beforehand would need to hold with a probability of power: the normal
     * approximation of a one-sided test that spends the same alpha (J. L. Fleiss, B. Levin, M. C. Paik, "Statistical Methods
     * for Rates and Proportions" (2003), section 4.2, with the variance of the limit for alpha and that of the truth for the
     * power). A baseline counts as known.
     *
     * @return infinite where the truth is not beyond the limit
     */
    double fixedHorizonUsers(double power) {
        NormalDistribution normal = new NormalDistribution(null, 0, 1);
        double limit = Assumption.limit(comparison, metric, reference.mean());
        double distance = side() == Side.BELOW ? limit - truth : truth - limit;
        if (!(distance > 0) || forecast.worth(comparison) == 0) {
            return Double.POSITIVE_INFINITY;
        }
        double root = normal.inverseCumulativeProbability(1 - alpha) * Math.sqrt(variancePerUser(limit))
                + normal.inverseCumulativeProbability(power) * Math.sqrt(variancePerUser(truth));
        return forecast.counted(comparison) * (root / distance) * (root / distance);
    }

    /** Variance of the comparison's estimate times the users who have met the experiment. */
    private double variancePerUser(double mean) {
        double own = withMean(mean).variance() / forecast.worth(comparison);
        double factor = Assumption.factor(comparison, metric);
        return comparison instanceof VersusControl
                ? own
                        + factor
                                * factor
                                * reference.variance()
                                / forecast.control().effective()
                : own;
    }

    private ValueLaw withMean(double mean) {
        return subject.canHave(mean) ? subject.withMean(mean) : subject;
    }

    private Side side() {
        return Assumption.side(comparison, metric);
    }

    /** A random history; a look a day. */
    Path path(SplittableRandom random) {
        return new Path(random);
    }

    /** The means of one random history. */
    final class Path {

        private final SplittableRandom random;
        private final double baselineError;
        private final int length = window.orElse(1);
        private final Sums[] arms = {new Sums(length), new Sums(length)};
        private int evaluation;

        private Path(SplittableRandom random) {
            this.random = random;
            this.baselineError = comparison instanceof VersusBaseline ? random.nextGaussian() : 0;
        }

        /** Goes on to the next evaluation: whether the comparison holds there. */
        boolean next() {
            int day = evaluation - outcomes.lagDays();
            evaluation++;
            if (day < 0) {
                return false;
            }
            add(arms[0], subject, forecast.worth(comparison), day);
            if (comparison instanceof VersusControl) {
                add(arms[1], reference, forecast.control().effective(), day);
            }
            if (window.isEmpty()) {
                return holds(0, day);
            }
            for (int begin = Math.max(0, day - length + 1); begin <= day; begin++) {
                if (holds(begin, day - begin)) {
                    return true;
                }
            }
            return false;
        }

        private void add(Sums sums, ValueLaw law, double share, int day) {
            if (window.isEmpty()) {
                long users = Math.round(share * counted[day]) - (day == 0 ? 0 : Math.round(share * counted[day - 1]));
                sums.add(0, users, law.sum(random, users));
                return;
            }
            sums.clear(day % length);
            long users = 0;
            double sum = 0;
            // Whoever had stayed away for age + 1 days or more counts in the window that began so many days ago.
            for (int age = length - 1; age >= 0; age--) {
                double part = share * (newcomers[age] - (age == length - 1 ? 0 : newcomers[age + 1]));
                long more = Math.round(part * (day + 1)) - Math.round(part * day);
                users += more;
                sum += law.sum(random, more);
                if (age <= day) {
                    sums.add((day - age) % length, users, sum);
                }
            }
        }

        private boolean holds(int begin, int age) {
            int slot = begin % length;
            if (arms[0].users[slot] == 0) {
                return false;
            }
            double control = comparison instanceof VersusControl && arms[1].users[slot] > 0
                    ? (arms[1].mean(slot) - reference.mean()) / needed.controlError(age)
                    : 0;
            double need = needed.at(begin, age, control);
            if (Double.isNaN(need)) {
                return false;
            }
            double mean = arms[0].mean(slot);
            if (comparison instanceof VersusBaseline) {
                mean -= Assumption.factor(comparison, metric) * baselineError * needed.baselineError(begin, age);
            }
            return side() == Side.BELOW ? mean < need : mean > need;
        }
    }

    /** Users and sums of the windows that are open. */
    private static final class Sums {

        private final long[] users;
        private final double[] sums;

        private Sums(int windows) {
            this.users = new long[windows];
            this.sums = new double[windows];
        }

        void clear(int slot) {
            users[slot] = 0;
            sums[slot] = 0;
        }

        void add(int slot, long more, double sum) {
            users[slot] += more;
            sums[slot] += sum;
        }

        double mean(int slot) {
            return sums[slot] / users[slot];
        }
    }
}
