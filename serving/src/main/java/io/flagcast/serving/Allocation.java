package io.flagcast.serving;

import io.flagcast.allocation.Decision;
import io.flagcast.serving.Layout.Contents;
import io.flagcast.serving.ServedExperiment.Definition;
import io.flagcast.tables.Ids;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * What a user gets in an experiment, and why.
 *
 * @param userId the user
 * @param experimentId the experiment
 * @param enabled whether the feature is on
 * @param reason first line of the decision that applied, as {@code policy}; or {@link #UNKNOWN_EXPERIMENT}, {@link #NO_USER} or
 *     {@link #FAILURE}, which are off
 * @param treatment parameters for an enabled user; empty otherwise
 * @param score score used, 0 to 100; absent for a user without one
 * @param segment segment of that score
 * @param tier tier of that score, 0 the highest; tiered allocation only
 * @param bucket enrolment bucket, in [0, 1)
 * @param baseProbability what the policy gives the user before the share, in [0, 1]
 * @param share fraction of it that the segment keeps, in [0, 1]
 * @param propensity probability with which the user is enabled, in [0, 1]
 * @param modelId model of the score
 * @param parametersVersion version of the allocation parameters in force
 * @param runId run that decided
 * @param publication sequence of its publication
 */
public record Allocation(
        String userId,
        String experimentId,
        boolean enabled,
        String reason,
        Map<String, String> treatment,
        OptionalDouble score,
        Optional<String> segment,
        OptionalInt tier,
        double bucket,
        double baseProbability,
        double share,
        double propensity,
        Optional<String> modelId,
        long parametersVersion,
        String runId,
        long publication) {

    /** The publication has no such experiment. */
    public static final String UNKNOWN_EXPERIMENT = "unknown_experiment";
    /** The caller gave no user: null, or an id that is {@linkplain Ids#isBlank blank}. */
    public static final String NO_USER = "no_user";
    /** The lookup failed, which is logged. */
    public static final String FAILURE = "failure";

    static Allocation of(
            String userId,
            Definition experiment,
            Decision decision,
            OptionalDouble score,
            Optional<String> modelId,
            long parametersVersion,
            Contents contents) {
        return new Allocation(
                userId,
                experiment.experimentId(),
                decision.enabled(),
                decision.reason().label(),
                decision.enabled() ? experiment.treatment() : Map.of(),
                score,
                decision.segment(),
                decision.tier(),
                decision.bucket(),
                decision.baseProbability(),
                decision.share(),
                decision.propensity(),
                modelId,
                parametersVersion,
                contents.runId(),
                contents.sequence());
    }

    /** Whether an experiment has decided for somebody; what was off without a decision is no exposure. */
    public boolean isDecided() {
        return !Ids.isBlank(userId)
                && !reason.equals(UNKNOWN_EXPERIMENT)
                && !reason.equals(NO_USER)
                && !reason.equals(FAILURE);
    }

    /** Off, without a decision. */
    static Allocation none(String userId, String experimentId, String reason, Contents contents) {
        return new Allocation(
                userId,
                experimentId,
                false,
                reason,
                Map.of(),
                OptionalDouble.empty(),
                Optional.empty(),
                OptionalInt.empty(),
                0,
                0,
                0,
                0,
                Optional.empty(),
                0,
                contents.runId(),
                contents.sequence());
    }
}
