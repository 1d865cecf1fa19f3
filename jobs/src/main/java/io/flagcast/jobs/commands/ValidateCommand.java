package io.flagcast.jobs.commands;

import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.commands.options.FormatOption;
import io.flagcast.jobs.printing.Printer;
import io.flagcast.jobs.printing.Sheet;
import io.flagcast.jobs.questions.PublishedWarnings;
import io.flagcast.jobs.questions.RuleTests;
import io.flagcast.lake.ExitCode;
import io.flagcast.rules.Rule;
import io.flagcast.settings.Settings;
import io.flagcast.training.usage.Family;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "validate",
        mixinStandardHelpOptions = true,
        description =
                "Checks configuration and experiment files, and runs the tests of their rules; without Spark, unless it is to look at the lake.")
final class ValidateCommand implements Callable<Integer> {

    private static final Sheet<Experiment> EXPERIMENTS = Sheet.<Experiment>unnamed()
            .value("experiment_id", Experiment::experimentId)
            .value("feature_id", Experiment::featureId)
            .value("status", experiment -> experiment.status().name().toLowerCase(Locale.ROOT))
            .value("file", experiment -> experiment.file().toString())
            .value(
                    "allocation",
                    experiment -> experiment.allocation().getClass().getSimpleName())
            .value("metrics", experiment -> experiment.metrics().size())
            .value("rules", experiment -> experiment.rules().size())
            .value("tests", experiment -> experiment.tests().size())
            .value("warnings", experiment -> String.join("; ", experiment.warnings()));

    @Option(
            names = "--lake",
            description =
                    "Also compare with the live publication and its data, and warn where users would lose the feature or"
                            + " outcomes count nowhere; starts Spark.")
    private boolean lake;

    @Mixin
    private FormatOption format = new FormatOption();

    @Mixin
    private ConfigurationOptions configuration;

    @Override
    public Integer call() {
        Settings settings = configuration.settings();
        List<Experiment> experiments = configuration.experiments(settings);
        RuleTests tests = RuleTests.run(experiments);
        Printer printer = format.printer();
        if (printer.isForPeople()) {
            experiments.forEach(experiment -> tell(experiment, printer));
        } else {
            printer.print(EXPERIMENTS, experiments);
        }
        tests.failed().forEach(failed -> printer.say(failed.where()));
        settings.families().values().stream()
                .sorted(Comparator.comparing(Family::pattern))
                .map(ValidateCommand::text)
                .forEach(printer::say);
        if (lake) {
            configuration.onLake(live -> {
                PublishedWarnings.of(live, settings, experiments)
                        .forEach(warning -> printer.say("warning: " + warning));
                return ExitCode.DONE;
            });
        }
        printer.say("%d features, %d sources, %d experiments, %d rule tests, %d failed"
                .formatted(
                        settings.features().size(),
                        settings.sources().size(),
                        experiments.size(),
                        tests.results().size(),
                        tests.failed().size()));
        return tests.exitCode().code();
    }

    private static String text(Family family) {
        return "%s: a family, all features of events like it with %,d users or more, at most %,d; %s"
                .formatted(
                        family.pattern(),
                        family.minUsers(),
                        family.maxFeatures(),
                        family.keep()
                                .map("the best %,d of each user are published"::formatted)
                                .orElse("all are published"));
    }

    private static void tell(Experiment experiment, Printer printer) {
        printer.say("%s: %s of %s, %s%s, %d metrics, %d rules, %d tests"
                .formatted(
                        experiment.file(),
                        experiment.experimentId(),
                        experiment.featureId(),
                        experiment.allocation().getClass().getSimpleName(),
                        experiment.status() == Experiment.Status.ACTIVE
                                ? ""
                                : ", %s: it enables nobody"
                                        .formatted(experiment.status().name().toLowerCase(Locale.ROOT)),
                        experiment.metrics().size(),
                        experiment.rules().size(),
                        experiment.tests().size()));
        for (Rule rule : experiment.rules()) {
            rule.maxFirings()
                    .ifPresent(most -> printer.say(
                            "  rule %s: shedding is random within the segment, so it can fire again; at most %d times"
                                    .formatted(rule.ruleId(), most)));
        }
        experiment.warnings().forEach(warning -> printer.say("  warning: " + warning));
    }
}
