package io.flagcast.jobs.stages.score;

import io.flagcast.jobs.records.ModelRegistry;
import io.flagcast.jobs.records.ModelRegistry.Entry;
import io.flagcast.jobs.records.ModelRegistry.Usable;
import io.flagcast.jobs.run.Run;
import io.flagcast.jobs.run.StageResult;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import io.flagcast.tables.Tables;
import io.flagcast.training.Scoring;
import io.flagcast.training.Scoring.Scorer;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructType;

/** Stage score: profiles and models to a responsiveness score for every user and feature. */
public final class ScoreUsers {

    private ScoreUsers() {}

    public static StageResult run(Run run) {
        ModelRegistry registry = ModelRegistry.read(run.lake());
        Dataset<Row> profiles = run.lake().slice(Tables.USER_PROFILES, run.id().toString());
        List<Scorer> scorers = run.settings().features().keySet().stream()
                .sorted()
                .map(featureId -> registry.usable(featureId, run.asOf())
                        .usable()
                        .map(usable -> scorer(usable, profiles.schema()))
                        .orElseGet(() -> Scorer.prior(featureId)))
                .toList();

        Dataset<Row> scores = Scoring.score(profiles, scorers);

        long rows = run.lake().replaceSlice(Tables.RESPONSIVENESS_SCORES, run.id(), scores);
        long withModel =
                scorers.stream().filter(scorer -> scorer.model() != null).count();
        return StageResult.wrote(
                profiles.count(),
                Map.of(Tables.RESPONSIVENESS_SCORES, rows),
                "%,d scores of %d features, %d with a model".formatted(rows, scorers.size(), withModel));
    }

    private static Scorer scorer(Usable usable, StructType profiles) {
        Entry entry = usable.entry();
        usable.model().mismatch(profiles).ifPresent(why -> {
            throw new Refusal(
                    ExitCode.CONFIGURATION,
                    "%s uses model %s, but %s: restore it in flagcast.users.predictors, or flagcast models promote another model"
                            .formatted(entry.featureId(), entry.modelId(), why));
        });
        return new Scorer(entry.featureId(), entry.modelId(), usable.model());
    }
}
