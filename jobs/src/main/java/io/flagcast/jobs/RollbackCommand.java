package io.flagcast.jobs;

import io.flagcast.experiments.Experiment;
import io.flagcast.jobs.ParameterLog.Change;
import io.flagcast.jobs.lake.Lake;
import io.flagcast.jobs.report.TextTable;
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
            "Gives an experiment the shares and learned probabilities of an earlier version again: appends a new version,"
                    + " which later runs use. Nothing is deleted; `explain --experiment` lists the versions.",
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
        Progress progress = Progress.on(System.err);
        ConfigurationOptions.named(experiments, "--experiment", experimentId);
        try (Session session = Session.open()) {
            Lake lake = new Lake(session.spark(), settings.lake().root());
            ParameterLog log = ParameterLog.read(lake);
            long newest = log.newest(experimentId).version();
            if (version < 0 || version > newest) {
                throw new Refusal(
                        ExitCode.USAGE,
                        "--to-version %d: %s has versions 0 to %d".formatted(version, experimentId, newest));
            }
            Instant now = clock.instant().truncatedTo(ChronoUnit.SECONDS);
            List<Change> changes = log.backTo(experimentId, version, now);
            if (changes.isEmpty()) {
                progress.say("%s is as version %d left it: nothing to do".formatted(experimentId, version));
                return ExitCode.DONE.code();
            }
            TextTable table = new TextTable(List.of("segment or cell", "share", "probability"));
            changes.forEach(change -> table.add(List.of(
                    change.cell().toString(),
                    "%.0f %%".formatted(100 * change.share()),
                    change.baseProbability().isPresent()
                            ? "%.1f %%".formatted(100 * change.baseProbability().getAsDouble())
                            : "")));
            progress.say(table.toString().stripTrailing());
            if (dryRun) {
                progress.say("dry run: nothing is written");
                return ExitCode.DONE.code();
            }
            ParameterLog.append(lake, experimentId, changes, "rollback-" + now);
            progress.say("%s has version %d, the parameters of version %d: runs with an as-of after %s use it"
                    .formatted(experimentId, newest + 1, version, now));
        }
        return ExitCode.DONE.code();
    }
}
