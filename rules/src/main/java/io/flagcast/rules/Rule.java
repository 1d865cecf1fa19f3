package io.flagcast.rules;

import io.flagcast.allocation.Segments;
import java.time.Duration;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * A declared rule: when the metrics of a segment are shown to be beyond a limit, the allocation changes.
 *
 * @param ruleId unique within the experiment
 * @param description what it is for, in a sentence
 * @param segment segment that it watches and moves; {@link Segments#ALL} for all users together
 * @param when what it looks for
 * @param evidence how sure it has to be
 * @param then what changes
 * @param recover step by which it gives back what it took, once the opposite of its condition is shown
 * @param cooldown least time between two changes that it makes; zero for none
 * @param maxFirings most firings ever; required in mode enforce
 * @param health which of its changes wait for sound data
 * @param mode whether a firing changes anything
 */
public record Rule(
        String ruleId,
        String description,
        String segment,
        Condition when,
        Evidence evidence,
        Action then,
        Optional<Action.Increase> recover,
        Duration cooldown,
        OptionalInt maxFirings,
        Health health,
        Mode mode) {

    /** What a firing does. */
    public enum Mode {
        /** Recorded, nothing changed. */
        DRY_RUN,
        /** Recorded, waits for a person. */
        PROPOSE,
        /** It changes the allocation. */
        ENFORCE;

        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Which changes of a rule wait until no health check fails. */
    public enum Health {
        /** Those that give the feature to more users, which every rule's do. */
        FOR_INCREASES,
        /** All. */
        FOR_EVERY_CHANGE
    }

    /**
     * How sure a comparison has to be.
     *
     * @param minUsers users below which it stays inconclusive, of each side where two are compared; at least 1
     * @param method how the limit is compared
     * @param confidence of the one-sided bound over all looks together, in (0.5, 1), before the rules of an experiment
     *     share it
     * @param tunedAt number of users at which the bound is tightest, at least 1
     * @param window how long a sequence lasts, of which one begins every day; whole days; absent for one without end
     * @param consecutiveRuns runs in a row at which the condition must hold before the rule fires, at least 1
     */
    public record Evidence(
            long minUsers,
            Method method,
            double confidence,
            long tunedAt,
            Optional<Duration> window,
            int consecutiveRuns) {

        /** How a metric is compared with a limit. */
        public enum Method {
            /** The bound of a sequence that holds however often anybody looks. */
            CONFIDENCE_SEQUENCE,
            /** The estimate alone: no statistics. */
            POINT;

            public String label() {
                return name().toLowerCase(Locale.ROOT);
            }
        }

        public Evidence {
            Objects.requireNonNull(method, "method");
            if (minUsers < 1) {
                throw new IllegalArgumentException("min_users " + minUsers + " is below 1");
            }
            if (!(confidence > 0.5 && confidence < 1)) {
                throw new IllegalArgumentException(
                        "confidence " + confidence + " is outside (50%, 100%): 95% is usual");
            }
            if (tunedAt < 1) {
                throw new IllegalArgumentException("tuned_at " + tunedAt + " is below 1");
            }
            window.ifPresent(length -> Condition.requireWholeDays("window", length));
            if (consecutiveRuns < 1) {
                throw new IllegalArgumentException("consecutive_runs " + consecutiveRuns + " is below 1");
            }
        }

        /** The usual evidence: a sequence without end. */
        public static Evidence of(long minUsers, double confidence, long tunedAt) {
            return new Evidence(minUsers, Method.CONFIDENCE_SEQUENCE, confidence, tunedAt, Optional.empty(), 1);
        }
    }

    public Rule {
        Objects.requireNonNull(ruleId, "ruleId");
        Objects.requireNonNull(description, "description");
        Objects.requireNonNull(segment, "segment");
        Objects.requireNonNull(when, "when");
        Objects.requireNonNull(evidence, "evidence");
        Objects.requireNonNull(then, "then");
        Objects.requireNonNull(health, "health");
        Objects.requireNonNull(mode, "mode");
        if (cooldown.isNegative()) {
            throw new IllegalArgumentException("cooldown " + cooldown + " is negative");
        }
        if (maxFirings.isPresent() && maxFirings.getAsInt() < 1) {
            throw new IllegalArgumentException("max_firings " + maxFirings.getAsInt() + " is below 1");
        }
        if (evidence.window().isEmpty() && when.comparisons().anyMatch(Condition.VersusBaseline.class::isInstance)) {
            throw new IllegalArgumentException("when compares with a baseline: evidence.window has to say what is"
                    + " recent, as in window: 7d; the baseline is what was before it");
        }
        evidence.window()
                .ifPresent(window -> when.comparisons()
                        .filter(Condition.VersusBaseline.class::isInstance)
                        .map(Condition.VersusBaseline.class::cast)
                        .filter(versus -> versus.versus().compareTo(versus.step(window)) < 0)
                        .forEach(versus -> {
                            throw new IllegalArgumentException(
                                    "versus %s is shorter than the %s back to the same weekdays before a window of %s; write %s or more"
                                            .formatted(
                                                    Texts.duration(versus.versus()),
                                                    Texts.duration(versus.step(window)),
                                                    Texts.duration(window),
                                                    Texts.duration(versus.step(window))));
                        }));
        if (then instanceof Action.Alert) {
            if (!cooldown.isZero() || maxFirings.isPresent() || recover.isPresent()) {
                throw new IllegalArgumentException("then is an alert, which changes nothing: cooldown, max_firings and"
                        + " recover have no meaning; remove them");
            }
        } else if (mode == Mode.ENFORCE && maxFirings.isEmpty()) {
            throw new IllegalArgumentException("mode enforce needs max_firings: shedding is random within a segment, so"
                    + " the rule can fire again and again down to its floor");
        }
        if (recover.isPresent() && !(then instanceof Action.Reduce || then instanceof Action.SetShare)) {
            throw new IllegalArgumentException(
                    "recover gives back what reduce_allocation or set_allocation took; this rule takes nothing");
        }
        OptionalDouble floor = then instanceof Action.Reduce reduce
                ? OptionalDouble.of(reduce.notBelow())
                : then instanceof Action.SetShare set ? OptionalDouble.of(set.share()) : OptionalDouble.empty();
        if (recover.isPresent() && recover.get().notAbove() <= floor.orElse(0)) {
            throw new IllegalArgumentException(
                    "recover: not_above %s is not above %s, which then leaves: what was taken could never be given back; write more"
                            .formatted(Texts.percent(recover.get().notAbove()), Texts.percent(floor.getAsDouble())));
        }
    }
}
