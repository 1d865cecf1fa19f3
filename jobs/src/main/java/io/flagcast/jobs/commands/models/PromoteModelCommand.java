package io.flagcast.jobs.commands.models;

import io.flagcast.jobs.changes.UseModel;
import io.flagcast.jobs.commands.options.ChangeOptions;
import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.commands.options.Surroundings;
import io.flagcast.jobs.questions.TrainedModels;
import io.flagcast.jobs.records.ModelRegistry.Entry;
import io.flagcast.jobs.run.Progress;
import io.flagcast.lake.ExitCode;
import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
        name = "promote",
        mixinStandardHelpOptions = true,
        description = "Makes a model the one that its feature uses, from the next run on.")
final class PromoteModelCommand implements Callable<Integer> {

    private final Surroundings surroundings;

    @Parameters(paramLabel = "ID", description = "As in models list.")
    private String modelId;

    @Mixin
    private ChangeOptions changes;

    @Mixin
    private ConfigurationOptions configuration;

    PromoteModelCommand(Surroundings surroundings) {
        this.surroundings = Objects.requireNonNull(surroundings, "surroundings");
    }

    @Override
    public Integer call() {
        return configuration.onLake(changes, lake -> {
            TrainedModels models = TrainedModels.of(lake, configuration.lake().root());
            Entry entry = models.require(modelId);
            Progress progress = surroundings.progress();
            if (models.isUsed(entry)) {
                progress.say("%s is used for %s already".formatted(modelId, entry.featureId()));
            } else {
                UseModel.use(models.registry(), entry, surroundings.clock().instant(), progress);
            }
            return ExitCode.DONE;
        });
    }
}
