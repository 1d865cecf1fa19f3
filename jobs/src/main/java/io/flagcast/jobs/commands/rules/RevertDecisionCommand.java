package io.flagcast.jobs.commands.rules;

import io.flagcast.jobs.changes.RevertDecision;
import io.flagcast.jobs.commands.options.ChangeOptions;
import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.commands.options.Surroundings;
import java.time.temporal.ChronoUnit;
import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
        name = "revert",
        mixinStandardHelpOptions = true,
        description = {
            "Takes back what a decision has changed: the next run has what was before it. Refused where something else"
                    + " has changed it since.",
            "The rule looks at new evidence then and may fire again; mode: dry_run in the experiment file keeps it from"
                    + " changing anything."
        })
final class RevertDecisionCommand implements Callable<Integer> {

    private final Surroundings surroundings;

    @Parameters(paramLabel = "DECISION", description = "As in rules history.")
    private String decisionId;

    @Mixin
    private ChangeOptions changes;

    @Mixin
    private ConfigurationOptions configuration;

    RevertDecisionCommand(Surroundings surroundings) {
        this.surroundings = Objects.requireNonNull(surroundings, "surroundings");
    }

    @Override
    public Integer call() {
        return configuration.onLake(
                changes,
                lake -> RevertDecision.revert(
                        lake,
                        decisionId,
                        surroundings.clock().instant().truncatedTo(ChronoUnit.SECONDS),
                        surroundings.progress()));
    }
}
