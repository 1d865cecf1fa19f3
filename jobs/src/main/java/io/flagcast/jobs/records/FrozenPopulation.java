package io.flagcast.jobs.records;

import com.fasterxml.jackson.core.type.TypeReference;
import io.flagcast.lake.Json;
import io.flagcast.monitoring.DriftStates;
import io.flagcast.monitoring.PredictorBins;
import io.flagcast.monitoring.PredictorHistogram;
import io.flagcast.training.FamilyModel;
import io.flagcast.training.FamilyScorer;
import io.flagcast.training.Scoring;
import io.flagcast.training.Scoring.Scorer;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
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

    /** Features of a family that stand for all: places within a reference are spread alike, whatever the feature. */
    private static final int FEATURES = 20;

    public FrozenPopulation {
        predictors = List.copyOf(predictors);
        scores = List.copyOf(scores);
    }

    /**
     * Counts the users of profiles, for models that were trained in one run; of a family, the mean of some of its features.
     *
     * @return by id of the model
     */
    public static Map<String, FrozenPopulation> of(
            Dataset<Row> profiles, List<String> predictors, List<Scorer> models) {
        List<PredictorHistogram> histograms = histograms(profiles, predictors);
        List<FamilyScorer> families = models.stream()
                .filter(model -> model.model() instanceof FamilyModel)
                .map(model -> some(model, (FamilyModel) model.model()))
                .toList();
        List<Scorer> others = models.stream()
                .filter(model -> !(model.model() instanceof FamilyModel))
                .toList();
        Map<String, long[]> scores = new HashMap<>();
        models.forEach(model -> scores.put(model.modelId(), new long[DriftStates.SCORE_BINS]));
        DriftStates.scores(Scoring.score(profiles, others, families))
                .collectAsList()
                .forEach(row -> scores.get(row.<String>getAs("model_id"))[row.<Integer>getAs("bin")] +=
                        row.<Long>getAs("users"));
        families.forEach(family -> {
            long[] users = scores.get(family.used().orElseThrow().modelId());
            Arrays.setAll(users, bin -> users[bin] / family.features().size());
        });
        Map<String, FrozenPopulation> populations = new HashMap<>();
        scores.forEach((modelId, users) -> populations.put(
                modelId,
                new FrozenPopulation(histograms, LongStream.of(users).boxed().toList())));
        return populations;
    }

    private static FamilyScorer some(Scorer scorer, FamilyModel model) {
        List<String> all = model.features();
        int step = Math.max(1, all.size() / FEATURES);
        return FamilyScorer.all(
                scorer.featureId(),
                scorer.modelId(),
                model,
                IntStream.range(0, Math.min(FEATURES, all.size()))
                        .mapToObj(i -> all.get(i * step))
                        .toList());
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
