package io.flagcast.jobs.commands;

import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.commands.options.ChangeOptions;
import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.commands.options.Surroundings;
import io.flagcast.jobs.run.Progress;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Refusal;
import io.flagcast.lake.Session;
import io.flagcast.settings.Settings;
import io.flagcast.simulation.Simulation;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "simulate",
        mixinStandardHelpOptions = true,
        description =
                "Writes the input tables of a simulated world. Without --day: users and their past usage. With --day:"
                        + " exposures as the live allocation serves them and outcomes as the true responses draw them. The same"
                        + " seed gives the same world.")
final class SimulateCommand implements Callable<Integer> {

    private final Surroundings surroundings;

    @Option(names = "--day", paramLabel = "N", description = "Day to simulate, 0 the first.")
    private Integer day;

    @Mixin
    private ChangeOptions changes;

    @Mixin
    private ConfigurationOptions configuration;

    SimulateCommand(Surroundings surroundings) {
        this.surroundings = Objects.requireNonNull(surroundings, "surroundings");
    }

    @Override
    public Integer call() {
        Settings settings = configuration.settings();
        List<Experiment> experiments = configuration.experiments(settings);
        if (day != null && day < 0) {
            throw new Refusal(ExitCode.USAGE, "--day " + day + ": the first day is 0");
        }
        Progress progress = surroundings.progress();
        if (changes.isDry()) {
            progress.say("%s would be written below %s"
                    .formatted(
                            day == null
                                    ? "%,d users and their usage"
                                            .formatted(settings.simulation().users())
                                    : "exposures and outcomes of day " + day,
                            settings.simulation().root()));
            changes.close();
            return ExitCode.DONE.code();
        }
        try (Session session = surroundings.session()) {
            Simulation simulation = new Simulation(session.spark(), settings.simulation());
            if (day == null) {
                simulation.create(experiments);
                progress.say("wrote %,d users and their usage to %s; next: flagcast run --as-of %s"
                        .formatted(
                                settings.simulation().users(),
                                settings.simulation().root(),
                                simulation.day(0)));
                surroundings.result().add(Map.of("users", settings.simulation().users()));
                return ExitCode.DONE.code();
            }
            Lake lake = new Lake(session.spark(), settings.lake().root());
            Simulation.Day lived = simulation
                    .live(day, lake, experiments)
                    .orElseThrow(() -> new Refusal(
                            ExitCode.NO_INPUT,
                            "%s has no publication to serve: run flagcast run --as-of %s first"
                                    .formatted(settings.lake().root(), simulation.day(day))));
            surroundings.result().add(Map.of("exposures", lived.exposures(), "outcomes", lived.outcomes()));
            progress.say("day %d: %,d exposures, %,d outcomes; next: flagcast run --as-of %s"
                    .formatted(day, lived.exposures(), lived.outcomes(), simulation.day(day + 1)));
        }
        return ExitCode.DONE.code();
    }
}
