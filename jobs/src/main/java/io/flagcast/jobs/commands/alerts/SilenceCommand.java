package io.flagcast.jobs.commands.alerts;

import io.flagcast.jobs.changes.AlertNotes;
import io.flagcast.jobs.commands.options.ChangeOptions;
import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.commands.options.DurationConverter;
import io.flagcast.jobs.commands.options.Surroundings;
import io.flagcast.jobs.questions.RaisedAlerts;
import io.flagcast.lake.ExitCode;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "silence",
        mixinStandardHelpOptions = true,
        description = "Keeps alerts quiet for a while: receivers are told nothing of those that have all of these"
                + " labels. What fires still when it ends is told then.")
final class SilenceCommand implements Callable<Integer> {

    private final Surroundings surroundings;

    @Parameters(
            paramLabel = "LABEL=VALUE",
            arity = "1..*",
            description = "As experiment_id=checkout_v2_rollout severity=info.")
    private Map<String, String> labels;

    @Option(
            names = "--for",
            required = true,
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description = "As 2d, 12h or 30m.")
    private Duration length;

    @Option(names = "--comment", required = true, paramLabel = "TEXT", description = "Why.")
    private String comment;

    @Mixin
    private final PersonOption person;

    @Mixin
    private ChangeOptions changes;

    @Mixin
    private ConfigurationOptions configuration;

    SilenceCommand(Surroundings surroundings) {
        this.surroundings = Objects.requireNonNull(surroundings, "surroundings");
        this.person = new PersonOption(surroundings);
    }

    @Override
    public Integer call() {
        return configuration.onLake(changes, lake -> {
            RaisedAlerts raised = RaisedAlerts.of(lake);
            Instant until = new AlertNotes(
                            lake, person.name(), surroundings.clock().instant())
                    .silence(labels, length, comment);
            surroundings
                    .progress()
                    .say("silenced until %s; %d of the alerts that fire have these labels"
                            .formatted(until, raised.firingWith(labels)));
            return ExitCode.DONE;
        });
    }
}
