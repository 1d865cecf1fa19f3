package io.flagcast.jobs.run;

import io.flagcast.lake.Interruption;
import io.flagcast.lake.Interruption.Signal;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Refusal;
import io.flagcast.tables.Tables;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/**
 * What the stages of one run did; written to {@code runs} in one append when it is closed, however the command ends. Where that
 * fails after something else has failed, it is told beside it.
 */
public final class RunLog implements AutoCloseable {

    private static final StageResult NOTHING = new StageResult(0, 0, 0, Map.of(), "");

    private final Run run;
    private final Clock clock;
    private final Interruption interruption;
    private final List<Row> rows = new ArrayList<>();
    private Optional<String> endedIn = Optional.empty();

    public RunLog(Run run, Clock clock, Interruption interruption) {
        this.run = Objects.requireNonNull(run, "run");
        this.clock = Objects.requireNonNull(clock, "clock");
        this.interruption = Objects.requireNonNull(interruption, "interruption");
    }

    /** Does a part of a stage. Where it does not come to its end, that is what the stage did. */
    public <T> T part(String stage, Supplier<T> work) {
        Instant started = clock.instant();
        long nanos = System.nanoTime();
        try {
            interruption.check();
            return work.get();
        } catch (Exception | Error e) {
            // Exception: Spark throws checked ones that it does not declare.
            Duration took = Duration.ofNanos(System.nanoTime() - nanos);
            Optional<Signal> signal = interruption.asked();
            String state = signal.isPresent() ? "interrupted" : "failed";
            add(
                    stage,
                    state,
                    started,
                    took,
                    NOTHING,
                    Map.of(),
                    signal.map(Signal::toString).orElse(Refusal.sentence(e)));
            endedIn = Optional.of(stage);
            throw e;
        }
    }

    /** The stage that did not come to its end, where one did not. */
    public Optional<String> endedIn() {
        return endedIn;
    }

    public void done(String stage, Instant started, Duration took, StageResult result) {
        add(stage, "done", started, took, result, run.inputs().versions(), null);
    }

    private void add(
            String stage,
            String state,
            Instant started,
            Duration took,
            StageResult result,
            Map<String, String> inputVersions,
            String exitReason) {
        rows.add(RowFactory.create(
                run.id().toString(),
                run.asOf(),
                stage,
                state,
                started,
                took.toMillis() / 1000.0,
                result.rowsIn(),
                result.rowsOut(),
                result.rowsQuarantined(),
                new HashMap<>(result.detail()),
                new HashMap<>(inputVersions),
                run.configHash(),
                exitReason));
    }

    /**
     * Writes it, also after the command was asked to end.
     *
     * @throws Refusal where the table cannot be written
     */
    @Override
    public void close() {
        interruption.undisturbed(this::write);
    }

    private void write() {
        try {
            run.lake().append(Tables.RUNS, rows);
        } catch (Exception e) {
            // Exception: Spark throws checked ones that it does not declare.
            Optional<Refusal> why = Refusal.among(e);
            if (why.isPresent()) {
                throw new Refusal(
                        why.get().exitCode(),
                        "what the stages of run %s did is not in table runs: %s"
                                .formatted(run.id(), why.get().getMessage()),
                        e);
            }
            throw e;
        }
    }

    /** Stages of a run that an earlier command has done. */
    public static Set<String> done(Lake lake, String runId) {
        return lake
                .history(Tables.RUNS)
                .where("state = 'done'")
                .where("run_id = '" + runId + "'")
                .collectAsList()
                .stream()
                .map(row -> row.<String>getAs("stage"))
                .collect(Collectors.toSet());
    }
}
