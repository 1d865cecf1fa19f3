package io.flagcast.jobs.stages.features;

import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.toMap;

import io.flagcast.features.Profiles;
import io.flagcast.features.TrainingExamples;
import io.flagcast.features.Usage;
import io.flagcast.jobs.run.Run;
import io.flagcast.jobs.run.StageResult;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import io.flagcast.lake.inputs.Counts;
import io.flagcast.lake.inputs.InputHistory;
import io.flagcast.lake.inputs.Inputs;
import io.flagcast.settings.Settings;
import io.flagcast.tables.Ids;
import io.flagcast.tables.Table;
import io.flagcast.tables.Tables;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.storage.StorageLevel;

/** Stage features: input tables to profiles and training examples. */
public final class BuildFeatures {

    private BuildFeatures() {}

    public static StageResult run(Run run) {
        Inputs inputs = run.inputs();
        Settings settings = run.settings();
        requirePredictors(run);
        Map<Table, Counts> counts = inputs.counts();
        inputs.notes().forEach(run.progress()::notice);
        sayLeftOut(run, counts);
        requireGoodInput(counts, inputs, settings);
        InputHistory.of(run.lake(), run.publications(), run.asOf())
                .requireRows(
                        counts.entrySet().stream()
                                .collect(toMap(
                                        Map.Entry::getKey,
                                        count -> count.getValue().out())),
                        table -> settings.sources().get(table).origin(),
                        settings.mayBeEmpty());

        TrainingExamples learning = settings.learning(run.experiments());
        Dataset<Row> histories = Usage.histories(inputs.valid(Tables.EVENTS)).persist(StorageLevel.MEMORY_AND_DISK());
        Dataset<Row> met = learning.met(inputs.exposures()).persist(StorageLevel.MEMORY_AND_DISK());
        try {
            return result(counts, write(run, learning, histories, met));
        } finally {
            met.unpersist();
            histories.unpersist();
        }
    }

    private static Map<Table, Long> write(
            Run run, TrainingExamples learning, Dataset<Row> histories, Dataset<Row> met) {
        Inputs inputs = run.inputs();
        Settings settings = run.settings();
        Dataset<Row> users = inputs.valid(Tables.USERS);
        Dataset<Row> profiles = Profiles.at(run.asOf(), users, histories, settings.predictors(), settings.usage());
        Dataset<Row> examples =
                learning.of(settings.arrivals(inputs), users, histories, met, inputs.valid(Tables.OUTCOMES));
        sayRepeats(run, TrainingExamples.repeats(met));

        Map<Table, Long> written = new HashMap<>();
        Map.of(
                        Tables.QUARANTINE, inputs.rejected(),
                        Tables.USER_PROFILES, profiles,
                        Tables.TRAINING_EXAMPLES, examples)
                .forEach((table, rows) -> written.put(table, run.lake().replaceSlice(table, run.id(), rows)));
        return written;
    }

    /** Rows that nothing is wrong with, and that yet do not count. */
    private static void sayLeftOut(Run run, Map<Table, Counts> counts) {
        counts.keySet().stream().sorted(Comparator.comparing(Table::name)).forEach(table -> {
            Counts count = counts.get(table);
            String key = "flagcast.sources." + table.name();
            if (count.filtered() > 0) {
                run.progress()
                        .say("           %s: %,d of %,d rows are left out by %s.where"
                                .formatted(table.name(), count.filtered(), count.in(), key));
            }
            if (count.repeated() > 0) {
                run.progress()
                        .notice("%s: %,d of %,d rows repeat another one and count once; %s.duplicates = each counts all"
                                .formatted(table.name(), count.repeated(), count.in(), key));
            }
        });
    }

    /** The first exposure counts; what does not is said. */
    private static void sayRepeats(Run run, Dataset<Row> repeats) {
        for (Row row : repeats.orderBy("feature_id").collectAsList()) {
            long repeated = row.getAs("repeated");
            long contradictory = row.getAs("contradictory");
            if (repeated > 0) {
                run.progress()
                        .say("           %s: %,d users met it %,d times more, their first exposure counts"
                                .formatted(row.getAs("feature_id"), row.<Long>getAs("users"), repeated));
            }
            if (contradictory > 0) {
                run.progress()
                        .notice(
                                "%s: %,d users were enabled and not enabled under one version of the parameters: no examples of it"
                                        .formatted(row.getAs("feature_id"), contradictory));
            }
        }
    }

    private static void requirePredictors(Run run) {
        if (!run.settings().sources().containsKey(Tables.USERS)) {
            return;
        }
        List<String> unlisted =
                run.settings().predictors().unlisted(run.inputs().schema(Tables.USERS));
        if (!unlisted.isEmpty()) {
            run.progress()
                    .notice("users: %s in neither flagcast.users.predictors nor flagcast.users.protected: not used"
                            .formatted(Ids.few(unlisted)));
        }
    }

    private static void requireGoodInput(Map<Table, Counts> counts, Inputs inputs, Settings settings) {
        List<Table> tables = counts.keySet().stream()
                .sorted(Comparator.comparing(Table::name))
                .toList();
        List<String> refused = new ArrayList<>();
        for (Table table : tables) {
            Counts count = counts.get(table);
            if (count.quarantined() > settings.maxQuarantined() * count.in()) {
                refused.add(
                        "%s (%s): %,d of %,d rows are bad, more than flagcast.quality.max-quarantined %.1f %%; most often: %s. Mend the source, or its columns in flagcast.sources.%s"
                                .formatted(
                                        table.name(),
                                        settings.sources().get(table).origin(),
                                        count.quarantined(),
                                        count.in(),
                                        100 * settings.maxQuarantined(),
                                        inputs.commonReasons(table),
                                        table.name()));
            }
        }
        if (!refused.isEmpty()) {
            throw new Refusal(ExitCode.DATA_REFUSED, String.join("\n", refused));
        }
        boolean anybody = counts.entrySet().stream()
                .anyMatch(entry ->
                        (entry.getKey().equals(Tables.USERS) || entry.getKey().equals(Tables.EVENTS))
                                && entry.getValue().out() > 0);
        if (!anybody) {
            String where = tables.stream()
                    .map(table -> "flagcast.sources." + table.name() + " "
                            + settings.sources().get(table).origin())
                    .collect(joining(", "));
            throw new Refusal(
                    ExitCode.NO_INPUT,
                    "no user before the as-of in %s: the sources are empty; fill them or correct --as-of"
                            .formatted(where));
        }
    }

    private static StageResult result(Map<Table, Counts> counts, Map<Table, Long> written) {
        Map<String, String> detail = new TreeMap<>();
        counts.forEach((table, count) -> detail.put(table.name(), count.text()));
        written.forEach((table, rows) -> detail.put(table.name(), Long.toString(rows)));
        return new StageResult(
                counts.values().stream().mapToLong(Counts::in).sum(),
                counts.values().stream().mapToLong(Counts::out).sum(),
                written.get(Tables.QUARANTINE),
                detail,
                "%,d profiles, %,d training examples, %,d rows quarantined"
                        .formatted(
                                written.get(Tables.USER_PROFILES),
                                written.get(Tables.TRAINING_EXAMPLES),
                                written.get(Tables.QUARANTINE)));
    }
}
