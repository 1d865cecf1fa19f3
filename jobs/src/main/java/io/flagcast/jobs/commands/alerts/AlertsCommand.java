package io.flagcast.jobs.commands.alerts;

import io.flagcast.jobs.commands.options.Surroundings;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IFactory;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Shows alerts, and takes what people say of them. */
@Command(
        name = "alerts",
        mixinStandardHelpOptions = true,
        description = "Alerts: see them, take charge of one, keep some quiet for a while, tell receivers again.")
public final class AlertsCommand implements Runnable {

    @Spec
    private CommandSpec spec;

    private AlertsCommand() {}

    /**
     * The command with its subcommands.
     *
     * @param options makes the options that commands share
     */
    public static CommandLine line(Surroundings surroundings, IFactory options) {
        return new CommandLine(new AlertsCommand(), options)
                .addSubcommand(new ListAlertsCommand(surroundings))
                .addSubcommand(new AcknowledgeCommand(surroundings))
                .addSubcommand(new SilenceCommand(surroundings))
                .addSubcommand(new UnsilenceCommand(surroundings))
                .addSubcommand(new DeliverAlertsCommand(surroundings));
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "say what: alerts list, ack, silence, unsilence or deliver");
    }
}
