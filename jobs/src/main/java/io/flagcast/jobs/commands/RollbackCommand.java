package io.flagcast.jobs.commands;

import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.changes.PersonChange.DryRun;
import io.flagcast.jobs.changes.RollBackParameters;
import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.commands.options.Surroundings;
import io.flagcast.jobs.settings.ConfiguredExperiments;
import io.flagcast.jobs.settings.Settings;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "rollback",
        mixinStandardHelpOptions = true,
        description = {
            "Gives an experiment the shares, tier and learned probabilities of an earlier version again: appends a new"
                    + " version, which later runs use. Nothing is deleted; `explain --experiment` lists the versions.",
            "A bandit goes on from there; set its experiment's status to paused to stop it."
        })
final class RollbackCommand implements Callable<Integer> {

    private final Surroundings surroundings;

    @Option(names = "--experiment", required = true, paramLabel = "ID", description = "The experiment.")
    private String experimentId;

    @Option(
            names = "--to-version",
            required = true,
            paramLabel = "N",
            description = "Parameters version to return to; 0 is before the first change.")
    private long version;

    @Option(names = "--dry-run", description = "Only show what would change.")
    private boolean dryRun;

    @Mixin
    private ConfigurationOptions configuration;

    RollbackCommand(Surroundings surroundings) {
        this.surroundings = Objects.requireNonNull(surroundings, "surroundings");
    }

    @Override
    public Integer call() {
        Settings settings = configuration.settings();
        List<Experiment> experiments = configuration.experiments(settings);
        ConfiguredExperiments.named(experiments, "--experiment", experimentId);
        return configuration.onLake(lake -> RollBackParameters.rollBack(
                lake,
                experimentId,
                version,
                surroundings.clock().instant().truncatedTo(ChronoUnit.SECONDS),
                DryRun.of(dryRun),
                surroundings.progress()));
    }
}
