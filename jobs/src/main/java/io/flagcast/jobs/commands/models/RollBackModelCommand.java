package io.flagcast.jobs.commands.models;

import io.flagcast.jobs.changes.UseModel;
import io.flagcast.jobs.commands.options.ChangeOptions;
import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.commands.options.Surroundings;
import io.flagcast.jobs.questions.TrainedModels;
import io.flagcast.lake.ExitCode;
import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
        name = "rollback",
        mixinStandardHelpOptions = true,
        description = "Returns a feature, or a family, to the model that it used before the one in use.")
final class RollBackModelCommand implements Callable<Integer> {

    private final Surroundings surroundings;

    @Parameters(paramLabel = "FEATURE", description = "The feature, or the pattern of a family.")
    private String featureId;

    @Mixin
    private ChangeOptions changes;

    @Mixin
    private ConfigurationOptions configuration;

    RollBackModelCommand(Surroundings surroundings) {
        this.surroundings = Objects.requireNonNull(surroundings, "surroundings");
    }

    @Override
    public Integer call() {
        return configuration.onLake(changes, lake -> {
            TrainedModels models = TrainedModels.of(lake, configuration.lake().root());
            UseModel.before(models.registry(), featureId, surroundings.clock().instant(), surroundings.progress());
            return ExitCode.DONE;
        });
    }
}
