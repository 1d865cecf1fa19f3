package io.flagcast.jobs;

import static org.apache.spark.sql.functions.bit_xor;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.xxhash64;

import io.flagcast.experiments.Experiment;
import io.flagcast.features.Profiles;
import io.flagcast.jobs.ModelRegistry.Entry;
import io.flagcast.tables.Tables;
import io.flagcast.training.CollaborativeTraining;
import io.flagcast.training.ResponseTraining;
import io.flagcast.training.ResponseTraining.Result;
import io.flagcast.training.TrainingSettings;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.storage.StorageLevel;

/** Stage train: training examples and usage to models, where the newest model of a feature is due. */
final class TrainModels {

    /** What a model is made as; a young one that was made otherwise is not kept. */
    private static final List<String> MADE_AS =
            List.of("feature", "experiments", "predictors", "usage_window", "withheld", "training");

    private TrainModels() {}

    static StageResult run(Run run) {
        ModelRegistry registry = ModelRegistry.read(run.lake());
        Optional<Dataset<Row>> withheld = withheld(run);
        Dataset<Row> examples = without(
                        run.lake().slice(Tables.TRAINING_EXAMPLES, run.id().toString()), withheld)
                .persist(StorageLevel.MEMORY_AND_DISK());
        try {
            return train(run, registry, examples, withheld);
        } finally {
            examples.unpersist();
        }
    }

    private static StageResult train(
            Run run, ModelRegistry registry, Dataset<Row> examples, Optional<Dataset<Row>> withheld) {
        List<Outcome> outcomes = run.settings().features().keySet().stream()
                .sorted()
                .map(featureId -> train(featureId, run, registry, examples, withheld))
                .toList();
        outcomes.forEach(outcome -> outcome.waitsFor().ifPresent(run.progress()::say));
        long trained = outcomes.stream().filter(Outcome::trained).count();
        return new StageResult(
                examples.count(),
                trained,
                0,
                Map.of(Tables.MODEL_RUNS.name(), Long.toString(trained)),
                outcomes.stream().map(Outcome::summary).collect(Collectors.joining("; ")));
    }

    /** What became of a feature: a summary, whether a model was trained, and what is missing where there is none. */
    private record Outcome(String summary, boolean trained, Optional<String> waitsFor) {}

    private static Outcome train(
            String featureId, Run run, ModelRegistry registry, Dataset<Row> examples, Optional<Dataset<Row>> withheld) {
        Map<String, String> provenance = provenance(run, featureId, withheld);
        Optional<Entry> young = registry.newest(featureId, run.asOf().minusSeconds(1))
                .filter(entry -> entry.asOf()
                        .plus(run.settings().training().retrainEvery())
                        .isAfter(run.asOf()))
                .filter(entry -> MADE_AS.stream()
                        .allMatch(key ->
                                provenance.get(key).equals(entry.provenance().get(key))));
        if (young.isPresent()) {
            return new Outcome(featureId + " keeps " + young.get().modelId(), false, Optional.empty());
        }
        String modelId = "m-" + ModelRegistry.sha256(provenance.toString()).substring(0, 12);
        if (registry.withId(modelId).isPresent()) {
            return new Outcome(featureId + " reuses " + modelId, false, Optional.empty());
        }
        TrainingSettings how = run.settings().training().model();
        ResponseTraining training = new ResponseTraining(
                Profiles.names(run.settings().predictors(), run.settings().usage()), how);
        Dataset<Row> own = examples.where(col("feature_id").equalTo(featureId));
        Result result = switch (run.settings().features().get(featureId).objective()) {
            case UPLIFT -> training.uplift(own);
            case PROPENSITY -> training.propensity(own);
            case COLLABORATIVE ->
                new CollaborativeTraining(List.of(featureId), how)
                        .train(without(run.inputs().usage(), withheld));
        };
        if (result instanceof Result.TooLittle nothing) {
            return new Outcome(
                    featureId + " waits",
                    false,
                    Optional.of("           %s has no model yet: %s".formatted(featureId, nothing.reason())));
        }
        provenance.put("jvm", System.getProperty("java.vm.name") + " " + System.getProperty("java.vm.version"));
        Entry entry = registry.save(run, modelId, featureId, ((Result.Trained) result).model(), provenance);
        return new Outcome(
                "%s trains %s on %,d".formatted(featureId, modelId, entry.examples()), true, Optional.empty());
    }

    /** All that decides what a model becomes; its hash is the model's id. */
    private static Map<String, String> provenance(Run run, String featureId, Optional<Dataset<Row>> withheld) {
        Settings settings = run.settings();
        Map<String, String> provenance = new TreeMap<>();
        provenance.put("feature", featureId + " " + settings.features().get(featureId));
        provenance.put("as_of", run.asOf().toString());
        provenance.put(
                "experiments",
                run.experiments().stream()
                        .filter(experiment -> experiment.featureId().equals(featureId))
                        .map(Experiment::experimentId)
                        .sorted()
                        .toList()
                        .toString());
        // A hash: options may hold a password.
        provenance.put("sources", ModelRegistry.sha256(settings.mappings().toString()));
        provenance.put(
                "withheld",
                withheld.map(users -> users.agg(count(lit(1)), bit_xor(xxhash64(col("user_id"))))
                                .head()
                                .toString())
                        .orElse("nobody"));
        provenance.put("inputs", new TreeMap<>(run.inputs().versions()).toString());
        provenance.put(
                "predictors",
                Profiles.names(settings.predictors(), settings.usage()).toString());
        provenance.put("usage_window", settings.usage().window().toString());
        provenance.put("training", settings.training().toString());
        provenance.put("code", Main.version());
        return provenance;
    }

    private static Optional<Dataset<Row>> withheld(Run run) {
        Optional<String> path = run.settings().training().withhold();
        if (path.isEmpty()) {
            return Optional.empty();
        }
        Dataset<Row> list;
        try {
            list = run.lake().spark().read().option("header", true).csv(path.get());
        } catch (Exception e) {
            // Spark declares no checked exceptions in Java, yet throws AnalysisException.
            if (e instanceof AnalysisException) {
                throw new Refusal(
                        ExitCode.NO_INPUT, "flagcast.training.withhold " + path.get() + ": there is no such file", e);
            }
            throw e;
        }
        if (!Arrays.asList(list.columns()).contains("user_id")) {
            throw new Refusal(
                    ExitCode.DATA_REFUSED,
                    "flagcast.training.withhold %s has no column user_id, it has %s"
                            .formatted(path.get(), Arrays.toString(list.columns())));
        }
        return Optional.of(list.select("user_id").distinct());
    }

    private static Dataset<Row> without(Dataset<Row> rows, Optional<Dataset<Row>> withheld) {
        return withheld.map(users -> rows.join(users, new String[] {"user_id"}, "left_anti"))
                .orElse(rows);
    }
}
