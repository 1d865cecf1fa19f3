package io.flagcast.rules;

import io.flagcast.rules.Condition.Comparison;
import io.flagcast.rules.Condition.Level;
import io.flagcast.rules.Condition.Population;
import io.flagcast.rules.Condition.Side;
import io.flagcast.rules.Condition.VersusBaseline;
import io.flagcast.rules.Condition.VersusControl;
import io.flagcast.rules.Forecast.Arm;
import io.flagcast.rules.Forecast.Outcomes;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Moments;
import io.flagcast.statistics.ValueLaw;
import io.flagcast.statistics.WeightedMoments;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.DoubleFunction;
import org.apache.commons.math3.distribution.NormalDistribution;

/**
 * One comparison of a rule under an assumed truth: which mean it needs at every look, asked of {@link Assessor} itself, and
 * random histories of the means that it would see.
 *
 * <p>At a look the sizes are known beforehand, so that whether the comparison holds depends on the mean alone: the variance
 * goes with it as the {@link ValueLaw} says, and control or baseline count by how far they are from their expected mean.
 * The mean at which it begins to hold is the root of bound less limit.
 */
final class PlannedComparison {

    private static final Instant START = Instant.parse("2001-01-01T00:00:00Z");

    /** Of the distance from the limit to the mean that is needed. */
    private static final double TOLERANCE = 0.002;

    private static final int MOST_STEPS = 40;

    private final Rule rule;
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
    private final Map<Long, Double> needed = new HashMap<>();

    /**
     * @param alpha probability to be wrong that the comparison may spend
     * @param forecast with outcomes of the comparison's metric
     * @param truth mean of the comparison's population, or of the enabled
     * @param days looks that are asked for, at least 1
     */
    PlannedComparison(
            Rule rule,
            Comparison comparison,
            Metric metric,
            double alpha,
            Forecast forecast,
            double truth,
            int days) {
        this.rule = rule;
        this.comparison = comparison;
        this.metric = metric;
        this.alpha = alpha;
        this.forecast = forecast;
        this.outcomes = forecast.outcomes().get(metric.name());
        this.window = rule.evidence().window().map(length -> Math.toIntExact(length.toDays()));
        this.subject = law(comparison, metric, forecast).withMean(truth);
        this.reference = comparison instanceof VersusControl ? outcomes.comparable() : law(comparison, metric, forecast);
        this.truth = subject.mean();
        int ages = window.orElse(days);
        this.newcomers = new double[ages];
        this.counted = new double[ages];
        for (int day = 0; day < ages; day++) {
            newcomers[day] = window.isPresent() ? forecast.since(day) : forecast.newcomers(day);
            counted[day] = newcomers[day] + (day == 0 ? 0 : counted[day - 1]);
        }
    }

    /** The law of the users whose mean a comparison is about, as it is known. */
    private static ValueLaw law(Comparison comparison, Metric metric, Forecast forecast) {
        Outcomes outcomes = forecast.outcomes().get(metric.name());
        return switch (comparison.population()) {
            case ENABLED -> outcomes.enabled();
            case CONTROL -> outcomes.control();
            case EVERYONE -> {
                double share = forecast.enabled().users()
                        / (forecast.enabled().users() + forecast.control().users());
                ValueLaw one = outcomes.enabled();
                ValueLaw other = outcomes.control();
                double mean = share * one.mean() + (1 - share) * other.mean();
                double squares = share * (one.variance() + one.mean() * one.mean())
                        + (1 - share) * (other.variance() + other.mean() * other.mean());
                yield ValueLaw.of(mean, Math.max(0, squares - mean * mean), metric.kind());
            }
        };
    }

    /** The mean that a comparison compares with: of control, or of the baseline. */
    static double reference(Comparison comparison, Metric metric, Forecast forecast) {
        return comparison instanceof VersusControl
                ? forecast.outcomes().get(metric.name()).comparable().mean()
                : law(comparison, metric, forecast).mean();
    }

    /** Users of a day, per user who meets the experiment, whom the comparison counts. */
    double share() {
        if (comparison instanceof VersusControl) {
            return forecast.enabled().rows() + forecast.control().rows();
        }
        return switch (comparison.population()) {
            case ENABLED -> forecast.enabled().users();
            case CONTROL -> forecast.control().users();
            case EVERYONE -> forecast.enabled().users() + forecast.control().users();
        };
    }

