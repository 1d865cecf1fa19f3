package io.flagcast.jobs.questions;

import io.flagcast.jobs.records.ModelRegistry;
import io.flagcast.jobs.records.ModelRegistry.Entry;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Refusal;
import io.flagcast.tables.Tables;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The models of a lake as people ask for them.
 *
 * @param registry all of them
 */
public record TrainedModels(ModelRegistry registry) {

    /** What says how good a model is, the first that it has. */
    private static final List<String> QUALITIES = List.of("qini", "qini_gain", "ndcg_at_10", "brier", "squared_error");

    /**
     * The models of a lake.
     *
     * @param root where the lake is, for the message
     * @throws Refusal with exit code 66 where no model was trained
     */
    public static TrainedModels of(Lake lake, String root) {
        if (!lake.exists(Tables.MODEL_RUNS)) {
            throw new Refusal(
                    ExitCode.NO_INPUT,
                    "flagcast.lake.root %s: no model was trained there; correct it or run flagcast run first"
                            .formatted(root));
        }
        return new TrainedModels(ModelRegistry.read(lake));
    }

    /** All models, oldest first, or those of a feature and of families whose pattern matches it. */
    public List<Entry> of(Optional<String> featureId) {
        return registry.models().stream()
                .filter(entry -> featureId.map(entry::isOf).orElse(true))
                .toList();
    }

    /**
     * A model by its id.
     *
     * @throws Refusal with exit code 64 where there is none
     */
    public Entry require(String modelId) {
        return registry.withId(modelId)
                .orElseThrow(() -> new Refusal(
                        ExitCode.USAGE, "there is no model %s: see flagcast models list".formatted(modelId)));
    }

    /** Whether the feature of a model uses it. */
    public boolean isUsed(Entry entry) {
        return registry.live(entry.featureId(), Instant.MAX)
                .filter(live -> live.modelId().equals(entry.modelId()))
                .isPresent();
    }

    /** The metric that says most of how good a model is, as text; empty where it has none of those. */
    public static String quality(Map<String, Double> metrics) {
        return QUALITIES.stream()
                .filter(metrics::containsKey)
                .findFirst()
                .map(name -> "%s %.4f".formatted(name, metrics.get(name)))
                .orElse("");
    }

    /** What the order of a model's users is worth, in a sentence; empty where it was not measured. */
    public static Optional<String> order(Map<String, Double> metrics) {
        return metrics.containsKey("order_p")
                ? Optional.of("AUTOC %s, Qini form %s, p = %.2g"
                        .formatted(effect(metrics, "autoc"), effect(metrics, "rate_qini"), metrics.get("order_p")))
                : Optional.empty();
    }

    private static String effect(Map<String, Double> metrics, String name) {
        return "%+.4f (%+.4f to %+.4f)"
                .formatted(metrics.get(name), metrics.get(name + "_lower"), metrics.get(name + "_upper"));
    }
}
