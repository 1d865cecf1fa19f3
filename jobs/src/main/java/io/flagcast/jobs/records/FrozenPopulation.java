package io.flagcast.jobs.records;

import com.fasterxml.jackson.core.type.TypeReference;
import io.flagcast.lake.Json;
import io.flagcast.monitoring.DriftStates;
import io.flagcast.monitoring.PredictorBins;
import io.flagcast.monitoring.PredictorHistogram;
import io.flagcast.training.Scoring;
import io.flagcast.training.Scoring.Scorer;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * All users as they were when a model was trained: what the users whom it scores later are compared with. Not the users of
 * its examples: who is exposed and who is scored differ from the first day on, and so do predictions out of fold and those
 * of the whole model; none of that is drift.
 *
 * @param predictors how every predictor was distributed
 * @param scores how many users the model gave a score in each bin of {@link DriftStates#scoreBin}
 */
public record FrozenPopulation(List<PredictorHistogram> predictors, List<Long> scores) {

    public FrozenPopulation {
        predictors = List.copyOf(predictors);
        scores = List.copyOf(scores);
    }

    /**
     * Counts the users of profiles, for models that were trained in one run.
     *
     * @return by id of the model
     */
    public static Map<String, FrozenPopulation> of(
            Dataset<Row> profiles, List<String> predictors, List<Scorer> models) {
        List<PredictorHistogram> histograms = histograms(profiles, predictors);
        Map<String, long[]> scores = new HashMap<>();
        models.forEach(model -> scores.put(model.modelId(), new long[DriftStates.SCORE_BINS]));
        DriftStates.scores(Scoring.score(profiles, models))
                .collectAsList()
                .forEach(row ->
                        scores.get(row.<String>getAs("model_id"))[row.<Integer>getAs("bin")] = row.getAs("users"));
        Map<String, FrozenPopulation> populations = new HashMap<>();
        scores.forEach((modelId, users) -> populations.put(
                modelId,
                new FrozenPopulation(histograms, LongStream.of(users).boxed().toList())));
        return populations;
    }

    private static List<PredictorHistogram> histograms(Dataset<Row> profiles, List<String> predictors) {
        if (predictors.isEmpty()) {
            return List.of();
        }
        List<PredictorBins> bins = DriftStates.bins(profiles, predictors).collectAsList().stream()
                .map(PredictorBins::of)
                .sorted(Comparator.comparing(PredictorBins::predictor))
                .toList();
        return PredictorHistogram.of(
                bins, DriftStates.predictors(profiles, bins).collectAsList());
    }

    public String toJson() {
        return Json.write(this);
    }

    public static FrozenPopulation read(String json) {
        return Json.read(json, new TypeReference<>() {}, "population of model_runs");
    }
}
