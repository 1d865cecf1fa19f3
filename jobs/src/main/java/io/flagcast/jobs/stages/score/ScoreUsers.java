package io.flagcast.jobs.stages.score;

import static java.util.stream.Collectors.toSet;

import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.records.ModelRegistry;
import io.flagcast.jobs.records.ModelRegistry.Choice;
import io.flagcast.jobs.records.ModelRegistry.Entry;
import io.flagcast.jobs.records.ModelRegistry.Usable;
import io.flagcast.jobs.run.Run;
import io.flagcast.jobs.run.StageResult;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import io.flagcast.tables.Ids;
import io.flagcast.tables.Tables;
import io.flagcast.training.FamilyModel;
import io.flagcast.training.FamilyScorer;
import io.flagcast.training.FamilyScorer.Used;
import io.flagcast.training.Scoring;
import io.flagcast.training.Scoring.Scorer;
import io.flagcast.training.usage.Family;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
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
        List<FamilyScorer> families = run.settings().families().values().stream()
                .sorted(Comparator.comparing(Family::pattern))
                .map(family -> scorer(run, family, registry.usable(family.pattern(), run.asOf()), profiles.schema()))
                .toList();
        long users = profiles.count();
        Dataset<Row> scores = Scoring.score(profiles, scorers, families);

        long rows = run.lake().replaceSlice(Tables.RESPONSIVENESS_SCORES, run.id(), scores);
        run.scored().set(scorers);
        return StageResult.wrote(users, Map.of(Tables.RESPONSIVENESS_SCORES, rows), summary(rows, scorers, families));
    }

    private static String summary(long rows, List<Scorer> scorers, List<FamilyScorer> families) {
        List<String> scored = new ArrayList<>();
        if (!scorers.isEmpty() || families.isEmpty()) {
            scored.add("%,d features, %,d with a model"
                    .formatted(
                            scorers.size(),
                            scorers.stream()
                                    .filter(scorer -> scorer.model() != null)
                                    .count()));
        }
        families.forEach(family -> scored.add(
                "%,d features of family %s".formatted(family.features().size(), family.family())));
        return "%,d scores of %s".formatted(rows, Ids.few(scored, "; "));
    }

    private static FamilyScorer scorer(Run run, Family family, Choice choice, StructType profiles) {
        Predicate<String> own = run.settings().membersOf(family);
        Set<String> rolledOut = run.experiments().stream()
                .map(Experiment::featureId)
                .filter(own)
                .collect(toSet());
        Optional<Used> used = choice.usable()
                .map(usable -> scorer(usable, profiles))
                .map(scorer -> new Used(scorer.modelId(), (FamilyModel) scorer.model()));
        List<String> features = used.map(of -> of.model().features()).orElse(List.of()).stream()
                .filter(own)
                .toList();
        rolledOut.stream()
                .filter(featureId -> !features.contains(featureId))
                .sorted()
                .forEach(featureId -> run.progress()
                        .notice(
                                "%s has no score: the model of family %s does not know it; users of its experiments count as unscored"
                                        .formatted(featureId, family.pattern())));
        return new FamilyScorer(family.pattern(), used, features, rolledOut, family.keep());
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
