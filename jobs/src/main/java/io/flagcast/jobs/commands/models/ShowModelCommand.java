package io.flagcast.jobs.commands.models;

import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.commands.options.FormatOption;
import io.flagcast.jobs.printing.Printer;
import io.flagcast.jobs.printing.Sheet;
import io.flagcast.jobs.questions.TrainedModels;
import io.flagcast.jobs.records.ModelRegistry.Entry;
import io.flagcast.lake.ExitCode;
import io.flagcast.training.ResponsivenessModel;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(name = "show", mixinStandardHelpOptions = true, description = "All about a model.")
final class ShowModelCommand implements Callable<Integer> {

    @Parameters(paramLabel = "ID", description = "As in models list.")
    private String modelId;

    @Mixin
    private FormatOption format = new FormatOption();

    @Mixin
    private ConfigurationOptions configuration;

    @Override
    public Integer call() {
        return configuration.onLake(lake -> {
            TrainedModels models = TrainedModels.of(lake, configuration.lake().root());
            Entry entry = models.require(modelId);
            // Refuses a file that was changed.
            ResponsivenessModel model = models.registry().load(entry);
            Printer printer = format.printer();
            if (printer.isForPeople()) {
                tell(models, entry, model, printer);
            } else {
                printer.print(whole(models), List.of(entry));
            }
            return ExitCode.DONE;
        });
    }

    private static Sheet<Entry> head(TrainedModels models) {
        return Sheet.<Entry>unnamed()
                .value("model_id", Entry::modelId)
                .value("feature_id", Entry::featureId)
                .value("learner", Entry::learner)
                .value("status", entry -> entry.status().label())
                .value("used", models::isUsed)
                .value("verdict", Entry::verdict)
                .value("cause", entry -> entry.cause().label())
                .value("effective_as_of", Entry::effectiveAsOf)
                .value("changed_at", Entry::changedAt)
                .value("run_id", Entry::runId)
                .value("examples", Entry::examples)
                .value("path", Entry::path)
                .value("checksum", Entry::checksum);
    }

    private static Sheet<Entry> whole(TrainedModels models) {
        return head(models)
                .value("metrics", entry -> new TreeMap<>(entry.metrics()))
                .value("provenance", entry -> new TreeMap<>(entry.provenance()))
                .value("curves", Entry::curves);
    }

    private static void tell(TrainedModels models, Entry entry, ResponsivenessModel model, Printer printer) {
        head(models).object(entry).forEach((name, value) -> printer.say("%-26s %s".formatted(name, value)));
        if (model instanceof ResponsivenessModel.Uplift uplift) {
            printer.say("%-26s %s".formatted("why", uplift.judged().reason()));
        }
        TrainedModels.order(entry.metrics()).ifPresent(order -> printer.say("%-26s %s".formatted("order", order)));
        printer.say("metrics, out of fold");
        new TreeMap<>(entry.metrics()).forEach((name, value) -> printer.say("  %-24s %.6g".formatted(name, value)));
        printer.say("made from");
        new TreeMap<>(entry.provenance()).forEach((name, value) -> printer.say("  %-24s %s".formatted(name, value)));
    }
}
