package io.flagcast.jobs;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.jobs.commands.Commands;
import io.flagcast.jobs.commands.options.TestSurroundings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParameterException;

/** Every command that a page shows is one: it has these words and options. */
class ShownCommandsTest {

    private static final Path HOME = Path.of("..").toAbsolutePath().normalize();

    /** A line of a block, or a piece of code in a sentence. */
    private static final Pattern SHOWN =
            Pattern.compile("(?m)(?:^|`)(?:\\$ )?(?:\\./)?flagcast ((?:\\\\\\n|[^`\\n])+)");

    /** A command of a file of a scheduler: behind the path of the launcher, or as the arguments of a function. */
    private static final Pattern SCHEDULED =
            Pattern.compile("(?:bin/flagcast |/etc/flagcast flagcast |    flagcast\\(|arguments: \\[)"
                    + "((?:\\$\\([^)]*\\)|[^)\\]\\n])+)");

    /** A word, in quotes or not. */
    private static final Pattern WORD = Pattern.compile("\"([^\"]*)\"|'([^']*)'|([^\\s\"']+)");

    @TempDir
    private Path folder;

    @Command(name = "flagcast")
    private static final class Root {}

    static List<Path> pages() throws IOException {
        try (Stream<Path> docs = Files.walk(HOME.resolve("docs"));
                Stream<Path> root = Files.list(HOME)) {
            return Stream.concat(docs, root)
                    .filter(page -> page.toString().endsWith(".md"))
                    .sorted()
                    .toList();
        }
    }

    static List<String> shown(Path page) throws IOException {
        return SHOWN.matcher(Files.readString(page))
                .results()
                .map((MatchResult match) -> match.group(1).replace("\\\n", " "))
                // Neither a comment nor what the shell does with the output.
                .map(line -> line.replaceAll("\\s+(#|[|>]|2>|&&).*", "").strip())
                // The first of several.
                .map(line -> line.replaceAll("\\|\\w+", ""))
                .filter(line -> !line.contains("…") && !line.startsWith("{"))
                .toList();
    }

    /** What stands for something is something. */
    static List<String> words(String line) {
        return WORD.matcher(line.replaceAll("[\\[\\]]", ""))
                .results()
                .map(word -> Stream.of(1, 2, 3)
                        .map(word::group)
                        .filter(part -> part != null)
                        .collect(joining()))
                .map(word -> word.equals("N") ? "7" : word)
                .toList();
    }

    private CommandLine commands() {
        return Commands.of(new Root(), TestSurroundings.of(HOME, folder)).setCaseInsensitiveEnumValuesAllowed(true);
    }

    @Test
    void everyCommandOfAPageIsOne() throws IOException {
        List<String> wrong = new ArrayList<>();
        int commands = 0;
        for (Path page : pages()) {
            for (String line : shown(page)) {
                List<String> words = words(line);
                commands++;
                try {
                    commands().parseArgs(words.toArray(String[]::new));
                } catch (ParameterException e) {
                    boolean inASentence = words.size() <= 2 && e.getMessage().startsWith("Missing required");
                    if (!inASentence) {
                        wrong.add(HOME.relativize(page) + ": flagcast " + line + ": " + e.getMessage());
                    }
                }
            }
        }
        assertThat(commands).isGreaterThan(50);
        assertThat(wrong).isEmpty();
    }

    @Test
    void everyCommandOfASchedulerIsOne() throws IOException {
        List<String> commands = new ArrayList<>();
        try (Stream<Path> files = Files.list(HOME.resolve("conf/deploy"))) {
            for (Path file : files.sorted().toList()) {
                SCHEDULED
                        .matcher(Files.readString(file))
                        .results()
                        .map(match -> match.group(1)
                                .replace("\"$(date -u +\\%F)\"", "2026-11-23")
                                .replaceAll("data_interval_end.*", "2026-11-23")
                                .replace("\", \"", "\" \"")
                                .replaceAll("\\s+(2?>|\\|\\|).*", "")
                                .replace(",", " "))
                        .forEach(commands::add);
            }
        }
        assertThat(commands).hasSizeGreaterThanOrEqualTo(7);
        assertThat(commands).allSatisfy(command -> assertThat(parsed(command)).isEqualTo("parsed"));
    }

    @Test
    void aCommandThatIsNoneIsFound() {
        for (String line : List.of("runn --as-of 2026-01-01", "run --as-off 2026-01-01", "rollback --publication no")) {
            assertThat(Arrays.asList(line, parsed(line))).doesNotContain("parsed");
        }
        assertThat(parsed("run --as-of 2026-01-01 --conf \"my lake.conf\"")).isEqualTo("parsed");
    }

    private String parsed(String line) {
        try {
            commands().parseArgs(words(line).toArray(String[]::new));
            return "parsed";
        } catch (ParameterException e) {
            return e.getMessage();
        }
    }
}
