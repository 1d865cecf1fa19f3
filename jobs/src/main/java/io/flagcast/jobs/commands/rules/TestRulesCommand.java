package io.flagcast.jobs.commands.rules;

import io.flagcast.experiments.Experiment;
import io.flagcast.experiments.ExperimentFiles;
import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.commands.options.FormatOption;
import io.flagcast.jobs.printing.Printer;
import io.flagcast.jobs.printing.Sheet;
import io.flagcast.jobs.questions.RuleTests;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "test",
        mixinStandardHelpOptions = true,
        description = "Runs the tests of experiment files, without Spark or a lake. Exit code 1 where one fails.")
final class TestRulesCommand implements Callable<Integer> {

    private static final Sheet<RuleTests.Result> TESTS = Sheet.<RuleTests.Result>unnamed()
            .value("experiment_id", result -> result.experiment().experimentId())
            .value("file", result -> result.experiment().file())
            .value("line", result -> result.test().line())
            .value("test", result -> result.test().name())
            .value("passed", result -> result.failure().isEmpty())
            .value("failure", result -> result.failure().orElse(null));

    @Parameters(
            paramLabel = "FILES",
            arity = "0..*",
            description = "Experiment files or folders of them. Default: the configured ones.")
    private List<Path> files = new ArrayList<>();

    @Option(names = "--junit", paramLabel = "FILE", description = "Write the results as JUnit XML too.")
    private Path junit;

    @Mixin
    private FormatOption format = new FormatOption();

    @Mixin
    private ConfigurationOptions configuration;

    @Override
    public Integer call() {
        List<Experiment> experiments = files.isEmpty()
                ? ExperimentFiles.read(Path.of(configuration.settings().experiments()))
                : ExperimentFiles.read(files);
        RuleTests tests = RuleTests.run(experiments);
        Printer printer = format.printer();
        if (printer.isForPeople()) {
            experiments.forEach(experiment -> tell(experiment, tests, printer));
            printer.say("%d tests, %d failed"
                    .formatted(tests.results().size(), tests.failed().size()));
        } else {
            printer.print(TESTS, tests.results());
        }
        if (junit != null) {
            write(tests.junit());
        }
        return tests.exitCode().code();
    }

    private void write(String xml) {
        try {
            if (junit.toAbsolutePath().getParent() != null) {
                Files.createDirectories(junit.toAbsolutePath().getParent());
            }
            Files.writeString(junit, xml);
        } catch (IOException e) {
            throw new UncheckedIOException("--junit " + junit + " cannot be written", e);
        }
    }

    private static void tell(Experiment experiment, RuleTests tests, Printer printer) {
        printer.say("%s: %d rules, %d tests"
                .formatted(
                        experiment.file(),
                        experiment.rules().size(),
                        experiment.tests().size()));
        tests.results().stream()
                .filter(result -> result.experiment().equals(experiment))
                .forEach(result -> printer.say("  %-4s  %s%s"
                        .formatted(
                                result.failure().isEmpty() ? "ok" : "FAIL",
                                result.test().name(),
                                result.failure()
                                        .map(why -> " (line %d): %s"
                                                .formatted(result.test().line(), why))
                                        .orElse(""))));
    }
}
