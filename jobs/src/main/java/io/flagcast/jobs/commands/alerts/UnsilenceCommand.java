package io.flagcast.jobs.commands.alerts;

import io.flagcast.jobs.changes.AlertNotes;
import io.flagcast.jobs.commands.options.ChangeOptions;
import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.commands.options.Surroundings;
import io.flagcast.lake.ExitCode;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
        name = "unsilence",
        mixinStandardHelpOptions = true,
        description = "Ends the silences of exactly these labels. The next delivery tells what fires.")
final class UnsilenceCommand implements Callable<Integer> {

    private final Surroundings surroundings;

    @Parameters(paramLabel = "LABEL=VALUE", arity = "1..*", description = "As in alerts silence.")
    private Map<String, String> labels;

    @Mixin
    private final PersonOption person;

    @Mixin
    private ChangeOptions changes;

    @Mixin
    private ConfigurationOptions configuration;

    UnsilenceCommand(Surroundings surroundings) {
        this.surroundings = Objects.requireNonNull(surroundings, "surroundings");
        this.person = new PersonOption(surroundings);
    }

    @Override
    public Integer call() {
        return configuration.onLake(changes, lake -> {
            lake.requireLive();
            new AlertNotes(lake, person.name(), surroundings.clock().instant()).unsilence(labels);
            surroundings.progress().say("no longer silenced");
            return ExitCode.DONE;
        });
    }
}
