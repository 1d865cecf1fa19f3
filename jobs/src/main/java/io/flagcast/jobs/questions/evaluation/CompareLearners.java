package io.flagcast.jobs.questions.evaluation;

import io.flagcast.features.ResponseDefinition;
import io.flagcast.features.Usage;
import io.flagcast.jobs.run.Progress;
import io.flagcast.training.CollaborativeTraining;
import io.flagcast.training.Evaluation;
import io.flagcast.training.ResponseTraining;
import io.flagcast.training.ResponseTraining.Result;
import io.flagcast.training.ResponsivenessModel;
import io.flagcast.training.learners.Learner;
import io.flagcast.training.learners.TrainingSettings;
import io.flagcast.training.usage.ItemFactors;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Trains every learner of a feature on some users and judges it on the others.
 *
 * @param featureId the feature
 * @param response what is learned
 * @param training how, but for the seed and the item factors, which every round has of its own
 * @param people whom to train and judge on
 * @param testUsers which of them are judged on
 */
record CompareLearners(
        String featureId, ResponseDefinition response, ResponseTraining training, People people, TestUsers testUsers) {

    /**
     * Who is trained and judged on.
     *
     * @param examples of the feature
     * @param profiles of all users, for item factors
     * @param exposures of all experiments
     * @param usage whether there are events, so that user factors are predictors
     */
    record People(Dataset<Row> examples, Dataset<Row> profiles, Dataset<Row> exposures, boolean usage) {

        /** Item factors from those who are trained on, and others whose profiles may be used. */
        private Optional<ItemFactors> factors(TrainingSettings how, TestUsers.Split split) {
            return usage
                    ? new CollaborativeTraining(how)
                            .factors(Usage.beforeAnyExposure(split.trainedOn(), split.others(), exposures))
                    : Optional.empty();
        }
    }

    /** Compares in one round a seed; absent where too little is known to learn from, which is said. */
    Optional<LearnerComparison> over(List<Long> seeds, Progress progress) {
        List<JudgedLearner> judged = new ArrayList<>();
        List<String> notes = new ArrayList<>();
        for (long seed : seeds) {
            TrainingSettings how = training.settings().withSeed(seed);
            TestUsers.Split split = testUsers.split(people.examples(), people.profiles(), seed, response.within());
            ResponseTraining own = new ResponseTraining(
                    training.predictors(), people.factors(how, split), training.leastPropensity(), how);
            long nanos = System.nanoTime();
            Result result = own.uplift(split.trainedOn(), response.kind(), Optional.empty());
            if (result instanceof Result.TooLittle nothing) {
                progress.say("%s: %s".formatted(featureId, nothing.reason()));
                return Optional.empty();
            }
            Result.Trained trained = (Result.Trained) result;
            notes.addAll(trained.notes());
            for (ResponsivenessModel model : inOrder(trained)) {
                boolean chosen = model.learner().equals(trained.champion().learner());
                judge(own, (ResponsivenessModel.Uplift) model, split.judgedOn(), seed, chosen)
                        .ifPresent(judged::add);
            }
            progress.say("%s: seed %d took %.1f s".formatted(featureId, seed, (System.nanoTime() - nanos) / 1e9));
        }
        return Optional.of(
                new LearnerComparison(featureId, training.settings().champion().name(), judged, notes));
    }

    /** The models in the order of the learners, whichever was chosen. */
    private List<ResponsivenessModel> inOrder(Result.Trained trained) {
        List<ResponsivenessModel> models = new ArrayList<>(List.of(trained.champion()));
        models.addAll(trained.challengers());
        List<String> order = training.settings().learners(response.kind()).stream()
                .map(Learner::name)
                .toList();
        models.sort(Comparator.comparingInt(model -> order.indexOf(model.learner())));
        return models;
    }

    private static Optional<JudgedLearner> judge(
            ResponseTraining training,
            ResponsivenessModel.Uplift model,
            Optional<Dataset<Row>> judgedOn,
            long seed,
            boolean chosen) {
        if (judgedOn.isEmpty()) {
            return Optional.of(new JudgedLearner(
                    seed,
                    model.learner(),
                    chosen,
                    model.metrics(),
                    model.curves(),
                    1.0 / (training.settings().folds() - 1)));
        }
        double trainedOn = model.metrics().get("examples");
        return training.evaluate(model, judgedOn.get())
                .map(evaluation -> judged(model, evaluation, trainedOn, seed, chosen));
    }

    private static JudgedLearner judged(
            ResponsivenessModel.Uplift model, Evaluation evaluation, double trainedOn, long seed, boolean chosen) {
        Map<String, Double> metrics = new TreeMap<>(evaluation.metrics(seed));
        metrics.put("examples", trainedOn);
        metrics.put("judged", (double) evaluation.users());
        metrics.put("verdict_p", model.judged().p());
        return new JudgedLearner(
                seed, model.learner(), chosen, metrics, evaluation.curves(), evaluation.users() / trainedOn);
    }
}
