package io.flagcast.delivery;

import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import io.flagcast.lake.Secrets;
import java.time.Clock;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Tells of a run and its data sets in events of OpenLineage: START when it begins, COMPLETE, FAIL or ABORT when it ends. What is not
 * delivered is said, and the run is as good as without. The client of OpenLineage is needed only where somebody is told.
 */
public final class Lineage {

    private static final String CLIENT = "io.openlineage:openlineage-java:1.39.0";

    private final LineageSettings settings;
    private final Clock clock;
    private final Consumer<String> say;

    /** How a run ended. */
    public enum End {
        COMPLETE,
        FAIL,
        /** Somebody asked it to. */
        ABORT
    }

    /**
     * A run, or one stage of it.
     *
     * @param job name of the command, as {@code run} or {@code score}
     * @param lake address of the lake, absolute
     * @param runId its run
     */
    public record Job(String job, String lake, String runId) {}

    /**
     * A data set that is read or written.
     *
     * @param address of a folder, file or database, as {@code s3a://bucket/events} or {@code jdbc:postgresql://db/shop}; a path of the
     *     local disk, too
     * @param table of a database; absent for files
     * @param version that was read or written; absent where it is not known
     * @param rows written; absent for what is read
     */
    public record DataSet(String address, Optional<String> table, Optional<String> version, Optional<Long> rows) {}

    /** @param say takes the lines that a person should see */
    public Lineage(LineageSettings settings, Clock clock, Consumer<String> say) {
        this.settings = Objects.requireNonNull(settings, "settings");
        this.clock = Objects.requireNonNull(clock, "clock");
        this.say = Objects.requireNonNull(say, "say");
    }

    /**
     * A run begins.
     *
     * @throws Refusal with exit code 78 where somebody is to be told and the client is not there
     */
    public void begun(Job job, Collection<DataSet> inputs) {
        tell("START", job, inputs, List.of(), Optional.empty());
    }

    /**
     * It has ended.
     *
     * @param why where it did not end well
     */
    public void ended(End end, Job job, Collection<DataSet> inputs, Collection<DataSet> outputs, Optional<String> why) {
        tell(end.name(), job, inputs, outputs, why);
    }

    private void tell(
            String type, Job job, Collection<DataSet> inputs, Collection<DataSet> outputs, Optional<String> why) {
        if (!settings.isOn()) {
            return;
        }
        try {
            new LineageEvent(type, clock.instant(), job, inputs, outputs, why).emit(settings);
        } catch (NoClassDefFoundError e) {
            throw new Refusal(
                    ExitCode.CONFIGURATION,
                    "flagcast.lineage needs the client of OpenLineage: add --packages %s to spark-submit, or leave flagcast.lineage out"
                            .formatted(CLIENT),
                    e);
        } catch (RuntimeException e) {
            say.accept("note: lineage: %s of run %s was not told (%s)"
                    .formatted(type, job.runId(), Secrets.hidden(String.valueOf(e.getMessage()))));
        }
    }
}
