package io.flagcast.rules;

import io.flagcast.rules.Condition.All;
import io.flagcast.rules.Condition.Any;
import io.flagcast.rules.Condition.Comparison;
import io.flagcast.statistics.Metric;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * When a rule can speak if something is the truth: the law of the evaluation at which it first fires, evaluated at the end of
 * every day since its evidence began. Cooldown, health and the changes of other rules are left out.
 *
 * <p>The law is that of {@value #PATHS} random histories from a fixed seed. Each draws what the users of a day count (see
 * {@link io.flagcast.statistics.ValueLaw}) and compares it with what the rule's own bounds ask for at that look
 * ({@link PlannedComparison}). Several comparisons of a rule are drawn as if independent.
 *
 * @param rule the rule
 * @param parts its comparisons
 * @param usersPerDay whom it counts on a day: on average over the days that were asked for, or over those of a window
 * @param medianDays days after which it has fired in half of the histories; absent where that takes more than
 *     {@value #MOST_DAYS}
 * @param medianUsers users who count by then, where a window is declared in that window
 * @param powerDays days after which it has fired in {@value #POWER} of them; absent likewise
 * @param fixedHorizonUsers users after whom one look, at a time fixed beforehand, would find the same with {@value #POWER};
 *     absent where the truth is not beyond the limit
 * @param tooFew why within the days that were asked for no evaluation counts enough users; absent where one does
 */
public record RuleDesign(
        Rule rule,
        List<Part> parts,
        double usersPerDay,
        OptionalInt medianDays,
        OptionalLong medianUsers,
        OptionalInt powerDays,
        OptionalLong fixedHorizonUsers,
        Optional<String> tooFew) {

    /** Days that are looked at. */
    public static final int MOST_DAYS = 180;

    /** Probability to fire with which an effect counts as detectable. */
    public static final double POWER = 0.8;

    private static final int PATHS = 2_001;
    private static final int NEVER = Integer.MAX_VALUE;
    private static final long SEED = 20_261_129;

    /** Halvings of the range of effects on a logarithmic scale: to about a hundredth of the effect. */
    private static final int HALVINGS = 10;

    /** Least and most of the usual distance from the limit that is tried. */
    private static final double LEAST_TIMES = 0.01;

    private static final double MOST_TIMES = 50;

    /**
     * A comparison of the rule; means in the metric's unit.
     *
     * @param reference mean of control or of the baseline; absent for a level
     * @param limit mean at which it begins to hold
     * @param truth mean that is assumed
     * @param detectable mean, beyond the limit, with which the rule fires within the days that were asked for in
     *     {@value RuleDesign#POWER} of the histories, all its comparisons being as far beyond theirs; absent where none is
     */
    public record Part(
            Comparison comparison,
            Metric metric,
            OptionalDouble reference,
            double limit,
            double truth,
            OptionalDouble detectable) {

        /** A mean of the metric, as people read it. */
        public String text(double mean) {
            return metric.kind() == Metric.Kind.PROPORTION ? Texts.roughPercent(mean) : Texts.rough(mean);
        }
    }

    public RuleDesign {
        parts = List.copyOf(parts);
    }

    /**
     * Designs one rule of an experiment.
     *
     * @param engine the experiment's, whose rules share the error
     * @param forecast of the rule's segment, with the outcomes of its metrics
     * @param days within which an effect has to be detected, in [1, {@value #MOST_DAYS}]
     * @throws IllegalArgumentException where days are outside, or the forecast lacks a metric
     */
    public static RuleDesign of(RuleEngine engine, Rule rule, Forecast forecast, Assumption assumption, int days) {
        if (days < 1 || days > MOST_DAYS) {
            throw new IllegalArgumentException("days " + days + " is outside 1 to " + MOST_DAYS);
        }
        Map<String, Metric> metrics =
                engine.metrics().stream().collect(Collectors.toMap(Metric::name, Function.identity()));
        rule.when().comparisons().map(Comparison::metric).forEach(metric -> {
            if (!forecast.outcomes().containsKey(metric)) {
                throw new IllegalArgumentException("the forecast has no outcomes of metric " + metric);
            }
        });
        List<Spending> spending = alphas(rule.when(), engine.alpha(rule))
                .map(alpha -> new Spending(alpha, new HashMap<>()))
                .toList();
        ToDoubleFunction<Comparison> assumed = comparison -> possible(
                assumption.truth(
                        comparison, metrics.get(comparison.metric()), reference(comparison, metrics, forecast)),
                metrics.get(comparison.metric()),
                forecast);
        List<PlannedComparison> planned = planned(rule, metrics, spending, forecast, assumed, MOST_DAYS);
        int[] fired = fired(rule, planned, MOST_DAYS);
        OptionalInt median = day(fired, 0.5);
        OptionalDouble times = detectableTimes(rule, metrics, spending, forecast, days);
        double fixed = fixedHorizon(rule.when(), planned.iterator());
        return new RuleDesign(
                rule,
                rule.when()
                        .comparisons()
                        .map(comparison -> part(comparison, metrics, forecast, assumed, times))
                        .toList(),
                planned.stream()
                        .mapToDouble(each -> each.usersPerDay(days))
                        .max()
                        .orElseThrow(),
                median,
                median.isPresent()
                        ? OptionalLong.of(Math.round(planned.stream()
                                .mapToDouble(each -> each.users(median.getAsInt()))
                                .max()
                                .orElseThrow()))
                        : OptionalLong.empty(),
                day(fired, POWER),
                Double.isFinite(fixed) ? OptionalLong.of((long) Math.ceil(fixed)) : OptionalLong.empty(),
                planned.stream()
                        .flatMap(each -> each.tooFew(days, rule.evidence().minUsers()).stream())
                        .findFirst());
    }

    private static double reference(Comparison comparison, Map<String, Metric> metrics, Forecast forecast) {
        return forecast.reference(comparison, metrics.get(comparison.metric())).mean();
    }

    /** A mean that the metric can have. */
    private static double possible(double mean, Metric metric, Forecast forecast) {
        boolean positive =
                forecast.outcomes().get(metric.name()).enabled().top().isPresent();
        double most =
                metric.kind() == Metric.Kind.PROPORTION ? 1 : metric.limit().orElse(Double.POSITIVE_INFINITY);
        return Math.min(most, positive ? Math.max(0, mean) : mean);
    }

    private static Part part(
            Comparison comparison,
            Map<String, Metric> metrics,
            Forecast forecast,
            ToDoubleFunction<Comparison> assumed,
            OptionalDouble times) {
        Metric metric = metrics.get(comparison.metric());
        double reference = reference(comparison, metrics, forecast);
        return new Part(
                comparison,
                metric,
                comparison instanceof Condition.Level ? OptionalDouble.empty() : OptionalDouble.of(reference),
                Assumption.limit(comparison, metric, reference),
                assumed.applyAsDouble(comparison),
                times.isEmpty()
                        ? times
                        : OptionalDouble.of(possible(
                                Assumption.beyond(comparison, metric, reference, times.getAsDouble()),
                                metric,
                                forecast)));
    }

    private static List<PlannedComparison> planned(
            Rule rule,
            Map<String, Metric> metrics,
            List<Spending> spending,
            Forecast forecast,
            ToDoubleFunction<Comparison> truth,
            int days) {
        Iterator<Spending> next = spending.iterator();
        return rule.when()
                .comparisons()
                .map(comparison -> {
                    Spending own = next.next();
                    return new PlannedComparison(
                            rule,
                            comparison,
                            metrics.get(comparison.metric()),
                            own.alpha(),
                            forecast,
                            truth.applyAsDouble(comparison),
                            own.needed(),
                            days);
                })
                .toList();
    }

    /** What a comparison may spend of the error, and what its looks need by that, as far as that is known. */
    private record Spending(double alpha, Map<Long, Double> needed) {}

    /** What each comparison may spend, as {@link Assessment} shares it. */
    private static Stream<Double> alphas(Condition condition, double alpha) {
        if (condition instanceof All all) {
            return all.conditions().stream().flatMap(part -> alphas(part, alpha));
        }
        if (condition instanceof Any any) {
            return any.conditions().stream()
                    .flatMap(part -> alphas(part, alpha / any.conditions().size()));
        }
        return Stream.of(alpha);
    }

    /**
     * The evaluation at which each history fires, from 1; sorted. Once {@value #POWER} have fired the others are not followed
     * any further.
     */
    private static int[] fired(Rule rule, List<PlannedComparison> planned, int days) {
        List<History> histories = IntStream.range(0, PATHS)
                .mapToObj(path -> new SplittableRandom(SEED + path))
                .map(random -> new History(
                        planned.stream().map(each -> each.path(random.split())).toList(), rule))
                .toList();
        int[] fired = new int[PATHS];
        Arrays.fill(fired, NEVER);
        int count = 0;
        for (int evaluation = 1; evaluation <= days && count < POWER * PATHS; evaluation++) {
            for (int path = 0; path < PATHS; path++) {
                if (fired[path] == NEVER && histories.get(path).firesNext()) {
                    fired[path] = evaluation;
                    count++;
                }
            }
        }
        Arrays.sort(fired);
        return fired;
    }

    /** One random history of a rule. */
    private static final class History {

        private final List<PlannedComparison.Path> paths;
        private final Rule rule;
        private int holding;

        private History(List<PlannedComparison.Path> paths, Rule rule) {
            this.paths = paths;
            this.rule = rule;
        }

        private boolean firesNext() {
            boolean[] holds = new boolean[paths.size()];
            for (int i = 0; i < holds.length; i++) {
                holds[i] = paths.get(i).next();
            }
            holding = holds(rule.when(), holds, new int[1]) ? holding + 1 : 0;
            return holding >= rule.evidence().consecutiveRuns();
        }
    }

    /** @param next index of the next comparison, which goes on */
    private static boolean holds(Condition condition, boolean[] holds, int[] next) {
        if (condition instanceof Comparison) {
            return holds[next[0]++];
        }
        boolean every = true;
        boolean any = false;
        List<Condition> parts = condition instanceof All all ? all.conditions() : ((Any) condition).conditions();
        for (Condition part : parts) {
            boolean one = holds(part, holds, next);
            every &= one;
            any |= one;
        }
        return condition instanceof All ? every : any;
    }

    private static OptionalInt day(int[] fired, double share) {
        int day = fired[(int) Math.ceil(share * fired.length) - 1];
        return day == NEVER ? OptionalInt.empty() : OptionalInt.of(day);
    }

    /** How many times the usual distance from the limit is found within so many days; absent where no distance is. */
    private static OptionalDouble detectableTimes(
            Rule rule, Map<String, Metric> metrics, List<Spending> spending, Forecast forecast, int days) {
        double low = LEAST_TIMES;
        double high = MOST_TIMES;
        if (!isDetected(rule, metrics, spending, forecast, days, high)) {
            return OptionalDouble.empty();
        }
        for (int i = 0; i < HALVINGS; i++) {
            double middle = Math.sqrt(low * high);
            if (isDetected(rule, metrics, spending, forecast, days, middle)) {
                high = middle;
            } else {
                low = middle;
            }
        }
        return OptionalDouble.of(high);
    }

    private static boolean isDetected(
            Rule rule,
            Map<String, Metric> metrics,
            List<Spending> spending,
            Forecast forecast,
            int days,
            double times) {
        ToDoubleFunction<Comparison> truth = comparison -> {
            Metric metric = metrics.get(comparison.metric());
            return possible(
                    Assumption.beyond(comparison, metric, reference(comparison, metrics, forecast), times),
                    metric,
                    forecast);
        };
        List<PlannedComparison> planned = planned(rule, metrics, spending, forecast, truth, days);
        return Arrays.stream(fired(rule, planned, days))
                        .filter(day -> day <= days)
                        .count()
                >= POWER * PATHS;
    }

    private static double fixedHorizon(Condition condition, Iterator<PlannedComparison> planned) {
        if (condition instanceof Comparison) {
            return planned.next().fixedHorizonUsers(POWER);
        }
        List<Condition> conditions = condition instanceof All all ? all.conditions() : ((Any) condition).conditions();
        List<Double> parts = new ArrayList<>();
        conditions.forEach(part -> parts.add(fixedHorizon(part, planned)));
        return condition instanceof All
                ? parts.stream().mapToDouble(Double::doubleValue).max().orElseThrow()
                : parts.stream().mapToDouble(Double::doubleValue).min().orElseThrow();
    }
}
