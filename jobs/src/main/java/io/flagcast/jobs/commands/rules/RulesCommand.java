package io.flagcast.jobs.commands.rules;

import io.flagcast.jobs.commands.options.Surroundings;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IFactory;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Tests rules, tries them on what was measured, and looks at what they decided. */
@Command(
        name = "rules",
        mixinStandardHelpOptions = true,
        description = "Rules: test them, replay them over measured days, see what they decided and take it back.")
public final class RulesCommand implements Runnable {

    @Spec
    private CommandSpec spec;

    private RulesCommand() {}

    /**
     * The command with its subcommands.
     *
     * @param options makes the options that commands share
     */
    public static CommandLine line(Surroundings surroundings, IFactory options) {
        return new CommandLine(new RulesCommand(), options)
                .addSubcommand(new TestRulesCommand())
                .addSubcommand(new ReplayRulesCommand())
                .addSubcommand(new RuleHistoryCommand(surroundings))
                .addSubcommand(new ShowDecisionCommand())
                .addSubcommand(new RevertDecisionCommand(surroundings));
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "say what: rules test, replay, history, show or revert");
    }
}
