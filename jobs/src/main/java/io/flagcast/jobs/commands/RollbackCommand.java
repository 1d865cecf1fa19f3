package io.flagcast.jobs.commands;

import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.changes.PersonChange;
import io.flagcast.jobs.changes.PersonChange.DryRun;
import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.run.Progress;
import io.flagcast.jobs.settings.ConfiguredExperiments;
import io.flagcast.jobs.settings.Settings;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Refusal;
import io.flagcast.lake.Session;
import java.time.Clock;
import java.time.Instant;
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

    private final Clock clock;

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
    private ConfigurationOptions configuration = new ConfigurationOptions();

    RollbackCommand(Clock clock) {
        this.clock = Objects.requireNonNull(clock, "clock");
    }

    @Override
    public Integer call() {
        Settings settings = configuration.settings();
        List<Experiment> experiments = configuration.experiments(settings);
        ConfiguredExperiments.named(experiments, "--experiment", experimentId);
        try (Session session = Session.open()) {
            PersonChange change =
                    PersonChange.of(new Lake(session.spark(), settings.lake().root()), experimentId);
            long newest = change.log().newest(experimentId).version();
            if (version < 0 || version > newest) {
                throw new Refusal(
                        ExitCode.USAGE,
                        "--to-version %d: %s has versions 0 to %d".formatted(version, experimentId, newest));
            }
            Instant now = clock.instant().truncatedTo(ChronoUnit.SECONDS);
            return change.make(
                            change.log().backTo(experimentId, version),
                            PersonChange.person(
                                    "rollback-%s-%d".formatted(experimentId, newest + 1),
                                    "back to version " + version,
                                    now),
                            DryRun.of(dryRun),
                            Progress.on(System.err),
                            "%s is as version %d left it: nothing to do".formatted(experimentId, version))
                    .code();
        }
    }
}
