package io.flagcast.jobs.changes;

import io.flagcast.jobs.run.Progress;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Refusal;
import java.time.Instant;

/** Gives an experiment the parameters of an earlier version again. */
public final class RollBackParameters {

    private RollBackParameters() {}

    /**
     * Appends a version that is as an earlier one.
     *
     * @param version the earlier one; 0 is before the first change
     * @param now when, in whole seconds
     * @throws Refusal with exit code 64 where there is no such version, 66 without a publication, 75 where another process
     *     changed the experiment meanwhile
     */
    public static ExitCode rollBack(Lake lake, String experimentId, long version, Instant now, Progress progress) {
        PersonChange change = PersonChange.of(lake, experimentId);
        long newest = change.log().newest(experimentId).version();
        if (version < 0 || version > newest) {
            throw new Refusal(
                    ExitCode.USAGE,
                    "--to-version %d: %s has versions 0 to %d".formatted(version, experimentId, newest));
        }
        return change.make(
                change.log().backTo(experimentId, version),
                PersonChange.person(
                        "rollback-%s-%d".formatted(experimentId, newest + 1), "back to version " + version, now),
                progress,
                "%s is as version %d left it: nothing to do".formatted(experimentId, version));
    }
}
