package io.flagcast.experiments;

import io.flagcast.experiments.document.Mapping;
import io.flagcast.experiments.document.Numbers;
import io.flagcast.experiments.document.Reader;
import io.flagcast.experiments.document.Setting;
import io.flagcast.experiments.document.Value;
import io.flagcast.experiments.document.Words;
import io.flagcast.rules.Condition.Comparison;
import io.flagcast.rules.Condition.Population;
import io.flagcast.rules.Health;
import io.flagcast.rules.Observation;
import io.flagcast.rules.Rule;
import io.flagcast.statistics.Cap;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Moments;
import io.flagcast.statistics.WeightedMoments;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.DoublePredicate;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Reads what a test of rules gives: counts of days, of the metric that its rules look at or of several by name. */
final class GivenReader {

    /** Longest series: every day is evaluated with all days before it. */
    private static final int MOST_DAYS = 1000;

    /** Tests have no propensities: both arms are as likely, which gives every user the same weight. */
    private static final double WEIGHT = 2;

    private final Optional<List<Rule>> rules;
    private final Map<String, Metric> metrics;
    private final Reader<String> metricNames;
    private final Reader<String> segments;

    /**
     * @param rules those that the test expects something of, absent where one of them is broken
     * @param metrics of the experiment, without those that are broken
     * @param metricNames of a metric that is declared, broken or not
     * @param segments of a segment that a rule may watch
     */
    GivenReader(
            Optional<List<Rule>> rules,
            Map<String, Metric> metrics,
            Reader<String> metricNames,
            Reader<String> segments) {
        this.rules = rules.filter(known -> comparisons(known).allMatch(look -> metrics.containsKey(look.metric())));
        this.metrics = metrics;
        this.metricNames = metricNames;
        this.segments = segments;
    }

    /**
     * Days of one arm.
     *
     * @param metric with the cap that the test gives where its own is a quantile
     * @param days values of the users of each day
     */
    private record Arm(Population population, Metric metric, List<Moments> days) {

        Arm {
            days.forEach(day -> metric.misfit(day).ifPresent(misfit -> {
                throw new IllegalArgumentException("mean: " + misfit + "; correct mean, sd or the cap");
            }));
        }

        Stream<Observation> observations(String segment) {
            return IntStream.range(0, days.size())
                    .mapToObj(day -> new Observation(
                            segment,
                            population,
                            metric.name(),
                            RuleTest.FIRST_DAY.plus(Duration.ofDays(day)),
                            days.get(day),
                            weighted(days.get(day)),
                            Optional.empty()));
        }
    }

    Optional<RuleTest.Given> read(Mapping given) {
        Setting<String> segment = given.required("segment", segments);
        Setting<Double> share = given.or("share", Numbers::rate, 1.0);
        Setting<Boolean> healthy = given.or("healthy", Words::flag, true);
        Supplier<List<Arm>> arms = arms(given);
        Optional<RuleTest.Given> read = given.build(() -> {
            rules.stream().flatMap(List::stream).forEach(rule -> requireWatched(rule, segment.value()));
            List<Arm> counted = arms.get();
            return new RuleTest.Given(
                    segment.value(),
                    share.value(),
                    counted.stream()
                            .flatMap(arm -> arm.observations(segment.value()))
                            .toList(),
                    healthy.value() ? Health.SOUND : new Health(List.of("the test says that a check has failed")),
                    caps(counted));
        });
        // Of a broken rule or metric it is not known what has to be given: the days are not either.
        return read.filter(known -> rules.isPresent());
    }

    /** Of the metrics that have one, by name. */
    private static Map<String, Double> caps(List<Arm> arms) {
        return arms.stream()
                .map(Arm::metric)
                .filter(metric -> metric.limit().isPresent())
                .collect(Collectors.toMap(Metric::name, metric -> metric.limit().orElseThrow(), (one, same) -> one));
    }

