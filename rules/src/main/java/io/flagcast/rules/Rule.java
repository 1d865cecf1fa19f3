package io.flagcast.rules;

import java.time.Duration;
import java.util.Locale;
import java.util.Objects;
import java.util.OptionalInt;

/**
 * A declared rule: when a segment's metric is beyond a level, change that segment's share.
 *
 * @param ruleId unique within the experiment
 * @param description what it is for, in a sentence
 * @param when what is compared
 * @param evidence how sure the comparison has to be
 * @param then what changes
 * @param cooldown least time between two firings; zero for none
 * @param maxFirings most firings ever; required in mode enforce
 * @param mode whether a firing changes anything
 */
public record Rule(
        String ruleId,
        String description,
        Condition when,
        Evidence evidence,
        Action then,
        Duration cooldown,
        OptionalInt maxFirings,
        Mode mode) {

    /** What a firing does. */
    public enum Mode {
        /** Recorded, nothing changed. */
        DRY_RUN,
        /** Recorded, waits for a person. */
        PROPOSE,
        /** The share changes. */
        ENFORCE;

        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Users whose outcomes a condition looks at. */
    public enum Population {
        ENABLED,
        CONTROL,
        EVERYONE;

        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Side of the level on which a condition holds. */
    public enum Side {
        BELOW,
        ABOVE;

        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * A structured comparison; it holds when the confidence bound, not the point estimate, is beyond the level.
     *
     * @param segment segment of the experiment
     * @param population users of the segment
     * @param metric metric of the experiment
     * @param side side of the level on which it holds
     * @param level the limit, in the metric's unit
     */
    public record Condition(String segment, Population population, String metric, Side side, double level) {

        public Condition {
            Objects.requireNonNull(segment, "segment");
            Objects.requireNonNull(population, "population");
            Objects.requireNonNull(metric, "metric");
            Objects.requireNonNull(side, "side");
            if (!Double.isFinite(level)) {
                throw new IllegalArgumentException("level " + level + " is not a finite number");
            }
        }
    }

    /**
     * How sure a comparison has to be.
     *
     * @param minUsers users below which it stays inconclusive, at least 1
     * @param confidence of the one-sided bound over all looks together, in (0.5, 1)
     * @param tunedAt number of users at which the bound is tightest, at least 1
     */
    public record Evidence(long minUsers, double confidence, long tunedAt) {

        public Evidence {
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
        }
    }

    public Rule {
        Objects.requireNonNull(ruleId, "ruleId");
        Objects.requireNonNull(description, "description");
        Objects.requireNonNull(when, "when");
        Objects.requireNonNull(evidence, "evidence");
        Objects.requireNonNull(then, "then");
        Objects.requireNonNull(mode, "mode");
        if (cooldown.isNegative()) {
            throw new IllegalArgumentException("cooldown " + cooldown + " is negative");
        }
        if (maxFirings.isPresent() && maxFirings.getAsInt() < 1) {
            throw new IllegalArgumentException("max_firings " + maxFirings.getAsInt() + " is below 1");
        }
        if (mode == Mode.ENFORCE && maxFirings.isEmpty()) {
            throw new IllegalArgumentException("mode enforce needs max_firings: shedding is random within a segment, so"
                    + " the rule can fire again and again down to its floor");
        }
    }
}
