package io.flagcast.jobs.questions;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;

import io.flagcast.allocation.ParameterLog;
import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.printing.TextTable;
import io.flagcast.jobs.records.ParameterTable;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.monitoring.EffectVerdict;
import io.flagcast.report.Report;
import io.flagcast.tables.Tables;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** What a run decided and why, for the person who started it. */
public record RunSummary(List<String> lines) {

    /** Lines of a table, of which two are its head. */
    private static final int MOST_LINES = 42;

    public RunSummary {
        lines = List.copyOf(lines);
    }

    /**
     * The summary of a publication.
     *
     * @param experiments whose files it was made from
     */
    public static RunSummary of(Lake lake, Publication publication, List<Experiment> experiments) {
        Optional<Publication> live = Optional.of(publication);
        List<String> lines = new ArrayList<>();
        lines.add("");
        lines.addAll(few(scores(lake.published(Tables.RESPONSIVENESS_SCORES, live))));
        lines.add("");
        TextTable allocations = new TextTable(List.of("experiment", "segment", "users", "enabled", "share"));
        Map<String, Double> withoutScores = new TreeMap<>();
        Set<String> inactive = new TreeSet<>();
        for (Row row : lake.published(Tables.ALLOCATIONS, live)
                .groupBy("experiment_id", "segment")
                .agg(
                        expr("count(*)"),
                        expr("avg(CAST(enabled AS INT))"),
                        expr("min(share)"),
                        expr("count_if(reason = 'unscored')"),
                        expr("count_if(reason = 'inactive')"))
                .orderBy("experiment_id", "segment")
                .collectAsList()) {
            if (row.getLong(6) > 0) {
                inactive.add(row.getString(0));
            }
            // The unscored come first.
            if (row.isNullAt(1) && row.getLong(5) > 0) {
                withoutScores.put(row.getString(0), row.getDouble(3));
            } else {
                withoutScores.remove(row.getString(0));
            }
            allocations.add(List.of(
                    row.getString(0),
                    row.isNullAt(1) ? "(unscored)" : row.getString(1),
                    "%,d".formatted(row.getLong(2)),
                    "%.1f %%".formatted(100 * row.getDouble(3)),
                    "%.0f %%".formatted(100 * row.getDouble(4))));
        }
        lines.addAll(few(allocations));
        ParameterLog log = inactive.isEmpty()
                ? ParameterLog.EMPTY
                : ParameterTable.read(lake).until(publication.asOf());
        inactive.forEach(experiment -> lines.add("note: %s is %s"
                .formatted(
                        experiment,
                        log.pause(experiment)
                                .map(ParametersInForce::paused)
                                .orElse("paused or off in its file: nobody is enabled"))));
        for (Row row :
                lake.published(Tables.RAMPS, live).orderBy("experiment_id").collectAsList()) {
            lines.add("%s: %s".formatted(row.<String>getAs("experiment_id"), row.<String>getAs("sentence")));
        }
        withoutScores.forEach((experiment, enabled) ->
                lines.add("note: %s: %s".formatted(experiment, Report.withoutScores(enabled))));
        List<WhatPays> pays = WhatPays.of(lake, experiments, publication.asOf());
        if (!pays.isEmpty()) {
            lines.add("");
            pays.forEach(one -> lines.addAll(one.sentences()));
        }
        List<EffectVerdict> verdicts = EffectVerdict.read(lake.published(Tables.SEGMENT_METRICS, live));
        if (!verdicts.isEmpty()) {
            lines.add("");
            verdicts.forEach(verdict -> lines.add(verdict.experimentId() + ": " + verdict.sentence()));
        }
        List<Row> decisions = lake.published(Tables.RULE_DECISIONS, live)
                .orderBy("experiment_id", "rule_id")
                .collectAsList();
        if (!decisions.isEmpty()) {
            lines.add("");
            decisions.forEach(row -> lines.add("%s, rule %s: %s; %s"
                    .formatted(
                            row.<String>getAs("experiment_id"),
                            row.<String>getAs("rule_id"),
                            row.<String>getAs("outcome"),
                            row.<String>getAs("reason"))));
        }
        return new RunSummary(lines);
    }

    /** A feature and source in a line; the features of a family together. */
    private static TextTable scores(Dataset<Row> published) {
        TextTable scores = new TextTable(List.of("feature", "source", "scores", "mean uplift", "no benefit"));
        List<Row> rows = published
                .groupBy("family", "feature_id", "source")
                .agg(
                        expr("count(*)").as("scores"),
                        expr("avg(uplift)").as("uplift"),
                        expr("avg(CAST(no_benefit AS INT))").as("no_benefit"))
                .groupBy(
                        coalesce(concat(lit("family "), col("family")), col("feature_id"))
                                .as("name"),
                        col("source"))
                .agg(
                        expr("sum(scores)"),
                        expr("avg(uplift)"),
                        expr("avg(no_benefit)"),
                        expr("count_if(family IS NOT NULL)"))
                .orderBy("name", "source")
                .collectAsList();
        for (Row row : rows) {
            long features = row.getLong(5);
            scores.add(List.of(
                    row.getString(0) + (features == 0 ? "" : ", %,d features".formatted(features)),
                    row.getString(1),
                    "%,d".formatted(row.getLong(2)),
                    row.isNullAt(3) ? "" : "%+.4f".formatted(row.getDouble(3)),
                    "%.0f %%".formatted(100 * row.getDouble(4))));
        }
        return scores;
    }

    /** The first lines of a table, and how many more there are. */
    private static List<String> few(TextTable table) {
        List<String> all = table.toString().lines().toList();
        if (all.size() <= MOST_LINES) {
            return all;
        }
        List<String> shown = new ArrayList<>(all.subList(0, MOST_LINES));
        shown.add("… and %,d more lines: flagcast sql has all".formatted(all.size() - MOST_LINES));
        return shown;
    }
}
