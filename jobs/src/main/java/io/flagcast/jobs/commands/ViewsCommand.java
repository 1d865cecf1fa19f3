package io.flagcast.jobs.commands;

import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.commands.options.Surroundings;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.ViewScript;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "views",
        mixinStandardHelpOptions = true,
        description =
                "Writes CREATE VIEW statements for an engine that reads Delta: every table by its name as the live"
                        + " publication has it, and over all runs in schema history. They follow new publications by themselves.")
final class ViewsCommand implements Callable<Integer> {

    private final Surroundings surroundings;

    @Option(names = "--to", paramLabel = "FILE", required = true, description = "Where to write, as views.sql.")
    private Path to;

    @Option(
            names = "--dialect",
            paramLabel = "DIALECT",
            defaultValue = "SPARK",
            description =
                    "spark (with Delta; the default), duckdb (extension delta) or trino (a Delta Lake catalog that lets"
                            + " tables be registered).")
    private ViewScript dialect;

    @Option(names = "--force", description = "Write over a file that is there. Refused otherwise.")
    private boolean force;

    @Mixin
    private ConfigurationOptions configuration;

    ViewsCommand(Surroundings surroundings) {
        this.surroundings = Objects.requireNonNull(surroundings, "surroundings");
    }

    @Override
    public Integer call() {
        return configuration.onLake(lake -> {
            if (force) {
                dialect.overwrite(lake, to);
            } else {
                dialect.write(lake, to);
            }
            surroundings.progress().say("views: " + to.toAbsolutePath());
            return ExitCode.DONE;
        });
    }
}
