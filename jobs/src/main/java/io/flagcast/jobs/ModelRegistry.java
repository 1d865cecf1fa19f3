package io.flagcast.jobs;

import static org.apache.spark.sql.functions.col;

import com.fasterxml.jackson.core.type.TypeReference;
import io.flagcast.jobs.lake.Lake;
import io.flagcast.tables.Tables;
import io.flagcast.training.ResponsivenessModel;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.spark.sql.RowFactory;

/** Trained models: {@code model_runs} and the files it points to. */
record ModelRegistry(Lake lake, List<Entry> entries) {

    /**
     * A row of {@code model_runs}.
     *
     * @param modelId hash of all that made it
     * @param featureId the feature
     * @param learner the learner
     * @param asOf instant up to which its examples looked
     * @param examples training examples
     * @param metrics JSON
     * @param path below the lake's root
     * @param checksum SHA-256 of the file
     * @param runId run that trained it
     * @param provenance all that made it
     */
    record Entry(
            String modelId,
            String featureId,
            String learner,
            Instant asOf,
            long examples,
            String metrics,
            String path,
            String checksum,
            String runId,
            Map<String, String> provenance) {

        /** Newer examples, or the same of a later generation. */
        static final Comparator<Entry> BY_AGE = Comparator.comparing(Entry::asOf)
                .thenComparingInt(entry -> entry.runId().length())
                .thenComparing(Entry::runId);
    }

    ModelRegistry {
        entries = List.copyOf(entries);
    }

    static ModelRegistry read(Lake lake) {
        List<Entry> entries =
                lake.history(Tables.MODEL_RUNS).where(col("status").equalTo("champion")).collectAsList().stream()
                        .map(row -> new Entry(
                                row.getAs("model_id"),
                                row.getAs("feature_id"),
                                row.getAs("learner"),
                                Lake.instant(row, "as_of"),
                                row.<Long>getAs("examples"),
                                row.getAs("metrics"),
                                row.getAs("path"),
                                row.getAs("checksum"),
                                row.getAs("run_id"),
                                fromJson(row.getAs("provenance"))))
                        .toList();
        return new ModelRegistry(lake, entries);
    }

    Optional<Entry> withId(String modelId) {
        return entries.stream().filter(entry -> entry.modelId().equals(modelId)).findFirst();
    }

    /** The newest model of a feature whose examples looked no further than the given instant. */
    Optional<Entry> newest(String featureId, Instant upTo) {
        return entries.stream()
                .filter(entry -> entry.featureId().equals(featureId))
                .filter(entry -> !entry.asOf().isAfter(upTo))
                .max(Entry.BY_AGE);
    }

    /**
     * Loads a model.
     *
     * @throws Refusal with exit code 65 where the file is not the one that was written
     */
    ResponsivenessModel load(Entry entry) {
        String json = lake.readText(entry.path());
        if (!sha256(json).equals(entry.checksum())) {
            throw new Refusal(
                    ExitCode.DATA_REFUSED,
                    "model %s: the checksum of %s is %s, model_runs says %s: the file was changed; restore it or train with --restate"
                            .formatted(entry.modelId(), entry.path(), sha256(json), entry.checksum()));
        }
        return ResponsivenessModel.fromJson(json);
    }

    /** Writes a model's file, then its row. */
    Entry save(Run run, String modelId, String featureId, ResponsivenessModel model, Map<String, String> provenance) {
        String path = "models/" + featureId + "/" + modelId + ".json";
        String json = model.toJson();
        lake.writeText(path, json);
        Entry entry = new Entry(
                modelId,
                featureId,
                model.learner(),
                run.asOf(),
                Math.round(
                        model.metrics().getOrDefault("examples", model.metrics().getOrDefault("users", 0.0))),
                toJson(new TreeMap<>(model.metrics())),
                path,
                sha256(json),
                run.id().toString(),
                provenance);
        lake.append(
                Tables.MODEL_RUNS,
                List.of(RowFactory.create(
                        modelId,
                        featureId,
                        entry.learner(),
                        "champion",
                        run.asOf(),
                        run.id().toString(),
                        entry.examples(),
                        entry.metrics(),
                        toJson(new TreeMap<>(provenance)),
                        path,
                        entry.checksum())));
        return entry;
    }

    private static Map<String, String> fromJson(String json) {
        try {
            return ParameterLog.JSON.readValue(json, new TypeReference<TreeMap<String, String>>() {});
        } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
            throw new IllegalStateException("model_runs.provenance is a map of strings", e);
        }
    }

    private static String toJson(Map<String, ?> map) {
        try {
            return ParameterLog.JSON.writeValueAsString(map);
        } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
            throw new IllegalStateException("a map of strings and numbers is always writable", e);
        }
    }

    static String sha256(String text) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has SHA-256", e);
        }
    }
}
