package io.flagcast.jobs.commands;

import io.flagcast.jobs.commands.alerts.AlertsCommand;
import io.flagcast.jobs.commands.explain.ExplainCommand;
import io.flagcast.jobs.commands.models.ModelsCommand;
import io.flagcast.jobs.commands.options.ChangeOptions;
import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.commands.options.Examples;
import io.flagcast.jobs.commands.options.PastConverter;
import io.flagcast.jobs.commands.options.Surroundings;
import io.flagcast.jobs.commands.rules.RulesCommand;
import io.flagcast.jobs.pipeline.Stage;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.IFactory;

/** All commands, in the order in which the help lists them. */
public final class Commands {

    private Commands() {}

    /**
     * The command line of every command.
     *
     * @param main the command above them all
     */
    public static CommandLine of(Object main, Surroundings surroundings) {
        IFactory options = options(surroundings);
        CommandLine line = new CommandLine(main, options)
                .addSubcommand(new DemoCommand(surroundings))
                .addSubcommand(new SimulateCommand(surroundings))
                .addSubcommand(new RunCommand(surroundings));
        for (Stage stage : Stage.ORDER) {
            line.addSubcommand(stage.label(), command(stage, surroundings, options));
        }
        line.addSubcommand(new CommandLine(new BackfillCommand(surroundings), options))
                .addSubcommand(new CommandLine(new PlanCommand(surroundings), options))
                .addSubcommand(new StatusCommand(surroundings))
                .addSubcommand(new WorthCommand(surroundings))
                .addSubcommand(new SqlCommand(surroundings))
                .addSubcommand(new ViewsCommand(surroundings))
                .addSubcommand(new ReportCommand(surroundings))
                .addSubcommand(new ExplainCommand())
                .addSubcommand(new PreviewCommand(surroundings))
                .addSubcommand(new CommandLine(new DesignCommand(), options))
                .addSubcommand(RulesCommand.line(surroundings, options))
                .addSubcommand(AlertsCommand.line(surroundings, options))
                .addSubcommand(new ApproveCommand(surroundings))
                .addSubcommand(new RollbackCommand(surroundings))
                .addSubcommand(new CommandLine(new MaintainCommand(surroundings), options))
                .addSubcommand(new EraseCommand(surroundings))
                .addSubcommand(ModelsCommand.line(surroundings, options))
                .addSubcommand(new EvaluateCommand(surroundings))
                .addSubcommand(new EvaluatePolicyCommand(surroundings))
                .addSubcommand(new DescribeCommand())
                .addSubcommand(new ValidateCommand())
                .addSubcommand(new CommandLine(new ConfigCommand(), options))
                .addSubcommand(new NewCommand(surroundings))
                .addSubcommand("completion", new AutoComplete.GenerateCompletion())
                .addSubcommand(new CommandLine.HelpCommand());
        Examples.add(line);
        return line;
    }

    private static CommandLine command(Stage stage, Surroundings surroundings, IFactory options) {
        if (stage == Stage.MEASURE) {
            return new CommandLine(new MeasureCommand(surroundings), options);
        }
        CommandLine command = new CommandLine(new StageCommand(stage, surroundings), options);
        command.getCommandSpec().usageMessage().description(stage.description());
        return command;
    }

    /** Makes the options that commands share. */
    private static IFactory options(Surroundings surroundings) {
        IFactory others = CommandLine.defaultFactory();
        return new IFactory() {
            @Override
            public <K> K create(Class<K> type) throws Exception {
                if (type == ConfigurationOptions.class) {
                    return type.cast(new ConfigurationOptions(surroundings));
                }
                if (type == ChangeOptions.class) {
                    return type.cast(new ChangeOptions(surroundings));
                }
                if (type == PastConverter.class) {
                    return type.cast(new PastConverter(surroundings.clock()));
                }
                return others.create(type);
            }
        };
    }
}
