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
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads what a test of rules gives: counts of days, of the metric that its rules look at or of several by name. */
final class GivenReader {

    /** Tests have no propensities: both arms are as likely, which gives every user the same weight. */
    private static final double WEIGHT = 2;

    /** Most days of a series: every day is evaluated with all those before it. */
    private static final int MOST_DAYS = 1000;

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
            Reader<String> metricNames,
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
                Mapping.ofNames(
                        metricNames,
                        name -> metrics.containsKey(name)
                                ? Mapping.of(counts -> reader.metric(counts, metrics.get(name), arm(looks, name)))
                                // It is declared but broken, which says enough.
                                : value -> Optional.empty()));
        if (looked.size() == 1 && !given.has("metrics") && metrics.containsKey(looked.get(0))) {
            reader.counts(given, metrics.get(looked.get(0)), arm(looks, looked.get(0)));
        } else if (!given.has("metrics")) {
            given.acceptEveryKey();
        }
        boolean isBroken = looked.isEmpty() || !metrics.keySet().containsAll(looked);
        Optional<RuleTest.Given> read = given.build(() -> {
            if (!isBroken && looked.size() > 1 && !given.has("metrics")) {
                throw new IllegalArgumentException(
                        "users: the rules look at %s; give each under metrics, as in metrics: {%s: {users: 1000, ...}}"
                                .formatted(String.join(", ", looked), looked.get(0)));
            }
            return new RuleTest.Given(
                    segment.value(),
                    share.value(),
                    reader.observations,
                    healthy.value() ? Health.SOUND : new Health(List.of("the test says that a check has failed")));
        });
        // Rules or metrics that are broken say enough: nothing else is concluded from what is left of the test.
        return read.filter(known -> !isBroken);
    }

    /** The arm of the users that are given without saying which. */
    private static Population arm(List<Comparison> looks, String metric) {
        List<Population> arms = looks.stream()
                .filter(look -> look.metric().equals(metric))
                .map(Comparison::population)
                .distinct()
                .toList();
        return arms.equals(List.of(Population.CONTROL)) ? Population.CONTROL : Population.ENABLED;
    }

    private Optional<Boolean> metric(Mapping mapping, Metric metric, Population arm) {
        counts(mapping, metric, arm);
        return mapping.build(() -> true);
    }

    private void counts(Mapping mapping, Metric metric, Population arm) {
        arm(mapping, metric, arm);
        Reader<Boolean> control = Mapping.of(counts -> {
            arm(counts, metric, Population.CONTROL);
            return counts.build(() -> true);
        });
        mapping.optional(
                "control",
                arm == Population.CONTROL
                        ? value -> value.refuse("the rules look at control alone, which users are already; remove it")
                        : control);
    }

    private void arm(Mapping mapping, Metric metric, Population arm) {
        boolean isProportion = metric.kind() == Metric.Kind.PROPORTION;
        mapping.qualify("kind " + Scalars.label(metric.kind()));
        Setting<List<Double>> users = mapping.required("users", GivenReader::series);
        Setting<List<Double>> first = mapping.required(isProportion ? "conversions" : "mean", GivenReader::series);
        Setting<List<Double>> second = isProportion ? users : mapping.required("sd", GivenReader::series);
        mapping.check(() -> {
            List<Double> counts = users.value();
            requireDays(counts.size(), isProportion ? "conversions" : "mean", first.value());
            requireDays(counts.size(), "sd", second.value());
            for (int day = 0; day < counts.size(); day++) {
                long n = whole("users", counts.get(day));
                Moments values = isProportion
                        ? proportion(whole("conversions", first.value().get(day)), n)
                        : mean(n, first.value().get(day), second.value().get(day));
                observations.add(new Observation(
                        segment,
                        arm,
                        metric.name(),
                        RuleTest.FIRST_DAY.plus(Duration.ofDays(day)),
                        values,
                        weighted(values),
                        Optional.empty()));
            }
        });
    }

    private static void requireDays(int days, String key, List<Double> values) {
        if (values.size() != days) {
            throw new IllegalArgumentException("%s of %d days, users of %d: give every day both, as in 50x30 for thirty"
                            .formatted(key, values.size(), days)
                    + " equal ones");
        }
    }

    private static Optional<List<Double>> series(Value value) {
        return Mapping.oneOrListOf(Scalars::days).read(value).flatMap(parts -> {
            // They are counted first: a short list can ask for more days than there is memory.
            long days = parts.stream().mapToLong(List::size).sum();
            return days >= 1 && days <= MOST_DAYS
                    ? Optional.of(parts.stream().flatMap(List::stream).toList())
                    : value.refuse("of %,d days; give 1 to %,d".formatted(days, MOST_DAYS));
        });
    }

    private static long whole(String key, double number) {
        if (!(number >= 0 && number == Math.rint(number))) {
            throw new IllegalArgumentException("%s %s: needs a whole number of at least 0"
                    .formatted(key, BigDecimal.valueOf(number).toPlainString().replaceAll("\\.0$", "")));
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
