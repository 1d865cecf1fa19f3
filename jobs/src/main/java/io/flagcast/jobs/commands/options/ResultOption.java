package io.flagcast.jobs.commands.options;

import java.lang.reflect.Method;
import java.util.Objects;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;

/** Whether a program is told what came of a command that does something. */
public final class ResultOption {

    private final Surroundings surroundings;

    private enum ResultFormat {
        TEXT,
        JSON
    }

    public ResultOption(Surroundings surroundings) {
        this.surroundings = Objects.requireNonNull(surroundings, "surroundings");
    }

    /** Whether it is this option that a command has under a name. */
    public static boolean is(OptionSpec option) {
        return option.userObject() instanceof Method method && method.getDeclaringClass() == ResultOption.class;
    }

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            description =
                    "json: the last line of standard output is one JSON object for a scheduler, with state, exit code and reason,"
                            + " and what was done; of a run its publication, rows per table, seconds per stage, failed checks and firing"
                            + " alerts. Default: text, on standard error.")
    void format(ResultFormat format) {
        if (format == ResultFormat.JSON) {
            surroundings.result().ask();
        }
    }
}
