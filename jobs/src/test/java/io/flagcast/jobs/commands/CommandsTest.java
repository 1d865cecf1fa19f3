package io.flagcast.jobs.commands;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.flagcast.jobs.commands.options.ChangeOptions;
import io.flagcast.jobs.commands.options.Examples;
import io.flagcast.jobs.commands.options.TestSurroundings;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.stream.Stream;
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

    private static Stream<CommandLine> all(CommandLine command) {
        return Stream.concat(
                Stream.of(command), command.getSubcommands().values().stream().flatMap(CommandsTest::all));
    }

    @Test
    void theHelpOfEveryCommandShowsHowItIsCalled() {
        CommandLine line = Commands.of(new Root(), TestSurroundings.of(Path.of("."), Path.of(".")))
                .setCaseInsensitiveEnumValuesAllowed(true);
        List<CommandLine> commands = all(line)
                .filter(command -> command != line && command.getCommand() instanceof Callable)
                .toList();
        assertThat(commands).hasSizeGreaterThan(40);
        for (CommandLine command : commands) {
            String name = command.getCommandSpec().qualifiedName();
            List<String> examples = Examples.of(command);
            assertThat(examples).as(name).isNotEmpty();
            for (String example : examples) {
                assertThat(command.getUsageMessage().lines())
                        .as("in a line that can be copied")
                        .contains("  " + example);
                List<String> words = Pattern.compile("\"([^\"]*)\"|(\\S+)")
                        .matcher(example.replaceFirst("^flagcast ", "").replaceFirst(" > .*", ""))
                        .results()
                        .map(word -> word.group(word.group(1) == null ? 2 : 1))
                        .toList();
                assertThatCode(() -> line.parseArgs(words.toArray(String[]::new)))
                        .as(example)
                        .doesNotThrowAnyException();
            }
        }
    }

    /** One mixin for all: what a scheduler reads, and what is only shown. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "demo",
                "simulate",
                "run",
                "features",
                "govern",
                "measure",
                "backfill",
                "approve",
                "rollback",
                "maintain",
                "erase",
                "models promote",
                "models rollback",
                "rules revert",
                "alerts ack",
                "alerts silence",
                "alerts unsilence",
                "alerts deliver"
            })
    void everyCommandThatChangesSomethingCanShowItOnlyAndHasAResult(String path) {
        assertThat(command(path).findOption("--dry-run")).isNotNull();
        assertThat(ChangeOptions.isFormat(command(path).findOption("--format"))).isTrue();
    }
}
