package io.flagcast.rules;

import io.flagcast.rules.Condition.Comparison;
import io.flagcast.rules.Condition.Population;
import io.flagcast.rules.Condition.Side;
import io.flagcast.rules.Condition.VersusBaseline;
import io.flagcast.rules.Condition.VersusControl;
import io.flagcast.rules.Forecast.Arm;
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
import java.util.function.DoubleFunction;

/**
 * The mean with which a comparison begins to hold at a look, asked of {@link Assessor} itself.
 *
 * <p>At a look the sizes are known beforehand, so that whether the comparison holds depends on the mean alone: the variance
 * goes with it as the {@link ValueLaw} says, and a baseline is where it is expected; whoever draws it, too, counts how far it
 * is from there. What is sought is the root of bound less limit.
 */
final class NeededMean {

    private static final Instant START = Instant.parse("2001-01-01T00:00:00Z");

    /** Of the distance from the limit to the mean that is needed. */
    private static final double TOLERANCE = 0.002;

    private static final int MOST_STEPS = 40;

    /** Standard errors of control to either side at which the needed mean is looked up, and from which on it stays. */
    private static final double APART = 1.5;

    private static final double FARTHEST = 4;

    private static final int PLACES = 3;

    private final Rule rule;
    private final Comparison comparison;
    private final Metric metric;
    private final double alpha;
    private final Forecast forecast;
    private final ValueLaw subject;
    private final ValueLaw reference;
    private final double[] counted;
    private final Optional<Integer> window;
    private final Map<Long, Double> ofAnyTruth;
    private final Map<Long, Double> known = new HashMap<>();
    private final Map<Long, Double> baselineErrors = new HashMap<>();

    /**
     * @param alpha probability to be wrong that the comparison may spend
     * @param subject law of those whom it is about, at the truth
     * @param reference law of control, or of the baseline
     * @param ofAnyTruth what has been found already, and is the same whatever the truth is; this adds to it
     * @param counted by day since evidence or a window began, users who have met the experiment up to its end
     */
    NeededMean(
            Rule rule,
            Comparison comparison,
            Metric metric,
            double alpha,
            Forecast forecast,
            ValueLaw subject,
            ValueLaw reference,
            Map<Long, Double> ofAnyTruth,
            double[] counted) {
        this.rule = rule;
        this.comparison = comparison;
        this.metric = metric;
        this.alpha = alpha;
        this.forecast = forecast;
        this.subject = subject;
        this.reference = reference;
        this.ofAnyTruth = ofAnyTruth;
        this.counted = counted;
        this.window = rule.evidence().window().map(length -> Math.toIntExact(length.toDays()));
    }

    /**
     * The mean at which a look begins to hold; NaN where none does.
     *
     * @param begin day on which its window begins, 0 where evidence does
     * @param age days from there to the last day that it counts
     * @param control how many standard errors control's mean lies from the expected one; 0 where there is no control. Its
     *     variance goes with it: the parabola through the means that are needed at 0 and at {@value #APART} to either side
     */
    double at(int begin, int age, double control) {
        double middle = at(begin, age, 0, 0);
        if (control == 0 || Double.isNaN(middle)) {
            return middle;
        }
        double low = at(begin, age, 1, -APART);
        double high = at(begin, age, 2, APART);
        double z = Math.max(-FARTHEST, Math.min(FARTHEST, control)) / APART;
        double slope = (high - low) / 2;
        double bend = (high + low) / 2 - middle;
        return middle + z * slope + z * z * bend;
    }

    /** Standard error of control's mean at such a look. */
    double controlError(int age) {
        return Math.sqrt(reference.variance() / (forecast.control().effective() * counted[age]));
    }

    private double at(int begin, int age, int place, double control) {
        int length = window.orElse(1);
        // Windows that may spend as much and have as many users need the same.
        int alike = comparison instanceof VersusBaseline || window.isEmpty()
                ? begin
                : begin / length * length + Math.min(1, begin % length);
        Map<Long, Double> found = isOfAnyTruth(begin, age) ? ofAnyTruth : known;
        return found.computeIfAbsent(PLACES * key(alike, age) + place, key -> {
            ValueLaw other = control == 0
                    ? reference
                    : reference.withMean(
                            reference.top().isPresent()
                                    ? Math.max(0, reference.mean() + control * controlError(age))
                                    : reference.mean() + control * controlError(age));
            return root(limit(begin, age, other), look(begin, age, other));
        });
    }

    /** The truth decides only what a baseline is that reaches into the evidence, and a top that it has pushed up. */
    private boolean isOfAnyTruth(int begin, int age) {
        boolean reaches = comparison instanceof VersusBaseline versus
                && begin + age
                        >= versus.step(rule.evidence().window().orElseThrow()).toDays();
        return !reaches && subject.top().equals(forecast.law(comparison, metric).top());
    }

    /** Standard error of the mean of the baseline of such a look. */
    double baselineError(int begin, int age) {
        return baselineErrors.computeIfAbsent(
                key(begin, age), key -> baseline(begin, age).standardError());
    }

    private long key(int begin, int age) {
        return (long) begin * RuleDesign.MOST_DAYS + age;
    }

    private double limit(int begin, int age, ValueLaw control) {
        double mean =
                comparison instanceof VersusBaseline ? baseline(begin, age).mean() : control.mean();
        return Assumption.limit(comparison, metric, mean);
    }

    /** The reading of a look by the mean that it sees. */
    private DoubleFunction<Reading> look(int begin, int age, ValueLaw control) {
        Instant windowStart = START.plus(Duration.ofDays(begin));
        Instant last = windowStart.plus(Duration.ofDays(age));
        double met = counted[age];
        double spent =
                window.map(length -> Assessor.spent(alpha, length, begin)).orElse(alpha);
        Measurements history = new Measurements(List.of(), history(begin, age));
        Assessor assessor = new Assessor(rule, Map.of(metric.name(), metric), history, last.plus(Duration.ofDays(1)));
        return mean -> {
            ValueLaw law = subject.withMean(mean);
            List<Observation> seen = comparison instanceof VersusControl
                    ? List.of(
                            observed(Population.ENABLED, last, Moments.EMPTY, rows(forecast.enabled(), met, law)),
                            observed(Population.CONTROL, last, Moments.EMPTY, rows(forecast.control(), met, control)))
                    : List.of(observed(
                            Population.ENABLED,
                            last,
                            values(forecast.counted(comparison) * met, law),
                            WeightedMoments.EMPTY));
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
            all = all.merge(values(forecast.counted(comparison) * old, reference))
                    .merge(values(forecast.counted(comparison) * (counted[age] - old), subject));
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
        double step = spread / Math.sqrt(Math.max(1, forecast.worth(comparison) * counted[counted.length - 1]));
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
        double most =
                metric.kind() == Metric.Kind.PROPORTION ? 1 : metric.limit().orElse(Double.POSITIVE_INFINITY);
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

    private ValueLaw withMean(double mean) {
        return subject.canHave(mean) ? subject.withMean(mean) : subject;
    }

    private Side side() {
        return Assumption.side(comparison, metric);
    }
}
