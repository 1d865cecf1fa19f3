package io.flagcast.jobs.commands.alerts;

import io.flagcast.jobs.changes.AlertNotes;
import io.flagcast.jobs.commands.options.ChangeOptions;
import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.commands.options.Surroundings;
import io.flagcast.jobs.questions.RaisedAlerts;
import io.flagcast.lake.ExitCode;
import io.flagcast.rules.alerts.AlertChange;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "ack",
        mixinStandardHelpOptions = true,
        description = "Takes charge of firing alerts: receivers are told nothing more of them until they are over."
                + " It ends with the firing; the next one is told again.")
final class AcknowledgeCommand implements Callable<Integer> {

    private final Surroundings surroundings;

    @Parameters(
            paramLabel = "FINGERPRINT",
            arity = "1..*",
            description = "As in alerts list; the first digits are enough.")
    private List<String> fingerprints;

    @Option(names = "--comment", paramLabel = "TEXT", description = "What is done about it.")
    private String comment;

    @Mixin
    private final PersonOption person;

    @Mixin
    private ChangeOptions changes;

    @Mixin
    private ConfigurationOptions configuration;

    AcknowledgeCommand(Surroundings surroundings) {
        this.surroundings = Objects.requireNonNull(surroundings, "surroundings");
        this.person = new PersonOption(surroundings);
    }

    @Override
    public Integer call() {
        return configuration.onLake(changes, lake -> {
            RaisedAlerts raised = RaisedAlerts.of(lake);
            List<AlertChange> firing = fingerprints.stream().map(raised::firing).toList();
            new AlertNotes(lake, person.name(), surroundings.clock().instant())
                    .acknowledge(firing, Optional.ofNullable(comment), surroundings.progress());
            return ExitCode.DONE;
        });
    }
}
