package io.flagcast.jobs.changes;

import io.flagcast.jobs.run.Progress;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.lake.Publications;
import io.flagcast.lake.Refusal;
import java.time.Instant;

/** Makes the tables of an earlier publication live again. */
public final class RollBackPublication {

    private RollBackPublication() {}

    /**
     * Appends a publication with the tables of an earlier one. Parameters, alerts and models are as they were.
     *
     * @param sequence the earlier one
     * @throws Refusal with exit code 64 where it cannot be returned to, 66 without a publication, 75 where another process published
     *     meanwhile
     */
    public static ExitCode rollBack(Lake lake, long sequence, Instant now, Progress progress) {
        Publications publications = new Publications(lake);
        Publication live = lake.requireLive();
        if (publications.of(sequence).tables().equals(live.tables())) {
            progress.say("the tables of publication %d are live already, as publication %d: nothing to do"
                    .formatted(sequence, live.sequence()));
            return ExitCode.DONE;
        }
        Publication again =
                lake.isDry() ? publications.rolledBack(sequence, now) : publications.rollBack(sequence, now);
        progress.say("publication %d, run %s as of %s, %s publication %d, as of %s"
                .formatted(
                        again.sequence(),
                        again.runId(),
                        again.asOf(),
                        lake.isDry() ? "would take the place of" : "is live in the place of",
                        live.sequence(),
                        live.asOf()));
        if (!lake.isDry()) {
            progress.say(
                    "shares, alerts and models stay as they are; the next run with an as-of after %s goes on from these tables; flagcast rollback --publication %d undoes this"
                            .formatted(again.asOf(), live.sequence()));
        }
        return ExitCode.DONE;
    }
}
