package io.flagcast.jobs.commands;

import io.flagcast.jobs.changes.ApproveProposal;
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
        name = "approve",
        mixinStandardHelpOptions = true,
        description =
                "Makes the change that a rule in mode propose has asked for. The next run uses it. Refused where the"
                        + " parameters have changed since: a later run proposes anew.")
final class ApproveCommand implements Callable<Integer> {

    private final Surroundings surroundings;

    @Parameters(paramLabel = "DECISION", description = "As in flagcast rules history --outcome fired.")
    private String decisionId;

    @Mixin
    private ChangeOptions changes;

    @Mixin
    private ConfigurationOptions configuration;

    ApproveCommand(Surroundings surroundings) {
        this.surroundings = Objects.requireNonNull(surroundings, "surroundings");
    }

    @Override
    public Integer call() {
        return configuration.onLake(
                changes,
                lake -> ApproveProposal.approve(
                        lake,
                        decisionId,
                        surroundings.clock().instant().truncatedTo(ChronoUnit.SECONDS),
                        surroundings.progress()));
    }
}
