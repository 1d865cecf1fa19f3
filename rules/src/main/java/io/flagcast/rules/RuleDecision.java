package io.flagcast.rules;

import java.time.Instant;
import java.util.Locale;
import java.util.OptionalDouble;

/**
 * The evaluation of one rule at one as-of, whether it fired or not.
 *
 * @param decisionId key of rule, content hash, segment and as-of: a rule fires at most once for it
 * @param experimentId the experiment
 * @param rule the rule
 * @param asOf instant up to which the evidence looked
 * @param outcome what came of it
 * @param observed observed metric; absent without data
 * @param bound confidence bound that was compared with the level; absent with too little data
 * @param n users behind the observation
 * @param shareBefore share of the segment before, in [0, 1]
 * @param shareAfter share after, in [0, 1]; the same unless the rule fired in mode enforce
 * @param parametersVersion version that {@code shareBefore} comes from
 * @param reason why, in a sentence
 */
public record RuleDecision(
        String decisionId,
        String experimentId,
        Rule rule,
        Instant asOf,
        Outcome outcome,
        OptionalDouble observed,
        OptionalDouble bound,
        long n,
        double shareBefore,
        double shareAfter,
        long parametersVersion,
        String reason) {

    /** What came of an evaluation. */
    public enum Outcome {
        /** The condition holds; in mode enforce the share changed. */
        FIRED,
        /** The condition does not hold, or a cooldown, a maximum or a floor holds the rule back. */
        HELD,
        /** Too little data to say. */
        INCONCLUSIVE,
        /** Another rule lowered the same segment further. */
        SUPPRESSED;

        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Whether this decision changes the share of its segment. */
    public boolean changesShare() {
        return outcome == Outcome.FIRED && shareAfter != shareBefore;
    }
}
