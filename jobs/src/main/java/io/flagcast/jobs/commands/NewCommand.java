package io.flagcast.jobs.commands;

import io.flagcast.jobs.commands.options.Surroundings;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "new",
        mixinStandardHelpOptions = true,
        description =
                "Writes a commented file to begin with, which validates as it is: an experiment with a rule and a test, or a"
                        + " configuration.")
final class NewCommand implements Callable<Integer> {

    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9_]*");

    /** What can be begun. */
    enum Subject {
        EXPERIMENT("experiment.yaml", "its feature is declared by flagcast.features.%s in the configuration"),
        CONFIG("flagcast.conf", "it declares feature %1$s: flagcast new experiment %1$s goes with it");

        private final String template;
        /** What belongs to a file of that name. */
        private final String next;

        Subject(String template, String next) {
            this.template = template;
            this.next = next;
        }

        /** The file, of an experiment or a feature of that name. */
        String of(String name) {
            try (InputStream text = NewCommand.class.getResourceAsStream(template)) {
                return new String(text.readAllBytes(), StandardCharsets.UTF_8).replace("NAME", name);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private final Surroundings surroundings;

    @Spec
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "experiment|config", description = "Which file.")
    private Subject subject;

    @Parameters(
            index = "1",
            paramLabel = "NAME",
            description = "Id of the experiment, and of its feature: small letters, digits and _.")
    private String name;

    @Option(names = "--output", paramLabel = "FILE", description = "Where to write it. Default: standard output.")
    private Path output;

    @Option(names = "--force", description = "Write over a file that is there. Refused otherwise.")
    private boolean force;

    NewCommand(Surroundings surroundings) {
        this.surroundings = Objects.requireNonNull(surroundings, "surroundings");
    }

    @Override
    public Integer call() throws IOException {
        if (!NAME.matcher(name).matches()) {
            throw new Refusal(
                    ExitCode.USAGE,
                    "NAME '%s' is no id: it begins with a small letter and goes on with such, digits and _"
                            .formatted(name));
        }
        String text = subject.of(name);
        if (output == null) {
            spec.commandLine().getOut().print(text);
            spec.commandLine().getOut().flush();
            return ExitCode.DONE.code();
        }
        if (output.toAbsolutePath().getParent() != null) {
            Files.createDirectories(output.toAbsolutePath().getParent());
        }
        try {
            Files.writeString(
                    output,
                    text,
                    StandardOpenOption.WRITE,
                    force ? StandardOpenOption.CREATE : StandardOpenOption.CREATE_NEW,
                    force ? StandardOpenOption.TRUNCATE_EXISTING : StandardOpenOption.WRITE);
        } catch (FileAlreadyExistsException e) {
            throw new Refusal(
                    ExitCode.USAGE, "%s is there already: name another file, or say --force".formatted(output), e);
        }
        surroundings
                .progress()
                .say("new %s: %s; %s"
                        .formatted(
                                subject.name().toLowerCase(Locale.ROOT),
                                output.toAbsolutePath(),
                                subject.next.formatted(name)));
        return ExitCode.DONE.code();
    }
}
