package io.flagcast.rules.design;

import io.flagcast.allocation.Segments;
import io.flagcast.rules.Condition.Comparison;
import io.flagcast.rules.Condition.Level;
import io.flagcast.rules.Condition.Population;
import io.flagcast.rules.Condition.VersusControl;
import io.flagcast.rules.Forecast;
import io.flagcast.rules.Forecast.Arm;
import io.flagcast.rules.Forecast.Outcomes;
import io.flagcast.rules.Observation;
import io.flagcast.rules.Rule;
import io.flagcast.rules.RuleDesign;
import io.flagcast.rules.RuleEngine;
import io.flagcast.statistics.Metric;
import io.flagcast.statistics.Moments;
import io.flagcast.statistics.ValueLaw;
import io.flagcast.statistics.WeightedMoments;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What is known of the users whom an experiment will meet: from measured days, and from the propensities that its file gives
 * them.
 *
 * @param history measured days of the experiment, or of one like it; may be empty
 * @param segments as the file has them
 * @param measuredSegments as they were measured; absent where they are not known
 * @param propensities by segment, {@value #UNSCORED} for users without a score, how many users have which propensity
 * @param asOf instant up to which was measured
 * @param usersPerDay who meet the experiment for the first time, in all segments together; absent for what was measured
 * @param baseline mean of every metric without the assumed effect; absent for what was measured
 */
public record ExpectedUsers(
        List<Observation> history,
        Segments segments,
        Optional<Segments> measuredSegments,
        Map<String, Map<Double, Long>> propensities,
        Instant asOf,
        Optional<Double> usersPerDay,
        Optional<Double> baseline) {

    /** Segment of the users without a score. */
    public static final String UNSCORED = "unscored";

    public ExpectedUsers {
        history = history.stream().filter(day -> day.problem().isEmpty()).toList();
        Objects.requireNonNull(segments, "segments");
        Objects.requireNonNull(measuredSegments, "measuredSegments");
        propensities = Map.copyOf(propensities);
        Objects.requireNonNull(asOf, "asOf");
        Objects.requireNonNull(usersPerDay, "usersPerDay");
        Objects.requireNonNull(baseline, "baseline");
    }

    /** Why nothing can be said of when a rule speaks, in a sentence; absent where something can. */
    public Optional<String> unknown(RuleEngine engine, Rule rule) {
        Map<Double, Long> users = users(rule.segment());
        if (users.isEmpty()) {
            return Optional.of("no user of the lake is in segment '%s'".formatted(rule.segment()));
        }
        if (usersPerDay.isEmpty() && history.isEmpty()) {
            return Optional.of(
                    "nobody has been measured: name an experiment like it, or how many users a day will meet it");
        }
        Arm enabled = Arm.of(users);
        Arm control = Arm.of(others(users));
        return rule.when()
                .comparisons()
                .flatMap(comparison -> unknown(comparison, metric(engine, comparison), rule, enabled, control).stream())
                .findFirst();
    }

    private Optional<String> unknown(Comparison comparison, Metric metric, Rule rule, Arm enabled, Arm control) {
        if (comparison instanceof VersusControl && enabled.rows() == 0) {
            return Optional.of(
                    "every user of segment '%s' is enabled for certain or not at all: without exploration or a share between, nothing can be compared with control"
                            .formatted(rule.segment()));
        }
        double counted = new Forecast(List.of(), enabled, control, Map.of(), 0).counted(comparison);
        if (counted == 0) {
            return Optional.of("nobody of segment '%s' would be %s"
                    .formatted(
                            rule.segment(), comparison.population() == Population.CONTROL ? "in control" : "enabled"));
        }
        if (metric.cap().isPresent() && metric.limit().isEmpty()) {
            return Optional.of("the cap of %s, a quantile of its values, is not known yet".formatted(metric.name()));
        }
        List<Observation> days = days(metric.name(), rule);
        boolean needsMean = !(comparison instanceof Level) && baseline.isEmpty();
        boolean needsSpread = metric.kind() != Metric.Kind.PROPORTION;
        return days.isEmpty() && (needsMean || needsSpread)
                ? Optional.of("%s has not been measured: %s"
                        .formatted(
                                metric.name(),
                                needsSpread
                                        ? "name an experiment that has it"
                                        : "name an experiment that has it, or a baseline"))
                : metric.misfit(values(days, Population.EVERYONE));
    }

    /** What stands in for what is not known, in a sentence; absent where nothing has to. */
    public Optional<String> standsIn(RuleEngine engine, Rule rule) {
        return rule.when()
                        .comparisons()
                        .map(comparison -> metric(engine, comparison).name())
                        .anyMatch(metric -> days(metric, rule).isEmpty() || isMeasured(metric, rule.segment()))
                ? Optional.empty()
                : Optional.of(
                        "segment '%s' has not been measured as it is: means and their spread are those of all users"
                                .formatted(rule.segment()));
    }

    /**
     * What a rule can expect.
     *
     * @throws IllegalArgumentException where something is {@linkplain #unknown unknown}
     */
    public Forecast forecast(RuleEngine engine, Rule rule) {
        Map<Double, Long> users = users(rule.segment());
        Map<String, Outcomes> outcomes = new HashMap<>();
        rule.when()
                .comparisons()
                .map(comparison -> metric(engine, comparison))
                .forEach(metric -> outcomes.put(metric.name(), outcomes(metric, days(metric.name(), rule))));
        List<Double> arrivals = arrivals(rule);
        return new Forecast(
                arrivals,
                Arm.of(users),
                Arm.of(others(users)),
                outcomes,
                usersPerDay.isPresent() ? RuleDesign.MOST_DAYS : arrivals.size());
    }

    private static Metric metric(RuleEngine engine, Comparison comparison) {
        return engine.metrics().stream()
                .filter(metric -> metric.name().equals(comparison.metric()))
                .findFirst()
                .orElseThrow();
    }

    private Map<Double, Long> users(String segment) {
        return segment.equals(Segments.ALL)
                ? propensities.values().stream()
                        .flatMap(each -> each.entrySet().stream())
                        .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue, Long::sum))
                : propensities.getOrDefault(segment, Map.of());
    }

    /** The same users by their propensity not to be enabled. */
    private static Map<Double, Long> others(Map<Double, Long> users) {
        return users.entrySet().stream()
                .collect(Collectors.toMap(entry -> 1 - entry.getKey(), Map.Entry::getValue, Long::sum));
    }

    private double part(String segment) {
        return (double) count(users(segment)) / count(users(Segments.ALL));
    }

    private static long count(Map<Double, Long> users) {
        return users.values().stream().mapToLong(Long::longValue).sum();
    }

    private List<Double> arrivals(Rule rule) {
        if (usersPerDay.isPresent()) {
            return List.of(usersPerDay.get() * part(rule.segment()));
        }
        String metric = Stream.concat(
                        rule.when().comparisons().map(Comparison::metric),
                        history.stream().map(Observation::metric))
                .filter(name -> history.stream().anyMatch(day -> day.metric().equals(name)))
                .findFirst()
                .orElseThrow();
        double part = isMeasured(metric, rule.segment()) ? 1 : part(rule.segment());
        return Forecast.arrivals(days(metric, rule)).stream()
                .map(users -> part * users)
                .toList();
    }

    /** Of the rule's segment, or of all users where that has not been measured as it is. */
    private List<Observation> days(String metric, Rule rule) {
        String segment = isMeasured(metric, rule.segment()) ? rule.segment() : Segments.ALL;
        return history.stream()
                .filter(day -> day.metric().equals(metric) && day.segment().equals(segment))
                .toList();
    }

    /** Whether a segment of this name has been measured, and is the same band of scores. */
    private boolean isMeasured(String metric, String segment) {
        return history.stream()
                        .anyMatch(day ->
                                day.metric().equals(metric) && day.segment().equals(segment))
                && bands(Optional.of(segments), segment).equals(bands(measuredSegments, segment));
    }

    /** None for all users, and for those without a score. */
    private static List<Segments.Band> bands(Optional<Segments> segments, String segment) {
        return segments.stream()
                .flatMap(known -> known.bands().stream())
                .filter(band -> band.name().equals(segment))
                .toList();
    }

    private Outcomes outcomes(Metric metric, List<Observation> days) {
        int within = Math.toIntExact(
                metric.closesAfter().plus(metric.settle().orElse(Duration.ZERO)).toDays());
        if (days.isEmpty()) {
            ValueLaw law = ValueLaw.of(baseline.orElse(0.5), 0, metric.kind());
            return new Outcomes(law, law, law, within);
        }
        ValueLaw everyone = law(values(days, Population.EVERYONE), metric, baseline);
        WeightedMoments weighted = days.stream()
                .filter(day -> day.population() == Population.CONTROL)
                .map(Observation::weighted)
                .reduce(WeightedMoments.EMPTY, WeightedMoments::merge);
        ValueLaw control = law(days, Population.CONTROL, metric).orElse(everyone);
        // The spread of y / d says nothing of how much a user adds to a ratio.
        ValueLaw comparable = weighted.n() < 2 || baseline.isPresent() || metric.kind() == Metric.Kind.RATIO
                ? control
                : ValueLaw.of(
                        weighted.mean().orElseThrow(),
                        weighted.outcomeVariance().orElseThrow(),
                        metric.kind());
        return new Outcomes(
                law(days, Population.ENABLED, metric).orElse(everyone), control, comparable, lag(metric, days));
    }

    /** The newest users who count were exposed that long before the end of what was measured. */
    private int lag(Metric metric, List<Observation> days) {
        Instant newest = days.stream()
                .map(Observation::day)
                .max(Comparator.naturalOrder())
                .orElseThrow();
        Instant exposed = newest.minus(metric.closesAfter().toDays(), ChronoUnit.DAYS);
        return Math.toIntExact(Math.max(0, ChronoUnit.DAYS.between(exposed, asOf.minusNanos(1))));
    }

    private Optional<ValueLaw> law(List<Observation> days, Population arm, Metric metric) {
        Moments values = values(days, arm);
        return values.n() < 2 ? Optional.empty() : Optional.of(law(values, metric, baseline));
    }

    private static ValueLaw law(Moments values, Metric metric, Optional<Double> baseline) {
        ValueLaw law = ValueLaw.of(values.mean(), values.variance(), metric.kind());
        return baseline.map(law::withMean).orElse(law);
    }

    private static Moments values(List<Observation> days, Population arm) {
        return Observation.values(days.stream()
                .filter(day -> arm == Population.EVERYONE || day.population() == arm)
                .toList());
    }
}
