package io.flagcast.jobs.pipeline;

import io.flagcast.delivery.DeliverAlerts;
import io.flagcast.delivery.Lineage;
import io.flagcast.delivery.Lineage.DataSet;
import io.flagcast.delivery.Lineage.End;
import io.flagcast.delivery.Lineage.Job;
import io.flagcast.jobs.run.Run;
import io.flagcast.lake.Refusal;
import io.flagcast.lake.inputs.SourceSettings;
import io.flagcast.tables.Table;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What others are told of stages: where their rows come from and go to (OpenLineage), and what they did so far (Prometheus).
 *
 * @param stages one, or all
 */
record Told(Run run, List<Stage> stages, Clock clock) {

    private Lineage lineage() {
        return new Lineage(run.settings().lineage(), clock, run.progress()::say);
    }

    private Job job() {
        return new Job(
                stages.size() == 1 ? stages.get(0).label() : run.backfill() ? "backfill" : "run",
                run.lake().files().address(),
                run.id().toString());
    }

    void begun() {
        lineage().begun(job(), inputs(Map.of()));
    }

    /**
     * They have ended.
     *
     * @param why where they did not end well
     */
    void ended(End end, Optional<String> why) {
        if (run.settings().lineage().isOn()) {
            try {
                lineage()
                        .ended(
                                end,
                                job(),
                                inputs(end == End.COMPLETE ? run.inputs().versions() : Map.of()),
                                end == End.COMPLETE ? outputs() : List.of(),
                                why);
            } catch (Exception e) {
                // Exception: Spark throws checked ones that it does not declare.
                run.progress().notice("lineage: %s was not told (%s)".formatted(end, Refusal.sentence(e)));
            }
        }
        new DeliverAlerts(run.settings().alerts(), run.lake(), clock, run.progress()::say).expose();
    }

    private List<DataSet> inputs(Map<String, String> versions) {
        Map<Table, SourceSettings> sources = run.settings().sources();
        return sources.keySet().stream()
                .sorted(Comparator.comparing(Table::name))
                .map(table -> read(table, sources.get(table), Optional.ofNullable(versions.get(table.name()))))
                .toList();
    }

    /** What is selected of a database has the name of what it is read as. */
    private static DataSet read(Table table, SourceSettings source, Optional<String> version) {
        if (!SourceSettings.isDatabase(source.format())) {
            return new DataSet(source.path(), Optional.empty(), version, Optional.empty());
        }
        String name = source.option("dbtable")
                .map(String::strip)
                .filter(named -> !named.startsWith("("))
                .orElse(table.name());
        return new DataSet(source.option("url").orElse("jdbc"), Optional.of(name), version, Optional.empty());
    }

    /** The slices that were written: their version is the run. */
    private List<DataSet> outputs() {
        List<DataSet> outputs = new ArrayList<>();
        for (Stage stage : stages) {
            for (Table table : stage.writes()) {
                boolean isSlice = table.kind() == Table.Kind.SLICE;
                outputs.add(new DataSet(
                        run.lake().location(table),
                        Optional.empty(),
                        isSlice ? Optional.of(run.id().toString()) : Optional.empty(),
                        isSlice
                                ? Optional.of(run.lake()
                                        .slice(table, run.id().toString())
                                        .count())
                                : Optional.empty()));
            }
        }
        return outputs;
    }
}
