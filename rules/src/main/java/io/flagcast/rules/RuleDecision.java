package io.flagcast.rules;

import io.flagcast.allocation.Adjustment;
import io.flagcast.allocation.AllocationParameters;
import io.flagcast.allocation.ParameterChange.Cause;
import io.flagcast.allocation.ParameterChange.Origin;
import io.flagcast.allocation.ramp.Level;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The evaluation of one rule at one as-of, whether it fired or not.
 *
 * @param decisionId key of rule, content hash, segment and as-of: a rule fires at most once for it
 * @param experimentId the experiment
 * @param rule the rule
 * @param asOf instant up to which the evidence looked
 * @param outcome what came of it
 * @param readings what the evidence said of each comparison, at least one
 * @param deciding the reading that made the outcome what it is
 * @param holdingRuns runs in a row, this one included, at which the condition has held; 0 where it does not hold
 * @param before parameters that new values were computed from
 * @param adjustment new values that the action asks for; none where it did not fire or was suppressed
 * @param reason why, in a sentence
 */
public record RuleDecision(
        String decisionId,
        String experimentId,
        Rule rule,
        Instant asOf,
        Outcome outcome,
        List<Reading> readings,
        Reading deciding,
        int holdingRuns,
        AllocationParameters before,
        Adjustment adjustment,
        String reason) {

    /** What came of an evaluation. */
    public enum Outcome {
        /** The condition holds; in mode enforce the allocation changed. */
        FIRED,
        /** The opposite of the condition holds; in mode enforce a step of what the rule took was given back. */
        RECOVERED,
        /** The condition does not hold, or a cooldown, a maximum, a floor or a failed check holds the rule back. */
        HELD,
        /** Too little data to say, or none that is usable. */
        INCONCLUSIVE,
        /** Another rule changed the same thing, and its change wins. */
        SUPPRESSED;

        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public RuleDecision {
        Objects.requireNonNull(decisionId, "decisionId");
        Objects.requireNonNull(outcome, "outcome");
        readings = List.copyOf(readings);
        Objects.requireNonNull(deciding, "deciding");
        Objects.requireNonNull(before, "before");
        Objects.requireNonNull(adjustment, "adjustment");
        Objects.requireNonNull(reason, "reason");
    }

    /** Whether this decision changes the allocation by itself. */
    public boolean changesAllocation() {
        return asksForChange() && rule.mode() == Rule.Mode.ENFORCE;
    }

    /** Whether it waits for a person. */
    public boolean isProposal() {
        return asksForChange() && rule.mode() == Rule.Mode.PROPOSE;
    }

    private boolean asksForChange() {
        return (outcome == Outcome.FIRED || outcome == Outcome.RECOVERED) && !adjustment.isNone();
    }

    boolean goesBack() {
        return adjustment.restores().isPresent();
    }

    /** What it changes, would change or proposes, in words; empty for nothing. */
    public String effect() {
        List<String> effects = new ArrayList<>();
        new TreeMap<>(adjustment.shares())
                .forEach((segment, share) -> effects.add("share of %s %s -> %s"
                        .formatted(segment, Texts.percent(before.share(segment)), Texts.percent(share))));
        adjustment
                .activeTier()
                .ifPresent(tier -> effects.add(
                        tier.isPresent() ? "active tier -> " + tier.getAsInt() : "active tier -> the file's"));
        adjustment
                .ramp()
                .ifPresent(level ->
                        effects.add("ramp -> " + level.map(Level::toString).orElse("its first step")));
        adjustment.activity().ifPresent(activity -> effects.add("experiment -> " + activity.told()));
        if (!adjustment.learned().isEmpty()) {
            effects.add(
                    "%,d learned probabilities".formatted(adjustment.learned().size()));
        }
        adjustment.restores().ifPresent(version -> effects.add("as version " + version));
        return String.join(", ", effects);
    }

    /**
     * Who made the changes of this decision.
     *
     * @param json this decision as JSON
     */
    public Origin origin(String json) {
        return new Origin(
                outcome == Outcome.RECOVERED ? Cause.RECOVERY : Cause.RULE,
                Optional.of(rule.ruleId()),
                decisionId,
                json);
    }

    RuleDecision suppressed(String why) {
        return with(Outcome.SUPPRESSED, Adjustment.NONE, why);
    }

    RuleDecision trimmed(Adjustment rest, String why) {
        return with(outcome, rest, why);
    }

    private RuleDecision with(Outcome other, Adjustment rest, String why) {
        return new RuleDecision(
                decisionId,
                experimentId,
                rule,
                asOf,
                other,
                readings,
                deciding,
                holdingRuns,
                before,
                rest,
                reason + "; " + why);
    }
}
