package io.flagcast.jobs.commands;

import io.flagcast.jobs.commands.options.ChangeOptions;
import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.commands.options.DurationConverter;
import io.flagcast.jobs.commands.options.FormatOption;
import io.flagcast.jobs.commands.options.Surroundings;
import io.flagcast.jobs.printing.Format;
import io.flagcast.jobs.printing.Sheet;
import io.flagcast.jobs.printing.Shown;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Refusal;
import io.flagcast.lake.Upkeep;
import io.flagcast.lake.Upkeep.Tended;
import io.flagcast.settings.Settings;
import io.flagcast.tables.Table;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "maintain",
        mixinStandardHelpOptions = true,
        description = {
            "Keeps the lake small and quick: compacts small files within each run, checkpoints the logs of tables, and removes from"
                    + " the disk what no table has needed for a while. Once a day or week, beside readers; not beside a run.",
            "Safe to repeat: the second time there is little to do."
        })
final class MaintainCommand implements Callable<Integer> {

    private static final Duration LEAST = Duration.ofHours(1);

    private static final Sheet<Tended> TENDED = Sheet.<Tended>unnamed()
            .column("table", "table", tended -> tended.table().name())
            .column("files before", "files_before", Tended::before, Shown.COUNT)
            .column("files", "files", Tended::after, Shown.COUNT)
            .column("bytes", "bytes", Tended::bytes, Shown.COUNT);

    private final Surroundings surroundings;

    @Option(
            names = "--keep",
            paramLabel = "DURATION",
            defaultValue = "7d",
            converter = DurationConverter.class,
            description =
                    "For how long files stay that only older versions of a table need, at least 1h: longer than any"
                            + " reader takes. Default: ${DEFAULT-VALUE}.")
    private Duration keep;

    @Mixin
    private ChangeOptions changes;

    @Mixin
    private ConfigurationOptions configuration;

    MaintainCommand(Surroundings surroundings) {
        this.surroundings = Objects.requireNonNull(surroundings, "surroundings");
    }

    @Override
    public Integer call() {
        if (keep.compareTo(LEAST) < 0) {
            throw new Refusal(ExitCode.USAGE, "--keep %s: it must be at least 1h, as readers may take".formatted(keep));
        }
        Settings settings = configuration.settings();
        return configuration.onLake(changes, lake -> {
            List<Tended> tended =
                    lake.leased("maintain", settings.lake().leaseExpiry(), () -> tended(new Upkeep(lake)));
            if (surroundings.result().isAsked()) {
                surroundings
                        .result()
                        .add(Map.of(
                                "tables", tended.stream().map(TENDED::object).toList()));
            } else {
                FormatOption.printer(Format.TABLE).print(TENDED, tended);
            }
            return ExitCode.DONE;
        });
    }

    private List<Tended> tended(Upkeep upkeep) {
        List<Tended> tended = new ArrayList<>();
        List<Table> tables = upkeep.tables();
        for (Table table : tables) {
            surroundings.progress().end();
            surroundings.progress().begin(tended.size() + 1, tables.size(), table.name());
            tended.add(upkeep.tend(table, keep));
            if (changes.isDry()) {
                surroundings
                        .progress()
                        .say("%s: small files would be compacted; %,d files that no table needs would be removed"
                                .formatted(table.name(), upkeep.unneeded(table, keep)));
            }
        }
        surroundings.progress().end();
        return tended;
    }
}
