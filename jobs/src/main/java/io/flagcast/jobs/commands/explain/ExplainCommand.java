package io.flagcast.jobs.commands.explain;

import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.commands.options.FormatOption;
import io.flagcast.jobs.printing.Printer;
import io.flagcast.jobs.questions.ExplainDecision;
import io.flagcast.jobs.questions.ExplainScore;
import io.flagcast.jobs.questions.ParametersInForce;
import io.flagcast.jobs.questions.WhatPays;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import io.flagcast.settings.ConfiguredExperiments;
import io.flagcast.settings.Settings;
import io.flagcast.tables.Ids;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Explains scores, decisions and parameters. */
@Command(
        name = "explain",
        mixinStandardHelpOptions = true,
        description = {
            "Why a user has the score that he has in the live publication (--user, --feature), why he is enabled in an"
                    + " experiment or not (--user, --experiment), or what rules, bandit and people have set for an"
                    + " experiment, and why (--experiment alone).",
            "Of a user CSV and JSON are one row, with every predictor or every line. Of an experiment alone every row as"
                    + " JSON says its table: in_force or changes; CSV is what is in force."
        })
public final class ExplainCommand implements Callable<Integer> {

    @Option(names = "--user", paramLabel = "ID", description = "The user.")
    private String userId;

    @Option(names = "--feature", paramLabel = "ID", description = "The feature.")
    private String featureId;

    @Option(names = "--experiment", paramLabel = "ID", description = "The experiment.")
    private String experimentId;

    @Mixin
    private FormatOption format = new FormatOption();

    @Mixin
    private ConfigurationOptions configuration;

    @Override
    public Integer call() {
        if ((featureId == null) == (experimentId == null)) {
            throw new Refusal(ExitCode.USAGE, "explain: name one of --feature and --experiment");
        }
        if (userId != null && Ids.isBlank(userId)) {
            throw new Refusal(ExitCode.USAGE, "explain: --user is '%s': a blank id is nobody's".formatted(userId));
        }
        if (experimentId != null) {
            return explainExperiment(format.printer());
        }
        if (userId == null) {
            throw new Refusal(ExitCode.USAGE, "explain: --feature needs a --user");
        }
        return configuration.onLake(lake -> {
            PrintedScore.print(ExplainScore.of(lake, userId, featureId), format.printer());
            return ExitCode.DONE;
        });
    }

    private int explainExperiment(Printer printer) {
        Settings settings = configuration.settings();
        Experiment experiment =
                ConfiguredExperiments.named(configuration.experiments(settings), "--experiment", experimentId);
        return configuration.onLake(lake -> {
            if (userId == null) {
                ParametersInForce parameters = ParametersInForce.of(lake, experiment);
                PrintedParameters.print(
                        parameters,
                        WhatPays.of(lake, List.of(experiment), parameters.live().asOf()),
                        printer);
            } else {
                PrintedDecision.print(ExplainDecision.of(lake, settings, experiment, userId), printer);
            }
            return ExitCode.DONE;
        });
    }
}
