package io.flagcast.allocation;

import io.flagcast.allocation.Decision.Reason;
import java.io.Serializable;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The decision of one experiment under one version of its parameters: a pure function of a user's buckets and score.
 * Serializable, so that an engine can ship it to where the users are.
 *
 * @param activity whether the experiment enables anybody
 * @param holdout fraction of users that the lake keeps out of every experiment, in [0, 1)
 * @param layer range of the layer that belongs to the experiment, {@link Layer#NONE} without one
 * @param segments bands of scores
 * @param policy from score to base probability, with what the parameters have set
 * @param exploration fraction of users who are never personalised, in [0, 1]
 * @param unscored probability for users without a score, in [0, 1]
 * @param shares fraction of its base probability that a segment keeps, in [0, 1]; 1 where absent
 */
public record Allocator(
        Activity activity,
        double holdout,
        Layer layer,
        Segments segments,
        Policy policy,
        double exploration,
        double unscored,
        Map<String, Double> shares)
        implements Serializable {

    /** Probability of the coin in the exploration slice. */
    public static final double FAIR = 0.5;

    /** Whether an experiment enables anybody. */
    public enum Activity {
        ACTIVE,
        INACTIVE;

        /** What a person calls it where parameters say so: an experiment that they make inactive is paused. */
        public String told() {
            return this == ACTIVE ? "active" : "paused";
        }
    }

    public Allocator {
        Objects.requireNonNull(activity, "activity");
        Objects.requireNonNull(layer, "layer");
        Objects.requireNonNull(segments, "segments");
        Objects.requireNonNull(policy, "policy");
        shares = Map.copyOf(shares);
        shares.forEach((segment, share) -> {
            if (!(share >= 0 && share <= 1)) {
                throw new IllegalArgumentException(
                        "share " + share + " of segment '" + segment + "' is outside [0, 1]");
            }
        });
        if (!(holdout >= 0 && holdout < 1)) {
            throw new IllegalArgumentException("holdout " + holdout + " is outside [0, 1)");
        }
        if (!(exploration >= 0 && exploration <= 1)) {
            throw new IllegalArgumentException("exploration " + exploration + " is outside [0, 1]");
        }
        if (!(unscored >= 0 && unscored <= 1)) {
            throw new IllegalArgumentException("unscored " + unscored + " is outside [0, 1]");
        }
    }

    /** This allocator as if its experiment were active. */
    public Allocator activated() {
        return new Allocator(Activity.ACTIVE, holdout, layer, segments, policy, exploration, unscored, shares);
    }

    /** Decides for one user. */
    public Decision decide(Buckets buckets, Candidate candidate) {
        Optional<String> segment = candidate.score().isPresent()
                ? Optional.of(segments.of(candidate.score().getAsDouble()))
                : Optional.empty();
        OptionalInt tier = candidate.score().isPresent() ? policy.tier(candidate) : OptionalInt.empty();
        double base = baseProbability(candidate, segment);
        double share = segment.map(name -> shares.getOrDefault(name, 1.0)).orElse(1.0);
        Optional<Reason> shutOut = shutOut(buckets, candidate);
        if (shutOut.isPresent()) {
            return new Decision(false, shutOut.get(), segment, tier, buckets.enrolment(), base, share, 0);
        }
        double kept = base * share;
        double propensity = exploration * FAIR + (1 - exploration) * kept;
        boolean explores = buckets.exploration() < exploration;
        boolean enabled = explores ? buckets.coin() < FAIR : buckets.enrolment() < kept;
        Reason reason = explores ? Reason.EXPLORATION : reason(candidate);
        return new Decision(enabled, reason, segment, tier, buckets.enrolment(), base, share, propensity);
    }

    private Optional<Reason> shutOut(Buckets buckets, Candidate candidate) {
        if (activity == Activity.INACTIVE) {
            return Optional.of(Reason.INACTIVE);
        }
        if (buckets.holdout() < holdout) {
            return Optional.of(Reason.HOLDOUT);
        }
        if (!layer.contains(buckets.layer())) {
            return Optional.of(Reason.LAYER);
        }
        return candidate.eligible() ? Optional.empty() : Optional.of(Reason.INELIGIBLE);
    }

    private double baseProbability(Candidate candidate, Optional<String> segment) {
        if (segment.isEmpty()) {
            return policy.unscored(candidate, unscored);
        }
        return candidate.noBenefit()
                ? 0
                : policy.baseProbability(candidate, new Cell(segment.get(), candidate.context()));
    }

    private static Reason reason(Candidate candidate) {
        if (candidate.score().isEmpty()) {
            return Reason.UNSCORED;
        }
        return candidate.noBenefit() ? Reason.NO_BENEFIT : Reason.POLICY;
    }
}
