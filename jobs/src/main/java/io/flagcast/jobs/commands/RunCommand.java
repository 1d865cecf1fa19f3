package io.flagcast.jobs.commands;

import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.commands.options.RunOptions;
import io.flagcast.jobs.commands.options.Surroundings;
import io.flagcast.jobs.pipeline.Pipeline;
import io.flagcast.jobs.questions.RunSummary;
import io.flagcast.jobs.run.Progress;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Session;
import io.flagcast.settings.Settings;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
        name = "run",
        mixinStandardHelpOptions = true,
        description = "All stages for one as-of (features, train, score, allocate, measure, govern), then publication."
                + " Safe to repeat: an as-of that is published already is left alone.")
final class RunCommand implements Callable<Integer> {

    private final Surroundings surroundings;
    private final Clock clock;

    @Mixin
    private ConfigurationOptions configuration;

    @Mixin
    private RunOptions options = new RunOptions();

    RunCommand(Surroundings surroundings) {
        this.surroundings = Objects.requireNonNull(surroundings, "surroundings");
        this.clock = surroundings.clock();
    }

    @Override
    public Integer call() {
        Settings settings = configuration.settings();
        List<Experiment> experiments = configuration.experiments(settings);
        Instant asOf = options.asOf(clock);
        Progress progress = surroundings.progress();
        try (Session session = surroundings.session()) {
            Lake lake = new Lake(session.spark(), settings.lake().root());
            new Pipeline(settings, experiments, lake, clock, progress, surroundings.interruption())
                    .reshuffling(options.reshuffled())
                    .run(asOf, options.repeat())
                    .ifPresent(publication -> RunSummary.of(lake, publication, experiments)
                            .lines()
                            .forEach(progress::say));
        }
        return ExitCode.DONE.code();
    }
}
