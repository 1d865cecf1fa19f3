package io.flagcast.jobs.commands;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.jobs.commands.options.Surroundings;
import io.flagcast.jobs.printing.ResultLine;
import io.flagcast.lake.Interruption;
import io.flagcast.settings.hocon.Variables;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
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
        CommandLine line = Commands.of(
                new Root(),
                new Surroundings(
                        Clock.systemUTC(),
                        Variables.of(Map.of()),
                        "Linux",
                        "ada",
                        Path.of("."),
                        Path.of("."),
                        Surroundings.Screen.FILE,
                        new Interruption(),
                        new ResultLine()));
        for (String name : path.split(" ", -1)) {
            line = line.getSubcommands().get(name);
        }
        return line.getCommandSpec();
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
