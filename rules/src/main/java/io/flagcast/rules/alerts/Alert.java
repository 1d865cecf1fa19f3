package io.flagcast.rules.alerts;

import io.flagcast.rules.Action;
import io.flagcast.rules.Action.Alert.Severity;
import io.flagcast.rules.Condition;
import io.flagcast.rules.Condition.Comparison;
import io.flagcast.rules.Rule;
import io.flagcast.rules.Rule.Evidence;
import io.flagcast.rules.checks.Check;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Collectors;

/**
 * What somebody wants to be told of an experiment.
 *
 * @param name unique within the experiment
 * @param description what it means, in a sentence
 * @param watched what raises it
 * @param severity how urgent it is
 * @param pendingFor how long it has to hold before it fires; zero for at once
 * @param keepFiringFor how long it goes on firing after it has ceased to hold; zero for not at all
 * @param labels further labels, as the team to tell; none of {@link Labels#RESERVED}
 * @param runbook address of what to do
 */
public record Alert(
        String name,
        String description,
        Watched watched,
        Severity severity,
        Duration pendingFor,
        Duration keepFiringFor,
        Map<String, String> labels,
        Optional<String> runbook) {

    /** What raises an alert. */
    public sealed interface Watched {}

    /**
     * The failure of a health check.
     *
     * @param check the check
     * @param segment only in this segment; in any where absent
     * @param subject only of this metric, predictor, attribute or input; of any where absent
     */
    public record OfCheck(Check check, Optional<String> segment, Optional<String> subject) implements Watched {

        public OfCheck {
            Objects.requireNonNull(check, "check");
            Objects.requireNonNull(segment, "segment");
            Objects.requireNonNull(subject, "subject");
        }

        /** Whether every failure that another watches is one of these. */
        public boolean coversAll(OfCheck other) {
            return check == other.check
                    && (segment.isEmpty() || segment.equals(other.segment))
                    && (subject.isEmpty() || subject.equals(other.subject));
        }

        boolean covers(Check found, String inSegment, String ofSubject) {
            return check == found
                    && segment.map(inSegment::equals).orElse(true)
                    && subject.map(ofSubject::equals).orElse(true);
        }
    }

    /**
     * A condition on metrics.
     *
     * @param segment the segment, or all
     * @param when what it looks for
     * @param evidence how sure it has to be
     */
    public record OfMetric(String segment, Condition when, Evidence evidence) implements Watched {

        public OfMetric {
            Objects.requireNonNull(segment, "segment");
            Objects.requireNonNull(when, "when");
            Objects.requireNonNull(evidence, "evidence");
        }

        private String metrics() {
            return when.comparisons().map(Comparison::metric).distinct().collect(Collectors.joining(", "));
        }
    }

    public Alert {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(description, "description");
        Objects.requireNonNull(watched, "watched");
        Objects.requireNonNull(severity, "severity");
        Objects.requireNonNull(runbook, "runbook");
        labels = Map.copyOf(labels);
        labels.forEach((label, value) -> {
            Labels.require(label, value);
            if (Labels.RESERVED.contains(label)) {
                throw new IllegalArgumentException(
                        "label '%s' is one that every alert has of itself: choose another name".formatted(label));
            }
        });
        if (pendingFor.isNegative() || keepFiringFor.isNegative()) {
            throw new IllegalArgumentException(
                    "for %s and keep_firing_for %s: neither may be negative".formatted(pendingFor, keepFiringFor));
        }
    }

    /** The alert of a check for which nothing is declared: at its own severity, at once. */
    public static Alert of(Check check) {
        return immediate(
                check.label(),
                "health check %s failed".formatted(check.label()),
                new OfCheck(check, Optional.empty(), Optional.empty()),
                check.severity());
    }

    /** The alert that a rule raises, where that is what it does. */
    public static Optional<Alert> of(Rule rule) {
        return rule.then() instanceof Action.Alert then
                ? Optional.of(immediate(
                        rule.ruleId(),
                        rule.description(),
                        new OfMetric(rule.segment(), rule.when(), rule.evidence()),
                        then.severity()))
                : Optional.empty();
    }

    private static Alert immediate(String name, String description, Watched watched, Severity severity) {
        return new Alert(
                name, description, watched, severity, Duration.ZERO, Duration.ZERO, Map.of(), Optional.empty());
    }

    /** The rule that evaluates this alert; absent where a check raises it. */
    public Optional<Rule> rule() {
        return watched instanceof OfMetric metric
                ? Optional.of(new Rule(
                        name,
                        description,
                        metric.segment(),
                        metric.when(),
                        metric.evidence(),
                        new Action.Alert(severity),
                        Optional.empty(),
                        Duration.ZERO,
                        OptionalInt.empty(),
                        Rule.Health.FOR_INCREASES,
                        Rule.Mode.ENFORCE))
                : Optional.empty();
    }

    /** Its labels where a metric raises it. */
    public Labels labels(String experimentId, OfMetric metric) {
        return labels(experimentId, Map.of(Labels.SEGMENT, metric.segment(), Labels.METRIC, metric.metrics()));
    }

    /** Its labels where a check raises it. */
    public Labels labels(String experimentId, Check check, String segment, String subject) {
        return labels(
                experimentId, Map.of(Labels.SEGMENT, segment, Labels.CHECK, check.label(), Labels.SUBJECT, subject));
    }

    private Labels labels(String experimentId, Map<String, String> place) {
        Map<String, String> all = new HashMap<>(labels);
        all.putAll(place);
        all.put(Labels.ALERT_NAME, name);
        all.put(Labels.EXPERIMENT_ID, experimentId);
        all.put(Labels.SEVERITY, severity.label());
        // What is empty says nothing, and Prometheus takes it for absent.
        all.values().removeIf(String::isEmpty);
        return Labels.of(all);
    }
}
