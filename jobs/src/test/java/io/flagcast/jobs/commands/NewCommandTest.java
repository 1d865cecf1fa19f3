package io.flagcast.jobs.commands;

import static org.assertj.core.api.Assertions.assertThat;

import io.flagcast.jobs.commands.options.TestSurroundings;
import io.flagcast.lake.Refusal;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine.Command;

/** What a new user begins with is right as it is, and is never written over something. */
class NewCommandTest {

    @Command(name = "flagcast")
    private static final class Root {}

    @TempDir
    private Path folder;

    private final StringWriter out = new StringWriter();
    private final AtomicReference<Exception> thrown = new AtomicReference<>();

    private int flagcast(String... arguments) {
        return Commands.of(new Root(), TestSurroundings.of(folder, folder))
                .setOut(new PrintWriter(out))
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExecutionExceptionHandler((error, command, parsed) -> {
                    thrown.set(error);
                    return 70;
                })
                .execute(arguments);
    }

    @Test
    void aNewConfigurationAndANewExperimentValidateTogether() {
        Path conf = folder.resolve("flagcast.conf");
        Path experiment = folder.resolve("experiments/new_basket.yaml");
        assertThat(flagcast("new", "config", "new_basket", "--output", conf.toString()))
                .isZero();
        assertThat(flagcast("new", "experiment", "new_basket", "--output", experiment.toString()))
                .isZero();

        assertThat(flagcast("validate", "--conf", conf.toString()))
                .as("%s", thrown)
                .isZero();
    }

    @Test
    void theLinesOfTheReadmeValidate() throws IOException {
        String readme = Files.readString(Path.of("../README.md"));
        List<String> lines = readme.substring(readme.indexOf("## Your own data"))
                .lines()
                .filter(line -> line.matches("\\./flagcast (new|validate) .*"))
                .limit(3)
                .toList();
        assertThat(lines).hasSize(3);
        for (String line : lines) {
            String[] words = line.replaceFirst(" +#.*", "").split(" ", -1);
            String[] arguments = Arrays.stream(words, 1, words.length)
                    .map(word -> word.matches(".*\\.(conf|yaml)")
                            ? folder.resolve(word).toString()
                            : word)
                    .toArray(String[]::new);
            assertThat(flagcast(arguments)).as("%s: %s", line, thrown).isZero();
        }
    }

    @Test
    void withoutAFileItIsPrinted() {
        assertThat(flagcast("new", "experiment", "basket")).isZero();
        assertThat(out.toString()).contains("experiment_id: basket\n").doesNotContain("NAME");
    }

    @Test
    void whatIsThereStays() throws IOException {
        Path file = Files.writeString(folder.resolve("mine.yaml"), "mine and longer than nothing");

        flagcast("new", "experiment", "basket", "--output", file.toString());
        assertThat(thrown.get())
                .isInstanceOf(Refusal.class)
                .hasMessage(file + " is there already: name another file, or say --force");
        assertThat(file).hasContent("mine and longer than nothing");

        assertThat(flagcast("new", "experiment", "basket", "--output", file.toString(), "--force"))
                .isZero();
        assertThat(file).content().startsWith("# An experiment").doesNotContain("mine and");
    }

    @Test
    void aNameThatIsNoIdIsRefused() {
        flagcast("new", "experiment", "../Basket");
        assertThat(thrown.get()).isInstanceOf(Refusal.class).hasMessageContaining("'../Basket' is no id");
        assertThat(out.toString()).isEmpty();
    }
}
