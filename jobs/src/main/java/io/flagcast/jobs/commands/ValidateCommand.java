package io.flagcast.jobs.commands;

import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.questions.RuleTests;
import io.flagcast.rules.Rule;
import io.flagcast.settings.Settings;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

@Command(
        name = "validate",
        mixinStandardHelpOptions = true,
        description = "Checks configuration and experiment files, and runs the tests of their rules; without Spark.")
final class ValidateCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Mixin
    private ConfigurationOptions configuration;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        Settings settings = configuration.settings();
        List<Experiment> experiments = configuration.experiments(settings);
        RuleTests tests = RuleTests.run(experiments);
        for (Experiment experiment : experiments) {
            out.printf(
                    "%s: %s of %s, %s, %d metrics, %d rules, %d tests%n",
                    experiment.file(),
                    experiment.experimentId(),
                    experiment.featureId(),
                    experiment.allocation().getClass().getSimpleName(),
                    experiment.metrics().size(),
                    experiment.rules().size(),
                    experiment.tests().size());
            for (Rule rule : experiment.rules()) {
                rule.maxFirings()
                        .ifPresent(most -> out.printf(
                                "  rule %s: shedding is random within the segment, so it can fire again; at most %d times%n",
                                rule.ruleId(), most));
            }
        }
        tests.failed().forEach(failed -> out.println(failed.where()));
        out.printf(
                "%d features, %d sources, %d experiments, %d rule tests, %d failed%n",
                settings.features().size(),
                settings.sources().size(),
                experiments.size(),
                tests.results().size(),
                tests.failed().size());
        return tests.exitCode().code();
    }
}
