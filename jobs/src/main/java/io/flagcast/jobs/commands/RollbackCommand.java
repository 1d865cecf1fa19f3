package io.flagcast.jobs.commands;

import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.changes.RollBackParameters;
import io.flagcast.jobs.changes.RollBackPublication;
import io.flagcast.jobs.commands.options.ChangeOptions;
import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.commands.options.Surroundings;
import io.flagcast.settings.ConfiguredExperiments;
import io.flagcast.settings.Settings;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "rollback",
        mixinStandardHelpOptions = true,
        description = {
            "Takes back what is live. With --publication the tables of an earlier publication become live again: shares, alerts"
                    + " and models stay as they are, and services answer from those tables when they next look.",
            "With --experiment and --to-version it gives an experiment the shares, tier and learned probabilities of an earlier version again: appends a new"
                    + " version, which later runs use. Nothing is deleted; `explain --experiment` lists the versions.",
            "A bandit goes on from there; set its experiment's status to paused to stop it."
        })
final class RollbackCommand implements Callable<Integer> {

    private final Surroundings surroundings;

    @ArgGroup(multiplicity = "1")
    private What what;

    /** What is taken back. */
    private static final class What {

        @Option(
                names = "--publication",
                required = true,
                paramLabel = "N",
                description = "Publication to return to, as `status` and table publications number them.")
        private Long publication;

        @ArgGroup(exclusive = false, multiplicity = "1")
        private Parameters parameters;
    }

    /** Which parameters are taken back. */
    private static final class Parameters {

        @Option(names = "--experiment", required = true, paramLabel = "ID", description = "The experiment.")
        private String experimentId;

        @Option(
                names = "--to-version",
                required = true,
                paramLabel = "N",
                description = "Parameters version to return to; 0 is before the first change.")
        private long version;
    }

    @Mixin
    private ChangeOptions changes;

    @Mixin
    private ConfigurationOptions configuration;

    RollbackCommand(Surroundings surroundings) {
        this.surroundings = Objects.requireNonNull(surroundings, "surroundings");
    }

    @Override
    public Integer call() {
        Settings settings = configuration.settings();
        Instant now = surroundings.clock().instant().truncatedTo(ChronoUnit.SECONDS);
        if (what.publication != null) {
            return configuration.onLake(
                    changes,
                    lake -> RollBackPublication.rollBack(lake, what.publication, now, surroundings.progress()));
        }
        String experimentId = what.parameters.experimentId;
        List<Experiment> experiments = configuration.experiments(settings);
        ConfiguredExperiments.named(experiments, "--experiment", experimentId);
        return configuration.onLake(
                changes,
                lake -> RollBackParameters.rollBack(
                        lake, experimentId, what.parameters.version, now, surroundings.progress()));
    }
}
