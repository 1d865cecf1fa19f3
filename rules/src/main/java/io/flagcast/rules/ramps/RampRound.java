package io.flagcast.rules.ramps;

import io.flagcast.allocation.AllocationParameters;
import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.allocation.ParameterChange;
import io.flagcast.allocation.ParameterChange.Cause;
import io.flagcast.allocation.ParameterLog;
import io.flagcast.allocation.Policy;
import io.flagcast.allocation.Segments;
import io.flagcast.rules.Health;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a ramp finds at an as-of: how far it has come, who has met it, what rules have said, and whether the data can be trusted.
 *
 * @param experimentId the experiment
 * @param policy its policy, as the file has it
 * @param activity whether its file and its parameters let it enable anybody
 * @param log all changes of parameters, but those that this evaluation's rules ask for
 * @param parameters in force for this as-of
 * @param began as-of of the first run that decided by the step in force; this one where none has before
 * @param users who have met the experiment with the feature since the step began
 * @param firing the last firing of a rule that a gate waits for; absent where none is known
 * @param health whether the data can be trusted
 * @param asOf instant of the evaluation
 */
public record RampRound(
        String experimentId,
        Policy policy,
        Activity activity,
        ParameterLog log,
        AllocationParameters parameters,
        Instant began,
        long users,
        Optional<Firing> firing,
        Health health,
        Instant asOf) {

    /**
     * A rule that fired, in whatever mode.
     *
     * @param asOf at which it fired
     */
    public record Firing(String ruleId, Instant asOf) {
        public Firing {
            Objects.requireNonNull(ruleId, "ruleId");
            Objects.requireNonNull(asOf, "asOf");
        }
    }

    public RampRound {
        Objects.requireNonNull(experimentId, "experimentId");
        Objects.requireNonNull(policy, "policy");
        Objects.requireNonNull(activity, "activity");
        Objects.requireNonNull(log, "log");
        Objects.requireNonNull(parameters, "parameters");
        Objects.requireNonNull(began, "began");
        Objects.requireNonNull(firing, "firing");
        Objects.requireNonNull(health, "health");
        Objects.requireNonNull(asOf, "asOf");
    }

    /**
     * Earliest as-of of a run that decides by the step in force, with nothing having paused the experiment or changed it as a
     * whole since. Absent where no run has noted yet that the ramp has begun.
     */
    public static Optional<Instant> firstRun(AllocationParameters parameters) {
        return parameters
                .ramp()
                .map(reached -> parameters
                        .setting(Segments.ALL)
                        .shareChangedAt()
                        .filter(reached.at()::isBefore)
                        .map(changed -> changed.plusSeconds(1))
                        .orElse(reached.firstRun()));
    }

    /** Who has set the ramp to where it is, where it was not the ramp itself: a person or a rule, who went back. */
    Optional<Cause> setBackBy() {
        return log.until(asOf).of(experimentId).stream()
                .filter(change -> change.ramp().isPresent())
                .reduce((earlier, later) -> later)
                .map(ParameterChange::origin)
                .map(ParameterChange.Origin::cause)
                .filter(cause -> cause != Cause.RAMP);
    }

    /** The newest version, where it is newer than what this as-of decides with. */
    OptionalLong newerVersion() {
        long newest = log.newest(experimentId).version();
        return newest > parameters.version() ? OptionalLong.of(newest) : OptionalLong.empty();
    }
}
