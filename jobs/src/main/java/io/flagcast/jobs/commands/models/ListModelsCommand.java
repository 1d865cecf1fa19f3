package io.flagcast.jobs.commands.models;

import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.commands.options.FormatOption;
import io.flagcast.jobs.printing.Sheet;
import io.flagcast.jobs.printing.Shown;
import io.flagcast.jobs.questions.TrainedModels;
import io.flagcast.jobs.records.ModelRegistry.Entry;
import io.flagcast.lake.ExitCode;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "list",
        mixinStandardHelpOptions = true,
        description = "All models, oldest first, or those of a feature.")
final class ListModelsCommand implements Callable<Integer> {

    @Option(
            names = "--feature",
            paramLabel = "ID",
            description = "Only this feature, and families that it is of; or only this family.")
    private String featureId;

    @Mixin
    private FormatOption format = new FormatOption();

    @Mixin
    private ConfigurationOptions configuration;

    @Override
    public Integer call() {
        return configuration.onLake(lake -> {
            TrainedModels models = TrainedModels.of(lake, configuration.lake().root());
            format.printer().print(sheet(models), models.of(Optional.ofNullable(featureId)));
            return ExitCode.DONE;
        });
    }

    private static Sheet<Entry> sheet(TrainedModels models) {
        return Sheet.<Entry>unnamed()
                .column("feature", "feature_id", Entry::featureId)
                .column("model", "model_id", Entry::modelId)
                .column("learner", "learner", Entry::learner)
                .column("status", "status", entry -> entry.status().label())
                .column("used", "used", models::isUsed, Shown.YES)
                .column("as of", "as_of", Entry::asOf)
                .column("examples", "examples", Entry::examples, Shown.COUNT)
                .text("quality", entry -> TrainedModels.quality(entry.metrics()))
                .column("verdict", "verdict", entry -> entry.verdict().orElse(null))
                .column("p", "heterogeneity_p", entry -> entry.metrics().get("heterogeneity_p"), Shown.number("%.2g"))
                .value("metrics", Entry::metrics);
    }
}
