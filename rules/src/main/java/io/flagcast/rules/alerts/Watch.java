package io.flagcast.rules.alerts;

import io.flagcast.rules.RuleDecision;
import io.flagcast.rules.RuleDecision.Outcome;
import io.flagcast.rules.alerts.Alert.OfCheck;
import io.flagcast.rules.alerts.Alert.OfMetric;
import io.flagcast.rules.alerts.Inhibition.Told;
import io.flagcast.rules.checks.Check;
import io.flagcast.rules.checks.Feed;
import io.flagcast.rules.checks.Finding;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What is watched of one experiment: all health checks, and the metrics for which an alert is declared. Every failed check raises an
 * alert; a declared one says how, the first that covers it.
 *
 * @param experimentId the experiment; empty for the inputs and the pipeline
 * @param segments segments that a check may look at
 * @param alerts those declared, and those that rules raise
 */
public record Watch(String experimentId, Set<String> segments, List<Alert> alerts) {

    /** What an alert means, in a sentence. */
    public static final String SUMMARY = "summary";
    /** What was found, with its numbers. */
    public static final String REASON = "reason";
    /** Address of what to do. */
    public static final String RUNBOOK = "runbook_url";
    /** Title of the alert that is probably the cause. */
    public static final String CONSEQUENCE_OF = "consequence_of";
    /** Of a feed: what needs it, a line per experiment, as "checkout: conversion_rate, revenue". */
    public static final String TOUCHES = "touches";
    /** Failures that raise no alert as this one tells of them, a line each, as "checkout: volume of outcome purchase". */
    public static final String INHIBITS = "inhibits";

    public Watch {
        Objects.requireNonNull(experimentId, "experimentId");
        segments = Set.copyOf(segments);
        alerts = List.copyOf(alerts);
    }

    /** The inputs and the pipeline, which belong to no experiment. */
    public static Watch lake() {
        return new Watch("", Set.of(), List.of());
    }

    /**
     * What an evaluation says of every alert.
     *
     * @param findings of all health checks, of all experiments
     * @param decisions of the rules and metric alerts of all experiments
     * @param inhibition which of them other alerts tell of
     */
    public List<Signal> signals(List<Finding> findings, List<RuleDecision> decisions, Inhibition inhibition) {
        List<Finding> causes = findings.stream()
                .filter(finding -> finding.failed()
                        && (isOwn(finding) || isOfLake(finding))
                        && inhibition.of(finding).isEmpty())
                .sorted(Comparator.comparing(Finding::check))
                .toList();
        return Stream.concat(
                        findings.stream().filter(this::isOwn).map(finding -> signal(finding, causes, inhibition)),
                        decisions.stream()
                                .filter(decision -> decision.experimentId().equals(experimentId))
                                .flatMap(decision -> signal(decision, inhibition).stream()))
                .toList();
    }

    /** Whether an alert with these labels would still be raised by what is declared. */
    public boolean watches(Labels labels) {
        if (!labels.experimentId().equals(experimentId)) {
            return false;
        }
        Optional<Check> check = labels.value(Labels.CHECK)
                .flatMap(label -> Stream.of(Check.values())
                        .filter(known -> known.label().equals(label))
                        .findFirst());
        String segment = labels.value(Labels.SEGMENT).orElse("");
        String subject = labels.value(Labels.SUBJECT).orElse("");
        return check.isPresent()
                ? (segments.isEmpty() || segments.contains(segment))
                        && labels(check.get(), segment, subject).equals(labels)
                : alerts.stream()
                        .anyMatch(alert -> alert.watched() instanceof OfMetric metric
                                && alert.labels(experimentId, metric).equals(labels));
    }

    private boolean isOwn(Finding finding) {
        return finding.experimentId().equals(experimentId);
    }

    private static boolean isOfLake(Finding finding) {
        return finding.experimentId().isEmpty();
    }

