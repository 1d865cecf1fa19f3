package io.flagcast.jobs.pipeline;

import static org.apache.spark.sql.functions.col;

import io.flagcast.delivery.Receiver;
import io.flagcast.jobs.run.Run;
import io.flagcast.jobs.stages.train.TrainModels;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.lake.RunId;
import io.flagcast.lake.inputs.InputHistory;
import io.flagcast.lake.inputs.InputHistory.Past;
import io.flagcast.tables.Table;
import io.flagcast.tables.Table.Kind;
import io.flagcast.tables.Tables;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.spark.sql.Row;

/**
 * What a run would do, and how long that took of late. Rows and bytes of what is not there yet are those of the last run.
 *
 * @param id the run
 * @param stages in their order
 * @param steps of all stages
 */
public record Plan(RunId id, List<OfStage> stages, List<Step> steps) {

    /** Runs that say how long a stage takes. */
    private static final int RECENT = 5;

    /** What a step does. */
    public enum Action {
        READS,
        TRAINS,
        KEEPS,
        WRITES,
        APPENDS,
        PUBLISHES,
        REMOVES,
        TELLS
    }

    /**
     * One thing that a stage does.
     *
     * @param what a source, model, table, publication, run or receiver
     * @param rows of it; absent where nothing is known of them
     * @param bytes as they lie in the store; absent likewise
     */
    public record Step(Stage stage, Action action, String what, Optional<Long> rows, Optional<Long> bytes) {

        public Step {
            Objects.requireNonNull(what, "what");
        }
    }

    /**
     * A stage as a whole.
     *
     * @param seconds that it took of late, in the middle; absent where it has not been done yet
     * @param runs that say so
     * @param rows to be written; absent where nothing is known of any
     * @param bytes likewise
     */
    public record OfStage(Stage stage, Optional<Double> seconds, int runs, Optional<Long> rows, Optional<Long> bytes) {}

    public Plan {
        stages = List.copyOf(stages);
        steps = List.copyOf(steps);
    }

    /** Looks at the lake and at the sources of a run; nothing is written. */
    static Plan of(Run run, List<Stage> stages) {
        List<Step> steps = new ArrayList<>();
        for (Stage stage : stages) {
            if (stage == Stage.FEATURES) {
                steps.addAll(read(run));
            }
            if (stage == Stage.TRAIN) {
                TrainModels.plan(run)
                        .forEach(intent ->
                                steps.add(step(stage, intent.isDue() ? Action.TRAINS : Action.KEEPS, intent.what())));
            }
            stage.writes().forEach(table -> steps.add(written(run, stage, table)));
            if (stage == Stage.GOVERN) {
                steps.addAll(published(run));
            }
        }
        Map<String, List<Double>> took = took(run.lake());
        return new Plan(
                run.id(),
                stages.stream().map(stage -> whole(stage, steps, took)).toList(),
                steps);
    }

    private static Step step(Stage stage, Action action, String what) {
        return new Step(stage, action, what, Optional.empty(), Optional.empty());
    }

    private static List<Step> read(Run run) {
        List<Past> past =
                InputHistory.of(run.lake(), run.publications(), run.asOf()).runs();
        Optional<Past> last = past.isEmpty() ? Optional.empty() : Optional.of(past.get(past.size() - 1));
        return run.settings().sources().keySet().stream()
                .sorted(Comparator.comparing(Table::name))
                .map(table -> new Step(
                        Stage.FEATURES,
                        Action.READS,
                        table.name() + " from "
                                + run.settings().sources().get(table).origin(),
                        last.map(known -> known.valid().get(table)),
                        run.inputs().bytes(table)))
                .toList();
    }

    private static Step written(Run run, Stage stage, Table table) {
        if (table.kind() == Kind.APPEND) {
            return step(stage, Action.APPENDS, table.name());
        }
        Optional<Publication.LiveSlice> last =
                run.before().map(live -> live.tables().get(table.name()));
        return new Step(
                stage,
                Action.WRITES,
                table.name(),
                last.map(Publication.LiveSlice::rows),
                last.map(slice -> run.lake().bytes(table, slice.runId())));
    }

    private static List<Step> published(Run run) {
        Lake lake = run.lake();
        List<Step> steps = new ArrayList<>();
        steps.add(step(
                Stage.GOVERN,
                Action.PUBLISHES,
                "publication " + (1 + run.before().map(Publication::sequence).orElse(0L))));
        List<Publication> all = new ArrayList<>(run.publications());
        all.add(new Publication(
                1 + run.before().map(Publication::sequence).orElse(0L),
                run.id().toString(),
                run.asOf(),
                Publication.Kind.PUBLISH,
                run.startedAt(),
                Map.of(),
                run.configHash()));
        for (String runId : new Retention(run, run.startedAt()).old(all)) {
            long bytes = Tables.of(Kind.SLICE).stream()
                    .filter(table -> !table.equals(Tables.RULE_DECISIONS))
                    .mapToLong(table -> lake.bytes(table, runId))
                    .sum();
            if (bytes > 0) {
                steps.add(new Step(
                        Stage.GOVERN, Action.REMOVES, "slices of run " + runId, Optional.empty(), Optional.of(bytes)));
            }
        }
        run.settings().alerts().receivers().stream()
                .map(Receiver::name)
                .forEach(name -> steps.add(step(Stage.GOVERN, Action.TELLS, "receiver " + name + " of its alerts")));
        return steps;
    }

    /** Seconds of each stage in the last runs that did it, by its name. */
    private static Map<String, List<Double>> took(Lake lake) {
        return lake
                .history(Tables.RUNS)
                .where(col("state").equalTo("done"))
                .orderBy(col("started_at").desc())
                .select("stage", "seconds")
                .limit(RECENT * Stage.ORDER.size())
                .collectAsList()
                .stream()
                .collect(Collectors.groupingBy(
                        row -> row.getString(0),
                        Collectors.mapping((Row row) -> row.getDouble(1), Collectors.toList())));
    }

    private static OfStage whole(Stage stage, List<Step> steps, Map<String, List<Double>> took) {
        List<Double> sorted = took.getOrDefault(stage.label(), List.of()).stream()
                .limit(RECENT)
                .sorted()
                .toList();
        List<Step> written = steps.stream()
                .filter(step -> step.stage() == stage && step.action() == Action.WRITES)
                .toList();
        return new OfStage(
                stage,
                sorted.isEmpty() ? Optional.empty() : Optional.of(sorted.get(sorted.size() / 2)),
                sorted.size(),
                written.stream().map(Step::rows).flatMap(Optional::stream).reduce(Long::sum),
                written.stream().map(Step::bytes).flatMap(Optional::stream).reduce(Long::sum));
    }
}
