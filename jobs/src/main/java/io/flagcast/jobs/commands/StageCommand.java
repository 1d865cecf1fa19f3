package io.flagcast.jobs.commands;

import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.commands.options.RunOptions;
import io.flagcast.jobs.pipeline.Pipeline;
import io.flagcast.jobs.pipeline.Stage;
import io.flagcast.jobs.run.Progress;
import io.flagcast.jobs.settings.Settings;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Session;
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
    private final Clock clock;

    @Mixin
    private ConfigurationOptions configuration = new ConfigurationOptions();

    @Mixin
    private RunOptions options = new RunOptions();

    StageCommand(Stage stage, Clock clock) {
        this.stage = Objects.requireNonNull(stage, "stage");
        this.clock = Objects.requireNonNull(clock, "clock");
    }

    @Override
    public Integer call() {
        return run(stage, clock, configuration, options);
    }

    static int run(Stage stage, Clock clock, ConfigurationOptions configuration, RunOptions options) {
        Settings settings = configuration.settings();
        List<Experiment> experiments = configuration.experiments(settings);
        try (Session session = Session.open()) {
            Lake lake = new Lake(session.spark(), settings.lake().root());
            new Pipeline(settings, experiments, lake, clock, Progress.on(System.err))
                    .reshuffling(options.reshuffled())
                    .runStage(stage, options.asOf(clock), options.repeat());
        }
        return ExitCode.DONE.code();
    }
}
