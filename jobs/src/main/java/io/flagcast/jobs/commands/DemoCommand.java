package io.flagcast.jobs.commands;

import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.commands.options.ChangeOptions;
import io.flagcast.jobs.commands.options.Surroundings;
import io.flagcast.jobs.demo.ClosedLoop;
import io.flagcast.jobs.demo.DemoFolder;
import io.flagcast.jobs.demo.DemoSummary;
import io.flagcast.jobs.questions.MadeChange;
import io.flagcast.jobs.questions.RunSummary;
import io.flagcast.jobs.run.Progress;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.lake.Session;
import io.flagcast.report.Report;
import io.flagcast.settings.ConfiguredExperiments;
import io.flagcast.settings.Settings;
import io.flagcast.settings.SettingsReader;
import io.flagcast.settings.hocon.ConfFile;
import io.flagcast.simulation.Simulation;
import io.flagcast.simulation.Worth;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        description =
                "Simulates two weeks in closed loop through the real jobs: scores, allocation, metrics, a feature that"
                        + " breaks and is mended, and the rule that answers. Needs no input; writes below target/demo.")
final class DemoCommand implements Callable<Integer> {

    private final Surroundings surroundings;

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "Overrides one setting of conf/examples/demo.conf.")
    private List<String> overrides = new ArrayList<>();

    @Mixin
    private ChangeOptions changes;

    DemoCommand(Surroundings surroundings) {
        this.surroundings = Objects.requireNonNull(surroundings, "surroundings");
    }

    @Override
    public Integer call() throws IOException {
        Path file = surroundings.home().resolve("conf/examples/demo.conf");
        Settings settings = SettingsReader.read(Optional.of(ConfFile.of(file)), overrides, surroundings.variables());
        List<Experiment> experiments = ConfiguredExperiments.read(settings);
        Progress progress = surroundings.progress();
        if (changes.isDry()) {
            progress.say("a lake would be begun anew in %s, and a simulated world in %s"
                    .formatted(settings.lake().root(), settings.simulation().root()));
            changes.close();
            return ExitCode.DONE.code();
        }
        DemoFolder.startAnew("flagcast.lake.root", settings.lake().root());
        DemoFolder.startAnew("flagcast.simulation.root", settings.simulation().root());
        progress.say("demo: %,d simulated users, %d experiments, %d days; seed %d"
                .formatted(
                        settings.simulation().users(),
                        experiments.size(),
                        settings.simulation().days(),
                        settings.simulation().seed()));
        try (Session session = surroundings.session()) {
            Lake lake = new Lake(session.spark(), settings.lake().root());
            Simulation simulation = new Simulation(session.spark(), settings.simulation());
            Publication last = new ClosedLoop(
                            settings, experiments, lake, simulation, progress, surroundings.interruption())
                    .live();
            List<Worth> worth = Worth.of(simulation.truth());
            Path report = Path.of(settings.lake().root()).resolveSibling("report.html");
            Report.write(lake, last, worth, report);
            DemoSummary summary = new DemoSummary(
                    RunSummary.of(lake, last, experiments).lines(),
                    MadeChange.history(lake),
                    worth,
                    settings.simulation().days(),
                    last.sequence(),
                    report);
            surroundings
                    .result()
                    .add(Map.of(
                            "publication",
                            last.sequence(),
                            "report",
                            report.toAbsolutePath().toString()));
            summary.lines().forEach(new PrintStream(System.out, true, StandardCharsets.UTF_8)::println);
        }
        return ExitCode.DONE.code();
    }
}
