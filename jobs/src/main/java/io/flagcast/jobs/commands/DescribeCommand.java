package io.flagcast.jobs.commands;

import io.flagcast.lake.ExitCode;
import io.flagcast.tables.InputsPage;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "describe",
        mixinStandardHelpOptions = true,
        description = "Prints what the input tables have to be: columns, types, meaning, example rows; needs no lake.")
final class DescribeCommand implements Callable<Integer> {

    /** What can be described. */
    enum Subject {
        INPUTS
    }

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "inputs", description = "inputs: the tables users, events, exposures and outcomes.")
    private Subject subject;

    @Override
    public Integer call() {
        switch (subject) {
            case INPUTS -> spec.commandLine().getOut().print(InputsPage.text());
        }
        spec.commandLine().getOut().flush();
        return ExitCode.DONE.code();
    }
}