    private static Stream<Comparison> comparisons(List<Rule> rules) {
        return rules.stream().flatMap(rule -> rule.when().comparisons());
    }

    private static void requireWatched(Rule rule, String segment) {
        if (!rule.segment().equals(segment)) {
            throw new IllegalArgumentException(
                    "segment '%s' is given, but rule '%s' watches '%s': give that one, or expect nothing of the rule"
                            .formatted(segment, rule.ruleId(), rule.segment()));
        }
    }

    private Supplier<List<Arm>> arms(Mapping given) {
        if (rules.isEmpty()) {
            // The rules or their metrics are broken, which says enough.
            given.acceptEveryKey();
            return List::of;
        }
        Setting<Map<String, List<Arm>>> byName =
                given.or("metrics", Mapping.ofNames(metricNames, this::named), Map.of());
        if (given.has("metrics")) {
            return () -> byName.value().values().stream().flatMap(List::stream).toList();
        }
        List<String> watched =
                comparisons(rules.get()).map(Comparison::metric).distinct().toList();
        if (watched.size() == 1) {
            return arms(given, metrics.get(watched.get(0)));
        }
        given.acceptEveryKey();
        return () -> {
            throw new IllegalArgumentException(
                    "users: the rules look at %s; give each under metrics, as in metrics: {%s: {users: 1000, ...}}"
                            .formatted(String.join(", ", watched), watched.get(0)));
        };
    }

    private Reader<List<Arm>> named(String name) {
        return metrics.containsKey(name)
                ? Mapping.of(counts -> counts.build(arms(counts, metrics.get(name))))
                // It is declared but broken, which says enough.
                : value -> Optional.empty();
    }

    private Supplier<List<Arm>> arms(Mapping counts, Metric metric) {
        Setting<Optional<Double>> cap = counts.optional("cap", value -> cap(value, metric));
        Metric capped =
                cap.read().flatMap(Function.identity()).map(metric::frozenAt).orElse(metric);
        Supplier<Arm> own = arm(counts, capped, counts.has("control") ? Population.ENABLED : only(metric));
        Setting<Optional<Arm>> control =
                counts.optional("control", Mapping.of(other -> other.build(arm(other, capped, Population.CONTROL))));
        return () -> {
            List<Arm> arms = Stream.concat(Stream.of(own.get()), control.value().stream())
                    .toList();
            arms.forEach(
                    arm -> requireEveryDay("control", arm.days(), arms.get(0).days()));
            return arms;
        };
    }

    /** What the quantile of a metric is at, which only data say. */
    private static Optional<Double> cap(Value value, Metric metric) {
        return metric.cap().filter(Cap.Quantile.class::isInstance).isPresent()
                ? Numbers.numberOfMean(value)
                        .flatMap(cap ->
                                cap > 0 ? Optional.of(cap) : value.refuse("not above 0; write a value, as in 500"))
                : value.refuse("only of a metric whose cap is a quantile, so that on %s it has no meaning; remove it"
                        .formatted(metric.name()));
    }

    /** The arm of users that are given without saying which: control where nobody looks at another. */
    private Population only(Metric metric) {
        Set<Population> watched = comparisons(rules.orElseThrow())
                .filter(look -> look.metric().equals(metric.name()))
                .map(Comparison::population)
                .collect(Collectors.toSet());
        return watched.equals(Set.of(Population.CONTROL)) ? Population.CONTROL : Population.ENABLED;
    }

