package io.flagcast.jobs.commands;

import io.flagcast.jobs.commands.options.ConfigurationOptions;
import io.flagcast.jobs.commands.options.Surroundings;
import io.flagcast.jobs.run.Progress;
import io.flagcast.lake.ExitCode;
import io.flagcast.lake.Lake;
import io.flagcast.lake.Publication;
import io.flagcast.lake.Refusal;
import io.flagcast.lake.Session;
import io.flagcast.report.Report;
import io.flagcast.tables.Table.Kind;
import io.flagcast.tables.Tables;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "report",
        mixinStandardHelpOptions = true,
        description =
                "One HTML file about a publication: what changed, what fired, what needs a person, and how every segment"
                        + " performs. It needs no network.")
final class ReportCommand implements Callable<Integer> {

    private final Surroundings surroundings;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            defaultValue = "flagcast-report.html",
            description = "Where to write. Default: ${DEFAULT-VALUE}.")
    private Path output;

    @Option(names = "--publication", paramLabel = "N", description = "Which one. Default: the live one.")
    private Long publication;

    @Option(names = "--open", description = "Open it in the browser.")
    private boolean open;

    @Mixin
    private ConfigurationOptions configuration;

    ReportCommand(Surroundings surroundings) {
        this.surroundings = Objects.requireNonNull(surroundings, "surroundings");
    }

    @Override
    public Integer call() {
        String root = configuration.lake().root();
        Progress progress = surroundings.progress();
        try (Session session = surroundings.session()) {
            Lake lake = new Lake(session.spark(), root);
            Publication live = lake.requireLive();
            Report.write(lake, publication == null ? live : kept(lake, publication), List.of(), output);
        }
        progress.say("report: " + output.toAbsolutePath());
        if (open) {
            opener().ifPresentOrElse(
                            command -> start(command, progress),
                            () -> progress.say("this system names no browser: open the file yourself"));
        }
        return ExitCode.DONE.code();
    }

    /** A publication with all its slices. */
    private static Publication kept(Lake lake, long sequence) {
        List<Publication> all = lake.publications();
        Publication wanted = all.stream()
                .filter(one -> one.sequence() == sequence)
                .findFirst()
                .orElseThrow(() -> new Refusal(
                        ExitCode.NO_INPUT,
                        "--publication %d: there is none, the newest is %d"
                                .formatted(sequence, all.get(all.size() - 1).sequence())));
        if (!isKept(lake, wanted)) {
            throw new Refusal(
                    ExitCode.NO_INPUT,
                    "--publication %d: its tables are removed, flagcast.lake.keep-publications says how many are kept;"
                                    .formatted(sequence)
                            + " there are still %s"
                                    .formatted(all.stream()
                                            .filter(one -> isKept(lake, one))
                                            .map(Publication::sequence)
                                            .toList()));
        }
        return wanted;
    }

    private static boolean isKept(Lake lake, Publication publication) {
        return Tables.of(Kind.SLICE).stream().allMatch(table -> {
            Publication.LiveSlice slice = publication.tables().get(table.name());
            return slice == null
                    || slice.rows() == 0
                    || !lake.slice(table, slice.runId()).isEmpty();
        });
    }

    /** The command that opens a file, by system; absent on one without a desktop. */
    private Optional<List<String>> opener() {
        String system = surroundings.system().toLowerCase(Locale.ROOT);
        if (system.contains("mac")) {
            return Optional.of(List.of("open"));
        }
        if (system.contains("win")) {
            return Optional.of(List.of("cmd", "/c", "start", ""));
        }
        return Stream.of("DISPLAY", "WAYLAND_DISPLAY")
                        .anyMatch(name -> !surroundings
                                .variables()
                                .environment()
                                .getOrDefault(name, "")
                                .isEmpty())
                ? Optional.of(List.of("xdg-open"))
                : Optional.empty();
    }

    private void start(List<String> command, Progress progress) {
        List<String> whole = Stream.concat(
                        command.stream(), Stream.of(output.toAbsolutePath().toString()))
                .toList();
        try {
            new ProcessBuilder(whole).inheritIO().start();
        } catch (IOException e) {
            progress.say("%s cannot be started: open the file yourself (%s)".formatted(command.get(0), e.getMessage()));
        }
    }
}
