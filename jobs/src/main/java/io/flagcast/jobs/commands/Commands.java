package io.flagcast.jobs.commands;

import io.flagcast.jobs.pipeline.Stage;
import java.time.Clock;
import picocli.CommandLine;

/** All commands, in the order in which the help lists them. */
public final class Commands {

    private Commands() {}

    /** Adds every command to the line. */
    public static CommandLine addTo(CommandLine line, Clock clock) {
        line.addSubcommand(new DemoCommand())
                .addSubcommand(new SimulateCommand())
                .addSubcommand(new RunCommand(clock));
        for (Stage stage : Stage.ORDER) {
            line.addSubcommand(stage.label(), command(stage, clock));
        }
        return line.addSubcommand(new StatusCommand(clock))
                .addSubcommand(new SqlCommand())
                .addSubcommand(new ReportCommand())
                .addSubcommand(new ExplainCommand())
                .addSubcommand(new PreviewCommand())
                .addSubcommand(new RulesCommand(clock))
                .addSubcommand(new AlertsCommand(clock))
                .addSubcommand(new ApproveCommand(clock))
                .addSubcommand(new RollbackCommand(clock))
                .addSubcommand(new ModelsCommand(clock))
                .addSubcommand(new EvaluateCommand(clock))
                .addSubcommand(new EvaluatePolicyCommand(clock))
                .addSubcommand(new ValidateCommand())
                .addSubcommand(new CommandLine.HelpCommand());
    }

    private static CommandLine command(Stage stage, Clock clock) {
        if (stage == Stage.MEASURE) {
            return new CommandLine(new MeasureCommand(clock));
        }
        CommandLine command = new CommandLine(new StageCommand(stage, clock));
        command.getCommandSpec().usageMessage().description(stage.description());
        return command;
    }
}
