package io.flagcast.jobs.checks;

import static java.util.stream.Collectors.toMap;
import static org.apache.spark.sql.functions.col;

import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.records.FrozenPopulation;
import io.flagcast.jobs.records.ModelRegistry.Choice;
import io.flagcast.jobs.records.ModelRegistry.Entry;
import io.flagcast.jobs.records.ModelRegistry.Usable;
import io.flagcast.jobs.run.Run;
import io.flagcast.monitoring.DriftStates;
import io.flagcast.monitoring.PredictorBins;
import io.flagcast.monitoring.PredictorHistogram;
import io.flagcast.rules.checks.Check;
import io.flagcast.rules.checks.DriftCheck;
import io.flagcast.rules.checks.Finding;
import io.flagcast.tables.Tables;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Whether the users who are scored now are like those of the time when the model was trained, in their scores and in what
 * the model reads of them.
 */
final class DriftChecks {

    private static final String SCORES = "scores";
    private static final String PREDICTORS = "predictors";

    private static final List<String> SCORE_BINS = IntStream.range(0, DriftStates.SCORE_BINS)
            .mapToObj(bin ->
                    "%d to %d".formatted(bin * 100 / DriftStates.SCORE_BINS, (bin + 1) * 100 / DriftStates.SCORE_BINS))
            .toList();

    private final Run run;
    private final Map<String, Scored> models = new TreeMap<>();
    private final List<PredictorBins> bins;

    /**
     * A model in use.
     *
     * @param frozen all users as they were when it was trained, with the predictors that it reads
     */
    private record Scored(Entry entry, FrozenPopulation frozen) {}

    /** @param choices what each feature or family is scored with */
    DriftChecks(Run run, List<Experiment> experiments, Map<String, Choice> choices) {
        this.run = run;
        Dataset<Row> profiles = run.slice(Tables.USER_PROFILES);
        experiments.stream()
                .map(Experiment::featureId)
                .distinct()
                .forEach(featureId -> choices.get(
                                run.settings().declaration(featureId).orElseThrow())
                        .usable()
                        .flatMap(usable -> scored(usable, profiles))
                        .ifPresent(model -> models.put(featureId, model)));
        this.bins = models.values().stream()
                .flatMap(model -> model.frozen().predictors().stream())
                .map(PredictorHistogram::bins)
                .distinct()
                .toList();
    }

    private static Optional<Scored> scored(Usable usable, Dataset<Row> profiles) {
        return usable.entry().population().map(FrozenPopulation::read).map(frozen -> {
            List<String> read = new ArrayList<>(usable.model().inputs());
            read.retainAll(Arrays.asList(profiles.columns()));
            List<PredictorHistogram> predictors = frozen.predictors().stream()
                    .filter(histogram -> read.contains(histogram.bins().predictor()))
                    .toList();
            return new Scored(usable.entry(), new FrozenPopulation(predictors, frozen.scores()));
        });
    }

    Map<String, Dataset<Row>> aggregates() {
        Map<String, Dataset<Row>> aggregates = new HashMap<>();
        if (!models.isEmpty()) {
            aggregates.put(
                    SCORES,
                    DriftStates.scores(run.slice(Tables.RESPONSIVENESS_SCORES)
                            .where(col("feature_id").isin(models.keySet().toArray()))));
        }
        if (!bins.isEmpty()) {
            aggregates.put(PREDICTORS, DriftStates.predictors(run.slice(Tables.USER_PROFILES), bins));
        }
        return aggregates;
    }

    /** The drift of an experiment's scores, and of each predictor of its model. */
    List<Finding> findings(Experiment experiment, HealthStates states) {
        Scored model = models.get(experiment.featureId());
        if (model == null) {
            return List.of();
        }
        String id = experiment.experimentId();
        List<Finding> findings = new ArrayList<>();
        findings.add(DriftCheck.of(
                Check.SCORE_DRIFT,
                id,
                "",
                SCORE_BINS,
                counts(model.frozen().scores()),
                scores(experiment.featureId(), model.entry(), states)));
        Map<PredictorBins, List<Long>> now = PredictorHistogram.of(bins, states.of(PREDICTORS)).stream()
                .collect(toMap(PredictorHistogram::bins, PredictorHistogram::users));
        for (PredictorHistogram frozen : model.frozen().predictors()) {
            findings.add(DriftCheck.of(
                    Check.PREDICTOR_DRIFT,
                    id,
                    frozen.bins().predictor(),
                    frozen.bins().names(),
                    counts(frozen.users()),
                    counts(now.get(frozen.bins()))));
        }
        return findings;
    }

    private static long[] scores(String featureId, Entry model, HealthStates states) {
        long[] counts = new long[DriftStates.SCORE_BINS];
        states.of(SCORES).stream()
                .filter(row -> row.getAs("feature_id").equals(featureId)
                        && row.getAs("model_id").equals(model.modelId()))
                .forEach(row -> counts[row.<Integer>getAs("bin")] = row.getAs("users"));
        return counts;
    }

    private static long[] counts(List<Long> users) {
        return users.stream().mapToLong(Long::longValue).toArray();
    }
}