    private double effective() {
        return comparison instanceof VersusControl ? forecast.enabled().effective() : share();
    }

    /** Users whom an evaluation counts, with windows those of one of the windows that are full. */
    double users(int evaluation) {
        int day = evaluation - 1 - outcomes.lagDays();
        return day < 0 ? 0 : share() * counted[Math.min(day, counted.length - 1)];
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
        if (!(distance > 0) || effective() == 0) {
            return Double.POSITIVE_INFINITY;
        }
        double root = normal.inverseCumulativeProbability(1 - alpha) * Math.sqrt(variancePerUser(limit))
                + normal.inverseCumulativeProbability(power) * Math.sqrt(variancePerUser(truth));
        return share() * (root / distance) * (root / distance);
    }

    /** Variance of the comparison's estimate times the users who have met the experiment. */
    private double variancePerUser(double mean) {
        double own = withMean(mean).variance() / effective();
        double factor = Assumption.factor(comparison, metric);
        return comparison instanceof VersusControl
                ? own + factor * factor * reference.variance() / forecast.control().effective()
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
            add(arms[0], subject, effective(), day);
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
                long users = Math.round(share * counted[day])
                        - (day == 0 ? 0 : Math.round(share * counted[day - 1]));
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
            double need = needed(begin, age);
            int slot = begin % length;
            if (Double.isNaN(need) || arms[0].users[slot] == 0) {
                return false;
            }
            double mean = arms[0].mean(slot);
            double factor = Assumption.factor(comparison, metric);
            if (comparison instanceof VersusControl) {
                mean -= arms[1].users[slot] == 0 ? 0 : factor * (arms[1].mean(slot) - reference.mean());
            } else if (comparison instanceof VersusBaseline) {
                Moments baseline = baseline(begin, age);
                mean -= factor * baselineError * baseline.standardError();
            }
            return side() == Side.BELOW ? mean < need : mean > need;
        }
    }

    /** Users and sums of the windows that are open. */
    private record Sums(long[] users, double[] sums) {

        Sums(int windows) {
            this(new long[windows], new double[windows]);
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

    /** The mean at which the look on a window of an age begins to hold; NaN where none does. */
    private double needed(int begin, int age) {
        int length = window.orElse(1);
        // Windows that may spend as much and have as many users need the same.
        long alike = comparison instanceof VersusBaseline || window.isEmpty()
                ? begin
                : (long) (begin / length) * length + Math.min(1, begin % length);
        return needed.computeIfAbsent(
                alike * counted.length + age, key -> root(limit(begin, age), look(begin, age)));
    }

    private double limit(int begin, int age) {
        double mean = comparison instanceof VersusBaseline ? baseline(begin, age).mean() : reference.mean();
        return Assumption.limit(comparison, metric, mean);
    }

    /** The reading of a look by the mean that it sees. */
    private DoubleFunction<Reading> look(int begin, int age) {
        Instant windowStart = START.plus(Duration.ofDays(begin));
        Instant last = windowStart.plus(Duration.ofDays(age));
        double met = counted[age];
        double spent = window.map(length -> Assessor.spent(alpha, length, begin)).orElse(alpha);
        Measurements history = new Measurements(List.of(), history(begin, age));
        Assessor assessor =
                new Assessor(rule, Map.of(metric.name(), metric), history, last.plus(Duration.ofDays(1)));
        return mean -> {
            ValueLaw law = subject.withMean(mean);
            List<Observation> seen = comparison instanceof VersusControl
                    ? List.of(
                            observed(Population.ENABLED, last, Moments.EMPTY, rows(forecast.enabled(), met, law)),
                            observed(Population.CONTROL, last, Moments.EMPTY, rows(forecast.control(), met, reference)))
                    : List.of(observed(Population.ENABLED, last, values(share() * met, law), WeightedMoments.EMPTY));
            return assessor.read(new Look(
                    comparison,
                    metric,
                    seen,
                    spent,
                    1 + begin / window.orElse(1),
                    Optional.of(START),
                    Optional.of(windowStart)));
        };
    }

    private Observation observed(Population arm, Instant day, Moments values, WeightedMoments weighted) {
        return new Observation(rule.segment(), arm, metric.name(), day, values, weighted, Optional.empty());
    }

    private static Moments values(double users, ValueLaw law) {
        long n = Math.round(users);
        return n == 0 ? Moments.EMPTY : new Moments(n, law.mean(), n * law.variance());
    }

    private static WeightedMoments rows(Arm arm, double met, ValueLaw law) {
        long n = Math.round(arm.rows() * met);
        double w = arm.w() * met;
        double w2 = arm.w2() * met;
        return n == 0
                ? WeightedMoments.EMPTY
                : new WeightedMoments(n, w, w2, law.mean(), 0, w * law.variance(), 0, w2 * law.variance());
    }

    /** A day of each window of the baseline stands for all of it. */
    private List<Observation> history(int begin, int age) {
        Moments baseline = baseline(begin, age);
        if (baseline.n() == 0) {
            return List.of();
        }
        VersusBaseline versus = (VersusBaseline) comparison;
        Instant earlier = START.plus(Duration.ofDays(begin))
                .minus(versus.step(rule.evidence().window().orElseThrow()));
        return List.of(observed(
                versus.population() == Population.EVERYONE ? Population.ENABLED : versus.population(),
                earlier,
                baseline,
                WeightedMoments.EMPTY));
    }

    /** What the baseline of a window is expected to be: its windows that began after the evidence have the truth's mean. */
    private Moments baseline(int begin, int age) {
        if (!(comparison instanceof VersusBaseline versus)) {
            return Moments.EMPTY;
        }
        long step = versus.step(rule.evidence().window().orElseThrow()).toDays();
        long oldest = Math.max(-forecast.historyDays(), begin - versus.versus().toDays());
        Moments all = Moments.EMPTY;
        for (long earlier = begin - step; earlier >= oldest; earlier -= step) {
            int before = (int) Math.max(0, Math.min(age + 1L, -earlier));
            double old = before == 0 ? 0 : counted[before - 1];
            all = all.merge(values(share() * old, reference)).merge(values(share() * (counted[age] - old), subject));
        }
        return all;
    }

    /** Where bound less limit changes its sign, by the Illinois variant of regula falsi (M. Dowell, P. Jarratt, BIT 11 (1971)). */
    private double root(double limit, DoubleFunction<Reading> look) {
        if (look.apply(limit).bound().isEmpty()) {
            return Double.NaN;
        }
        int sign = side() == Side.BELOW ? -1 : 1;
        double spread = Math.sqrt(Math.max(withMean(limit).variance(), 1e-12 * limit * limit));
        double step = spread / Math.sqrt(Math.max(1, effective() * counted[counted.length - 1]));
        double near = limit;
        double far = limit;
        double farGap = Double.NaN;
        for (int i = 0; i < MOST_STEPS && !(farGap > 0); i++) {
            near = far;
            far = within(limit + sign * step * Math.pow(2, i));
            farGap = gap(look.apply(far));
            if (far == near) {
                return Double.NaN;
            }
        }
        if (!(farGap > 0)) {
            return Double.NaN;
        }
        double nearGap = gap(look.apply(near));
        for (int i = 0; i < MOST_STEPS && Math.abs(far - near) > TOLERANCE * Math.abs(far - limit); i++) {
            double middle = nearGap < 0 ? far - farGap * (far - near) / (farGap - nearGap) : (near + far) / 2;
            double middleGap = gap(look.apply(middle));
            if (middleGap > 0) {
                far = middle;
                farGap = middleGap;
                nearGap /= 2;
            } else {
                near = middle;
                nearGap = middleGap;
                farGap /= 2;
            }
        }
        return (near + far) / 2;
    }

    /** Into what the metric can be. */
    private double within(double mean) {
        double least = subject.top().isPresent() ? 1e-9 * subject.top().getAsDouble() : Double.NEGATIVE_INFINITY;
        double most = metric.kind() == Metric.Kind.PROPORTION ? 1 : metric.limit().orElse(Double.POSITIVE_INFINITY);
        return Math.min(most, Math.max(least, mean));
    }

    /** How far the bound is beyond the limit; NaN without a bound. */
    private double gap(Reading reading) {
        if (reading.bound().isEmpty()) {
            return Double.NaN;
        }
        double above = reading.bound().getAsDouble() - reading.threshold().orElseThrow();
        return side() == Side.BELOW ? -above : above;
    }
}
