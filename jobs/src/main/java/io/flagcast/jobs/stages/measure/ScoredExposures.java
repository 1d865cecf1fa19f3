package io.flagcast.jobs.stages.measure;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;

import io.flagcast.allocation.Segments;
import io.flagcast.experiments.Experiment;
import io.flagcast.experiments.Experiment.SegmentsFrom;
import io.flagcast.jobs.records.ModelRegistry;
import io.flagcast.jobs.records.ModelRegistry.Usable;
import io.flagcast.jobs.run.Run;
import io.flagcast.tables.ContentHash;
import io.flagcast.tables.Tables;
import io.flagcast.training.Scoring;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.types.DataTypes;

/**
 * Exposures of imported tests with the score that their users would have had: of experiments that say {@code segments_from:
 * scores}. A user's score is what the model in use says that was learned without the user's fold, of predictors from before
 * the exposure. So neither the user's outcome nor what came of the feature has chosen the segment.
 */
final class ScoredExposures {

    private static final List<String> COMPLETED = List.of("score", "segment");

    private final Run run;
    private final Map<String, Scored> scored = new TreeMap<>();

    private record Scored(Experiment experiment, Usable usable) {}

    ScoredExposures(Run run) {
        this.run = run;
        List<Experiment> asking = run.experiments().stream()
                .filter(experiment -> experiment.segmentsFrom() == SegmentsFrom.SCORES)
                .toList();
        if (asking.isEmpty()) {
            return;
        }
        ModelRegistry registry = ModelRegistry.read(run.lake());
        asking.forEach(experiment -> registry.usable(experiment.featureId(), run.asOf())
                .usable()
                .ifPresent(usable -> scored.put(experiment.experimentId(), new Scored(experiment, usable))));
    }

    /** What the segments are made of, per experiment: another model, or further users whom it can score, make others. */
    Stream<String> bases() {
        return scored.values().stream()
                .map(of -> "segments of %s %s"
                        .formatted(
                                of.experiment().experimentId(),
                                ContentHash.sha256(List.of(
                                                of.experiment().segments(),
                                                of.usable().entry().modelId(),
                                                examples(of.experiment()).count())
                                        .toString())));
    }

    private Dataset<Row> examples(Experiment experiment) {
        return run.slice(Tables.TRAINING_EXAMPLES).where(col("feature_id").equalTo(experiment.featureId()));
    }

    /** The exposures, of which those without a segment have that of the user's score, where there is one. */
    Dataset<Row> complete(Dataset<Row> exposures) {
        Optional<Dataset<Row>> scores =
                scored.values().stream().map(this::scores).reduce(Dataset::unionByName);
        if (scores.isEmpty()) {
            return exposures;
        }
        Column[] completed = Arrays.stream(exposures.columns())
                .map(name -> COMPLETED.contains(name)
                        ? when(col("segment").isNull(), coalesce(col("_" + name), col(name)))
                                .otherwise(col(name))
                                .as(name)
                        : col(name))
                .toArray(Column[]::new);
        return exposures
                .join(scores.get(), new String[] {"experiment_id", "user_id"}, "left")
                .select(completed);
    }

    private Dataset<Row> scores(Scored of) {
        Segments segments = of.experiment().segments();
        UDF1<Double, String> segment = segments::of;
        return Scoring.outOfFold(examples(of.experiment()), of.usable().model())
                .select(
                        lit(of.experiment().experimentId()).as("experiment_id"),
                        col("user_id"),
                        col("score").as("_score"),
                        udf(segment, DataTypes.StringType).apply(col("score")).as("_segment"));
    }
}
