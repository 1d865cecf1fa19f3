package io.flagcast.jobs;

import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.lake.Lake;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** One command per stage, for schedulers that want to see and repeat each. The last one publishes. */
final class StageCommands {

    private StageCommands() {}

    /** What the six commands share. */
    private static final class Work {
        @Mixin
        private ConfigurationOptions configuration = new ConfigurationOptions();

        @Mixin
        private RunOptions options = new RunOptions();

        private int run(Stage stage, Clock clock) {
            Settings settings = configuration.settings();
            List<Experiment> experiments = configuration.experiments(settings);
            try (Session session = Session.open()) {
                Lake lake = new Lake(session.spark(), settings.lake().root());
                new Pipeline(settings, experiments, lake, clock, Progress.on(System.err))
                        .runStage(stage, options.asOf(clock), options.repeat());
            }
            return ExitCode.DONE.code();
        }
    }

    @Command(
            name = "features",
            mixinStandardHelpOptions = true,
            description = "Input tables to profiles and training examples; quarantines bad rows.")
    static final class Features implements Callable<Integer> {
        private final Clock clock;

        @Mixin
        private Work work = new Work();

        Features(Clock clock) {
            this.clock = clock;
        }

        @Override
        public Integer call() {
            return work.run(Stage.FEATURES, clock);
        }
    }

    @Command(
            name = "train",
            mixinStandardHelpOptions = true,
            description = "Training examples and usage to models, where the newest model of a feature is due.")
    static final class Train implements Callable<Integer> {
        private final Clock clock;

        @Mixin
        private Work work = new Work();

        Train(Clock clock) {
            this.clock = clock;
        }

        @Override
        public Integer call() {
            return work.run(Stage.TRAIN, clock);
        }
    }

    @Command(
            name = "score",
            mixinStandardHelpOptions = true,
            description = "Profiles and models to a responsiveness score for every user and feature.")
    static final class Score implements Callable<Integer> {
        private final Clock clock;

        @Mixin
        private Work work = new Work();

        Score(Clock clock) {
            this.clock = clock;
        }

        @Override
        public Integer call() {
            return work.run(Stage.SCORE, clock);
        }
    }

    @Command(
            name = "allocate",
            mixinStandardHelpOptions = true,
            description = "Profiles, scores and parameters to a decision for every user in every experiment.")
    static final class Allocate implements Callable<Integer> {
        private final Clock clock;

        @Mixin
        private Work work = new Work();

        Allocate(Clock clock) {
            this.clock = clock;
        }

        @Override
        public Integer call() {
            return work.run(Stage.ALLOCATE, clock);
        }
    }

    @Command(
            name = "measure",
            mixinStandardHelpOptions = true,
            description = "Exposures and outcomes to metrics per segment.")
    static final class Measure implements Callable<Integer> {
        private final Clock clock;

        @Mixin
        private Work work = new Work();

        Measure(Clock clock) {
            this.clock = clock;
        }

        @Override
        public Integer call() {
            return work.run(Stage.MEASURE, clock);
        }
    }

    @Command(
            name = "govern",
            mixinStandardHelpOptions = true,
            description =
                    "Metrics to rule decisions, bandit steps and new allocation parameters; then publishes the run.")
    static final class Govern implements Callable<Integer> {
        private final Clock clock;

        @Mixin
        private Work work = new Work();

        Govern(Clock clock) {
            this.clock = clock;
        }

        @Override
        public Integer call() {
            return work.run(Stage.GOVERN, clock);
        }
    }
}