    private static Supplier<Arm> arm(Mapping counts, Metric metric, Population population) {
        Setting<List<Double>> users = counts.required("users", series(GivenReader::counted));
        Setting<Optional<List<Double>>> conversions = counts.optional("conversions", series(GivenReader::counted));
        Setting<Optional<List<Double>>> mean = counts.optional("mean", series(Numbers::days));
        Setting<Optional<List<Double>>> sd = counts.optional("sd", series(GivenReader::spread));
        return () -> {
            boolean isProportion = metric.kind() == Metric.Kind.PROPORTION;
            if (conversions.value().isPresent() != isProportion
                    || mean.value().isPresent() == isProportion
                    || sd.value().isPresent() == isProportion) {
                throw new IllegalArgumentException("metric %s is a %s: give users%s"
                        .formatted(
                                metric.name(),
                                Words.label(metric.kind()),
                                isProportion ? " and conversions" : ", mean and sd"));
            }
            if (metric.cap().isPresent() && metric.limit().isEmpty()) {
                throw new IllegalArgumentException(
                        "metric %s has a quantile for its cap: give what it is at, as in cap: 500"
                                .formatted(metric.name()));
            }
            List<Moments> days = isProportion
                    ? proportions(users.value(), conversions.value().get())
                    : means(users.value(), mean.value().get(), sd.value().get());
            return new Arm(population, metric, days);
        };
    }

    private static List<Moments> proportions(List<Double> users, List<Double> conversions) {
        requireEveryDay("conversions", conversions, users);
        return everyDay(
                users,
                day -> proportion(
                        conversions.get(day).longValue(), users.get(day).longValue()));
    }

    private static List<Moments> means(List<Double> users, List<Double> mean, List<Double> sd) {
        requireEveryDay("mean", mean, users);
        requireEveryDay("sd", sd, users);
        return everyDay(users, day -> mean(users.get(day).longValue(), mean.get(day), sd.get(day)));
    }

    private static List<Moments> everyDay(List<Double> users, IntFunction<Moments> ofDay) {
        return IntStream.range(0, users.size()).mapToObj(ofDay).toList();
    }

    private static void requireEveryDay(String key, List<?> given, List<?> users) {
        if (given.size() != users.size()) {
            throw new IllegalArgumentException(
                    "%s of %d days, users of %d: give both for every day".formatted(key, given.size(), users.size()));
        }
    }

    /** Days one by one, or many that are equal, or a list of both. */
    private static Reader<List<Double>> series(Reader<List<Double>> days) {
        return value -> Mapping.oneOrListOf(days).read(value).flatMap(parts -> {
            int length = parts.stream().mapToInt(List::size).sum();
            return length <= MOST_DAYS
                    ? Optional.of(parts.stream().flatMap(List::stream).toList())
                    : value.refuse("gives %d days; a test takes at most %d".formatted(length, MOST_DAYS));
        });
    }

    private static Optional<List<Double>> counted(Value value) {
        return days(
                value,
                number -> number >= 0 && number == Math.rint(number),
                "not a count; write a whole number of at least 0");
    }

    private static Optional<List<Double>> spread(Value value) {
        return days(value, number -> number >= 0, "a standard deviation is never negative; write at least 0");
    }

    private static Optional<List<Double>> days(Value value, DoublePredicate isRight, String otherwise) {
        // Days of one value are equal.
        return Numbers.days(value)
                .flatMap(days -> isRight.test(days.get(0)) ? Optional.of(days) : value.refuse(otherwise));
    }

    private static Moments proportion(long conversions, long users) {
        if (conversions > users) {
            throw new IllegalArgumentException(
                    "conversions %d of users %d: needs 0 <= conversions <= users".formatted(conversions, users));
        }
        return Moments.ofProportion(conversions, users);
    }

    private static Moments mean(long users, double mean, double sd) {
        return users == 0 ? Moments.EMPTY : new Moments(users, mean, sd * sd * (users - 1));
    }

    /** Measured from the mean, from which the distances of equally weighted rows sum to 0. */
    private static WeightedMoments weighted(Moments values) {
        double n = values.n();
        double w2 = WEIGHT * WEIGHT;
        return values.n() == 0
                ? WeightedMoments.EMPTY
                : new WeightedMoments(
                        values.n(), WEIGHT * n, w2 * n, values.mean(), 0, WEIGHT * values.m2(), 0, w2 * values.m2());
    }
}
