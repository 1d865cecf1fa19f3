package io.flagcast.allocation;

import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Whether a user is enabled in an experiment, and why.
 *
 * @param enabled whether the feature is on
 * @param reason first line of the decision that applied
 * @param segment segment of the score, where there is one
 * @param tier tier of the score, where the policy has tiers
 * @param bucket enrolment bucket, in [0, 1)
 * @param baseProbability what the policy gives the user before the share, in [0, 1]
 * @param share fraction of it that the segment keeps, in [0, 1]
 * @param propensity probability of being enabled given that the user is eligible, inside the layer and not held out;
 *     exploration slice and policy together. 0 where the user is not
 */
public record Decision(
        boolean enabled,
        Reason reason,
        Optional<String> segment,
        OptionalInt tier,
        double bucket,
        double baseProbability,
        double share,
        double propensity) {

    /** Lines of the decision, in the order in which they are tried. */
    public enum Reason {
        INACTIVE,
        HOLDOUT,
        LAYER,
        INELIGIBLE,
        EXPLORATION,
        UNSCORED,
        NO_BENEFIT,
        POLICY;

        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
