package io.flagcast.jobs.commands.models;

import io.flagcast.jobs.commands.options.Surroundings;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IFactory;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Looks at trained models and changes which one is used. */
@Command(
        name = "models",
        mixinStandardHelpOptions = true,
        description = "Trained models: which are used, how good they are, and which shall be used.")
public final class ModelsCommand implements Runnable {

    @Spec
    private CommandSpec spec;

    private ModelsCommand() {}

    /**
     * The command with its subcommands.
     *
     * @param options makes the options that commands share
     */
    public static CommandLine line(Surroundings surroundings, IFactory options) {
        return new CommandLine(new ModelsCommand(), options)
                .addSubcommand(new ListModelsCommand())
                .addSubcommand(new ShowModelCommand())
                .addSubcommand(new PromoteModelCommand(surroundings))
                .addSubcommand(new RollBackModelCommand(surroundings));
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "say what: models list, show, promote or rollback");
    }
}
