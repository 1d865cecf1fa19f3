package io.flagcast.jobs.settings;

import io.flagcast.training.learners.Learner;
import io.flagcast.training.learners.TrainingSettings;
import java.util.Optional;

/** Reads {@code flagcast.training}. */
final class TrainingReader {

    private TrainingReader() {}

    static Settings.Training read(Block training) {
        String withhold = training.string("withhold");
        return training.checked(
                () -> new Settings.Training(
                        model(training),
                        training.duration("retrain-every"),
                        withhold.isBlank() ? Optional.empty() : Optional.of(withhold)),
                null);
    }

    private static TrainingSettings model(Block training) {
        return new TrainingSettings(
                training.integer("seed"),
                training.integer("folds"),
                learner(training, "champion", training.string("champion")),
                training.strings("challengers").stream()
                        .map(name -> learner(training, "challengers", name))
                        .toList(),
                training.number("regularisation"),
                training.number("elastic-net"),
                training.integer("min-users-per-arm"),
                trees(training.inner("trees")),
                network(training.inner("network")),
                factors(training.inner("factors")),
                collaborative(training.inner("collaborative")));
    }

    private static TrainingSettings.Trees trees(Block trees) {
        return new TrainingSettings.Trees(
                trees.integer("iterations"),
                trees.integer("depth"),
                trees.number("step-size"),
                trees.integer("min-users-per-leaf"));
    }

    private static TrainingSettings.Network network(Block network) {
        return new TrainingSettings.Network(network.numbers("hidden", Integer::valueOf), network.integer("iterations"));
    }

    private static TrainingSettings.Factors factors(Block factors) {
        return new TrainingSettings.Factors(factors.integer("rank"), factors.integer("items"));
    }

    private static TrainingSettings.Collaborative collaborative(Block collaborative) {
        return new TrainingSettings.Collaborative(
                collaborative.numbers("rank", Integer::valueOf),
                collaborative.numbers("alpha", Numbers::finite),
                collaborative.numbers("regularisation", Numbers::finite),
                collaborative.integer("iterations"),
                collaborative.integer("blocks"));
    }

    private static Learner learner(Block training, String key, String name) {
        try {
            return Learner.parse(name);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("%s.%s: %s".formatted(training.path(), key, e.getMessage()), e);
        }
    }
}
