package io.flagcast.rules.alerts;

import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.toMap;
import static java.util.stream.Collectors.toSet;

import io.flagcast.rules.Condition.Comparison;
import io.flagcast.rules.RuleDecision;
import io.flagcast.rules.checks.Check;
import io.flagcast.rules.checks.Feed;
import io.flagcast.rules.checks.Finding;
import io.flagcast.rules.checks.InputCheck;
import io.flagcast.statistics.Metric;
import io.flagcast.tables.Tables;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Which failures have no alert of their own, as that of a feed tells of them. Where rows stop to arrive, whatever is made of
 * them fails in every experiment: that is one thing to mend. What is told so is a finding all the same, and holds increases back;
 * where it fails still when the rows are back, it raises its alert then. After the inhibition of Prometheus' Alertmanager.
 */
public final class Inhibition {

    /** What is wrong with scores that are made of old usage. */
    private static final Set<Check> OF_EVENTS =
            Set.of(Check.PREDICTOR_DRIFT, Check.SCORE_DRIFT, Check.CALIBRATION, Check.UNEXPECTED_OUTCOME);

    /** What is wrong with responses that have not arrived. */
    private static final Set<Check> OF_OUTCOMES =
            Set.of(Check.CALIBRATION, Check.UNEXPECTED_OUTCOME, Check.OUTCOME_BIAS, Check.SIMPSON, Check.NOVELTY);

    private final List<Broken> broken;
    private final List<Finding> failed;
    private final Map<String, List<Metric>> metrics;
    private final Set<String> attributes;
    private final Instant asOf;

    /**
     * What inhibits what at an evaluation.
     *
     * @param findings of all health checks, of all experiments
     * @param metrics of every active experiment, by its id
     * @param attributes predictors that no feed can age
     * @param asOf instant of the evaluation
     */
    public Inhibition(List<Finding> findings, Map<String, List<Metric>> metrics, Set<String> attributes, Instant asOf) {
        this.failed = findings.stream().filter(Finding::failed).toList();
        this.broken = failed.stream()
                .flatMap(finding -> Broken.of(finding).stream())
                .sorted(Broken.WIDEST_FIRST)
                .toList();
        this.metrics = new TreeMap<>(metrics);
        this.attributes = Set.copyOf(attributes);
        this.asOf = Objects.requireNonNull(asOf, "asOf");
    }

    /**
     * Where a failure is told.
     *
     * @param cause the failure of a feed whose alert tells of it
     * @param since what began to fail before it has another cause, and an alert that goes on
     */
    record Told(Finding cause, Instant since) {}

    /** A feed of which a check failed. */
    private record Broken(Finding finding, Feed feed) {

        static final Comparator<Broken> WIDEST_FIRST = Comparator.<Broken, Boolean>comparing(
                        of -> of.feed.part().isPresent())
                .thenComparing(of -> !of.finding.experimentId().isEmpty())
                .thenComparing(of -> of.finding.check());

        static Optional<Broken> of(Finding finding) {
            return Feed.of(finding).map(feed -> new Broken(finding, feed));
        }

        boolean is(Check check) {
            return finding.check() == check;
        }

        /** Whether rows are missing, not too many. */
        boolean isFewer() {
            return is(Check.VOLUME) && finding.blocksIncreases();
        }

        /** Whether no row comes any more. */
        boolean isStopped() {
            return is(Check.FRESHNESS) || (isFewer() && finding.n() == 0);
        }

        boolean concerns(String experimentId) {
            return finding.experimentId().isEmpty() || finding.experimentId().equals(experimentId);
        }

        /** Whether another failure is the same fact, seen in the same rows or in some of them. */
        boolean tells(Broken other) {
            if (!concerns(other.finding.experimentId()) || !feed.has(other.feed)) {
                return false;
            }
            if (isStopped()) {
                return other.is(Check.FRESHNESS) || other.isFewer();
            }
            return other.is(finding.check()) && other.isFewer() == isFewer();
        }

        /** Rows that have not come on the last day. */
        double missing() {
            return InputCheck.usual(finding) - finding.n();
        }
    }

    /** Where a failure is told; absent where it has an alert of its own. */
    Optional<Told> of(Finding finding) {
        Optional<Broken> own =
                broken.stream().filter(feed -> feed.finding.equals(finding)).findFirst();
        return own.isPresent()
                ? cause(own.get()).map(cause -> new Told(root(cause).finding, Instant.EPOCH))
                : told(feed -> feed.concerns(finding.experimentId()) && ages(feed.feed, finding));
    }

