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
        if (looked.size() == 1 && !given.has("metrics")) {
            reader.counts(given, metrics.get(looked.get(0)), arm(looks, looked.get(0)));
        } else if (looked.isEmpty()) {
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
        boolean isProportion = metric.kind() == Metric.Kind.PROPORTION;
        Setting<List<Double>> first = mapping.required(isProportion ? "conversions" : "mean", GivenReader::series);
        Setting<List<Double>> second = isProportion ? users : mapping.required("sd", GivenReader::series);
        mapping.check(() -> {
            List<Double> counts = users.value();
            if (first.value().size() != counts.size() || second.value().size() != counts.size()) {
                throw new IllegalArgumentException("users are of %d days, %s of %d: give every day both"
                        .formatted(
                                counts.size(),
                                isProportion ? "conversions" : "mean and sd",
                                first.value().size()));
            }
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
