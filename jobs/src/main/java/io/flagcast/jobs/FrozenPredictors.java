package io.flagcast.jobs;

import com.fasterxml.jackson.core.type.TypeReference;
import io.flagcast.monitoring.DriftStates;
import io.flagcast.monitoring.PredictorBins;
import io.flagcast.monitoring.PredictorHistogram;
import java.util.Comparator;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * How the predictors of all users were distributed when a model was trained: what the users whom it scores later are
 * compared with. All users, not those of its examples: who is exposed and who is scored differ from the first day on, and
 * that is no drift.
 *
 * @param histograms by name of the predictor
 */
record FrozenPredictors(List<PredictorHistogram> histograms) {

    FrozenPredictors {
        histograms = List.copyOf(histograms);
    }

    /** Counts the users of profiles. */
    static FrozenPredictors of(Dataset<Row> profiles, List<String> predictors) {
        if (predictors.isEmpty()) {
            return new FrozenPredictors(List.of());
        }
        List<PredictorBins> bins = DriftStates.bins(profiles, predictors).collectAsList().stream()
                .map(PredictorBins::of)
                .sorted(Comparator.comparing(PredictorBins::predictor))
                .toList();
        return new FrozenPredictors(PredictorHistogram.of(
                bins, DriftStates.predictors(profiles, bins).collectAsList()));
    }

    String toJson() {
        return Json.write(histograms);
    }

    static FrozenPredictors read(String json) {
        return new FrozenPredictors(Json.read(json, new TypeReference<>() {}, "predictors of model_runs"));
    }
}
