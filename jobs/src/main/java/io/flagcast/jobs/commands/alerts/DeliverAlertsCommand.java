package io.flagcast.jobs.commands.alerts;

import io.flagcast.delivery.DeliverAlerts;
import io.flagcast.jobs.commands.options.ChangeOptions;
import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.commands.options.Surroundings;
import io.flagcast.lake.ExitCode;
import io.flagcast.settings.Settings;
import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
        name = "deliver",
        mixinStandardHelpOptions = true,
        description = "Tells receivers what they have not been told yet. Exit code 75 where one could not be told.")
final class DeliverAlertsCommand implements Callable<Integer> {

    private final Surroundings surroundings;

    @Mixin
    private ChangeOptions changes;

    @Mixin
    private ConfigurationOptions configuration;

    DeliverAlertsCommand(Surroundings surroundings) {
        this.surroundings = Objects.requireNonNull(surroundings, "surroundings");
    }

    @Override
    public Integer call() {
        Settings settings = configuration.settings();
        return configuration.onLake(changes, lake -> {
            lake.requireLive();
            DeliverAlerts delivery =
                    new DeliverAlerts(settings.alerts(), lake, surroundings.clock(), surroundings.progress()::say);
            return delivery.deliver() == DeliverAlerts.Result.DONE ? ExitCode.DONE : ExitCode.TRY_AGAIN;
        });
    }
}
