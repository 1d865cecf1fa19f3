package io.flagcast.allocation;

import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.allocation.Bucketing.Purpose;
import java.io.Serializable;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;

/**
 * The decision of one experiment for users whom no run has met: they have no score, and where the experiment declares an
 * eligibility, they are not. A pure function of the user's id. Serializable, so that an engine can ship it.
 */
public final class Strangers implements Serializable {

    private static final Candidate ELIGIBLE = new Candidate(OptionalDouble.empty(), false, true, "");
    private static final Candidate INELIGIBLE = new Candidate(OptionalDouble.empty(), false, false, "");

    /** Whom an experiment is for. */
    public enum Eligibility {
        /** Everybody. */
        UNDECLARED,
        /** Users whose profile fulfils a condition: one without a profile does not. */
        DECLARED
    }

    /**
     * What buckets are drawn with.
     *
     * @param experiment salt of the experiment
     * @param holdout salt of the lake's holdout
     */
    public record Salts(String experiment, String holdout) {}

    private final Allocator allocator;
    private final Eligibility eligibility;
    private final Bucketing holdout;
    private final Bucketing layer;
    private final Bucketing exploration;
    private final Bucketing coin;
    private final Bucketing enrolment;

    /**
     * Those of an experiment, as a row of table {@code experiments} has it.
     *
     * @param holdout fraction of users that the lake keeps out of every experiment, in [0, 1)
     * @param layer range of the layer that belongs to the experiment
     * @param exploration fraction of users who are never personalised, in [0, 1]
     * @param unscored probability for users without a score, in [0, 1]
     */
    public Strangers(
            Activity activity,
            Salts salts,
            double holdout,
            Layer layer,
            Eligibility eligibility,
            double exploration,
            double unscored) {
        // Neither segments nor policy have a say over a user without a score.
        this.allocator = new Allocator(
                activity, holdout, layer, Segments.SINGLE, new Policy.Percentage(0), exploration, unscored, Map.of());
        this.eligibility = Objects.requireNonNull(eligibility, "eligibility");
        this.holdout = Bucketing.of(salts.holdout(), Purpose.HOLDOUT);
        this.layer = Bucketing.of(layer.name(), Purpose.LAYER);
        this.exploration = Bucketing.of(salts.experiment(), Purpose.EXPLORATION);
        this.coin = Bucketing.of(salts.experiment(), Purpose.COIN);
        this.enrolment = Bucketing.of(salts.experiment(), Purpose.ENROLMENT);
    }

    /** The enrolment bucket of a user, in [0, 1). */
    public double bucket(String userId) {
        return enrolment.bucket(userId);
    }

    /** Decides for one of them. */
    public Decision decide(String userId) {
        return allocator.decide(
                new Buckets(
                        holdout.bucket(userId),
                        layer.bucket(userId),
                        exploration.bucket(userId),
                        coin.bucket(userId),
                        enrolment.bucket(userId)),
                eligibility == Eligibility.DECLARED ? INELIGIBLE : ELIGIBLE);
    }
}
