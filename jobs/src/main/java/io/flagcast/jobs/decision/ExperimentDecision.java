package io.flagcast.jobs.decision;

import io.flagcast.allocation.Allocator;
import io.flagcast.allocation.Bucketing;
import io.flagcast.allocation.Bucketing.Purpose;
import io.flagcast.allocation.Buckets;
import io.flagcast.allocation.Candidate;
import io.flagcast.allocation.Decision;
import io.flagcast.allocation.Decision.Reason;
import io.flagcast.experiments.Experiment;
import io.flagcast.experiments.Experiment.Stickiness;
import io.flagcast.experiments.NetValue;
import io.flagcast.jobs.run.Rollout;
import java.io.Serializable;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalDouble;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.unsafe.types.UTF8String;

/** One experiment, ready to decide about users as Spark holds them: {@link Allocator} with what is known of a user. */
final class ExperimentDecision implements Serializable {

    /** What {@link #decide} returns. */
    static final StructType DECISION =
            StructType.fromDDL("experiment_id STRING, enabled BOOLEAN, score DOUBLE, segment STRING,"
                    + " tier INT, bucket DOUBLE, base_probability DOUBLE, share DOUBLE, propensity DOUBLE, reason STRING,"
                    + " parameters_version BIGINT, model_id STRING");

    /** What it reads of a user besides scores and enrolment, one after the other for every experiment. */
    static final StructType OWN = StructType.fromDDL("eligible BOOLEAN, context STRING, cost DOUBLE");

    private static final UTF8String OF_NOBODY = UTF8String.fromString("prior");
    private static final long serialVersionUID = 1L;

    private final Allocator allocator;
    private final UTF8String experimentId;
    private final UTF8String featureId;
    private final boolean keeps;
    /** Worth of one of the metric; NaN where the experiment does not say. */
    private final double worth;

    private final long version;
    private final Bucketing layer;
    private final Bucketing exploration;
    private final Bucketing coin;
    private final Bucketing enrolment;
    private final Map<String, UTF8String> segments = new HashMap<>();
    private final Map<Reason, UTF8String> reasons = new EnumMap<>(Reason.class);

    ExperimentDecision(Rollout rollout) {
        Experiment experiment = rollout.experiment();
        this.allocator = rollout.allocator();
        this.experimentId = UTF8String.fromString(experiment.experimentId());
        this.featureId = UTF8String.fromString(experiment.featureId());
        this.keeps = experiment.stickiness() == Stickiness.ENROLMENT;
        this.worth = experiment.value().map(NetValue::per).orElse(Double.NaN);
        this.version = rollout.parameters().version();
        this.layer = Bucketing.of(experiment.layer().name(), Purpose.LAYER);
        this.exploration = Bucketing.of(experiment.salt(), Purpose.EXPLORATION);
        this.coin = Bucketing.of(experiment.salt(), Purpose.COIN);
        this.enrolment = Bucketing.of(experiment.salt(), Purpose.ENROLMENT);
        allocator.segments().names().forEach(name -> segments.put(name, UTF8String.fromString(name)));
        for (Reason reason : Reason.values()) {
            reasons.put(reason, UTF8String.fromString(reason.label()));
        }
    }

    /**
     * Decides about a user.
     *
     * @param userId UTF-8
     * @param holdout the user's bucket in the lake's holdout
     * @param scores what is known by feature, as {@link KnownRows#byKey} has it
     * @param enrolments the same by experiment
     * @param user a row with {@link #OWN} of this experiment from a place on
     */
    InternalRow decide(
            byte[] userId,
            double holdout,
            Map<UTF8String, InternalRow> scores,
            Map<UTF8String, InternalRow> enrolments,
            InternalRow user,
            int place) {
        InternalRow scored = scores.get(featureId);
        InternalRow enrolled = keeps ? enrolments.get(experimentId) : null;
        InternalRow today = scored != null && OF_NOBODY.equals(scored.getUTF8String(KnownRows.SOURCE)) ? null : scored;
        OptionalDouble score = first(enrolled, today, KnownRows.SCORE);
        OptionalDouble cost = number(user, place + 2);
        boolean asks = !Double.isNaN(worth);
        OptionalDouble bound = asks ? first(enrolled, scored, KnownRows.BOUND) : OptionalDouble.empty();
        OptionalDouble shown = asks ? first(enrolled, scored, KnownRows.SHOWN) : OptionalDouble.empty();
        boolean eligible = !user.isNullAt(place) && user.getBoolean(place) && (cost.isPresent() || !asks);
        boolean isJudged = cost.isPresent() && bound.isPresent();
        Candidate candidate = new Candidate(
                score,
                isJudged ? bound.getAsDouble() * worth <= cost.getAsDouble() : noBenefit(enrolled, scored),
                eligible,
                user.getUTF8String(place + 1).toString(),
                cost.isPresent() && shown.isPresent() && shown.getAsDouble() * worth > cost.getAsDouble());
        Decision decision = allocator.decide(
                new Buckets(
                        holdout,
                        layer.bucket(userId),
                        exploration.bucket(userId),
                        coin.bucket(userId),
                        enrolment.bucket(userId)),
                candidate);
        InternalRow source = enrolled != null ? enrolled : scored;
        return new GenericInternalRow(new Object[] {
            experimentId,
            decision.enabled(),
            score.isPresent() ? score.getAsDouble() : null,
            decision.segment().map(segments::get).orElse(null),
            decision.tier().isPresent() ? decision.tier().getAsInt() : null,
            decision.bucket(),
            decision.baseProbability(),
            decision.share(),
            decision.propensity(),
            reasons.get(decision.reason()),
            version,
            score.isPresent() && source != null ? source.getUTF8String(KnownRows.MODEL_ID) : null
        });
    }

    private static OptionalDouble number(InternalRow row, int place) {
        return row == null || row.isNullAt(place) ? OptionalDouble.empty() : OptionalDouble.of(row.getDouble(place));
    }

    private static OptionalDouble first(InternalRow enrolled, InternalRow scored, int place) {
        OptionalDouble kept = number(enrolled, place);
        return kept.isPresent() ? kept : number(scored, place);
    }

    private static boolean noBenefit(InternalRow enrolled, InternalRow scored) {
        InternalRow known = enrolled != null && !enrolled.isNullAt(KnownRows.NO_BENEFIT) ? enrolled : scored;
        return known != null && !known.isNullAt(KnownRows.NO_BENEFIT) && known.getBoolean(KnownRows.NO_BENEFIT);
    }
}
