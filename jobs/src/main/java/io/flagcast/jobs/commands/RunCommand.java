package io.flagcast.jobs.commands;

import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.commands.options.RunOptions;
import io.flagcast.jobs.commands.options.Surroundings;
import io.flagcast.jobs.pipeline.Stage;
import io.flagcast.jobs.questions.RunSummary;
import io.flagcast.jobs.run.Progress;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
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

    @Mixin
    private ConfigurationOptions configuration;

    @Mixin
    private RunOptions options;

    RunCommand(Surroundings surroundings) {
        this.surroundings = Objects.requireNonNull(surroundings, "surroundings");
    }

    @Override
    public Integer call() {
        return StageCommand.run(Stage.ORDER, surroundings, configuration, options, this::say);
    }

    private void say(Lake lake, Publication publication, List<Experiment> experiments) {
        Progress progress = surroundings.progress();
        RunSummary.of(lake, publication, experiments).lines().forEach(progress::say);
    }
}
