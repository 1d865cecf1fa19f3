package io.flagcast.jobs.questions.evaluation;

import io.flagcast.allocation.BanditLearner;
import io.flagcast.allocation.OffPolicyEstimator;
import io.flagcast.allocation.OffPolicyEvaluation.Difference;
import io.flagcast.allocation.OffPolicyEvaluation.Estimate;
import io.flagcast.allocation.OffPolicyEvaluation.PolicyValue;
import io.flagcast.experiments.Experiment;
import io.flagcast.experiments.NetValue;
import io.flagcast.statistics.Interval;
import io.flagcast.statistics.Metric;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * What policies would have earned on the same logged users.
 *
 * @param incumbent the experiment in force, whose log was asked
 * @param metric the reward
 * @param net what the reward is worth, where values are net of cost
 * @param until outcome windows that closed at or before this instant are counted
 * @param values by policy, in the order of {@link Compared}; the first is the one that was asked about
 */
public record PolicyComparison(
        Experiment incumbent, Metric metric, Optional<NetValue> net, Instant until, Map<Compared, PolicyValue> values) {

    /** Of a metric as it is. */
    public PolicyComparison(Experiment incumbent, Metric metric, Instant until, Map<Compared, PolicyValue> values) {
        this(incumbent, metric, Optional.empty(), until, values);
    }

    /** A policy that is compared. */
    public enum Compared {
        /** That of the edited file. */
        CANDIDATE("candidate"),
        /** That of the file in force. */
        IN_FORCE("in force"),
        /** Enables whomever the experiment may enable at all. */
        EVERYBODY("everybody"),
        /** Enables nobody. */
        NOBODY("nobody");

        private final String label;

        Compared(String label) {
            this.label = label;
        }

        /** Its name for people and programs. */
        public String label() {
            return label;
        }
    }

    /** How the policy that was asked about stands to another one. */
    public enum Verdict {
        /** It earns more, with 95 % confidence. */
        SUPERIOR("superior"),
        /** That it earns more is not shown, though the log says enough of both. */
        NOT_SUPERIOR("not superior"),
        /** The log says too little of one of them, or of where they differ. */
        CANNOT_TELL("cannot tell");

        private final String label;

        Verdict(String label) {
            this.label = label;
        }

        /** Its name for people and programs. */
        public String label() {
            return label;
        }
    }

    /**
     * What one estimator says of one policy.
     *
     * @param policy which policy
     * @param estimator which estimator
     * @param estimate the value, in the unit of the reward
     */
    public record Estimated(Compared policy, OffPolicyEstimator estimator, Estimate estimate) {}

    /** @throws IllegalArgumentException if there are no values */
    public PolicyComparison {
        Objects.requireNonNull(incumbent, "incumbent");
        Objects.requireNonNull(metric, "metric");
        Objects.requireNonNull(until, "until");
        if (values.isEmpty()) {
            throw new IllegalArgumentException("a comparison of no policies");
        }
        values = Collections.unmodifiableMap(new EnumMap<>(values));
    }

    /** The policy that was asked about: the candidate, or without one the file in force. */
    public Compared asked() {
        return values.keySet().iterator().next();
    }

    /** What a policy would have earned. */
    public PolicyValue value(Compared policy) {
        return Objects.requireNonNull(values.get(policy), policy.label());
    }

    /** All estimates of every policy, in the order of the policies, then of the estimators. */
    public List<Estimated> estimates() {
        List<Estimated> estimates = new ArrayList<>();
        values.forEach((policy, value) -> {
            for (OffPolicyEstimator estimator : OffPolicyEstimator.values()) {
                Optional.ofNullable(value.estimates().get(estimator))
                        .ifPresent(estimate -> estimates.add(new Estimated(policy, estimator, estimate)));
            }
        });
        return estimates;
    }

    /**
     * What a person should know of the values, a sentence each: where the log cannot answer, where it is worth few users only,
     * and where it cannot tell which of two policies is better.
     */
    public List<String> caveats() {
        List<String> caveats = new ArrayList<>();
        values.forEach((policy, value) -> {
            if (value.refusal().isPresent()) {
                caveats.add("%s: %s".formatted(policy.label(), value.refusal().get()));
            } else if (value.effectiveSampleSize() < BanditLearner.LEAST_SAMPLE) {
                caveats.add("%s: worth %.0f users only: take its intervals for a hint"
                        .formatted(policy.label(), value.effectiveSampleSize()));
            }
            if (value.refusal().isEmpty() && verdict(policy).equals(Optional.of(Verdict.CANNOT_TELL))) {
                doubt(policy)
                        .ifPresent(why -> caveats.add(
                                "%s over %s: cannot tell: %s".formatted(asked().label(), policy.label(), why)));
            }
        });
        return caveats;
    }

    /** In one line: of what, and on whom. */
    public String title() {
        return "%s, %s (%s): %,d users who met it and whose window of %s closed before %s"
                .formatted(
                        incumbent.experimentId(),
                        reward(),
                        net.map(NetValue::formula)
                                .orElse(
                                        metric.direction() == Metric.Direction.HIGHER_IS_BETTER
                                                ? "higher is better"
                                                : "lower is better"),
                        value(asked()).users(),
                        ComparePolicies.length(metric.closesAfter()),
                        until);
    }

    /** What is earned: the metric's name, or {@link NetValue#NAME}. */
    public String reward() {
        return net.isPresent() ? NetValue.NAME : metric.name();
    }

    /** Why the log cannot tell what the policy that was asked about earns. */
    public Optional<String> refusal() {
        return value(asked()).refusal();
    }

    /** What the policy that was asked about earns above another; absent for itself, and where the log cannot answer. */
    public Optional<Estimate> over(Compared other) {
        return difference(other)
                .map(Difference::estimate)
                .map(estimate -> new Estimate(-estimate.value(), reversed(estimate.interval())));
    }

    /**
     * Effective users who speak of what the policy that was asked about and another one differ in; absent for itself, and where
     * the log cannot answer.
     */
    public Optional<Double> differenceUsers(Compared other) {
        return difference(other).map(Difference::effectiveSampleSize);
    }

    private Optional<Difference> difference(Compared other) {
        return other == asked() ? Optional.empty() : value(other).overFirst();
    }

    /** How the policy that was asked about stands to another one; absent for itself. */
    public Optional<Verdict> verdict(Compared other) {
        if (other == asked()) {
            return Optional.empty();
        }
        if (doubt(other).isPresent()) {
            return Optional.of(Verdict.CANNOT_TELL);
        }
        return Optional.of(
                gain(other).filter(gain -> gain.lower() > 0).isPresent() ? Verdict.SUPERIOR : Verdict.NOT_SUPERIOR);
    }

    /** Why the log cannot tell which of the policy that was asked about and another one is better. */
    private Optional<String> doubt(Compared other) {
        Optional<Double> users = differenceUsers(other);
        if (users.isEmpty()) {
            return Optional.of(value(other).refusal().orElse("no comparison"));
        }
        for (Compared one : List.of(asked(), other)) {
            double sample = value(one).effectiveSampleSize();
            if (sample < BanditLearner.LEAST_SAMPLE) {
                return Optional.of("the log is worth %.1f users under %s, needs %.0f"
                        .formatted(sample, one.label(), BanditLearner.LEAST_SAMPLE));
            }
        }
        return users.get() < BanditLearner.LEAST_SAMPLE
                ? Optional.of("where the two differ the log is worth %.1f users, needs %.0f"
                        .formatted(users.get(), BanditLearner.LEAST_SAMPLE))
                : Optional.empty();
    }

    /** What the policy that was asked about gains over another, positive where it is better. */
    private Optional<Interval> gain(Compared other) {
        return over(other)
                .map(Estimate::interval)
                .map(over -> metric.direction() == Metric.Direction.HIGHER_IS_BETTER ? over : reversed(over));
    }

    private static Interval reversed(Interval interval) {
        return new Interval(-interval.upper(), -interval.lower());
    }

    /**
     * Why the candidate should not replace the file in force, a sentence each; none where it is superior to each of the
     * others: so to the best constant too, whichever that is, without choosing it first. Each comparison needs enough
     * effective users under both of its policies and where they differ.
     *
     * @param candidate the edited experiment, whose policy was asked about
     */
    public List<String> objections(Experiment candidate) {
        List<String> objections = new ArrayList<>();
        if (!candidate.salt().equals(incumbent.salt())) {
            objections.add("its salt is another one, which would reshuffle every user: give it '%s'"
                    .formatted(incumbent.salt()));
        }
        if (!candidate.featureId().equals(incumbent.featureId())) {
            objections.add("its feature_id is another one: the log is of '%s'".formatted(incumbent.featureId()));
        }
        if (!candidate.treatment().equals(incumbent.treatment())) {
            objections.add("its treatment is another one: the log is of %s".formatted(incumbent.treatment()));
        }
        for (Compared other : values.keySet()) {
            verdict(other)
                    .filter(verdict -> verdict != Verdict.SUPERIOR)
                    .ifPresent(verdict -> objections.add("over %s%s".formatted(other.label(), objection(other))));
        }
        return objections;
    }

    private String objection(Compared other) {
        return doubt(other)
                .map(why -> ": cannot tell: " + why)
                .orElseGet(() -> gain(other)
                        .map(gain -> " it gains %+.5f to %+.5f with 95 %% confidence, which has to be above 0"
                                .formatted(gain.lower(), gain.upper()))
                        .orElseThrow());
    }
}
