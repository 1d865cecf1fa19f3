package io.flagcast.jobs.commands;

import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.commands.options.FormatOption;
import io.flagcast.jobs.printing.Sheet;
import io.flagcast.lake.ExitCode;
import io.flagcast.settings.EffectiveSetting;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "config",
        mixinStandardHelpOptions = true,
        description =
                "Prints every setting in force, without secrets, and who says it: the default, file and line, the environment,"
                        + " a property of Java or --set. Checks nothing (validate does), and needs no lake.")
final class ConfigCommand implements Callable<Integer> {

    private static final Sheet<EffectiveSetting> SETTINGS = Sheet.<EffectiveSetting>unnamed()
            .column("key", "key", EffectiveSetting::key)
            .column("value", "value", EffectiveSetting::value)
            .column("who says it", "origin", EffectiveSetting::origin);

    /** What can be asked of it. */
    enum Subject {
        SHOW
    }

    @Parameters(paramLabel = "show", description = "show: the settings.")
    private Subject subject;

    @Option(names = "--changed", description = "Only what differs from the default.")
    private boolean changed;

    @Mixin
    private FormatOption format = new FormatOption();

    @Mixin
    private ConfigurationOptions configuration;

    @Override
    public Integer call() {
        switch (subject) {
            case SHOW ->
                format.printer()
                        .print(
                                SETTINGS,
                                configuration.effective().stream()
                                        .filter(setting -> !changed || setting.changed())
                                        .toList());
        }
        return ExitCode.DONE.code();
    }
}
