package io.flagcast.jobs.commands;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.jobs.commands.options.TestSurroundings;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

class CommandsTest {

    @Command(name = "flagcast")
    private static final class Root {}

    private static CommandSpec command(String path) {
        CommandLine line = Commands.of(new Root(), TestSurroundings.of(Path.of("."), Path.of(".")));
        for (String name : path.split(" ", -1)) {
            line = line.getSubcommands().get(name);
        }
        return line.getCommandSpec();
    }

    @Test
    void theShellCompletesEveryCommand() {
        StringWriter script = new StringWriter();
        CommandLine line = Commands.of(new Root(), TestSurroundings.of(Path.of("."), Path.of(".")));
        assertThat(line.setOut(new PrintWriter(script)).execute("completion")).isZero();
        assertThat(script.toString()).contains("complete -F _complete_flagcast", "evaluate-policy", "--as-of");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "sql",
                "status",
                "worth",
                "explain",
                "preview",
                "design",
                "evaluate",
                "evaluate-policy",
                "rules test",
                "rules history",
                "rules show",
                "rules replay",
                "alerts list",
                "models list",
                "models show"
            })
    void everyCommandThatPrintsRowsHasTheSameFormats(String path) {
        OptionSpec format = command(path).findOption("--format");

        assertThat(format.completionCandidates()).containsExactly("TABLE", "CSV", "JSON");
        assertThat(format.description()).containsExactly("table, csv or json (an object a line). Default: table.");
        assertThat(command(path).findOption("--json")).isNotNull();
    }
}