    private Alert alert(Check check, String segment, String subject) {
        return alerts.stream()
                .filter(alert -> alert.watched() instanceof OfCheck of && of.covers(check, segment, subject))
                .findFirst()
                .orElseGet(() -> Alert.of(check));
    }

    private Labels labels(Check check, String segment, String subject) {
        return alert(check, segment, subject).labels(experimentId, check, segment, subject);
    }

    private Signal signal(Finding finding, List<Finding> causes, Inhibition inhibition) {
        Alert alert = alert(finding.check(), finding.segment(), finding.subject());
        Map<String, String> annotations = annotations(alert, finding.reason());
        Optional<Told> told = finding.failed() ? inhibition.of(finding) : Optional.empty();
        if (finding.failed()) {
            told.map(Told::cause)
                    .or(() -> cause(finding, causes))
                    .ifPresent(cause -> annotations.put(CONSEQUENCE_OF, title(cause)));
            annotate(annotations, TOUCHES, inhibition.touched(finding));
            annotate(annotations, INHIBITS, inhibition.inhibited(finding));
        }
        return new Signal(
                labels(finding.check(), finding.segment(), finding.subject()),
                annotations,
                switch (finding.state()) {
                    case FAILED -> Signal.State.HOLDS;
                    case PASSED -> Signal.State.CLEAR;
                    case UNKNOWN -> Signal.State.UNKNOWN;
                },
                alert.pendingFor(),
                alert.keepFiringFor(),
                told.filter(by -> !isAskedFor(finding)).map(Told::since));
    }

    /** Whether an alert is declared of a feed itself: whoever asks to be told of it is told, whoever else is. */
    private boolean isAskedFor(Finding finding) {
        return Feed.of(finding).isPresent()
                && alerts.contains(alert(finding.check(), finding.segment(), finding.subject()));
    }

    private static void annotate(Map<String, String> annotations, String name, List<String> lines) {
        if (!lines.isEmpty()) {
            annotations.put(name, String.join("\n", lines));
        }
    }

    /** The first failure, in the order in which a person should look, that may explain another. */
    private static Optional<Finding> cause(Finding finding, List<Finding> causes) {
        return causes.stream()
                .filter(earlier -> earlier.check().mayExplain(finding.check()))
                .findFirst();
    }

    private String title(Finding cause) {
        Watch declaring = isOwn(cause) ? this : lake();
        return declaring.labels(cause.check(), cause.segment(), cause.subject()).title();
    }

    private Optional<Signal> signal(RuleDecision decision, Inhibition inhibition) {
        return alerts.stream()
                .filter(alert -> alert.watched() instanceof OfMetric
                        && alert.name().equals(decision.rule().ruleId()))
                .findFirst()
                .map(alert -> {
                    Map<String, String> annotations = annotations(alert, decision.reason());
                    Optional<Told> told = inhibition.of(decision);
                    told.ifPresent(by -> annotations.put(CONSEQUENCE_OF, title(by.cause())));
                    return new Signal(
                            alert.labels(experimentId, (OfMetric) alert.watched()),
                            annotations,
                            state(decision.outcome()),
                            alert.pendingFor(),
                            alert.keepFiringFor(),
                            told.map(Told::since));
                });
    }

    /** A condition that is not shown to hold is clear, also where it is not shown to be wrong. */
    private static Signal.State state(Outcome outcome) {
        return switch (outcome) {
            case FIRED -> Signal.State.HOLDS;
            case INCONCLUSIVE -> Signal.State.UNKNOWN;
            case HELD, RECOVERED, SUPPRESSED -> Signal.State.CLEAR;
        };
    }

    private static Map<String, String> annotations(Alert alert, String reason) {
        Map<String, String> annotations = new HashMap<>();
        annotations.put(SUMMARY, alert.description());
        annotations.put(REASON, reason);
        alert.runbook().ifPresent(address -> annotations.put(RUNBOOK, address));
        return annotations;
    }
}
