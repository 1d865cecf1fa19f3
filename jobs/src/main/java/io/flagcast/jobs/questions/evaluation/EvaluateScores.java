package io.flagcast.jobs.questions.evaluation;

import static org.apache.spark.sql.functions.col;

import io.flagcast.experiments.Experiment;
import io.flagcast.features.Profiles;
import io.flagcast.features.Usage;
import io.flagcast.jobs.questions.evaluation.CompareLearners.People;
import io.flagcast.jobs.run.Progress;
import io.flagcast.lake.inputs.Inputs;
import io.flagcast.lake.inputs.UserList;
import io.flagcast.settings.ConfiguredExperiments;
import io.flagcast.settings.Settings;
import io.flagcast.tables.Tables;
import io.flagcast.training.Objective;
import io.flagcast.training.ResponseTraining;
import io.flagcast.training.learners.TrainingSettings;
import io.flagcast.training.usage.Family;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.storage.StorageLevel;

/**
 * How good the scores of features are: trains on a part of the users and judges on the others. Reads the sources and
 * writes nothing.
 *
 * @param settings of predictors, features and sources
 * @param experiments all that are configured
 * @param how learners and their settings
 * @param features whose scores; configured ones, families by their pattern
 * @param testUsers whom to judge on
 * @param seeds of folds and splits, one round each; empty: see {@link TestUsers#seeds}
 */
public record EvaluateScores(
        Settings settings,
        List<Experiment> experiments,
        TrainingSettings how,
        SortedSet<String> features,
        TestUsers testUsers,
        List<Long> seeds) {

    public EvaluateScores {
        Objects.requireNonNull(settings, "settings");
        experiments = List.copyOf(experiments);
        Objects.requireNonNull(how, "how");
        features = Collections.unmodifiableSortedSet(new TreeSet<>(features));
        Objects.requireNonNull(testUsers, "testUsers");
        seeds = List.copyOf(seeds);
    }

    /**
     * Evaluates feature by feature.
     *
     * @param upTo nothing at or after this instant is looked at
     * @param each is given every answer as soon as there is one; a feature that nothing can be said of is only said to be
     *     one
     */
    public void answer(Inputs inputs, Instant upTo, Progress progress, Consumer<ScoreQuality> each) {
        Dataset<Row> users = inputs.valid(Tables.USERS);
        Dataset<Row> histories = Usage.histories(inputs.valid(Tables.EVENTS)).persist(StorageLevel.MEMORY_AND_DISK());
        Optional<Dataset<Row>> nobody = UserList.withheld(settings.training().withhold(), users.sparkSession());
        Dataset<Row> examples = UserList.without(
                        settings.learning(experiments)
                                .before(
                                        settings.arrivals(inputs),
                                        users,
                                        histories,
                                        inputs.exposures(),
                                        inputs.valid(Tables.OUTCOMES)),
                        nobody)
                .persist(StorageLevel.MEMORY_AND_DISK());
        Dataset<Row> profiles = UserList.without(
                        Profiles.at(upTo, users, histories, settings.predictors(), settings.usage()), nobody)
                .persist(StorageLevel.MEMORY_AND_DISK());
        try {
            List<Long> rounds = testUsers.seeds(seeds, how.seed());
            for (String featureId : features) {
                quality(featureId, examples, profiles, inputs, rounds, progress).ifPresent(each);
            }
        } finally {
            examples.unpersist();
            profiles.unpersist();
            histories.unpersist();
        }
    }

    private Optional<? extends ScoreQuality> quality(
            String featureId,
            Dataset<Row> examples,
            Dataset<Row> profiles,
            Inputs inputs,
            List<Long> rounds,
            Progress progress) {
        Family family = settings.families().get(featureId);
        if (family != null) {
            return Optional.of(RankingComparison.of(family, profiles, how, rounds));
        }
        Settings.Feature feature = Objects.requireNonNull(settings.features().get(featureId), featureId);
        if (feature.objective() == Objective.COLLABORATIVE) {
            return Optional.of(RankingComparison.of(featureId, profiles, how, rounds));
        }
        if (feature.objective() == Objective.PROPENSITY) {
            progress.say(featureId + ": objective propensity has no uplift to judge");
            return Optional.empty();
        }
        ResponseTraining training = new ResponseTraining(
                settings.predictorNames(),
                Optional.empty(),
                ConfiguredExperiments.leastPropensity(experiments, featureId),
                how);
        People people = new People(
                examples.where(col("feature_id").equalTo(featureId)),
                profiles,
                inputs.exposures(),
                settings.sources().containsKey(Tables.EVENTS));
        return new CompareLearners(featureId, feature.response().orElseThrow(), training, people, testUsers)
                .over(rounds, progress);
    }
}
