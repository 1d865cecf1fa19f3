package io.flagcast.jobs.commands;

import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.commands.options.RunOptions;
import io.flagcast.jobs.commands.options.Surroundings;
import io.flagcast.jobs.pipeline.Pipeline;
import io.flagcast.jobs.pipeline.Stage;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Session;
import io.flagcast.settings.Settings;
import java.time.Clock;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** One stage of a run, for schedulers that want to see and repeat each. The last one publishes. */
@Command(mixinStandardHelpOptions = true)
final class StageCommand implements Callable<Integer> {

    private final Stage stage;
    private final Surroundings surroundings;

    @Mixin
    private ConfigurationOptions configuration;

    @Mixin
    private RunOptions options = new RunOptions();

    StageCommand(Stage stage, Surroundings surroundings) {
        this.stage = Objects.requireNonNull(stage, "stage");
        this.surroundings = Objects.requireNonNull(surroundings, "surroundings");
    }

    @Override
    public Integer call() {
        return run(stage, surroundings, configuration, options);
    }

    static int run(Stage stage, Surroundings surroundings, ConfigurationOptions configuration, RunOptions options) {
        Clock clock = surroundings.clock();
        Settings settings = configuration.settings();
        List<Experiment> experiments = configuration.experiments(settings);
        try (Session session = surroundings.session()) {
            Lake lake = new Lake(session.spark(), settings.lake().root());
            new Pipeline(settings, experiments, lake, clock, surroundings.progress(), surroundings.interruption())
                    .reshuffling(options.reshuffled())
                    .runStage(stage, options.asOf(clock), options.repeat());
        }
        return ExitCode.DONE.code();
    }
}