    /** The same of a metric that is said to have moved: of responses that have not arrived. */
    Optional<Told> of(RuleDecision decision) {
        Set<String> read =
                decision.rule().when().comparisons().map(Comparison::metric).collect(toSet());
        return told(feed -> feed.concerns(decision.experimentId())
                && metrics(decision.experimentId())
                        .anyMatch(metric -> read.contains(metric.name()) && feed.feed.isOf(metric)));
    }

    private Optional<Told> told(Predicate<Broken> ages) {
        return broken.stream()
                .filter(feed -> feed.isStopped() && ages.test(feed))
                .findFirst()
                .map(feed -> new Told(root(feed).finding, stoppedAt(feed.finding)));
    }

    /** The widest failure that is the same fact. */
    private Optional<Broken> cause(Broken feed) {
        if (isOfParts(feed)) {
            return stoppedParts(feed).max(Comparator.comparing(Broken::missing));
        }
        return broken.stream()
                .takeWhile(wider -> !wider.equals(feed))
                .filter(wider -> wider.tells(feed) && !isOfParts(wider))
                .findFirst();
    }

    private Broken root(Broken feed) {
        return cause(feed).map(this::root).orElse(feed);
    }

    /** Whether a whole input has few rows as some of its parts have none: as many as usual with theirs. */
    private boolean isOfParts(Broken feed) {
        Map<Feed, Double> missing =
                stoppedParts(feed).collect(toMap(part -> part.feed, Broken::missing, (one, same) -> one));
        double all = missing.values().stream().mapToDouble(Double::doubleValue).sum();
        return !missing.isEmpty() && !InputCheck.isFew(feed.finding, feed.finding.n() + all);
    }

    private Stream<Broken> stoppedParts(Broken feed) {
        boolean isWhole =
                feed.isFewer() && !feed.isStopped() && feed.feed.part().isEmpty();
        return broken.stream()
                .filter(part -> isWhole && part.isFewer() && part.isStopped() && feed.feed.has(part.feed));
    }

    private Stream<Metric> metrics(String experimentId) {
        return metrics.getOrDefault(experimentId, List.of()).stream();
    }

    /** Whether a failure may be of nothing but rows of a feed that have not come. */
    private boolean ages(Feed feed, Finding finding) {
        if (feed.table().equals(Tables.EVENTS)) {
            return OF_EVENTS.contains(finding.check()) && !attributes.contains(finding.subject());
        }
        return feed.table().equals(Tables.OUTCOMES)
                && OF_OUTCOMES.contains(finding.check())
                && metrics(finding.experimentId())
                        .anyMatch(metric -> isOf(metric, finding.subject()) && feed.isOf(metric));
    }

    /** Whether a subject is a metric, or one of it, as "conversion_rate by gender". */
    private static boolean isOf(Metric metric, String subject) {
        return subject.equals(metric.name()) || subject.startsWith(metric.name() + " ");
    }

    /** When the last row came, at the latest. */
    private Instant stoppedAt(Finding feed) {
        if (feed.check() == Check.FRESHNESS) {
            return feed.observed().isPresent()
                    ? asOf.minusMillis(Math.round(
                            Duration.ofHours(1).toMillis() * feed.observed().getAsDouble()))
                    : asOf;
        }
        return asOf.minus(Duration.ofDays(1));
    }

    /** What a feed is needed for, a line per experiment: "checkout: conversion_rate, revenue". Empty where it is no feed. */
    List<String> touched(Finding cause) {
        Optional<Broken> feed =
                broken.stream().filter(of -> of.finding.equals(cause)).findFirst();
        return feed.stream()
                .flatMap(of ->
                        metrics.keySet().stream().filter(of::concerns).flatMap(id -> touched(of.feed, id).stream()))
                .toList();
    }

    private Optional<String> touched(Feed feed, String experimentId) {
        if (feed.table().equals(Tables.EVENTS)) {
            return Optional.of(experimentId + ": scores");
        }
        boolean isOfExperiment = feed.has(Feed.exposures(experimentId));
        String read = metrics(experimentId)
                .filter(metric -> isOfExperiment || feed.isOf(metric))
                .map(Metric::name)
                .collect(joining(", "));
        return read.isEmpty() ? Optional.empty() : Optional.of(experimentId + ": " + read);
    }

    /** The failures that are told by the alert of a cause, a line each: "checkout: volume of outcome purchase". */
    List<String> inhibited(Finding cause) {
        return failed.stream()
                .filter(finding ->
                        of(finding).filter(told -> told.cause().equals(cause)).isPresent())
                .sorted(Comparator.comparing(Finding::check).thenComparing(Finding::experimentId))
                .map(Finding::heading)
                .toList();
    }
}
