package io.flagcast.jobs.commands;

import io.flagcast.jobs.changes.EraseUser;
import io.flagcast.jobs.changes.EraseUser.Erased;
import io.flagcast.jobs.commands.options.ChangeOptions;
import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.commands.options.Surroundings;
import io.flagcast.jobs.run.Progress;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.inputs.Inputs;
import io.flagcast.settings.Settings;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "erase",
        mixinStandardHelpOptions = true,
        description = {
            "Removes a user from everything that the lake has of its own: what is live is published anew without the user, all other"
                    + " slices go, sentences that name the id lose it, and nothing older stays on the disk. Table erasures"
                    + " keeps a proof without the id.",
            "Input files are not changed: those that hold the id still are named, and the command ends with 1 as long as there"
                    + " are some, as the next run would read it again. Stop `measure --every` before: what it is writing would be"
                    + " removed from the disk. Safe to repeat."
        })
final class EraseCommand implements Callable<Integer> {

    private final Surroundings surroundings;

    @Option(names = "--user", required = true, paramLabel = "ID", description = "The user_id, to the last character.")
    private String userId;

    @Mixin
    private ChangeOptions changes;

    @Mixin
    private ConfigurationOptions configuration;

    EraseCommand(Surroundings surroundings) {
        this.surroundings = Objects.requireNonNull(surroundings, "surroundings");
    }

    @Override
    public Integer call() {
        Settings settings = configuration.settings();
        Instant now = surroundings.clock().instant();
        return configuration.onLake(changes, lake -> {
            try (Inputs inputs = new Inputs(lake, settings.sources(), now, lake.publications())) {
                return told(lake.leased(
                        "erase", settings.lake().leaseExpiry(), () -> EraseUser.erase(lake, inputs, userId, now)));
            }
        });
    }

    /** What was erased, and what a person has to do. The id itself is not said: what is printed is kept somewhere. */
    private ExitCode told(Erased erased) {
        Progress progress = surroundings.progress();
        surroundings.result().add(Map.of("rows", erased.rows(), "models", erased.models(), "places", erased.places()));
        if (erased.rows().isEmpty()) {
            progress.say("no live row named the user");
        }
        erased.rows().forEach((table, rows) -> progress.say("%s: %,d rows".formatted(table, rows)));
        erased.models()
                .forEach(model -> progress.say(
                        "model %s held the id: its file %s removed, the next run uses the champion before it or trains anew"
                                .formatted(model, changes.isDry() ? "would be" : "is")));
        erased.publication()
                .filter(publication -> !changes.isDry())
                .ifPresent(publication ->
                        progress.say("publication %d is live without the user; services have it when they next look"
                                .formatted(publication.sequence())));
        if (erased.places().isEmpty()) {
            return ExitCode.DONE;
        }
        progress.notice("%,d input files hold the id still, and the next run would read it again: remove it from them"
                .formatted(erased.places().size()));
        erased.places().forEach(place -> progress.say("  " + place));
        return ExitCode.CHECK_FAILED;
    }
}
