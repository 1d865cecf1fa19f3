package io.flagcast.jobs.changes;

import io.flagcast.allocation.Adjustment;
import io.flagcast.allocation.AllocationParameters;
import io.flagcast.allocation.Allocator.Activity;
import io.flagcast.allocation.Cell;
import io.flagcast.allocation.ParameterChange;
import io.flagcast.allocation.ParameterLog;
import io.flagcast.allocation.ramp.Level;
import io.flagcast.jobs.records.DecisionTable;
import io.flagcast.jobs.records.ParameterTable;
import io.flagcast.jobs.run.Progress;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Refusal;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** Takes back what a decision has changed. */
public final class RevertDecision {

    private RevertDecision() {}

    /**
     * Gives an experiment what was before a decision.
     *
     * @param now when, in whole seconds
     * @throws Refusal with exit code 64 where no publication has the decision or it has changed nothing, 1 where something
     *     was changed again, 66 without a publication, 75 where another process changed the experiment meanwhile
     */
    public static ExitCode revert(Lake lake, String decisionId, Instant now, Progress progress) {
        ParameterLog log = ParameterTable.read(lake);
        List<ParameterChange> made = log.ofDecision(decisionId);
        if (made.isEmpty()) {
            DecisionTable.history(lake).require(decisionId);
            throw new Refusal(
                    ExitCode.USAGE, "%s has changed nothing: there is nothing to take back".formatted(decisionId));
        }
        String revertId = DecisionTable.reverting(decisionId);
        if (log.has(revertId)) {
            progress.say("%s is taken back already: nothing to do".formatted(decisionId));
            return ExitCode.DONE;
        }
        return new PersonChange(lake, log, made.get(0).experimentId())
                .make(
                        before(log, made),
                        PersonChange.person(revertId, "decision %s is taken back".formatted(decisionId), now),
                        progress,
                        "what was before %s is in force: nothing to do".formatted(decisionId));
    }

    /**
     * What was before the changes of one decision.
     *
     * @throws Refusal where one of them was changed again
     */
    static Adjustment before(ParameterLog log, List<ParameterChange> made) {
        String experimentId = made.get(0).experimentId();
        long version = made.get(0).version();
        AllocationParameters before = log.at(experimentId, version - 1);
        AllocationParameters now = log.newest(experimentId);
        Map<String, Double> shares = new HashMap<>();
        Map<Cell, Double> learned = new HashMap<>();
        Optional<OptionalInt> tier = Optional.empty();
        Optional<Activity> activity = Optional.empty();
        Optional<Optional<Level>> ramp = Optional.empty();
        Adjustment back = log.backTo(experimentId, version - 1);
        for (ParameterChange change : made) {
            if (!stands(change, now)) {
                throw new Refusal(
                        ExitCode.CHECK_FAILED,
                        "%s of %s was changed again after version %d: return to a version with flagcast rollback --experiment %s --to-version N"
                                .formatted(change.cell(), experimentId, version, experimentId));
            }
            if (change.isOfExperiment()) {
                tier = change.activeTier().map(set -> before.activeTier());
                activity = change.activity().map(set -> before.activity());
                ramp = change.ramp().isPresent() ? Optional.of(before.rampLevel()) : Optional.empty();
            } else {
                String segment = change.cell().segment();
                shares.put(segment, before.share(segment));
                Optional.ofNullable(back.learned().get(change.cell()))
                        .ifPresent(probability -> learned.put(change.cell(), probability));
            }
        }
        return new Adjustment(shares, learned, tier, activity, ramp, OptionalLong.empty());
    }

    /** Whether what a change has set is in force still. */
    private static boolean stands(ParameterChange change, AllocationParameters now) {
        if (change.isOfExperiment()) {
            return change.activeTier().map(now.activeTier()::equals).orElse(true)
                    && change.activity().map(set -> set == now.activity()).orElse(true)
                    && change.ramp().map(now.rampLevel()::equals).orElse(true);
        }
        return change.share() == now.share(change.cell().segment())
                && (change.baseProbability().isEmpty()
                        || Objects.equals(
                                change.baseProbability().getAsDouble(),
                                now.learned().get(change.cell())));
    }
}
