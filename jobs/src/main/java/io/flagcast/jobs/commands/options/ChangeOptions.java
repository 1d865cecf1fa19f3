package io.flagcast.jobs.commands.options;

import io.flagcast.lake.Lake.Writing;
import java.lang.reflect.Method;
import java.util.Map;
import java.util.Objects;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;

/** What every command has that changes something. */
public final class ChangeOptions {

    private final Surroundings surroundings;

    @Option(
            names = "--dry-run",
            description = "Only show what would be done: nothing is written or removed, and nobody is told.")
    private boolean isDry;

    private enum ResultFormat {
        TEXT,
        JSON
    }

    public ChangeOptions(Surroundings surroundings) {
        this.surroundings = Objects.requireNonNull(surroundings, "surroundings");
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

    /** Whether an option asks for a result. */
    public static boolean isFormat(OptionSpec option) {
        return option.userObject() instanceof Method method && method.getDeclaringClass() == ChangeOptions.class;
    }

    public boolean isDry() {
        return isDry;
    }

    /** What becomes of what is to be written. */
    Writing writing() {
        return isDry ? Writing.REFRAINED : Writing.DONE;
    }

    /** Says that it was only shown, where it was. */
    public void close() {
        if (isDry) {
            surroundings.result().add(Map.of("state", "dry_run"));
            surroundings.progress().say("dry run: nothing is written");
        }
    }
}
