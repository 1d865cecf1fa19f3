package io.flagcast.experiments;

import io.flagcast.experiments.RuleTest.Expect;
import io.flagcast.rules.Condition.Comparison;
import io.flagcast.rules.Condition.Population;
import io.flagcast.rules.Health;
import io.flagcast.rules.Observation;
import io.flagcast.rules.Rule;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Moments;
import io.flagcast.statistics.WeightedMoments;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads what a test of rules gives: counts of days, of the metric that its rules look at or of several by name. */
final class GivenReader {

    /** Tests have no propensities: both arms are as likely, which gives every user the same weight. */
    private static final double WEIGHT = 2;

    private final String segment;
    private final List<Observation> observations = new ArrayList<>();

    private GivenReader(String segment) {
        this.segment = segment;
    }

    static Optional<RuleTest.Given> read(
            Mapping given,
            List<Expect> expected,
            Map<String, Rule> rules,
            Map<String, Metric> metrics,
            Reader<String> segments) {
        Setting<String> segment = given.required("segment", segments);
        Setting<Double> share = given.or("share", Scalars::rate, 1.0);
        Setting<Boolean> healthy = given.or("healthy", Scalars::flag, true);
        GivenReader reader = new GivenReader(segment.read().orElse(""));
        List<Comparison> looks = expected.stream()
                .flatMap(expect -> Optional.ofNullable(rules.get(expect.ruleId())).stream())
                .flatMap(rule -> rule.when().comparisons())
                .toList();
        List<String> looked = looks.stream().map(Comparison::metric).distinct().toList();
        given.optional(
                "metrics",
                Mapping.ofNames(name -> value -> metrics.containsKey(name)
                        ? Mapping.of(counts -> reader.metric(counts, metrics.get(name), arm(looks, name)))
                                .read(value)
                        : value.refuse("not a metric of the experiment")));
        boolean isKnown = !looked.isEmpty() && metrics.keySet().containsAll(looked);
        if (isKnown && looked.size() == 1 && !given.has("metrics")) {
            reader.counts(given, metrics.get(looked.get(0)), arm(looks, looked.get(0)));
        } else if (!isKnown) {
            // The rules or their metrics are broken, which says enough.
            given.acceptEveryKey();
        }
        return given.build(() -> {
            if (looked.size() > 1 && !given.has("metrics")) {
                throw new IllegalArgumentException(
                        "the rules look at %s: give each under metrics, as in metrics: {%s: {users: 1000, ...}}"
                                .formatted(String.join(", ", looked), looked.get(0)));
            }
            return new RuleTest.Given(
                    segment.value(),
                    share.value(),
                    reader.observations,
                    healthy.value() ? Health.SOUND : new Health(List.of("the test says that a check has failed")));
        });
    }

    /** The arm of the users that are given without saying which. */
    private static Population arm(List<Comparison> looks, String metric) {
        return looks.stream().anyMatch(look -> look.metric().equals(metric) && look.population() == Population.CONTROL)
                ? Population.CONTROL
                : Population.ENABLED;
    }

    private Optional<Boolean> metric(Mapping mapping, Metric metric, Population arm) {
        counts(mapping, metric, arm);
        return mapping.build(() -> true);
    }

    private void counts(Mapping mapping, Metric metric, Population arm) {
        arm(mapping, metric, arm);
        mapping.optional("control", Mapping.of(control -> {
            arm(control, metric, Population.CONTROL);
            return control.build(() -> true);
        }));
    }

    private void arm(Mapping mapping, Metric metric, Population arm) {
        Setting<List<Double>> users = mapping.required("users", GivenReader::series);
        Setting<Optional<List<Double>>> conversions = mapping.optional("conversions", GivenReader::series);
        Setting<Optional<List<Double>>> mean = mapping.optional("mean", GivenReader::series);
        Setting<Optional<List<Double>>> sd = mapping.optional("sd", GivenReader::series);
        mapping.check(() -> {
            List<Moments> days = metric.kind() == Metric.Kind.PROPORTION
                    ? proportions(
                            metric,
                            users.value(),
                            conversions.value(),
                            mean.value().or(sd::value))
                    : means(metric, users.value(), mean.value(), sd.value(), conversions.value());
            for (int day = 0; day < days.size(); day++) {
                observations.add(new Observation(
                        segment,
                        arm,
                        metric.name(),
                        RuleTest.FIRST_DAY.plus(Duration.ofDays(day)),
                        days.get(day),
                        weighted(days.get(day)),
                        Optional.empty()));
            }
        });
    }

    private static List<Moments> proportions(
            Metric metric, List<Double> users, Optional<List<Double>> conversions, Optional<List<Double>> superfluous) {
        if (conversions.isEmpty() || superfluous.isPresent()) {
            throw new IllegalArgumentException(
                    "metric %s is a proportion: give users and conversions".formatted(metric.name()));
        }
        requireAsManyDays("conversions", conversions.get(), users);
        List<Moments> days = new ArrayList<>();
        for (int day = 0; day < users.size(); day++) {
            days.add(proportion(whole("conversions", conversions.get().get(day)), whole("users", users.get(day))));
        }
        return days;
    }

    private static List<Moments> means(
            Metric metric,
            List<Double> users,
            Optional<List<Double>> mean,
            Optional<List<Double>> sd,
            Optional<List<Double>> superfluous) {
        if (mean.isEmpty() || sd.isEmpty() || superfluous.isPresent()) {
            throw new IllegalArgumentException("metric %s is a mean: give users, mean and sd".formatted(metric.name()));
        }
        requireAsManyDays("mean", mean.get(), users);
        requireAsManyDays("sd", sd.get(), users);
        List<Moments> days = new ArrayList<>();
        for (int day = 0; day < users.size(); day++) {
            days.add(mean(
                    whole("users", users.get(day)),
                    mean.get().get(day),
                    sd.get().get(day)));
        }
        return days;
    }

    private static void requireAsManyDays(String key, List<Double> series, List<Double> users) {
        if (series.size() != users.size()) {
            throw new IllegalArgumentException(
                    "%s are of %d days, users of %d: give every day both".formatted(key, series.size(), users.size()));
        }
    }

    private static Optional<List<Double>> series(Value value) {
        return Mapping.oneOrListOf(Scalars::days)
                .read(value)
                .map(parts -> parts.stream().flatMap(List::stream).toList());
    }

    private static long whole(String key, double number) {
        if (!(number >= 0 && number == Math.rint(number))) {
            throw new IllegalArgumentException("%s %s: needs a whole number of at least 0".formatted(key, number));
        }
        return (long) number;
    }

    private static Moments proportion(long conversions, long users) {
        if (conversions > users) {
            throw new IllegalArgumentException(
                    "conversions %d of users %d: needs 0 <= conversions <= users".formatted(conversions, users));
        }
        return Moments.ofProportion(conversions, users);
    }

    private static Moments mean(long users, double mean, double sd) {
        if (sd < 0) {
            throw new IllegalArgumentException("sd %s: needs at least 0".formatted(sd));
        }
        return users == 0 ? Moments.EMPTY : new Moments(users, mean, sd * sd * (users - 1));
    }

    private static WeightedMoments weighted(Moments values) {
        double n = values.n();
        double sum = values.sum();
        double squares = values.m2() + sum * values.mean();
        double w2 = WEIGHT * WEIGHT;
        return values.n() == 0
                ? WeightedMoments.EMPTY
                : new WeightedMoments(
                        values.n(), WEIGHT * n, w2 * n, WEIGHT * sum, WEIGHT * squares, w2 * sum, w2 * squares);
    }
}
